"""The failures of an execution that nothing stands against any more."""

from typing import Final

from treadle_engine import events as kinds
from treadle_engine.scope_state import SUCCEEDED, ScopeState
from treadle_engine.state import State, fold, state_of

from treadle.seeing._places import address_of
from treadle.seeing._record import Record

CONTINUED: Final = "continue_on_error"
RECOVERED: Final = "recovered"


def forgiven(record: Record) -> dict[str, str]:
    """Each by `scope/step#visit`: `continue_on_error`, or `recovered` by a later step (R6)."""
    state = State(record.plan, record.execution)
    failed: dict[str, dict[int, int]] = {}
    """By scope: the visit in which a step failed."""
    found: dict[str, str] = {}
    for event in record.events:
        fold(state, event)
        scope = state.scopes.get(event.scope)
        if event.type != kinds.VISIT_SETTLED or scope is None:
            continue
        at = scope.graph.number[event.step]
        visits = failed.setdefault(event.scope, {})
        visits.pop(at, None)
        if state_of(scope, at) == "failed":
            visits[at] = event.visit
        for at in [at for at in visits if scope.credit[at] == SUCCEEDED]:
            found[f"{address_of(event.scope, scope.graph.ids[at])}#{visits.pop(at)}"] = _why(scope, at)
    return found


def _why(scope: ScopeState, at: int) -> str:
    return CONTINUED if scope.graph.steps[at].continue_on_error else RECOVERED
