"""What treadle-temporal contributes: a runtime for many machines."""

from collections.abc import Iterator

from treadle_hookspecs import Runtime, hookimpl


@hookimpl
def treadle_runtimes() -> Iterator[Runtime]:
    """Executions that a Temporal service keeps and any number of workers drive."""
    yield Runtime("temporal", "treadle_temporal._runtime:TemporalRuntime", "a Temporal service and its workers")
