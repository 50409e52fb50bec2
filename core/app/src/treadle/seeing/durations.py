"""How long steps took, from the projections of an execution or of earlier ones of the same workflow."""

from collections.abc import Iterable, Mapping
from statistics import median
from typing import Final

from treadle_hookspecs import ExecutionQuery, StepRow, StoreBackend

from treadle.seeing.analysis import Figure

_EXECUTIONS: Final = 20
"""How many earlier executions are looked at."""


def durations_of(rows: Iterable[StepRow]) -> dict[str, Figure]:
    """What each step of one execution took: the seconds of its visits that have ended, together."""
    totals: dict[str, float] = {}
    visits: dict[str, int] = {}
    for row in rows:
        if row.started_at is not None and row.finished_at is not None and row.visit:
            totals[row.address] = totals.get(row.address, 0.0) + (row.finished_at - row.started_at) / 1e6
            visits[row.address] = visits.get(row.address, 0) + 1
    return {
        address: Figure(seconds, "measured" if visits[address] == 1 else f"measured, {visits[address]} visits")
        for address, seconds in totals.items()
    }


def usual_durations(store: StoreBackend, root: str, workflow: str) -> Mapping[str, Figure]:
    """The median per step over the latest completed executions of a workflow in a project."""
    query = ExecutionQuery(root=root, workflow=workflow, statuses=("completed",), limit=_EXECUTIONS)
    found: dict[str, list[float]] = {}
    for row in store.executions(query):
        for address, figure in durations_of(store.steps(row.id)).items():
            found.setdefault(address, []).append(figure.seconds)
    return {
        address: Figure(median(seconds), f"median of {len(seconds)} run{'s' if len(seconds) > 1 else ''}")
        for address, seconds in found.items()
    }
