"""R3 and R4 where counters cannot tell: failures that may still be repaired, and steps that nothing will reach.

What is found here follows from the base of the state alone, so a recovered execution finds the same. A step whose join
holds by patience is put into `late`; it is found again in each turn until it has started.
"""

from collections.abc import Iterator

from treadle_engine.contexts import scope_context
from treadle_engine.draft import Draft
from treadle_engine.expression_errors import ExpressionError
from treadle_engine.graph import bits
from treadle_engine.joins import Verdict, judge
from treadle_engine.readiness import may_change
from treadle_engine.scope_state import FAILED, IDLE, OPEN, SUCCEEDED, ScopeState
from treadle_engine.tokens import joined_failures


def survey(draft: Draft, scope: ScopeState) -> None:
    """Settle what will never start, to a fixpoint, and find what may start now."""
    while not scope.disturbed:
        scope.late.clear()
        if not (scope.patient or scope.idle & scope.doubtful):
            return
        hopeful: list[int] = []
        if not _settle_patient(draft, scope, hopeful) and not _settle_unreachable(draft, scope, hopeful):
            return


def entries(scope: ScopeState) -> Iterator[int]:
    """The live set L, re-entries aside: live visits, and steps that are about to start."""
    yield from scope.live
    yield from scope.ready
    yield from scope.late


def _settle_patient(draft: Draft, scope: ScopeState, hopeful: list[int]) -> bool:
    """Judge the joins that wait for needs to become final; True when a step was settled.

    `hopeful` gets the steps that wait for nothing but a repair: L reaches them by way of it.
    """
    for at in sorted(scope.patient):
        if scope.phase[at] != IDLE or at in scope.ready or not scope.activated(at):
            scope.patient.discard(at)
            continue
        verdict = _verdict(draft, scope, at)
        if verdict == "ready":
            scope.late.append(at)
        elif verdict == "wait" and not scope.open_needs[at]:
            hopeful.append(at)
        elif verdict != "wait" and scope.graph.once[at]:
            draft.skip(scope, at, verdict, "join")
            return True
    return False


def _settle_unreachable(draft: Draft, scope: ScopeState, hopeful: list[int]) -> bool:
    """R4: settle one step that is idle, not ready, and not reachable from L; True when there was one.

    Joins that have all their needs settled come first: what they start with may lead on to the others.
    """
    candidates = _unreachable(scope, hopeful)
    waiting = [at for at in bits(candidates) if scope.activated(at)]
    for at in waiting:
        verdict = "wait" if scope.open_needs[at] else _verdict(draft, scope, at)
        if verdict not in {"wait", "ready"}:
            draft.skip(scope, at, verdict, "join")
            return True
    dead = _dead(scope, candidates, waiting)
    if dead is not None:
        draft.skip(scope, dead, "skipped", "dead")
    return dead is not None


def _dead(scope: ScopeState, candidates: int, waiting: list[int]) -> int | None:
    """A step without a token, best one that no waiting join leads to; a circle of both is broken at its first step."""
    still = [at for at in bits(candidates) if not scope.open_needs[at] and at not in waiting]
    ahead = 0
    for at in waiting:
        ahead |= scope.graph.closures[at]
    free = [at for at in still if not ahead >> at & 1]
    if free or not still:
        return free[0] if free else None
    return still[0] if all(scope.open_needs[at] for at in waiting) else None


def _unreachable(scope: ScopeState, hopeful: list[int]) -> int:
    """The doubtful idle steps that are neither ready nor reachable from L. What hope alone keeps stays doubtful."""
    closures = scope.graph.closures
    found = scope.idle & scope.doubtful
    for at in (*scope.live, *scope.ready):
        found &= ~(closures[at] | 1 << at)
        if not found:
            break
    for parked in scope.parked:
        found &= ~(closures[parked.target] | 1 << parked.target)
    scope.doubtful = found
    for at in (*scope.late, *hopeful):
        found &= ~(closures[at] | 1 << at)
    return found


def _verdict(draft: Draft, scope: ScopeState, at: int) -> Verdict:
    """The join of a step over the ends of its needs that are final."""
    reach = _reach(scope)
    unsettled = succeeded = failed = skipped = 0
    for need in scope.graph.needs[at]:
        value = scope.credit[need]
        if value == SUCCEEDED:
            succeeded += 1
        elif value == OPEN or (may_change(scope, need, value) and not _final(scope, need, reach)):
            unsettled += 1
        elif value == FAILED:
            failed += 1
        else:
            skipped += 1
    if unsettled and scope.closing is not None:
        return "wait"
    join = scope.graph.joins[at]
    holds = join.mode == "expression" and not unsettled and _holds(draft, scope, at)
    return judge(join, succeeded, failed, skipped, unsettled, holds=holds)


def _final(scope: ScopeState, need: int, reach: int) -> bool:
    """R3: no live token can enter the step again, or recover its failure."""
    if not scope.graph.once[need] and reach >> need & 1:
        return False
    return need not in scope.failures or not _recovering(scope) >> need & 1


def _reach(scope: ScopeState) -> int:
    """All that L can reach."""
    closures, found = scope.graph.closures, 0
    for at in entries(scope):
        found |= closures[at]
    for parked in scope.parked:
        found |= closures[parked.target] | 1 << parked.target
    return found


def _recovering(scope: ScopeState) -> int:
    """The failures that a live token carries which can still come to a step that recovers."""
    graph, found = scope.graph, 0
    if not graph.recoverers:
        return 0
    for at in entries(scope):
        carry = scope.carried.get(at, 0)
        if scope.phase[at] == IDLE:
            carry |= scope.inherited.get(at, 0)
            for token in scope.held.get(at, ()):
                carry |= token
            if graph.recoverers >> at & 1:
                carry |= joined_failures(scope, at)
        if carry and graph.leads_to(at, graph.recoverers):
            found |= carry
    for parked in scope.parked:
        if parked.carry and graph.leads_to(parked.target, graph.recoverers):
            found |= parked.carry
    return found


def _holds(draft: Draft, scope: ScopeState, at: int) -> bool:
    """R5: a join's expression. One that cannot be evaluated lets the step start, which then fails by it."""
    try:
        return join_holds(draft, scope, at)
    except ExpressionError:
        return True


def join_holds(draft: Draft, scope: ScopeState, at: int) -> bool:
    """The value of a join's expression. Raises `ExpressionError`."""
    code = scope.graph.code(at).join
    return code is None or bool(code.evaluate(scope_context(draft.state, scope)))
