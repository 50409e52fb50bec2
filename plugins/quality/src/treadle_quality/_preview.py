"""What the quality checks would do, for dry runs."""

import importlib.util
from typing import Any

from treadle_hookspecs import Preview, PreviewContext

from treadle_quality._style import INSTALL, is_configured, ruff_command


def preview_style(*, context: PreviewContext, **_: Any) -> Preview:
    """The command of `quality/style` and of `quality/assess`; files are known when it runs."""
    missing = () if importlib.util.find_spec("ruff") else (f"ruff is not installed; run: {INSTALL}",)
    return Preview(commands=((*ruff_command(is_configured(context.root)), "CHANGED FILES"),), notes=missing)
