"""What the author of a definition should know of a scope: errors of its edges, and surprises in them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from treadle_engine.gates import PREFIX
from treadle_engine.graph import FAILURE_OUTCOMES, Graph, bits, route_lists
from treadle_engine.plan import StepPlan

FindingKind: TypeAlias = Literal[
    "duplicate-id",
    "unknown-reference",
    "needs-cycle",
    "no-start",
    "unreachable",
    "after-failure-only",
    "threads-meet",
    "repeats",
]
"""The first five are errors; the others are for the author's eyes."""

_AFTER_FAILURE = frozenset({f"routes.{outcome}" for outcome in (*FAILURE_OUTCOMES, "exhausted", "cancelled")})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found.

    Args:
        kind: what it is.
        step: where; "" for the scope.
        others: ids that belong to it: the unknown name, the cycle (its first id again at the end), the followed
            step that routes its success elsewhere, the steps whose threads meet.
        key: the key in which a reference stands: `needs`, `routes.NAME`, `switch`, `on_success`, `on_failure`,
            `start`, `with`.
    """

    kind: FindingKind
    step: str
    others: tuple[str, ...] = ()
    key: str = ""

    @property
    def is_error(self) -> bool:
        """The scope cannot run like this."""
        return self.kind in {"duplicate-id", "unknown-reference", "needs-cycle", "no-start", "unreachable"}


def findings_of(graph: Graph) -> Iterator[Finding]:
    """All findings of a linked scope. With an error in the edges, what would follow from it is not reported."""
    duplicates, unknown = list(_duplicates(graph)), list(_unknown(graph))
    yield from (*duplicates, *unknown)
    cycles = [] if duplicates else list(_cycles(graph))
    yield from cycles
    if duplicates or unknown or cycles:
        return
    if graph.ids and not graph.initial:
        yield Finding("no-start", "")
        return
    yield from _unreachable(graph)
    yield from _meetings(graph)
    yield from (Finding("repeats", id_) for id_, once in zip(graph.ids, graph.once, strict=True) if not once)


def _duplicates(graph: Graph) -> Iterator[Finding]:
    seen: set[str] = set()
    for id_ in graph.ids:
        if id_ in seen:
            yield Finding("duplicate-id", id_)
        seen.add(id_)


def _unknown(graph: Graph) -> Iterator[Finding]:
    for name in graph.scope.start:
        if name not in graph.number:
            yield Finding("unknown-reference", "", (name,), "start")
    for step in graph.steps:
        for key, names in _references(step):
            for name in names:
                if name not in graph.number:
                    yield Finding("unknown-reference", step.id, (name,), key)


def _references(step: StepPlan) -> Iterator[tuple[str, Sequence[str]]]:
    yield "needs", step.needs or ()
    yield from route_lists(step)
    if step.kind == "cancel" and isinstance(step.with_, dict):
        yield "with", [str(name) for name in step.with_.get("steps", ())]


def _cycles(graph: Graph) -> Iterator[Finding]:
    """R0 "needs are acyclic": each cycle of needs once, from its first step on."""
    left: set[int] = set()
    for root in range(len(graph)):
        path: dict[int, Iterator[int]] = {} if root in left else {root: iter(graph.needs[root])}
        while path:
            at = next(reversed(path))
            need = next((need for need in path[at] if need not in left), None)
            if need is None:
                left.add(at)
                del path[at]
            elif need in path:
                members = list(path)
                cycle = members[members.index(need) :]
                yield Finding(
                    "needs-cycle", graph.ids[min(cycle)], tuple(graph.ids[at] for at in _turned(cycle)), "needs"
                )
            else:
                path[need] = iter(graph.needs[need])


def _turned(cycle: list[int]) -> list[int]:
    """The cycle from its first step on, back to it."""
    first = cycle.index(min(cycle))
    return [*cycle[first:], *cycle[: first + 1]]


def _unreachable(graph: Graph) -> Iterator[Finding]:
    reached = _reached(graph, failing=True)
    smooth = _reached(graph, failing=False)
    for at, id_ in enumerate(graph.ids):
        if at not in reached:
            blocker = tuple(graph.ids[need] for need in graph.needs[at]) if graph.steps[at].sequential else ()
            yield Finding("unreachable", id_, blocker)
        elif at not in smooth:
            yield Finding("after-failure-only", id_)


def _reached(graph: Graph, *, failing: bool) -> set[int]:
    """The steps that may start; `failing` False: while no step fails."""
    reached: set[int] = set()
    waiting = list(graph.initial)
    while waiting:
        at = waiting.pop()
        if at in reached or not _needs_reached(graph, at, reached, failing=failing):
            continue
        reached.add(at)
        waiting.extend(graph.dependents[at])
        for key, targets in route_lists(graph.steps[at]):
            if failing or not (key == "on_failure" or key in _AFTER_FAILURE or key.startswith(f"routes.{PREFIX}")):
                waiting.extend(graph.number[target] for target in targets)
    return reached


def _needs_reached(graph: Graph, at: int, reached: set[int], *, failing: bool) -> bool:
    """The needs may let a step start, or it has none that could keep it back."""
    needs, step = graph.needs[at], graph.steps[at]
    if not needs or at in graph.initial:
        return True
    if graph.joins[at].mode == "one_failed" and not failing:
        return False
    if step.sequential and _leads_elsewhere(graph.steps[needs[0]]):
        return any(source in reached for source in graph.sources[at])
    if graph.forward[at] and not any(source in reached for source in graph.sources[at]):
        return False
    return (all if graph.joins[at].mode == "all_success" else any)(need in reached for need in needs)


def _leads_elsewhere(step: StepPlan) -> bool:
    """A step routes its success away from the sequence: `on_success`, a `switch` with a default, or `end`."""
    return bool(step.on_success) or step.kind == "end" or any(not case.when for case in step.switch)


def _meetings(graph: Graph) -> Iterator[Finding]:
    """R8: steps that two threads of one fork can reach by routes."""
    candidates = [at for at in range(len(graph)) if len(graph.sources[at]) > 1 and graph.steps[at].merge == "each"]
    if not candidates:
        return
    reach = _threads(graph)
    forks = [heads for heads in _forks(graph) if len(heads) > 1]
    for at in candidates:
        sources = sum(1 << source for source in graph.sources[at])
        for heads in forks:
            arriving = [reach[head] & sources for head in heads if reach[head] & sources]
            if len(arriving) > 1 and not (len(set(arriving)) == 1 and arriving[0].bit_count() == 1):
                met = arriving[0] | arriving[1]
                yield Finding("threads-meet", graph.ids[at], tuple(graph.ids[source] for source in bits(met)))
                break


def _threads(graph: Graph) -> list[int]:
    """Of each step: itself and all that a thread through it can go through; a join of several needs ends a thread."""
    found: list[int] = []
    for start in range(len(graph)):
        seen = 1 << start
        waiting = [start]
        while waiting:
            at = waiting.pop()
            single = [dependent for dependent in graph.dependents[at] if len(graph.needs[dependent]) == 1]
            for follower in (*graph.targets[at], *single):
                if not seen >> follower & 1:
                    seen |= 1 << follower
                    waiting.append(follower)
        found.append(seen)
    return found


def _forks(graph: Graph) -> Iterator[tuple[int, ...]]:
    """Groups of steps that one event may set going together."""
    yield graph.initial
    for at, step in enumerate(graph.steps):
        yield graph.dependents[at]
        for _, targets in route_lists(step):
            yield tuple(graph.number[target] for target in dict.fromkeys(targets))
