"""What writing a report would do, for dry runs."""

from typing import Any

from treadle_hookspecs import Preview, PreviewContext


def preview_markdown(*, context: PreviewContext, out: str = "", data: str = "", **_: Any) -> Preview:
    """The files of `report/markdown`."""
    named = [str(context.root / name) for name in (out, data) if name]
    return Preview(writes=tuple(named) if out else ("SCRATCH/report.md", *named))
