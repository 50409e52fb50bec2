"""What the quality checks would do, for dry runs."""

from typing import Any

from treadle_hookspecs import Preview, PreviewContext

from treadle_quality._style import is_configured, ruff_command


def preview_style(*, context: PreviewContext, **_: Any) -> Preview:
    """The command of `quality/style` and of `quality/assess`; files are known when it runs."""
    return Preview(commands=((*ruff_command(is_configured(context.root)), "CHANGED FILES"),))
