"""What would be sent, for dry runs."""

from typing import Any

from treadle_hookspecs import Preview, PreviewContext


def preview_send(*, context: PreviewContext, title: str = "", to: Any = None, **_: Any) -> Preview:  # noqa: ARG001
    """How many would be told, without their URLs: they hold credentials."""
    count = len(to) if isinstance(to, list) else 0
    return Preview(notes=(f"tells {count or 'those of NOTIFY_TO'}" + (f": {title}" if title else ""),))
