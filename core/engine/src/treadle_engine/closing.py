"""R12, R13: a scope that closes starts nothing new but what cleans up; and steps that are asked to end."""

from typing import Any

from treadle_engine import events as kinds
from treadle_engine.draft import Draft
from treadle_engine.protocol import Address, CancelAttempt, CancelTimer
from treadle_engine.readiness import admits_failure
from treadle_engine.scope_state import IDLE, RUNNING, ScopeState
from treadle_engine.settling import settle
from treadle_engine.waiting import forget_timers


def close_if_due(draft: Draft, scope: ScopeState) -> None:
    """Close the scope if what was folded says so, and settle what will not start any more.

    It closes as well in the scopes that were open inside it; see `nesting`.
    """
    due = scope.closing_due
    if due is not None and scope.closing is None:
        data: dict[str, Any] = {"reason": due.reason}
        if due.error is not None:
            data["error"] = due.error
        if due.status:
            data["status"] = due.status
        draft.record(kinds.EXECUTION_CLOSING, scope.address, data=data)
    if scope.closing is not None:
        if not scope.swept:
            scope.attention.update(scope.nests)
            _end_waits(draft, scope)
            _sweep(draft, scope)
        _absorb(draft, scope)


def _end_waits(draft: Draft, scope: ScopeState) -> None:
    """R12: waits are cancelled, but those of steps that clean up."""
    for at in sorted(scope.unplaced):
        if scope.started[at] < scope.closed:
            cancel_wait(draft, scope, at)


def cancel_wait(draft: Draft, scope: ScopeState, at: int) -> None:
    """End a visit that waits, or that people have just let begin."""
    forget_timers(draft, scope, at)
    asked = scope.asked.get(at)
    settle(draft, scope, at, "cancelled", ran=asked is not None, snapshot=asked or None)


def call_off(draft: Draft, scope: ScopeState) -> None:
    """Carry out what `cancel`, `cancel_rest`, a cancel or the workflow's time-out asked of single steps."""
    for at in sorted(scope.called_off):
        phase = scope.phase[at]
        if at in scope.unplaced:
            cancel_wait(draft, scope, at)
        elif scope.graph.nested[at] and phase == RUNNING:
            scope.attention.add(at)
        elif phase == RUNNING:
            if at not in scope.told:
                scope.told.add(at)
                reason = scope.closing.reason if scope.closing is not None else "cancelled"
                draft.command(CancelAttempt(_address(scope, at), reason))
        elif phase == IDLE:
            draft.skip(scope, at, "cancelled", "cancel")
        else:
            draft.command(CancelTimer(retry_timer(scope, at)))
            settle(draft, scope, at, "cancelled")


def retry_timer(scope: ScopeState, at: int) -> str:
    """The id of the timer for a visit's next attempt."""
    return f"retry:{scope.place(at)}#{scope.visits[at]}"


def loop_timer(scope: ScopeState, at: int) -> str:
    """The id of the timer for a loop's next iteration."""
    return f"loop:{scope.place(at)}#{scope.visits[at]}"


def limit_timer(scope: ScopeState, at: int) -> str:
    """The id of the timer for the time-out of an attempt that opens scopes."""
    return f"limit:{scope.place(at)}#{scope.visits[at]}"


def scope_of_timer(timer: str) -> str:
    """The address of the scope to which such a timer belongs."""
    return timer.partition(":")[2].rpartition("#")[0].rpartition("/")[0]


def step_of_timer(timer: str) -> str:
    """The id of the step to which such a timer belongs."""
    return timer.partition(":")[2].rpartition("#")[0].rpartition("/")[2]


def _address(scope: ScopeState, at: int) -> Address:
    return Address(scope.address, scope.graph.ids[at], scope.visits[at], scope.attempts[at])


def _sweep(draft: Draft, scope: ScopeState) -> None:
    """What has not started is skipped; a join that admits failure waits until all its needs are settled."""
    scope.swept = True
    scope.late.clear()
    for at in range(len(scope.graph)):
        if scope.phase[at] != IDLE:
            continue
        if not admits_failure(scope, at):
            draft.skip(scope, at, "skipped", "closed")
        elif scope.open_needs[at]:
            scope.ready.discard(at)


def _absorb(draft: Draft, scope: ScopeState) -> None:
    """Nothing is entered again."""
    while scope.parked:
        parked = scope.parked[0]
        ids = scope.graph.ids
        data = {"from": ids[parked.source], "reason": "closed"}
        draft.record(kinds.TOKEN_ABSORBED, scope.address, ids[parked.target], data=data)
