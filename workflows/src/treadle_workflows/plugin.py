"""What treadle-workflows contributes."""

from collections.abc import Iterable

from treadle_hookspecs import WorkflowCatalogue, hookimpl


@hookimpl
def treadle_workflows() -> Iterable[WorkflowCatalogue]:
    """The folder of definitions."""
    yield WorkflowCatalogue("treadle", "treadle_workflows", "definitions")
