"""R7, R8: tokens for steps that have run already."""

from typing import Any

from treadle_engine import events as kinds
from treadle_engine.closing import cancel_wait
from treadle_engine.draft import Draft
from treadle_engine.graph import bits
from treadle_engine.liveness import entries
from treadle_engine.scope_state import SETTLED, Parked, ScopeState


def let_in(draft: Draft, scope: ScopeState) -> None:
    """Re-arm the region of the oldest parked re-entry in whose region nothing runs or is about to.

    What waits there on the outside is cancelled, also deep inside; what runs is waited for.
    """
    for parked in scope.parked:
        region = scope.graph.closures[parked.target] | 1 << parked.target
        if draft.state.waiting and _end_waits(draft, scope, region):
            return
        if not any(region >> at & 1 for at in entries(scope)):
            settled = [scope.graph.ids[at] for at in bits(region) if scope.phase[at] == SETTLED]
            draft.record(kinds.REGION_REARMED, scope.address, scope.graph.ids[parked.target], data={"steps": settled})
            return


def _end_waits(draft: Draft, scope: ScopeState, region: int) -> bool:
    """Cancel the waits in a region of a scope; True when there was one."""
    found = False
    for waiting, at in tuple(draft.state.waiting.values()):
        inner, step = waiting, at
        while inner is not scope and inner.parent is not None:
            inner, step = inner.parent, inner.owner
        wait = waiting.waits.get(at)
        # What waits for its places is about to run.
        if inner is scope and region >> step & 1 and wait is not None and wait.kind != "slots":
            cancel_wait(draft, waiting, at)
            found = True
    return found


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
