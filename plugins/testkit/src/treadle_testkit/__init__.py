"""A test kit for authors of treadle plugins.

Fixtures (pytest finds them by itself): `plugin_host`, `treadle_project`.
"""

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from treadle_testkit._plugin_manager import ClosedPluginHost
    from treadle_testkit._project import Project
    from treadle_testkit.actions import StandaloneContext
    from treadle_testkit.repositories import GitRepository
    from treadle_testkit.scripted import ScriptedRuntime

__all__ = ["ClosedPluginHost", "GitRepository", "Project", "ScriptedRuntime", "StandaloneContext"]

_HOMES: Final = {
    "ClosedPluginHost": "_plugin_manager",
    "GitRepository": "repositories",
    "Project": "_project",
    "ScriptedRuntime": "scripted",
    "StandaloneContext": "actions",
}


def __getattr__(name: str) -> Any:
    """Import when used: pytest loads this package into every session of the environment."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
