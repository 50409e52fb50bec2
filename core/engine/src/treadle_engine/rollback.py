"""Undoing: the compensation log is run backwards, each entry once, past what fails."""

from typing import Any

from treadle_engine import events as kinds
from treadle_engine.compensation import Entry, next_entries
from treadle_engine.contexts import base_context
from treadle_engine.draft import Draft
from treadle_engine.expression_errors import ExpressionError
from treadle_engine.plan import Compensation, Retry, compensates
from treadle_engine.protocol import Address, Compensate, CompensationEnded, StartTimer
from treadle_engine.settling import error_of, retry_due
from treadle_engine.state import State


def rollback_after(state: State) -> frozenset[str]:
    """The ends after which the workflow undoes by itself (R12), in the words of `RollbackPolicy.after`."""
    after = state.plan.rollback.after
    if after is not None:
        return frozenset(after)
    return frozenset({"failure"}) if compensates(state.plan.root) else frozenset()


def is_due(state: State) -> bool:
    """The workflow's own steps have ended in a way after which it undoes, and neither it nor a handler has begun."""
    if state.rollback != "none" or len(state.tops) > 1:
        return False
    return bool(state.log.left()) and not state.spared and reason_of(state) in rollback_after(state)


def is_barred(state: State) -> bool:
    """The workflow should undo, and something irreversible has been done (fine print, Undo)."""
    return state.log.barred() and reason_of(state) in rollback_after(state)


def reason_of(state: State) -> str:
    """How the workflow's own steps ended, in the words of `RollbackPolicy.after`; "" for completed."""
    return {"failed": "failure", "cancelled": "cancelled"}.get(state.root.verdict, "")


def begin(draft: Draft, reason: str, *, again: bool = False, to: str = "") -> None:
    """Start undoing; what an irreversible step stands before is left. Raises `KeyError` without a checkpoint `to`."""
    data: dict[str, Any] = {"reason": reason}
    if to:
        data["to"] = to
    addresses = [entry.address for entry in draft.state.log.undoable(again=again, to=to)]
    if addresses:
        data["entries"] = addresses
    draft.record(kinds.ROLLBACK_STARTED, data=data)


def go_on(draft: Draft) -> None:
    """Start what is next to be undone, or finish."""
    log, policy = draft.state.log, draft.state.plan.rollback
    while log.active and not draft.state.paused:
        undoing = log.undoing[""]
        stopped = policy.on_error == "stop" and any(entry.state == "failed" for entry in undoing)
        chosen = [] if stopped else list(next_entries(undoing, parallel=policy.parallel))
        for entry in chosen:
            _try(draft, entry)
        busy = any(entry.state in {"running", "waiting"} for entry in undoing)
        if busy:
            return
        if stopped or all(entry.state in {"done", "failed"} for entry in undoing):
            _finish(draft)


def ended(draft: Draft, stimulus: CompensationEnded) -> None:
    """Record the end of a try; another one follows as the step's `compensate.retry` says."""
    address = stimulus.address
    entry = draft.state.log.find(address.scope, address.step, address.visit)
    if entry is None or entry.state != "running" or entry.attempt != address.attempt:
        return
    if stimulus.error is None:
        _settled(draft, entry, {"state": "done"})
        return
    error = error_of("failure", stimulus.error)
    data: dict[str, Any] = {"state": "failed", "error": error}
    retry = _retry(draft.state, entry)
    tries = entry.attempt - entry.interruptions
    if tries < retry.max_attempts and error.get("retryable") is not False and _agreed(draft, retry, error):
        data["due"] = retry_due(retry, tries, draft.at, stimulus.draw)
    _settled(draft, entry, data)
    if entry.state == "waiting":
        draft.command(StartTimer(undo_timer(entry), entry.due))


def fired(draft: Draft, entry: Entry) -> None:
    """The time for another try has come."""
    if entry.state == "waiting" and not draft.state.paused:
        _try(draft, entry)


def resume(draft: Draft) -> None:
    """Timers again, after a pause or a crash."""
    for entry in draft.state.log.under_way:
        if entry.state == "waiting":
            draft.command(StartTimer(undo_timer(entry), entry.due))


def recover(draft: Draft) -> None:
    """R14: a try that a crash ended is made again, with the same key."""
    for entry in draft.state.log.under_way:
        if entry.state == "running":
            _try(draft, entry)


def undo_timer(entry: Entry) -> str:
    """The id of the timer for an entry's next try."""
    return f"undo:{entry.address}"


def _try(draft: Draft, entry: Entry) -> None:
    if entry.inputs is None:
        _settled(draft, entry, {"state": "failed", "error": entry.error or {"type": "error", "message": "no inputs"}})
        return
    data: dict[str, Any] = {"action": entry.action}
    if entry.inputs:
        data["inputs"] = entry.inputs
    attempt = entry.attempt + 1
    draft.record(kinds.COMPENSATION_STARTED, entry.scope, entry.step, entry.visit, attempt, data)
    address = Address(entry.scope, entry.step, entry.visit, attempt)
    draft.command(Compensate(address, entry.action, entry.rollback_action, entry.inputs, entry.timeout))


def _settled(draft: Draft, entry: Entry, data: dict[str, Any]) -> None:
    draft.record(kinds.COMPENSATION_SETTLED, entry.scope, entry.step, entry.visit, entry.attempt, data)


def _retry(state: State, entry: Entry) -> Retry:
    compensate = _compensation(state, entry)
    return compensate.retry if compensate is not None else Retry()


def _compensation(state: State, entry: Entry) -> Compensation | None:
    steps = state.scope_plan(entry.scope).steps
    return next((step.compensate for step in steps if step.id == entry.step), None)


def _agreed(draft: Draft, retry: Retry, error: Any) -> bool:
    """`retry.when` of a compensation; one that cannot be evaluated stands for no."""
    if not retry.when:
        return True
    from treadle_engine.expressions import compile_expression

    try:
        return bool(compile_expression(retry.when).evaluate({**base_context(draft.state), "error": error}))
    except ExpressionError:
        return False


def _finish(draft: Draft) -> None:
    log = draft.state.log
    left = [entry.address for entry in log.left(to=log.to)]
    data: dict[str, Any] = {"state": "partial" if left else "done"}
    if left:
        data["left"] = left
    draft.record(kinds.ROLLBACK_FINISHED, data=data)
