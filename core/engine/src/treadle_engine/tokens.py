"""Tokens and the failures they carry (R6, R7, R8), as folding moves them. A set of failures is a bit set."""

from treadle_hookspecs import JsonObject

from treadle_engine.graph import ADMITS_FAILURE, bits
from treadle_engine.readiness import credit, reconsider
from treadle_engine.scope_state import FAILED, IDLE, LIVE, SETTLED, SUCCEEDED, Closing, Parked, ScopeState


def deliver(scope: ScopeState, target: int, source: int, carry: int) -> None:
    """A token arrives: it waits at an idle step, parks at another one, or is absorbed (R8)."""
    if scope.graph.steps[target].merge == "once" and _absorbed(scope, target, carry):
        scope.absorbed.append((target, source))
    elif scope.phase[target] == IDLE:
        scope.held.setdefault(target, []).append(carry)
        reconsider(scope, target)
    else:
        _park(scope, target, source, carry)


def take(scope: ScopeState, at: int) -> int:
    """A visit, or a skip by `when`, takes one token; the failures it brings. Further tokens become re-entries (R8)."""
    carry = scope.inherited.pop(at, 0)
    tokens = scope.held.pop(at, None)
    if tokens:
        carry |= tokens[0]
        for token in tokens[1:]:
            _park(scope, at, at, token)
    scope.armed[at] = 0
    scope.granted.discard(at)
    return carry


def discard(scope: ScopeState, at: int) -> int:
    """A step settles without a visit and takes no route: all the failures that its tokens carried."""
    carry = scope.inherited.pop(at, 0)
    for token in scope.held.pop(at, ()):
        carry |= token
    scope.armed[at] = 0
    scope.granted.discard(at)
    return carry


def fail(scope: ScopeState, at: int, error: JsonObject) -> None:
    """A failure is open from now on (R11)."""
    scope.failures.pop(at, None)
    scope.failures[at] = error


def forget(scope: ScopeState, at: int) -> None:
    """A failure is over, its step having been entered again or recovered: all copies of it vanish."""
    if scope.failures.pop(at, None) is None:
        return
    rest = ~(1 << at)
    for table in (scope.inherited, scope.carried):
        for holder in table:
            table[holder] &= rest
    for tokens in scope.held.values():
        tokens[:] = [token & rest for token in tokens]
    for parked in scope.parked:
        parked.carry &= rest


def recover(scope: ScopeState, carry: int) -> None:
    """R6: a step with `recovers` has succeeded: what it carried is over, for all copies of it."""
    for failed in bits(carry):
        if failed in scope.failures:
            forget(scope, failed)
            if scope.phase[failed] == SETTLED and scope.credit[failed] == FAILED:
                credit(scope, failed, SUCCEEDED)


def joined_failures(scope: ScopeState, at: int) -> int:
    """The open failures that a join which admits failure stands for, also through needs that failed upstream."""
    if scope.graph.joins[at].mode not in ADMITS_FAILURE:
        return 0
    found, seen = 0, set(scope.graph.needs[at])
    waiting = list(seen)
    while waiting:
        need = waiting.pop()
        if need in scope.failures:
            found |= 1 << need
        elif scope.credit[need] == FAILED:
            fresh = set(scope.graph.needs[need]) - seen
            seen |= fresh
            waiting.extend(fresh)
    return found


def end_thread(scope: ScopeState, at: int, carry: int) -> None:
    """A thread has no route to go on by. Where a need leads to a repair it hands on what it carries, else it ends."""
    carry &= sum(1 << failed for failed in scope.failures)
    if not carry:
        return
    graph = scope.graph
    left = carry
    for dependent in graph.dependents[at]:
        if scope.phase[dependent] == IDLE:
            useful = carry if graph.leads_to(dependent, graph.recoverers) else _repaired(scope, dependent, carry)
            if useful:
                scope.inherited[dependent] = scope.inherited.get(dependent, 0) | useful
                left &= ~useful
    if left:
        close_for_failure(scope, next(bits(left)))


def close_for_failure(scope: ScopeState, failed: int) -> None:
    """R12: `fail_fast` fires."""
    if scope.graph.fails_fast and scope.closing is None and scope.closing_due is None:
        close(scope, Closing("failure", {"step": scope.place(failed), **scope.failures[failed]}))


def close(scope: ScopeState, closing: Closing) -> None:
    """The scope has to close before anything else happens in it."""
    scope.closing_due = closing
    scope.disturbed = True


def _repaired(scope: ScopeState, start: int, carry: int) -> int:
    """Those failures whose step can be entered again from `start` on."""
    reach = scope.graph.closures[start] | 1 << start
    return carry & reach


def _park(scope: ScopeState, target: int, source: int, carry: int) -> None:
    scope.parked.append(Parked(target, source, carry))
    if scope.closing is not None:
        scope.disturbed = True  # it will not be let in


def _absorbed(scope: ScopeState, target: int, carry: int) -> bool:
    """R8: a token is already there, or a visit is live; it takes over what the new one carries."""
    if scope.phase[target] in LIVE:
        scope.carried[target] = scope.carried.get(target, 0) | carry
        return True
    if target in scope.held:
        scope.held[target][0] |= carry
        return True
    for parked in scope.parked:
        if parked.target == target:
            parked.carry |= carry
            return True
    return False
