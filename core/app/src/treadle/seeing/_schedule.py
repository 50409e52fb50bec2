"""The order of a scope before anything runs: batches, the longest way, and steps that wait only for their turn."""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from treadle_engine.graph import Graph

Before = Mapping[int, AbstractSet[int]]
"""By step: the steps that come before it."""


@dataclass(frozen=True, slots=True)
class LongestWay:
    """Steps in order, and their known seconds together."""

    steps: tuple[int, ...]
    seconds: float


def order_of(graph: Graph) -> dict[int, set[int]]:
    """What comes before each step: its needs, and the steps whose forward routes lead to it.

    Routes back are left out: they repeat what is there. So are routes that would close a circle with needs.
    """
    needs = {at: set(graph.needs[at]) for at in range(len(graph))}
    forward = {at: {source for source in sources if source < at} for at, sources in enumerate(graph.sources)}
    everything = {at: needs[at] | forward[at] for at in needs}
    if not _is_circular(everything):
        return everything
    for at, sources in forward.items():
        if sources and not _is_circular({**needs, at: needs[at] | sources}):
            needs[at] |= sources
    return needs


def _is_circular(before: Before) -> bool:
    try:
        TopologicalSorter(before).prepare()
    except CycleError:
        return True
    return False


def batches_of(before: Before) -> list[tuple[int, ...]]:
    """Steps in groups: each stands in the first group in which all that comes before it is behind it."""
    sorter = TopologicalSorter(before)
    sorter.prepare()
    found = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        sorter.done(*ready)
        found.append(tuple(ready))
    return found


def longest_way(before: Before, seconds: Mapping[int, float]) -> LongestWay:
    """The way with the most known seconds; of equal ones that with the most steps, then the one written first."""
    best: dict[int, tuple[float, int, int]] = {}
    """By step: seconds and steps up to and with it, and the step before it on that way, or -1."""
    for at in TopologicalSorter({at: sorted(before[at]) for at in sorted(before)}).static_order():
        total, count, last = max(
            ((best[one][0], best[one][1], one) for one in sorted(before[at])),
            key=lambda way: (way[0], way[1], -way[2]),
            default=(0.0, 0, -1),
        )
        best[at] = (total + seconds.get(at, 0.0), count + 1, last)
    if not best:
        return LongestWay((), 0.0)
    at = max(best, key=lambda one: (best[one][0], best[one][1], -one))
    return LongestWay(_way(best, at), best[at][0])


def _way(best: Mapping[int, tuple[float, int, int]], at: int) -> tuple[int, ...]:
    steps = []
    while at >= 0:
        steps.append(at)
        at = best[at][2]
    return tuple(reversed(steps))


def only_in_order(graph: Graph) -> Iterator[tuple[int, int]]:
    """`(earlier, later)`: the later step waits for the earlier by the order written alone and uses nothing of it.

    Left out is an earlier step that routes, or that changes what others see without being named (`set`, `end` …).
    """
    for at, step in enumerate(graph.steps):
        if step.sequential and graph.needs[at] and graph.once[at]:
            earlier = graph.needs[at][0]
            calls = step.kind == graph.steps[earlier].kind == "call"
            if calls and not graph.targets[earlier] and graph.ids[earlier] not in used_by(graph, at):
                yield earlier, at


def used_by(graph: Graph, at: int) -> frozenset[str]:
    """The steps that some expression of a step refers to; all of them where one refers to `steps` as a whole."""
    code = graph.code(at)
    parts = (
        code.with_,
        code.env,
        code.when,
        code.join,
        code.retry_when,
        code.compensation,
        code.compensation_retry_when,
        *code.cases,
    )
    paths = {path for part in parts if part is not None for path in part.names if path[0] == "steps"}
    if any(len(path) == 1 for path in paths):
        return frozenset(graph.ids)
    return frozenset(path[1] for path in paths)


def needs_without(graph: Graph, earlier: int, later: int) -> tuple[int, ...]:
    """What `later` has to need so as to stand beside `earlier`: what that one needs, and what it uses itself."""
    used = {graph.number[id_] for id_ in used_by(graph, later) if id_ in graph.number}
    real = {at for at in used if graph.closures[at] >> later & 1 and not graph.closures[later] >> at & 1}
    return tuple(sorted({*graph.needs[earlier], *real}))


def side_by_side(before: Before, earlier: int, later: int, needs: Iterable[int]) -> Before:
    """The order once `later` no longer waits for `earlier`; what followed `later` waits for both."""
    behind = {at: steps | {earlier} for at, steps in before.items() if later in steps}
    return {**before, **behind, later: (before[later] - {earlier}) | before[earlier] | set(needs)}
