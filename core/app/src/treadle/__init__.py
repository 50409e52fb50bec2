"""treadle: plugin-centric workflows for people who build software.

    from treadle import Treadle

    with Treadle() as treadle:
        status = treadle.run("hello", {"name": "Ada"})

Names are imported when first used: a command line that prints its help pays for none of them.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treadle.api import DefinitionError, DryRun, LogLine, Status, Treadle, WorkflowEntry

__all__ = ["DefinitionError", "DryRun", "LogLine", "Status", "Treadle", "WorkflowEntry"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from treadle import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
