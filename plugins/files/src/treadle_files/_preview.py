"""What the actions would write, for dry runs."""

from typing import Any

from treadle_hookspecs import Preview, PreviewContext


def preview_write(*, path: str, context: PreviewContext, **_: Any) -> Preview:
    """The file of `files/write`."""
    return Preview(writes=(str(context.root / path),))


def preview_copy(*, context: PreviewContext, to: str = "", new: str = "", **_: Any) -> Preview:
    """Where `files/copy` and `files/move` put things."""
    return Preview(writes=(str(context.root / (to or new)),))
