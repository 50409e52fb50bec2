"""What treadle-formats contributes."""

from collections.abc import Iterable

from treadle_hookspecs import DefinitionFormat, hookimpl


@hookimpl
def treadle_definition_formats() -> Iterable[DefinitionFormat]:
    """Four dialects."""
    yield DefinitionFormat("kad", "treadle_formats._detect:kad", "treadle_formats._kad:load")
    yield DefinitionFormat("cloi", "treadle_formats._detect:cloi", "treadle_formats._cloi:load")
    yield DefinitionFormat("task-master", "treadle_formats._detect:task_master", "treadle_formats._task_master:load")
    yield DefinitionFormat("claude", "treadle_formats._detect:claude", "treadle_formats._claude:load")
