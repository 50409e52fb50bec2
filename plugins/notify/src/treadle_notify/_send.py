"""`notify/send` and `notify/check`. A URL of apprise holds the credentials: none is ever shown or published."""

import asyncio
import warnings
from typing import TYPE_CHECKING, Any, Final

from treadle_hookspecs import ActionContext, ActionError, Json, JsonObject

if TYPE_CHECKING:
    from apprise import NotifyBase

DEFAULT: Final = "NOTIFY_TO"
"""The variable of the workflow's `env` with the URLs of whom to tell, separated by spaces."""
KINDS: Final = ("info", "success", "warning", "failure")
FORMATS: Final = ("text", "markdown", "html")
MUST: Final = ("all", "any", "none")


async def send(
    body: str = "",
    title: str = "",
    to: list[str] | None = None,
    kind: str = "info",
    format: str = "text",
    attach: list[str] | None = None,
    must: str = "all",
    timeout: float = 30.0,  # noqa: ASYNC109 - of each delivery
    *,
    context: ActionContext,
) -> JsonObject:
    """Send a message.

    Args:
        body: what it says; default: that the workflow tells of itself.
        title: its heading, where the service has one.
        to: URLs of apprise such as `mailto://…`, `slack://…`, `ntfy://…`; default: `NOTIFY_TO` of the workflow's `env`,
            separated by spaces. They hold credentials: hand them over as `"{{ secrets.NAME }}"`.
        kind: info, success, warning or failure.
        format: of the body: text, markdown or html.
        attach: files, relative to the execution's root.
        must: `all` fails when somebody was not reached, `any` when nobody was, `none` never.
        timeout: seconds for each.
        context: of the visit.

    Returns:
        `delivered` and `failed`, as service and host, `summary`.

    Raises:
        ActionError: `invalid-input` (a URL that apprise does not understand, nobody to tell), `not-delivered`.
    """
    _check_words(kind, format, must)
    services = [_service(url, number) for number, url in enumerate(_urls(to, context), 1)]
    files = [str(context.workspace.path(name)) for name in attach or ()]
    told = await asyncio.gather(*(_told(service, body, title, kind, format, files, timeout) for service in services))
    delivered: list[Json] = [_shown(service) for service, fine in zip(services, told, strict=True) if fine]
    failed: list[Json] = [_shown(service) for service, fine in zip(services, told, strict=True) if not fine]
    outputs: dict[str, Json] = {
        "delivered": delivered,
        "failed": failed,
        "summary": f"told {len(delivered)} of {len(services)}",
    }
    if (failed and must == "all") or (not delivered and must == "any"):
        names = ", ".join(map(str, failed))
        raise ActionError(f"not delivered: {names}", error_class="not-delivered", outputs=outputs)
    return outputs


def check(to: list[str], *, context: ActionContext) -> JsonObject:
    """Say which URLs apprise understands. `understood` names services and hosts, `not_understood` positions."""
    understood: list[Json] = []
    wrong: list[Json] = []
    for number, url in enumerate(_urls(to, context), 1):
        try:
            understood.append(_shown(_service(url, number)))
        except ActionError:
            wrong.append(number)
    return {"understood": understood, "not_understood": wrong, "summary": f"{len(wrong)} not understood"}


def _check_words(kind: str, format_: str, must: str) -> None:
    for name, value, known in (
        ("kind", kind, KINDS),
        ("format", format_, FORMATS),
        ("must", must, ("all", "any", "none")),
    ):
        if value not in known:
            raise ActionError(
                f"`{name}` is one of {', '.join(known)}, not {value!r}", error_class="invalid-input", retryable=False
            )


def _urls(to: list[str] | None, context: ActionContext) -> list[str]:
    urls = [part for url in to or () for part in url.split()] or context.env.get(DEFAULT, "").split()
    if not urls:
        raise ActionError(
            f"nobody to tell: give `to`, or {DEFAULT} in the workflow's `env`",
            error_class="invalid-input",
            retryable=False,
        )
    return urls


def _service(url: str, number: int) -> "NotifyBase":
    with warnings.catch_warnings():
        # The first use loads all services, and one of them a module that Python 3.13 has no more.
        warnings.simplefilter("ignore", DeprecationWarning)
        from apprise import Apprise

        found: Any = Apprise.instantiate(url, suppress_exceptions=True)
    if not found:
        scheme = url.partition("://")[0] if "://" in url else ""
        shown = f" ({scheme}://…)" if scheme.isalnum() else ""
        raise ActionError(
            f"apprise does not understand URL {number}{shown}",
            error_class="invalid-input",
            retryable=False,
        )
    service: NotifyBase = found
    return service


async def _told(
    service: "NotifyBase", body: str, title: str, kind: str, format_: str, files: list[str], silence: float
) -> bool:
    from apprise import Apprise

    one = Apprise()
    one.add(service)
    sending = one.async_notify(
        body=body or title or "treadle", title=title, notify_type=kind, body_format=format_, attach=files or None
    )
    try:
        return bool(await asyncio.wait_for(sending, silence))
    except (TimeoutError, TypeError, OSError):
        return False


def _shown(service: "NotifyBase") -> str:
    """Whom it reaches, without credentials: the service and its host."""
    host = str(getattr(service, "host", "") or "")
    return f"{service.service_name} {host}".strip()
