"""`budget`: when it is used up the execution waits until somebody raises it; nothing fails.

What counts: visits that started; seconds that attempts took, those beside each other added up; tokens and money that
actions reported. It is looked at before a visit starts: what runs may go over it.
"""

from typing import TYPE_CHECKING, Final

from treadle_hookspecs import Json

from treadle_engine import events as kinds
from treadle_engine.draft import Draft
from treadle_engine.plan import Budget
from treadle_engine.protocol import RaiseBudget
from treadle_engine.scope_state import ScopeState

if TYPE_CHECKING:
    from treadle_engine.state import State

KINDS: Final = ("time", "money", "tokens", "visits")


def allows(draft: Draft, scope: ScopeState, at: int) -> bool:
    """A visit of the step may start. If not, that is recorded, and nothing starts any more."""
    state = draft.state
    if state.cancelled:
        return True  # what cleans up is not held back
    for place, budget in (("", state.plan.budget), (scope.place(at), scope.graph.steps[at].budget)):
        found = None if budget is None else _used_up(state, place, budget)
        if found is not None:
            kind, limit, spent = found
            data: dict[str, Json] = {"budget": kind, "limit": limit, "spent": spent}
            draft.record(kinds.BUDGET_REACHED, scope.address, scope.graph.ids[at] if place else "", data=data)
            return False
    return True


def _used_up(state: "State", place: str, budget: Budget) -> tuple[str, float, float] | None:
    spent, raised = state.spent.get(place, {}), state.raised.get(place, {})
    for kind in KINDS:
        given = getattr(budget, kind)
        if given is not None and spent.get(kind, 0) >= given + raised.get(kind, 0):
            return kind, given + raised.get(kind, 0), spent.get(kind, 0)
    return None


def left(state: "State", scope: str, step: str) -> dict[str, float]:
    """What a step may still spend of money and tokens, as its budget and the workflow's say; kinds without one: any."""
    place = f"{scope}/{step}" if scope else step
    found: dict[str, float] = {}
    for at, budget in (("", state.plan.budget), (place, state.step_plan(scope, step).budget)):
        for kind in ("money", "tokens") if budget is not None else ():
            given = getattr(budget, kind)
            if given is not None:
                rest = given + state.raised.get(at, {}).get(kind, 0) - state.spent.get(at, {}).get(kind, 0)
                found[kind] = min(found.get(kind, rest), rest)
    return found


def raise_budget(draft: Draft, stimulus: RaiseBudget) -> None:
    """Go on with a larger budget: that which is used up, or the workflow's."""
    state = draft.state
    if state.last_seq and not state.terminal:
        place = str(state.broke.get("place", "")) if state.broke else ""
        draft.record(kinds.BUDGET_RAISED, data={"by": dict(stimulus.by), "place": place})
