"""`http/request` and `http/get`."""

import json
import time
from collections.abc import Mapping
from typing import Any, Final

from treadle_hookspecs import ActionContext, ActionError, Json, JsonObject

from treadle_http._client import AGAIN, answered, bounded, headers_for

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_FINE: Final = range(200, 300)


async def request(
    url: str,
    method: str = "POST",
    headers: dict[str, str] | None = None,
    bearer: str = "",
    query: dict[str, str] | None = None,
    body: Json = None,
    text: str | None = None,
    form: dict[str, str] | None = None,
    expect: list[int] | None = None,
    timeout: float = 30.0,  # noqa: ASYNC109 - of the connection
    redirects: bool = False,
    limit: int = 1_000_000,
    *,
    context: ActionContext,
) -> JsonObject:
    """Send a request.

    Args:
        url: http or https, without a password.
        method: GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS.
        headers: of the request. One that changes something gets an `Idempotency-Key`, the same for every attempt of
            a visit.
        bearer: a token, e.g. `"{{ secrets.TOKEN }}"`: sent as `Authorization: Bearer …`.
        query: added to the URL.
        body: sent as JSON.
        text: sent as it is.
        form: sent as a form.
        expect: statuses that are right; default: 200 to 299.
        timeout: seconds that the server may be silent.
        redirects: follow them; credentials do not go along to another host.
        limit: bytes of the answer that are kept.
        context: of the visit.

    Returns:
        `status`, `url` (after redirects), `headers` (lower case), `text`, `json` (null if it is none), `seconds`,
        `truncated`, `summary`.

    Raises:
        ActionError: `http-status` (with the outputs; tried again only if that may help), `timeout`, `network`,
            `invalid-input`.
    """
    if method.upper() not in METHODS:
        raise ActionError(f"{method!r} is none of {', '.join(METHODS)}", error_class="invalid-input", retryable=False)
    sent = _content(body, text, form)
    started = time.monotonic()
    async with answered(
        method.upper(),
        url,
        timeout=timeout,
        redirects=redirects,
        headers=headers_for(context, method.upper(), headers, bearer),
        params=query,
        **sent,
    ) as response:
        content, truncated = await bounded(response, limit)
        outputs = _described(response, content, truncated)
    outputs["seconds"] = round(time.monotonic() - started, 3)
    return _judged(outputs, expect)


async def get(
    url: str,
    headers: dict[str, str] | None = None,
    bearer: str = "",
    query: dict[str, str] | None = None,
    expect: list[int] | None = None,
    timeout: float = 30.0,  # noqa: ASYNC109 - of the connection
    redirects: bool = True,
    limit: int = 1_000_000,
    *,
    context: ActionContext,
) -> JsonObject:
    """Read from a URL; see `http/request`."""
    return await request(
        url,
        "GET",
        headers,
        bearer,
        query,
        expect=expect,
        timeout=timeout,
        redirects=redirects,
        limit=limit,
        context=context,
    )


def _content(body: Json, text: str | None, form: dict[str, str] | None) -> dict[str, Any]:
    given = {"json": body, "content": text, "data": form}
    found = {name: value for name, value in given.items() if value is not None}
    if len(found) > 1:
        raise ActionError("give one of `body`, `text` and `form`", error_class="invalid-input", retryable=False)
    return found


def _described(response: Any, content: bytes, truncated: bool) -> dict[str, Json]:
    text = content.decode(response.encoding or "utf-8", "replace")
    kind = response.headers.get("content-type", "")
    return {
        "status": response.status_code,
        "url": str(response.url),
        "headers": {name.lower(): value for name, value in response.headers.items()},
        "text": text,
        "json": _value(text) if "json" in kind and not truncated else None,
        "truncated": truncated,
        "summary": f"{response.status_code} {response.reason_phrase}, {len(content)} bytes",
    }


def _value(text: str) -> Json:
    try:
        value: Json = json.loads(text)
    except ValueError:
        return None
    return value


def _judged(outputs: Mapping[str, Any], expect: list[int] | None) -> JsonObject:
    status = int(outputs["status"])
    if status in (expect or _FINE):
        return outputs
    wanted = " or ".join(map(str, expect)) if expect else "200 to 299"
    after = outputs["headers"].get("retry-after")
    wait = f"; it asks to wait {after} seconds" if after and after.isdigit() else ""
    raise ActionError(
        f"{outputs['url'].partition('?')[0]} answered {outputs['summary']}, not {wanted}{wait}",
        error_class="http-status",
        outputs=dict(outputs),
        retryable=status in AGAIN,
    )
