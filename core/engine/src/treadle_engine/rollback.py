"""Undoing: the compensation log is run backwards, each entry once, past what fails."""

from typing import Any

from treadle_engine import events as kinds
from treadle_engine.compensation import Entry, next_entries
from treadle_engine.contexts import base_context
from treadle_engine.draft import Draft
from treadle_engine.expression_errors import ExpressionError
from treadle_engine.frames import Frame
from treadle_engine.plan import Compensation, Retry, compensates
from treadle_engine.protocol import Address, Compensate, CompensationEnded, StartTimer
from treadle_engine.settling import error_of, retry_due
from treadle_engine.state import State


def rollback_after(frame: Frame) -> frozenset[str]:
    """The ends after which a workflow undoes by itself (R12), in the words of `RollbackPolicy.after`."""
    after = frame.plan.rollback.after
    if after is not None:
        return frozenset(after)
    return frozenset({"failure"}) if compensates(frame.plan.root) else frozenset()


def is_due(state: State, frame: Frame) -> bool:
    """A workflow's own steps have ended in a way after which it undoes, and neither it nor a handler has begun."""
    if frame.undone or len(frame.tops) > 1:
        return False
    left = state.log.left(frame.address)
    return bool(left) and not state.spared and reason_of(frame) in rollback_after(frame)


def is_barred(state: State) -> bool:
    """The workflow should undo, and something irreversible has been done (fine print, Undo)."""
    return state.log.barred() and reason_of(state) in rollback_after(state)


def reason_of(frame: Frame) -> str:
    """How a workflow's own steps ended, in the words of `RollbackPolicy.after`; "" for completed."""
    return {"failed": "failure", "cancelled": "cancelled"}.get(frame.root.verdict, "")


def begin(draft: Draft, reason: str, workflow: str = "", *, again: bool = False, to: str = "") -> None:
    """Start undoing what a workflow did; what an irreversible step stands before is left.

    Raises `KeyError` when there is no checkpoint `to`.
    """
    data: dict[str, Any] = {"reason": reason}
    if to:
        data["to"] = to
    addresses = [entry.address for entry in draft.state.log.undoable(workflow, again=again, to=to)]
    if addresses:
        data["entries"] = addresses
    draft.record(kinds.ROLLBACK_STARTED, workflow, data=data)


def go_on(draft: Draft) -> None:
    """Start what is next to be undone in each rollback under way, or finish it."""
    for workflow in tuple(draft.state.log.undoing):
        _go_on(draft, workflow)


def _go_on(draft: Draft, workflow: str) -> None:
    log, policy = draft.state.log, draft.state.scopes[workflow].frame.plan.rollback
    while workflow in log.undoing and not draft.state.paused:
        undoing = log.undoing[workflow]
        stopped = policy.on_error == "stop" and any(entry.state == "failed" for entry in undoing)
        chosen = [] if stopped else list(next_entries(undoing, parallel=policy.parallel))
        for entry in chosen:
            _try(draft, entry)
        busy = any(entry.state in {"running", "waiting"} for entry in undoing)
        if busy:
            return
        if stopped or all(entry.state in {"done", "failed"} for entry in undoing):
            _finish(draft, workflow)


def ended(draft: Draft, stimulus: CompensationEnded) -> None:
    """Record the end of a try; another one follows as the step's `compensate.retry` says."""
    address = stimulus.address
    entry = draft.state.log.find(address.scope, address.step, address.visit)
    if entry is None or entry.state != "running" or entry.attempt != address.attempt:
        return
    if stimulus.error is None:
        _settled(draft, entry, {"state": "done", "told": stimulus.told} if stimulus.told else {"state": "done"})
        return
    error = error_of("failure", stimulus.error)
    data: dict[str, Any] = {"state": "failed", "error": error}
    retry = _retry(draft.state, entry)
    tries = entry.attempt - entry.interruptions
    if tries < retry.max_attempts and error.get("retryable") is not False and _agreed(draft, entry, retry, error):
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


def _agreed(draft: Draft, entry: Entry, retry: Retry, error: Any) -> bool:
    """`retry.when` of a compensation; one that cannot be evaluated stands for no."""
    if not retry.when:
        return True
    scope = draft.state.scopes.get(entry.scope)
    frame = draft.state if scope is None else scope.frame
    from treadle_engine.expressions import compile_expression

    try:
        return bool(compile_expression(retry.when).evaluate({**base_context(draft.state, frame), "error": error}))
    except ExpressionError:
        return False


def _finish(draft: Draft, workflow: str) -> None:
    log = draft.state.log
    left = [entry.address for entry in log.left(workflow, "" if workflow else log.to)]
    data: dict[str, Any] = {"state": "partial" if left else "done"}
    if left:
        data["left"] = left
    draft.record(kinds.ROLLBACK_FINISHED, workflow, data=data)
