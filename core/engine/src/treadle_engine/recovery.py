"""R14: what becomes of visits that a crash interrupted, and the timers that were lost with the process."""

from treadle_engine import events as kinds
from treadle_engine import rollback
from treadle_engine.attempts import begin_attempt, next_attempt
from treadle_engine.closing import limit_timer, loop_timer, retry_timer
from treadle_engine.draft import Draft
from treadle_engine.lifecycle import TIMEOUT_TIMER
from treadle_engine.protocol import AcquireSlots, Address, AskInterrupted, AttemptLost, Recover, StartTimer
from treadle_engine.scope_state import INTERRUPTED, RETRYING, RUNNING, ScopeState
from treadle_engine.settling import settle
from treadle_engine.slots import ask_again
from treadle_engine.starting import change
from treadle_engine.state import State
from treadle_engine.waiting import begin as begin_wait
from treadle_engine.waiting import conclude, take_kept, timers


def recover(draft: Draft, stimulus: Recover) -> None:
    """Go on after the process that drove the execution is gone."""
    state = draft.state
    if not state.last_seq:
        return
    if stimulus.attended:
        _answer(draft, stimulus)
        return
    last = state.last_at
    if _was_busy(state):
        draft.record(kinds.EXECUTION_RESUMED, data={"recovered": True})
    for scope in tuple(state.scopes.values()):
        scope.absorbed.clear()
        for at in tuple(scope.live):
            if at in scope.unplaced:
                _wait_on(draft, scope, at)
            elif scope.phase[at] != RETRYING:
                _decide(draft, scope, at, stimulus)
            elif scope.retries[at] <= last and not state.paused and at not in scope.called_off:
                next_attempt(draft, scope, at)  # it was to begin with the turn that was cut off
    if state.queued_for:
        draft.command(AcquireSlots("", tuple(state.queued_for)))
    state.queue_all()
    rollback.recover(draft)
    restart_timers(draft)


def lost(draft: Draft, stimulus: AttemptLost) -> None:
    """R14 for one attempt whose end nobody saw, while the others go on."""
    address = stimulus.address
    scope = draft.state.scopes.get(address.scope)
    at = -1 if scope is None else scope.graph.number.get(address.step, -1)
    if scope is None or at < 0 or scope.phase[at] != RUNNING or scope.graph.nested[at]:
        return
    if (scope.visits[at], scope.attempts[at]) == address[2:]:
        wanted = {"": stimulus.decision} if stimulus.decision else {}
        _decide(draft, scope, at, Recover(stimulus.at, wanted))


def _answer(draft: Draft, stimulus: Recover) -> None:
    """What a person says of visits that were interrupted."""
    for scope in tuple(draft.state.scopes.values()):
        for at in tuple(scope.live):
            if scope.phase[at] == INTERRUPTED:
                _decide(draft, scope, at, stimulus)


def _wait_on(draft: Draft, scope: ScopeState, at: int) -> None:
    """A visit that had not begun what it is to do: its wait stands in the log, or is opened now."""
    if at in scope.called_off:
        scope.disturbed = True
    elif scope.phase[at] == RUNNING and at not in scope.cleared:
        begin_wait(draft, scope, at)
    elif at in scope.waits and scope.waits[at].kind == "slots":
        ask_again(draft, scope, at)
    else:
        conclude(draft, scope, at)
        take_kept(draft, scope, at)


def restart_timers(draft: Draft) -> None:
    """Every timer that is still wanted, at the time it was due."""
    state = draft.state
    if state.terminal and not state.log.active:
        return
    if state.plan.timeout is not None and state.scopes and not state.terminal and state.root.closing is None:
        draft.command(StartTimer(TIMEOUT_TIMER, timeout_due(state)))
    found: list[tuple[int, str]] = []
    for scope in state.scopes.values():
        found += [(due, retry_timer(scope, at)) for at, due in scope.retries.items()]
        found += [(due, limit_timer(scope, at)) for at, due in scope.deadlines.items()]
        found += [(due, loop_timer(scope, at)) for at, due in scope.delays.items() if due]
        found += [(due, timer) for at in scope.waits for timer, due in timers(scope, at)]
    for due, timer in sorted(found):
        draft.command(StartTimer(timer, due))
    rollback.resume(draft)


def timeout_due(state: State) -> int:
    """When the workflow's time is up, in microseconds."""
    return state.begun_at + round((state.plan.timeout or 0) * 1_000_000)


def _was_busy(state: State) -> bool:
    running = any(
        scope.phase[at] == RUNNING and not scope.graph.nested[at] and at not in scope.unplaced
        for scope in state.scopes.values()
        for at in scope.live
    )
    return running or any(entry.state == "running" for entry in state.log.under_way)


def _decide(draft: Draft, scope: ScopeState, at: int, stimulus: Recover) -> None:
    """Retry, fail, or ask about one interrupted visit. One that was asked to end has ended."""
    step, visit = scope.graph.steps[at], scope.visits[at]
    if scope.graph.nested[at]:
        scope.attention.add(at)
        return
    if at in scope.called_off:
        settle(draft, scope, at, "cancelled", snapshot=_unseen(draft))
        return
    if step.kind != "call":
        change(draft, scope, at)
        return
    wanted = stimulus.interrupted
    decision = wanted.get(f"{scope.place(at)}#{visit}", wanted.get("", step.on_interrupt))
    address = Address(scope.address, step.id, visit, scope.attempts[at])
    if not (decision == "ask" and scope.phase[at] == INTERRUPTED):
        data = {"decision": decision}
        draft.record(kinds.VISIT_INTERRUPTED, scope.address, step.id, visit, scope.attempts[at], data)
    if decision == "ask":
        draft.command(AskInterrupted(address))
    elif decision == "retry":
        draft.record(kinds.ATTEMPT_STARTED, scope.address, step.id, visit, scope.attempts[at] + 1)
        begin_attempt(draft, scope, at)
    else:
        message = f"step {step.id} was interrupted: the process that ran it is gone"
        error = {"type": "interrupted", "message": message}
        settle(draft, scope, at, "failure", error=error, snapshot=_unseen(draft))


def _unseen(draft: Draft) -> dict[str, bool] | None:
    """What was kept of the files of a visit whose end nobody saw: where snapshots are taken, one from before it."""
    return {"unknown": True} if draft.state.plan.keeps_files else None
