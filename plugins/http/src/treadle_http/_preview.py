"""What would be asked for, for dry runs."""

from typing import Any

from treadle_hookspecs import Preview, PreviewContext


def preview_request(*, url: str, context: PreviewContext, method: str = "GET", to: str = "", **_: Any) -> Preview:
    """The request, without its query: it may hold a key."""
    asked = f"{method} {url.partition('?')[0]}"
    return Preview(writes=(str(context.root / to),) if to else (), notes=(f"sends {asked}",))
