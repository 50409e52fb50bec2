"""Requests with JSON, in a thread: one at a time is all that an agent needs."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_LIMIT: Final = 20_000_000


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered: its status, and its JSON object, {} for anything else."""

    status: int
    data: Mapping[str, Any]
    text: str = ""


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """A task, with what it tells of the project, goes where the user said, and nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        """Never."""


_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirects())


async def send(
    method: str, url: str, body: Mapping[str, Any] | None = None, *, token: str = "", seconds: float = 30.0
) -> Reply:
    """Send a request. Raises `OSError` when nobody answers in time."""
    return await asyncio.to_thread(_send, method, url, body, token, seconds)


def _send(method: str, url: str, body: Mapping[str, Any] | None, token: str, seconds: float) -> Reply:
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - the scheme was checked
    try:
        with _OPENER.open(request, timeout=seconds) as answer:
            return _reply(answer.status, answer.read(_LIMIT))
    except urllib.error.HTTPError as error:
        with error:
            return _reply(error.code, error.read(_LIMIT))


def _reply(status: int, content: bytes) -> Reply:
    text = content.decode("utf-8", "replace")
    try:
        data = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        data = {}
    return Reply(status, data if isinstance(data, Mapping) else {}, text)
