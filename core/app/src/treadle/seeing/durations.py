"""How long steps took, from the projections of an execution or of earlier ones of the same workflow."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from treadle_hookspecs import ExecutionQuery, StepRow, StoreBackend

from treadle.seeing.analysis import Figure

_EXECUTIONS: Final = 20
"""How many earlier executions are looked at."""
_LATEST: Final = 5
"""How many of them while a person waits for the first picture."""


@dataclass(frozen=True, slots=True)
class UsualTimes:
    """Medians over the latest completed executions of a workflow, in microseconds; `runs` 0 means there were none.

    `starts` says how long after the execution's start a step's first visit started, `durations` how long its visits
    took together, both by address.
    """

    runs: int = 0
    total: int = 0
    starts: Mapping[str, int] = field(default_factory=dict)
    durations: Mapping[str, int] = field(default_factory=dict)


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


def usual_times(store: StoreBackend, root: str, workflow: str) -> UsualTimes:
    """When the steps of a workflow usually start in a project, and how long they take."""
    query = ExecutionQuery(root=root, workflow=workflow, statuses=("completed",), limit=_LATEST)
    totals: list[int] = []
    starts: dict[str, list[int]] = {}
    durations: dict[str, list[int]] = {}
    for row in store.executions(query):
        if row.finished_at is None or row.origin:
            continue  # one that took over results was quicker than a whole run
        totals.append(row.finished_at - row.started_at)
        steps = store.steps(row.id)
        for step in steps:
            if step.started_at is not None and step.visit == 1:
                starts.setdefault(step.address, []).append(step.started_at - row.started_at)
        for address, figure in durations_of(steps).items():
            durations.setdefault(address, []).append(round(figure.seconds * 1e6))
    if not totals:
        return UsualTimes()
    return UsualTimes(len(totals), round(median(totals)), _medians(starts), _medians(durations))


def _medians(found: Mapping[str, list[int]]) -> dict[str, int]:
    return {address: round(median(values)) for address, values in found.items()}
