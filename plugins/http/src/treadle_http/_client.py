"""One client for every action: what may be asked, and what its failures are called."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from treadle_hookspecs import ActionContext, ActionError

if TYPE_CHECKING:
    import httpx2

REDIRECTS: Final = 10
AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses that trying again may change."""
_CHANGING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def checked(url: str) -> str:
    """A URL that may be asked for. Raises `ActionError` (`invalid-input`)."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ActionError(f"{url!r} is no http or https URL", error_class="invalid-input", retryable=False)
    if parts.username or parts.password:
        raise ActionError(
            f"the URL of {parts.hostname} holds a password; give it apart: "
            'bearer: "{{ secrets.NAME }}", or headers: {Authorization: "{{ secrets.NAME }}"}',
            error_class="invalid-input",
            retryable=False,
        )
    return url


def headers_for(
    context: ActionContext, method: str, given: Mapping[str, str] | None, bearer: str = ""
) -> dict[str, str]:
    """The given headers. One that changes something also says which visit asks, so that a server can tell it again."""
    own = {"User-Agent": "treadle-http"}
    if method in _CHANGING:
        own["Idempotency-Key"] = context.idempotency_key
    if bearer:
        own["Authorization"] = f"Bearer {bearer}"
    named = {name.lower() for name in given or {}}
    return {**{name: value for name, value in own.items() if name.lower() not in named}, **(given or {})}


@asynccontextmanager
async def answered(
    method: str,
    url: str,
    *,
    timeout: float,  # noqa: ASYNC109 - of the connection
    redirects: bool,
    **parts: Any,
) -> AsyncIterator["httpx2.Response"]:
    """The answer, its body not read yet. Raises `ActionError`: `timeout`, `network`."""
    import httpx2

    limits = httpx2.Timeout(timeout)
    try:
        async with (
            httpx2.AsyncClient(timeout=limits, follow_redirects=redirects, max_redirects=REDIRECTS) as client,
            client.stream(method, checked(url), **parts) as response,
        ):
            yield response
    except httpx2.TimeoutException as error:
        raise ActionError(f"{_place(url)} did not answer within {timeout:g} seconds", error_class="timeout") from error
    except httpx2.TooManyRedirects as error:
        raise ActionError(
            f"{_place(url)} redirects more than {REDIRECTS} times", error_class="network", retryable=False
        ) from error
    except httpx2.HTTPError as error:
        raise ActionError(f"{_place(url)}: {error or type(error).__name__}", error_class="network") from error


async def bounded(response: "httpx2.Response", limit: int) -> tuple[bytes, bool]:
    """The body, at most so many bytes of it, and whether there was more."""
    found = bytearray()
    async for chunk in response.aiter_bytes():
        found += chunk
        if len(found) > limit:
            return bytes(found[:limit]), True
    return bytes(found), False


def _place(url: str) -> str:
    """A URL as a message may show it: without its query, which may hold a key."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"
