"""R10: a loop opens one scope an iteration."""

from treadle_hookspecs import Json, JsonObject

from treadle_engine import events as kinds
from treadle_engine.addresses import Opened
from treadle_engine.closing import loop_timer
from treadle_engine.contexts import published, scope_context
from treadle_engine.draft import Draft
from treadle_engine.expression_errors import ExpressionError, expression_failure
from treadle_engine.nested_ends import conclude, conclude_as_last, is_ending, open_scope
from treadle_engine.plan import Loop
from treadle_engine.protocol import StartTimer
from treadle_engine.scope_state import ScopeState
from treadle_engine.takeover import taken_over


def loop(draft: Draft, scope: ScopeState, at: int) -> None:
    """R10: one scope an iteration, until the condition says so, one fails, or there were enough."""
    nest = scope.nests[at]
    if nest.open or scope.delays.get(at):
        if is_ending(scope, at) and not nest.open:
            conclude_as_last(draft, scope, at)
        return
    last = next(reversed(nest.ended.values()), None)
    if is_ending(scope, at) or (last is not None and last.verdict != "completed"):
        conclude_as_last(draft, scope, at)
    elif draft.state.paused:
        scope.attention.add(at)
    elif last is None or at in scope.delays or _goes_on(draft, scope, at, last):
        open_scope(draft, scope, at, f":{1 if last is None else last.number + 1}")


def _goes_on(draft: Draft, scope: ScopeState, at: int, last: ScopeState) -> bool:
    """Another iteration may open now. If not, the visit has ended or waits for its delay."""
    plan, condition = scope.graph.steps[at].loop, scope.graph.code(at).goes_on
    if plan is None or condition is None:
        raise ValueError(f"the loop {scope.place(at)} has no condition: validate the definition")
    ahead = Opened(scope.address, scope.graph.ids[at], scope.visits[at], f":{last.number + 1}", scope.attempts[at])
    if taken_over(draft.state, ahead.address) is not None:
        return True  # it did go on, and what the condition saw then may be gone
    try:
        holds = bool(condition.evaluate(scope_context(draft.state, last)))
    except ExpressionError as problem:
        key = "loop.while" if plan.while_ else "loop.until"
        conclude(draft, scope, at, "failure", published(last), error=expression_failure(key, problem))
        return False
    if holds != bool(plan.while_):
        conclude(draft, scope, at, "success", published(last))
    elif last.number >= plan.max:
        _exhaust(draft, scope, at, plan, published(last))
    elif plan.delay:
        _delay(draft, scope, at, draft.at + round(plan.delay * 1_000_000))
    else:
        return True
    return False


def _exhaust(draft: Draft, scope: ScopeState, at: int, plan: Loop, outputs: JsonObject) -> None:
    message = f"step {scope.graph.ids[at]} would go on after {plan.max} iterations, which is its max"
    outcome = "success" if plan.on_exhausted == "continue" else "exhausted"
    conclude(draft, scope, at, outcome, outputs, error={"type": "exhausted", "message": message})


def _delay(draft: Draft, scope: ScopeState, at: int, due: int) -> None:
    timer = loop_timer(scope, at)
    data: dict[str, Json] = {"timer": timer, "due": due}
    draft.record(kinds.TIMER_SET, scope.address, scope.graph.ids[at], scope.visits[at], data=data)
    draft.command(StartTimer(timer, due))
