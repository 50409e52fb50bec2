"""R2, R3 and R5 by counters: which steps may start, and which never will.

`credit` is told what a step now counts as; everything that depends on the step follows at the price of its edges.
Steps that can be activated at most once are decided here for good. Of the others, and of failures that may be
recovered, only what is certain is decided here; `liveness` looks at the rest.
"""

from heapq import heappush

from treadle_engine.graph import ADMITS_FAILURE
from treadle_engine.joins import EAGER, judge
from treadle_engine.scope_state import FAILED, IDLE, OPEN, SETTLED, SKIPPED, SUCCEEDED, ScopeState


def begin(scope: ScopeState) -> None:
    """What `rebuild` makes of a scope in which nothing has happened yet: what only depends on the plan is copied."""
    graph, size = scope.graph, len(scope.graph)
    scope.open_needs, scope.awaiting = graph.need_counts.copy(), graph.source_counts.copy()
    scope.good_needs, scope.bad_needs, scope.soft_needs = [0] * size, [0] * size, [0] * size
    if not graph.all_once:
        scope.idle = scope.doubtful = graph.repeatable
    for at in graph.without_needs:
        reconsider(scope, at)


def rebuild(scope: ScopeState) -> None:
    """Make the derived part from the base. Costs time proportional to the scope."""
    graph, size = scope.graph, len(scope.graph)
    scope.open_needs, scope.good_needs, scope.bad_needs, scope.soft_needs = ([0] * size for _ in range(4))
    scope.unsettled = sum(1 for phase in scope.phase if phase != SETTLED)
    for at, needs in enumerate(graph.needs):
        for need in needs:
            _count(scope, at, need, scope.credit[need], 1)
    scope.awaiting = [sum(scope.phase[source] != SETTLED for source in sources) for sources in graph.sources]
    if not graph.all_once:
        scope.idle = sum(1 << at for at in range(size) if scope.phase[at] == IDLE and not graph.once[at])
        scope.doubtful = scope.idle
    scope.disturbed = scope.closing is not None or scope.closing_due is not None or bool(scope.called_off)
    scope.ready.clear()
    scope.queue.clear()
    for at in range(size):
        reconsider(scope, at)


def credit(scope: ScopeState, at: int, value: int, *, entered: bool = True) -> None:
    """A step now counts as `value`. `entered` False: it was passed over, which arms nothing again (R7)."""
    old = scope.credit[at]
    scope.credit[at] = value
    graph = scope.graph
    once = graph.once[at]
    for dependent in graph.dependents[at]:
        if once and old == OPEN and value == SUCCEEDED:
            scope.open_needs[dependent] -= 1
            scope.good_needs[dependent] += 1
        else:
            _count(scope, dependent, at, old, -1)
            _count(scope, dependent, at, value, 1)
        if scope.phase[dependent] == IDLE:
            if entered and value != OPEN and graph.rearmable[dependent]:
                scope.armed[dependent] = 1
            reconsider(scope, dependent)


def reconsider(scope: ScopeState, at: int) -> None:
    """R2: look at an idle step again after something of it changed."""
    if scope.phase[at] != IDLE or at in scope.ready:
        return
    graph = scope.graph
    if at in scope.granted:
        make_ready(scope, at)
    elif not scope.armed[at] and at not in scope.held:
        if graph.once[at] and not scope.open_needs[at] and not scope.awaiting[at]:
            heappush(scope.doomed, at)  # R4: no token will come
    elif not scope.open_needs[at] or (graph.joins[at].mode in EAGER and scope.closing is None):
        _judge(scope, at)


def make_ready(scope: ScopeState, at: int) -> None:
    """Put a step in line."""
    scope.ready.add(at)
    heappush(scope.queue, at)


def admits_failure(scope: ScopeState, at: int) -> bool:
    """R12: the step may still start while the scope closes."""
    return bool(scope.graph.needs[at]) and scope.graph.joins[at].mode in ADMITS_FAILURE


def _judge(scope: ScopeState, at: int) -> None:
    join = scope.graph.joins[at]
    soft = scope.soft_needs[at]
    unsettled, succeeded = scope.open_needs[at], scope.good_needs[at]
    if soft or join.mode == "expression":
        verdict = judge(join, succeeded, 0, 0, 1)
        if verdict == "wait":
            scope.patient.add(at)
            return
    else:
        failed = scope.bad_needs[at]
        skipped = len(scope.graph.needs[at]) - unsettled - succeeded - failed
        verdict = judge(join, succeeded, failed, skipped, unsettled)
    if verdict == "ready":
        make_ready(scope, at)
    elif verdict != "wait" and scope.graph.once[at]:
        heappush(scope.doomed, at)


def _count(scope: ScopeState, at: int, need: int, value: int, by: int) -> None:
    """Add to, or take from, the counters of a step what one of its needs counts as."""
    if value == OPEN:
        scope.open_needs[at] += by
    elif value == SUCCEEDED:
        scope.good_needs[at] += by
    else:
        if value == FAILED:
            scope.bad_needs[at] += by
        if may_change(scope, need, value):
            scope.soft_needs[at] += by


def may_change(scope: ScopeState, need: int, value: int) -> bool:
    """R3: a failure or skip that is not final at once, because the step can be entered again or recovered."""
    graph = scope.graph
    if not graph.once[need]:
        return value in {FAILED, SKIPPED}
    return value == FAILED and graph.recoverable[need]
