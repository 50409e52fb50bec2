"""Making analyses: of a definition, with medians of earlier runs, and of an execution, with its own times."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from treadle_engine.graph import Graph
from treadle_engine.plan import Plan
from treadle_engine.state import graph_of
from treadle_hookspecs import ExecutionRow, StepRow

from treadle.seeing import _schedule as schedule
from treadle.seeing._measured import measured
from treadle.seeing._record import Record
from treadle.seeing.analysis import Analysis, CriticalPath, Figure, Opportunity, PathStep

_WEIGHED: Final = 20
"""Opportunities whose saving is worked out: those that can save most."""


def analysis_of_plan(plan: Plan, durations: Mapping[str, Figure]) -> Analysis:
    """What can be said before a run. `durations` are those of earlier runs, by address; there may be none."""
    graph = graph_of(plan.root)
    before = schedule.order_of(graph)
    batches = schedule.batches_of(before)
    return Analysis(
        plan.name,
        "",
        "history" if any(id_ in durations for id_ in graph.ids) else "structure",
        tuple(tuple(graph.ids[at] for at in batch) for batch in batches),
        _path(graph, schedule.longest_way(before, _seconds(graph, durations)), durations),
        {id_: durations[id_] for id_ in graph.ids if id_ in durations},
        (*_narrow(graph, batches), *_in_order(graph, before, durations)),
    )


def analysis_of_execution(record: Record, row: ExecutionRow, rows: Sequence[StepRow]) -> Analysis:
    """What can be said of an execution that has run, or of as much of it as there is."""
    from treadle.seeing.durations import durations_of

    durations = durations_of(rows)
    before_it = analysis_of_plan(record.plan, durations)
    path, waits = measured(record)
    elapsed = (row.finished_at - row.started_at) / 1e6 if row.finished_at is not None else None
    in_order = tuple(one for one in before_it.opportunities if one.kind == "order")
    return Analysis(
        record.plan.name,
        record.execution,
        "measured",
        before_it.batches,
        path,
        durations,
        (*waits, *in_order),
        elapsed,
    )


def _seconds(graph: Graph, durations: Mapping[str, Figure]) -> dict[int, float]:
    return {at: durations[id_].seconds for at, id_ in enumerate(graph.ids) if id_ in durations}


def _path(graph: Graph, way: schedule.LongestWay, durations: Mapping[str, Figure]) -> CriticalPath:
    steps = tuple(PathStep(graph.ids[at], durations.get(graph.ids[at])) for at in way.steps)
    unknown = sum(step.duration is None for step in steps)
    known = len(steps) - unknown
    source = "the longest way through needs and forward routes, by known durations, else by number of steps"
    return CriticalPath(steps, way.seconds if known else None, unknown, source)


def _narrow(graph: Graph, batches: Sequence[tuple[int, ...]]) -> Iterator[Opportunity]:
    """The widest group has more steps than may run at a time."""
    limit, widest = graph.scope.max_parallel, max(batches, key=len, default=())
    if limit and len(widest) > limit:
        ids = tuple(graph.ids[at] for at in widest)
        text = f"{len(ids)} steps could run side by side ({', '.join(ids)}), and `max_parallel` is {limit}"
        yield Opportunity("places", ids, text)


def _in_order(graph: Graph, before: schedule.Before, durations: Mapping[str, Figure]) -> Iterator[Opportunity]:
    """Steps that wait for the one written before them and use nothing of it, those that save most first."""
    seconds = _seconds(graph, durations)
    way = schedule.longest_way(before, seconds)
    pairs = list(schedule.only_in_order(graph))
    weight = {pair: min(seconds.get(pair[0], 0.0), seconds.get(pair[1], 0.0)) for pair in pairs}
    heaviest = sorted(pairs, key=lambda pair: -weight[pair])[:_WEIGHED]
    savings = {pair: _saving(graph, before, pair, seconds, way) for pair in heaviest if weight[pair] > 0}
    for pair in sorted(pairs, key=lambda pair: (-savings.get(pair, 0.0), pair)):
        known = f"{durations[graph.ids[pair[0]]].source}" if pair in savings else ""
        yield _beside(graph, pair, Figure(savings[pair], f"critical path by {known}") if pair in savings else None)


def _saving(
    graph: Graph, before: schedule.Before, pair: tuple[int, int], seconds: Mapping[int, float], way: schedule.LongestWay
) -> float:
    changed = schedule.side_by_side(before, *pair, schedule.needs_without(graph, *pair))
    return max(0.0, way.seconds - schedule.longest_way(changed, seconds).seconds)


def _beside(graph: Graph, pair: tuple[int, int], saving: Figure | None) -> Opportunity:
    earlier, later = (graph.ids[at] for at in pair)
    needs = ", ".join(graph.ids[at] for at in schedule.needs_without(graph, *pair))
    behind = [graph.ids[at] for at in graph.dependents[pair[1]] if graph.steps[at].sequential]
    both = "".join(f", and `needs: [{earlier}, {later}]` at `{id_}`" for id_ in behind)
    text = (
        f"`{later}` waits for `{earlier}` only because it is written behind it, and no expression of `{later}` refers"
        f" to `{earlier}`. If it uses no file that `{earlier}` leaves either: `needs: [{needs}]` at `{later}`{both}"
    )
    return Opportunity("order", (earlier, later), text, saving)
