"""`http/download`."""

import hashlib
import re
from typing import Any, Final

from treadle_hookspecs import ActionContext, ActionError, JsonObject

from treadle_http._client import AGAIN, answered, headers_for

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


async def download(
    url: str,
    to: str,
    sha256: str = "",
    headers: dict[str, str] | None = None,
    bearer: str = "",
    timeout: float = 60.0,  # noqa: ASYNC109 - of the connection
    limit: int = 100_000_000,
    *,
    context: ActionContext,
) -> JsonObject:
    """Download a file: whole, checked, or not at all. What is there already with that SHA-256 is not fetched again.

    Args:
        url: http or https; redirects are followed.
        to: the file, relative to the execution's root.
        sha256: what it has to be, in hex.
        headers: of the request.
        bearer: a token, sent as `Authorization: Bearer …`.
        timeout: seconds that the server may be silent.
        limit: bytes above which it is refused.
        context: of the visit.

    Returns:
        `path` (absolute), `bytes`, `sha256`, `url` (after redirects), `created`, `summary`.

    Raises:
        ActionError: `http-status`, `timeout`, `network`, `too-large`, `wrong-checksum`, `invalid-input`.
    """
    wanted = sha256.lower().strip()
    if wanted and not _DIGEST.fullmatch(wanted):
        raise ActionError(f"{sha256!r} is no SHA-256 in hex", error_class="invalid-input", retryable=False)
    target = context.workspace.path(to)
    if wanted and target.is_file() and hashlib.sha256(target.read_bytes()).hexdigest() == wanted:
        return _result(to, target, target.read_bytes(), url, created=False, summary=f"{to} is there already")
    content, final = await _fetched(url, headers_for(context, "GET", headers, bearer), timeout, limit, context)
    found = hashlib.sha256(content).hexdigest()
    if wanted and found != wanted:
        raise ActionError(
            f"what came from {url.partition('?')[0]} has the SHA-256 {found}, not {wanted}",
            error_class="wrong-checksum",
            retryable=False,
        )
    created = not target.exists()
    context.workspace.write_bytes(to, content)
    return _result(to, target, content, final, created=created, summary=f"{len(content)} bytes in {to}")


async def _fetched(
    url: str, headers: dict[str, str], silence: float, limit: int, context: ActionContext
) -> tuple[bytes, str]:
    async with answered("GET", url, timeout=silence, redirects=True, headers=headers) as response:
        if response.status_code != 200:
            raise ActionError(
                f"{url.partition('?')[0]} answered {response.status_code} {response.reason_phrase}",
                error_class="http-status",
                retryable=response.status_code in AGAIN,
            )
        length = int(response.headers.get("content-length", 0) or 0)
        found = bytearray()
        async for chunk in response.aiter_bytes():
            found += chunk
            if max(len(found), length) > limit:
                raise ActionError(f"it has more than {limit} bytes", error_class="too-large", retryable=False)
            context.progress(len(found) / length if length else None)
        return bytes(found), str(response.url)


def _result(to: str, target: Any, content: bytes, url: str, *, created: bool, summary: str) -> JsonObject:
    return {
        "path": str(target),
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "url": url,
        "created": [to] if created else [],
        "summary": summary,
    }
