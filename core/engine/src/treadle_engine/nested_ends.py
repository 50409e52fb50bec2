"""How the attempts of steps that open scopes end: another one follows, or the visit ends with it."""

from typing import Any, Final

from treadle_hookspecs import JsonObject

from treadle_engine import events as kinds
from treadle_engine.addresses import Opened
from treadle_engine.attempts import retry
from treadle_engine.closing import limit_timer, loop_timer
from treadle_engine.contexts import published
from treadle_engine.draft import Draft
from treadle_engine.expression_errors import ExpressionError, expression_failure
from treadle_engine.protocol import Address, AttemptEnded, CancelTimer
from treadle_engine.scope_state import ScopeState
from treadle_engine.settling import settle, wants_retry

_NOTHING: Final[JsonObject] = {}
OUTCOMES: Final = {"completed": "success", "failed": "failure", "cancelled": "cancelled"}
"""The outcome of a visit that ends as one of its scopes did."""


def conclude(
    draft: Draft,
    scope: ScopeState,
    at: int,
    outcome: str,
    outputs: JsonObject = _NOTHING,
    *,
    error: JsonObject | None = None,
) -> None:
    """End the attempt under way. Each further one has scopes of its own."""
    if scope.delays.get(at):
        draft.command(CancelTimer(loop_timer(scope, at)))
    if at in scope.deadlines:
        draft.command(CancelTimer(limit_timer(scope, at)))
    if at in scope.expired:
        outcome, error = "timeout", time_is_up(scope, at)
    address = Address(scope.address, scope.graph.ids[at], scope.visits[at], scope.attempts[at])
    ended = AttemptEnded(address, draft.at, outcome, outputs, error, draft.draw)
    try:
        if not is_stopping(scope, at) and wants_retry(draft, scope, at, ended):
            retry(draft, scope, at, ended)
            return
    except ExpressionError as problem:
        error = expression_failure("retry.when", problem)
    settle(draft, scope, at, outcome, outputs, error=error)


def conclude_as_last(draft: Draft, scope: ScopeState, at: int) -> None:
    """End as the scope that opened last did; what was asked to end before it was done is cancelled."""
    last = next(reversed(scope.nests[at].ended.values()), None)
    if last is None:
        conclude(draft, scope, at, "cancelled")
        return
    cut = last.verdict == "completed" and scope.graph.steps[at].kind == "loop"
    conclude(draft, scope, at, "cancelled" if cut else OUTCOMES[last.verdict], published(last), error=last.error)


def is_stopping(scope: ScopeState, at: int) -> bool:
    """The visit was asked to end, or its scope closed after it had started."""
    return at in scope.called_off or scope.started[at] < scope.closed


def is_ending(scope: ScopeState, at: int) -> bool:
    """The attempt opens nothing more: the visit is to end, or its time is up."""
    return at in scope.expired or is_stopping(scope, at)


def stop(draft: Draft, scope: ScopeState, at: int) -> None:
    """Close what the visit has open, for the reason for which the scope around it closes; handlers go on."""
    outer = scope.closing.reason if scope.closing is not None else "cancelled"
    data: dict[str, Any] = {"reason": "cancelled" if at in scope.called_off else outer}
    if at in scope.expired:
        data = {"reason": "timeout", "error": time_is_up(scope, at)}
    for child in tuple(scope.nests[at].open.values()):
        if child is not child.top or child is child.frame.root:
            close(draft, child, data)


def open_scope(draft: Draft, scope: ScopeState, at: int, which: str = "", data: JsonObject = _NOTHING) -> str:
    """Open a scope of the attempt under way; its address."""
    opened = Opened(scope.address, scope.graph.ids[at], scope.visits[at], which, scope.attempts[at])
    draft.record(kinds.SCOPE_OPENED, opened.address, data=data)
    return opened.address


def close(draft: Draft, child: ScopeState, data: JsonObject) -> None:
    """Close a scope, unless it does already."""
    if child.closing is None and child.closing_due is None:
        draft.record(kinds.EXECUTION_CLOSING, child.address, data=data)


def time_is_up(scope: ScopeState, at: int) -> JsonObject:
    """The error of an attempt whose time is up."""
    step = scope.graph.steps[at]
    message = f"step {step.id} took longer than its timeout of {step.timeout:g} seconds"
    return {"step": scope.place(at), "type": "timeout", "message": message}
