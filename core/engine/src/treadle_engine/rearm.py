"""R7, R8: tokens for steps that have run already."""

from typing import Any

from treadle_engine import events as kinds
from treadle_engine.closing import cancel_wait
from treadle_engine.draft import Draft
from treadle_engine.graph import bits
from treadle_engine.liveness import entries
from treadle_engine.scope_state import SETTLED, Parked, ScopeState


def let_in(draft: Draft, scope: ScopeState) -> None:
    """Re-arm the region of the oldest parked re-entry in whose region nothing runs or is about to."""
    for parked in scope.parked:
        region = scope.graph.closures[parked.target] | 1 << parked.target
        if not any(region >> at & 1 for at in entries(scope)):
            settled = [scope.graph.ids[at] for at in bits(region) if scope.phase[at] == SETTLED]
            draft.record(kinds.REGION_REARMED, scope.address, scope.graph.ids[parked.target], data={"steps": settled})
            return


def end_waits(draft: Draft) -> bool:
    """R7: cancel what waits in a region that is to be entered again, however deep inside; True when there was one."""
    for scope, at in tuple(draft.state.waiting.values()):
        if _is_in_the_way(scope, at):
            cancel_wait(draft, scope, at)
            return True
    return False


def _is_in_the_way(scope: ScopeState, at: int) -> bool:
    """A re-entry waits for the region in which a visit, or one around it, stands."""
    inner, step = scope, at
    while True:
        closures = inner.graph.closures if inner.parked else ()
        if any((closures[parked.target] | 1 << parked.target) >> step & 1 for parked in inner.parked):
            return True
        if inner.parent is None:
            return False
        inner, step = inner.parent, inner.owner


def announce(draft: Draft, scope: ScopeState) -> None:
    """Tell of the tokens that wait for their region, and of those that were absorbed (R8)."""
    ids = scope.graph.ids
    for parked in scope.parked:
        if not parked.announced:
            _announce(draft, scope, parked)
    for target, source in scope.absorbed:
        draft.record(kinds.TOKEN_ABSORBED, scope.address, ids[target], data={"from": ids[source], "reason": "merge"})
    scope.absorbed.clear()


def _announce(draft: Draft, scope: ScopeState, parked: Parked) -> None:
    ids = scope.graph.ids
    data: dict[str, Any] = {"from": ids[parked.source]}
    if parked.carry:
        data["failure"] = [ids[failed] for failed in bits(parked.carry)]
    draft.record(kinds.TOKEN_PARKED, scope.address, ids[parked.target], data=data)
