"""The critical path of an execution as its log has it: from what ended last back to the start, visit by visit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from treadle_engine import events as kinds
from treadle_engine.graph import Graph
from treadle_engine.state import State, graph_of
from treadle_hookspecs import Event

from treadle.seeing._places import address_of
from treadle.seeing._record import Record
from treadle.seeing.analysis import CriticalPath, Figure, Opportunity, PathStep

_WORTH_SAYING: Final = 0.1
"""Seconds below which a wait for a place is noise."""


@dataclass(slots=True)
class _Visit:
    """A visit, or an end without one. Times are microseconds; `before` is what it had to wait for."""

    address: str
    scope: str
    started: int
    before: "_Visit | None"
    ended: int | None = None
    visit: int = 0
    seqs: tuple[int, int] = (0, 0)
    held_by: str = ""

    @property
    def label(self) -> str:
        return f"{self.address}#{self.visit}"

    @property
    def waited(self) -> float:
        before = self.before.ended if self.before is not None else None
        return (self.started - before) / 1e6 if before is not None else 0.0


class _Chain:
    """Links each visit of a log to the one whose end let it start."""

    def __init__(self, record: Record) -> None:
        self._state = State(record.plan, record.execution)
        self._settled: dict[tuple[str, str], _Visit] = {}
        self._arrived: dict[tuple[str, str], _Visit] = {}
        self._live: dict[tuple[str, str], _Visit] = {}
        self._by_seq: dict[int, _Visit] = {}
        self.last: _Visit | None = None
        self.visits: list[_Visit] = []

    def take(self, event: Event) -> None:
        """One event of the log, in order."""
        if event.type == kinds.VISIT_STARTED:
            self._start(event)
        elif event.type == kinds.VISIT_SETTLED and event.visit:
            self._settle(event, self._live.pop((event.scope, event.step), None))
        elif event.type in {kinds.VISIT_SKIPPED, kinds.VISIT_SETTLED}:
            self._settle(event, self._opened(event))

    def _start(self, event: Event) -> None:
        visit = self._opened(event)
        visit.visit = event.visit
        limit = self._graph(event).scope.max_parallel
        freed = self._by_seq.get(event.cause)
        full = limit and sum(one.scope == event.scope for one in self._live.values()) + 1 >= limit
        if full and freed is not None and freed is not visit.before and visit.waited >= _WORTH_SAYING:
            visit.held_by = freed.label
        self._live[event.scope, event.step] = visit
        self.visits.append(visit)

    def _settle(self, event: Event, visit: _Visit | None) -> None:
        if visit is None:
            return
        visit.ended, visit.seqs = event.at, (visit.seqs[0], event.seq)
        self._settled[event.scope, event.step] = self._by_seq[event.seq] = visit
        if event.visit:
            self.last = visit
        data: Any = event.data
        for target in data.get("routed", ()):
            self._arrived[event.scope, target] = visit

    def _opened(self, event: Event) -> _Visit:
        address = address_of(event.scope, event.step)
        return _Visit(address, event.scope, event.at, self._before(event), seqs=(event.seq, event.seq))

    def _before(self, event: Event) -> _Visit | None:
        """The latest end among what it needs and what routed to it; for a handler's first step, the latest of all."""
        graph = self._graph(event)
        needs = (self._settled.get((event.scope, graph.ids[at])) for at in graph.needs[graph.number[event.step]])
        arrived = self._arrived.pop((event.scope, event.step), None)
        found = [visit for visit in (*needs, arrived) if visit is not None]
        if not found and event.scope:
            return self.last
        return max(found, key=lambda visit: visit.seqs[1], default=None)

    def _graph(self, event: Event) -> Graph:
        return graph_of(self._state.scope_plan(event.scope))


def measured(record: Record) -> tuple[CriticalPath, Sequence[Opportunity]]:
    """The critical path of what has ended so far, and the waits for a place under `max_parallel`."""
    chain = _Chain(record)
    for event in record.events:
        chain.take(event)
    path: list[_Visit] = []
    at = chain.last
    while at is not None:
        path.append(at)
        at = at.before
    counted = [visit for visit in reversed(path) if visit.visit]
    steps = tuple(
        PathStep(one.label, Figure(_seconds(one), f"events {one.seqs[0]} and {one.seqs[1]}"), one.waited)
        for one in counted
    )
    total = sum(step.waited + (step.duration.seconds if step.duration else 0.0) for step in steps)
    source = "the log: from the last end back to the start"
    return CriticalPath(steps, total if steps else None, 0, source), list(map(_held, filter(_is_held, chain.visits)))


def _seconds(visit: _Visit) -> float:
    return ((visit.ended or visit.started) - visit.started) / 1e6


def _is_held(visit: _Visit) -> bool:
    return bool(visit.held_by)


def _held(visit: _Visit) -> Opportunity:
    text = f"`{visit.label}` waited {visit.waited:.1f}s for a place until `{visit.held_by}` ended: raise `max_parallel`"
    return Opportunity("places", (visit.address,), text)
