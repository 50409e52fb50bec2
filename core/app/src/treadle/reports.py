"""The report of an execution as a file."""

from pathlib import Path
from typing import TYPE_CHECKING

from treadle_hookspecs import Host, TreadleError

if TYPE_CHECKING:
    from treadle.plugins import PluginHost


def form_of(path: Path, plugins: "PluginHost") -> str:
    """The form that a file's name asks for. Raises `TreadleError` when no plugin offers one with that suffix."""
    forms = [offer.value for offer in plugins.report_formats()]
    for form in forms:
        if path.suffix.lower() in form.suffixes:
            return form.name
    known = sorted(suffix for form in forms for suffix in form.suffixes)
    raise TreadleError(
        f"there is no form of a report for a file such as {path.name}",
        suggestions=(f"end its name with {', '.join(known)}",) if known else ("pip install treadle-report",),
    )


def write_report(host: Host, execution: str, form: str, path: Path) -> Path:
    """Write the report of an execution to a file, folders included; its absolute path."""
    path = path.expanduser().absolute()
    return host.workspace(path.parent).write_text(path.name, host.report(execution, form))
