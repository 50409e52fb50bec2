"""The decider: a state and a stimulus in, events and commands out. No clock, no chance, no input or output."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from treadle_engine import beginning, budgets, recovery, rollback, slots
from treadle_engine import events as kinds
from treadle_engine.attempts import next_attempt, retry
from treadle_engine.closing import limit_timer, loop_timer, retry_timer, scope_of_timer, step_of_timer
from treadle_engine.draft import Draft
from treadle_engine.expression_errors import ExpressionError, expression_failure
from treadle_engine.lifecycle import TIMEOUT_TIMER, proceed
from treadle_engine.protocol import (
    AttemptAsks,
    AttemptEnded,
    AttemptLost,
    Cancel,
    CancelVisit,
    CompensationEnded,
    Deliver,
    Pause,
    RaiseBudget,
    Recover,
    Resume,
    Rollback,
    SlotsRefused,
    SlotsTaken,
    Start,
    Stimulus,
    TimerFired,
    Turn,
)
from treadle_engine.scope_state import RETRYING, RUNNING, ScopeState
from treadle_engine.settling import settle, wants_retry
from treadle_engine.state import State
from treadle_engine.waiting import ask_in_the_middle, deliver, fired, timers

DECIDER_VERSION: Final = 1
"""It grows when the same stimuli lead to other events: what replays an execution needs the one it began with."""


def decide(state: State, stimulus: Stimulus) -> Turn:
    """Answer a stimulus. The turn's events are folded into `state` already. What does not matter leaves it empty."""
    draft = Draft(state, stimulus.at, getattr(stimulus, "actor", ""), getattr(stimulus, "draw", 0.5))
    _ANSWERS[type(stimulus)](draft, stimulus)
    if draft.events or isinstance(stimulus, Recover):
        proceed(draft)
    return draft.turn()


def _attempt_ended(draft: Draft, stimulus: AttemptEnded) -> None:
    address = stimulus.address
    scope = draft.state.scopes.get(address.scope)
    at = -1 if scope is None else scope.graph.number.get(address.step, -1)
    if scope is None or at < 0 or scope.phase[at] != RUNNING or scope.graph.nested[at]:
        return
    if (scope.visits[at], scope.attempts[at]) != address[2:]:
        return
    error = stimulus.error
    try:
        if wants_retry(draft, scope, at, stimulus):
            retry(draft, scope, at, stimulus)
            return
    except ExpressionError as problem:
        error = expression_failure("retry.when", problem)
    outcome, outputs, snapshot, facts = stimulus.outcome, stimulus.outputs, stimulus.snapshot, stimulus.facts
    settle(draft, scope, at, outcome, outputs, error=error, snapshot=snapshot, facts=facts)


def _attempt_asks(draft: Draft, stimulus: AttemptAsks) -> None:
    address = stimulus.address
    scope = draft.state.scopes.get(address.scope)
    at = -1 if scope is None else scope.graph.number.get(address.step, -1)
    if scope is None or at < 0 or scope.phase[at] != RUNNING or scope.graph.steps[at].kind != "call":
        return
    if (scope.visits[at], scope.attempts[at]) == address[2:]:
        ask_in_the_middle(draft, scope, at, stimulus)


def _timer_fired(draft: Draft, stimulus: TimerFired) -> None:
    """A timer that fires during a pause is set again by the resume; the workflow's time is up all the same."""
    state = draft.state
    if stimulus.timer == TIMEOUT_TIMER:
        _time_is_up(draft)
    elif not state.paused:
        scope = state.scopes.get(scope_of_timer(stimulus.timer))
        for at in scope.retries if scope is not None else ():
            if scope is not None and retry_timer(scope, at) == stimulus.timer and scope.phase[at] == RETRYING:
                next_attempt(draft, scope, at)
                return
        if scope is not None and _is_of_wait(draft, scope, stimulus.timer):
            return
        if scope is not None and _is_heard(draft, scope, stimulus.timer):
            return
        for entry in state.log.under_way:
            if rollback.undo_timer(entry) == stimulus.timer:
                rollback.fired(draft, entry)


def _is_of_wait(draft: Draft, scope: ScopeState, timer: str) -> bool:
    at = scope.graph.number.get(step_of_timer(timer), -1)
    if at not in scope.waits or timer not in dict(timers(scope, at)):
        return False
    fired(draft, scope, at, timer)
    return True


def _is_heard(draft: Draft, scope: ScopeState, timer: str) -> bool:
    """A step that opens scopes waits for this timer: its next iteration is due, or its time is up."""
    waiting = [at for at, due in scope.delays.items() if due and loop_timer(scope, at) == timer]
    waiting += [at for at in scope.deadlines if limit_timer(scope, at) == timer]
    at = next(iter(waiting), None)
    if at is not None:
        draft.record(kinds.TIMER_FIRED, scope.address, scope.graph.ids[at], scope.visits[at], data={"timer": timer})
    return at is not None


def _time_is_up(draft: Draft) -> None:
    state = draft.state
    if state.terminal or not state.scopes or state.root.finished or state.root.closing is not None:
        return
    message = f"the workflow ran longer than its timeout of {state.plan.timeout:g} seconds"
    error = {"step": "", "type": "timeout", "message": message}
    draft.record(kinds.TIMER_FIRED, data={"timer": TIMEOUT_TIMER})
    draft.record(kinds.EXECUTION_CLOSING, data={"reason": "timeout", "error": error})


def _pause(draft: Draft, stimulus: Pause) -> None:
    if not draft.state.paused and _is_active(draft.state):
        draft.record(kinds.EXECUTION_PAUSED, data=_reason(stimulus.reason))


def _resume(draft: Draft, stimulus: Resume) -> None:
    if draft.state.paused:
        draft.record(kinds.EXECUTION_RESUMED, data=_reason(stimulus.reason))
        recovery.restart_timers(draft)


def _cancel(draft: Draft, stimulus: Cancel) -> None:
    state = draft.state
    if state.last_seq and not state.terminal:
        data = _reason(stimulus.reason)
        if not stimulus.undo:
            data["undo"] = False
        draft.record(kinds.EXECUTION_CANCEL_REQUESTED, data=data)


def _roll_back(draft: Draft, stimulus: Rollback) -> None:
    """A terminal execution accepts only this (P8)."""
    state = draft.state
    if not state.terminal or state.log.active:
        return
    to = stimulus.to or (state.log.to if stimulus.again else "")
    if to and to not in state.log.checkpoints:
        return
    if state.log.undoable(again=stimulus.again, to=to) or (state.rollback == "none" and state.log.left(to=to)):
        rollback.begin(draft, stimulus.reason or "asked for", again=stimulus.again, to=to)


def _is_active(state: State) -> bool:
    return bool(state.last_seq) and (not state.terminal or state.log.active)


def _reason(text: str) -> dict[str, Any]:
    return {"reason": text} if text else {}


_ANSWERS: Final[Mapping[type, Callable[[Draft, Any], None]]] = {
    Start: beginning.start,
    AttemptEnded: _attempt_ended,
    AttemptAsks: _attempt_asks,
    TimerFired: _timer_fired,
    Deliver: deliver,
    SlotsTaken: beginning.slots_taken,
    SlotsRefused: slots.refused,
    CancelVisit: slots.cancel_visit,
    RaiseBudget: budgets.raise_budget,
    CompensationEnded: rollback.ended,
    Pause: _pause,
    Resume: _resume,
    Cancel: _cancel,
    Rollback: _roll_back,
    Recover: recovery.recover,
    AttemptLost: recovery.lost,
}
