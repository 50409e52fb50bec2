"""What the audit would do, for dry runs."""

import importlib.util
from typing import Any

from treadle_hookspecs import Preview, PreviewContext

from treadle_security._bandit import INSTALL, bandit_command


def preview_audit(*, context: PreviewContext, **_: Any) -> Preview:
    """The command of `security/audit`; files are known when it runs."""
    missing = () if importlib.util.find_spec("bandit") else (f"bandit is not installed; run: {INSTALL}",)
    return Preview(commands=((*bandit_command(context.root), "CHANGED PYTHON FILES"),), notes=missing)
