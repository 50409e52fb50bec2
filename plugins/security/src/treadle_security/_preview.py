"""What the audit would do, for dry runs."""

from typing import Any

from treadle_hookspecs import Preview, PreviewContext

from treadle_security._bandit import bandit_command


def preview_audit(*, context: PreviewContext, **_: Any) -> Preview:
    """The command of `security/audit`; files are known when it runs."""
    return Preview(commands=((*bandit_command(context.root), "CHANGED PYTHON FILES"),))
