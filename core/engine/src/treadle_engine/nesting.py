"""Steps that open scopes: they open them, look after them, and end as they end."""

from collections.abc import Callable, Mapping
from typing import Final

from treadle_hookspecs import Json, JsonObject

from treadle_engine import events as kinds
from treadle_engine.addresses import Opened
from treadle_engine.closing import loop_timer
from treadle_engine.contexts import published, scope_context
from treadle_engine.draft import Draft
from treadle_engine.expression_errors import ExpressionError, expression_failure
from treadle_engine.plan import Loop
from treadle_engine.protocol import CancelTimer, StartTimer
from treadle_engine.scope_state import ScopeState
from treadle_engine.settling import settle


def attend(draft: Draft, scope: ScopeState) -> None:
    """Look after the visits whose scopes something happened to."""
    for at in sorted(scope.attention):
        _look_through(scope, at)
        scope.attention.discard(at)
        if _is_stopping(scope, at):
            _stop(draft, scope, at)
        _TAKE_ON[scope.graph.steps[at].kind](draft, scope, at)


def has_ended(scope: ScopeState) -> None:
    """A scope inside another one has finished: the visit that opened it is to be looked after."""
    parent = scope.parent
    nest = parent.nests.get(scope.owner) if parent is not None else None
    if parent is not None and nest is not None and nest.open.get(scope.number) is scope:
        nest.ended[scope.number] = nest.open.pop(scope.number)
        parent.attention.add(scope.owner)


def _look_through(scope: ScopeState, at: int) -> None:
    """After a recovery: which of the open scopes had ended."""
    nest = scope.nests[at]
    if not nest.seen:
        nest.seen = True
        for child in tuple(nest.open.values()):
            if child.finished:
                has_ended(child)


def _is_stopping(scope: ScopeState, at: int) -> bool:
    """The visit was asked to end, or its scope closed after it had started."""
    return at in scope.called_off or scope.started[at] < scope.closed


def _stop(draft: Draft, scope: ScopeState, at: int) -> None:
    """Close what the visit has open, for the reason for which the scope around it closes."""
    outer = scope.closing.reason if scope.closing is not None else "cancelled"
    reason = "cancelled" if at in scope.called_off else outer
    for child in tuple(scope.nests[at].open.values()):
        if child.closing is None and child.closing_due is None:
            draft.record(kinds.EXECUTION_CLOSING, child.address, data={"reason": reason})


def _group(draft: Draft, scope: ScopeState, at: int) -> None:
    """`parallel` and `steps`: one scope; as it ends, the visit ends."""
    nest = scope.nests[at]
    if nest.ended or (_is_stopping(scope, at) and not nest.open):
        _end(draft, scope, at)
    elif draft.state.paused and not nest.open:
        scope.attention.add(at)
    elif not nest.open:
        _open(draft, scope, at)


def _loop(draft: Draft, scope: ScopeState, at: int) -> None:
    """R10: one scope an iteration, until the condition says so, one fails, or there were enough."""
    nest = scope.nests[at]
    if nest.open or scope.delays.get(at):
        if _is_stopping(scope, at) and not nest.open:
            _end(draft, scope, at)
        return
    last = nest.ended[max(nest.ended)] if nest.ended else None
    if _is_stopping(scope, at) or (last is not None and last.verdict != "completed"):
        _end(draft, scope, at)
    elif draft.state.paused:
        scope.attention.add(at)
    elif last is None or at in scope.delays or _goes_on(draft, scope, at, last):
        _open(draft, scope, at, f":{1 if last is None else last.number + 1}")


def _goes_on(draft: Draft, scope: ScopeState, at: int, last: ScopeState) -> bool:
    """Another iteration may open now. If not, the visit has ended or waits for its delay."""
    loop, condition = scope.graph.steps[at].loop, scope.graph.code(at).goes_on
    if loop is None or condition is None:
        raise ValueError(f"the loop {scope.place(at)} has no condition: validate the definition")
    try:
        holds = bool(condition.evaluate(scope_context(draft.state, last)))
    except ExpressionError as problem:
        key = "loop.while" if loop.while_ else "loop.until"
        settle(draft, scope, at, "failure", published(last), error=expression_failure(key, problem))
        return False
    if holds != bool(loop.while_):
        settle(draft, scope, at, "success", published(last))
    elif last.number >= loop.max:
        _exhaust(draft, scope, at, loop, published(last))
    elif loop.delay:
        _delay(draft, scope, at, draft.at + round(loop.delay * 1_000_000))
    else:
        return True
    return False


def _exhaust(draft: Draft, scope: ScopeState, at: int, loop: Loop, outputs: JsonObject) -> None:
    message = f"step {scope.graph.ids[at]} would go on after {loop.max} iterations, which is its max"
    outcome = "success" if loop.on_exhausted == "continue" else "exhausted"
    settle(draft, scope, at, outcome, outputs, error={"type": "exhausted", "message": message})


def _delay(draft: Draft, scope: ScopeState, at: int, due: int) -> None:
    timer = loop_timer(scope, at)
    data: dict[str, Json] = {"timer": timer, "due": due}
    draft.record(kinds.TIMER_SET, scope.address, scope.graph.ids[at], scope.visits[at], data=data)
    draft.command(StartTimer(timer, due))


def _open(draft: Draft, scope: ScopeState, at: int, which: str = "") -> None:
    opened = Opened(scope.address, scope.graph.ids[at], scope.visits[at], which)
    draft.record(kinds.SCOPE_OPENED, opened.address)


def _end(draft: Draft, scope: ScopeState, at: int) -> None:
    """End as the scope that opened last did; what was asked to end before it was done is cancelled."""
    nest = scope.nests[at]
    if scope.delays.get(at):
        draft.command(CancelTimer(loop_timer(scope, at)))
    last = nest.ended[max(nest.ended)] if nest.ended else None
    if last is None:
        settle(draft, scope, at, "cancelled")
        return
    cut = last.verdict == "completed" and scope.graph.steps[at].kind == "loop"
    settle(draft, scope, at, "cancelled" if cut else _OUTCOMES[last.verdict], published(last), error=last.error)


_OUTCOMES: Final = {"completed": "success", "failed": "failure", "cancelled": "cancelled"}
_TAKE_ON: Final[Mapping[str, Callable[[Draft, ScopeState, int], None]]] = {
    "parallel": _group,
    "steps": _group,
    "loop": _loop,
}
