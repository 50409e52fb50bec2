"""How each kind of event changes the state. Costs time proportional to the edges of the event's step.

Nothing here evaluates an expression or decides: what was decided is in the event.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from treadle_hookspecs import Event, read_figures

from treadle_engine import compensation, events, nest_folding, slot_folding, tokens, undo_folding, wait_folding
from treadle_engine.gates import merged
from treadle_engine.plan import StepPlan
from treadle_engine.readiness import credit, reconsider
from treadle_engine.scope_state import (
    FAILED,
    IDLE,
    INTERRUPTED,
    OPEN,
    RETRYING,
    RUNNING,
    SETTLED,
    SKIPPED,
    SUCCEEDED,
    Closing,
    Request,
    ScopeState,
)

if TYPE_CHECKING:
    from treadle_engine.state import State

Fold: TypeAlias = "Callable[[State, Event], None]"


def _execution_started(state: "State", event: Event) -> None:
    data: Mapping[str, Any] = event.data
    state.started_at, state.started_by = event.at, event.actor
    state.header = data
    state.inputs, state.trigger = data.get("inputs", {}), data.get("trigger", {})
    state.env, state.vars = data.get("env", {}), dict(data.get("vars", {}))
    state.queued_for = list(data.get("groups", ()))
    if not state.queued_for:
        slot_folding.begin(state, event.at)


def _execution_paused(state: "State", _: Event) -> None:
    state.paused = True


def _execution_resumed(state: "State", event: Event) -> None:
    if not event.data.get("recovered"):
        state.paused = False
    state.queue_all()


def _cancel_requested(state: "State", event: Event) -> None:
    """R13. A cancel ends a pause: the handler has to run."""
    slot_folding.give_up(state)
    state.paused = False
    state.cancelled = True
    state.cancel_reason = str(event.data.get("reason", ""))
    state.spared = event.data.get("undo") is False
    state.queue_all()
    for scope in state.scopes.values():
        if not scope.finished:
            call_off(scope, scope.live)
            if scope.closing is None:
                tokens.close(scope, Closing("cancelled"))


def _execution_closing(state: "State", event: Event) -> None:
    data: Mapping[str, Any] = event.data
    slot_folding.give_up(state)
    scope = state.open_scope(event.scope)
    state.queue(scope)
    scope.closed = scope.last = event.seq
    scope.closing = Closing(data["reason"], data.get("error"), data.get("status", ""))
    scope.closing_due = None
    scope.disturbed = True
    if scope.closing.reason in {"cancelled", "timeout"}:
        call_off(scope, scope.live)
    if scope.closing.reason == "timeout" and not scope.address:
        state.timed_out = True


def _execution_ended(state: "State", event: Event) -> None:
    data: Mapping[str, Any] = event.data
    state.ended = event.type.removeprefix("execution_")
    state.end_error = data.get("error")
    state.outputs = data.get("outputs", {})
    state.attention = data.get("attention", state.attention)


def _timer_set(state: "State", event: Event) -> None:
    """Between two iterations of a loop. What a wait is due for stands in the event that opened it."""
    if event.step:
        scope, at = _locate(state, event)
        data: Mapping[str, Any] = event.data
        if at not in scope.waits:
            scope.delays[at] = data["due"]
            state.delayed.add((scope.address, at))


def _timer_fired(state: "State", event: Event) -> None:
    """Between two iterations, or for an attempt of a step that opens scopes whose time is up."""
    if event.step:
        scope, at = _locate(state, event)
        if str(event.data.get("timer", "")).startswith("limit:"):
            scope.expired.add(at)
            scope.deadlines.pop(at, None)
            scope.attention.add(at)
        elif not wait_folding.fired(scope, at, event):
            scope.delays[at] = 0
            state.delayed.discard((scope.address, at))
            scope.attention.add(at)
        elif event.data.get("cleared"):
            wait_folding.clear(state, scope, at)


def _visit_waiting(state: "State", event: Event) -> None:
    scope, at = _locate(state, event)
    data: Mapping[str, Any] = event.data
    if data["for"] == "items":
        scope.draining[at] = data.get("error", {})
    else:
        wait_folding.opened(state, scope, at, event)


def _signal_received(state: "State", event: Event) -> None:
    wait_folding.received(state, event)
    if event.step:
        scope, at = _locate(state, event)
        if event.data.get("cleared"):
            wait_folding.clear(state, scope, at)


def _slots_granted(state: "State", event: Event) -> None:
    if event.step:
        slot_folding.granted_to(state, *_locate(state, event), event)
    else:
        slot_folding.granted(state, event)


def _visit_cancel_requested(state: "State", event: Event) -> None:
    scope, at = _locate(state, event)
    call_off(scope, [at])


def _visit_started(state: "State", event: Event) -> None:
    scope, at = _locate(state, event)
    data: Mapping[str, Any] = event.data
    graph = scope.graph
    carry = tokens.take(scope, at)
    scope.phase[at] = RUNNING
    scope.ready.discard(at)
    scope.visits[at] = event.visit
    scope.attempts[at] = 1
    scope.started[at] = event.seq
    scope.live[at] = None
    scope.requests[at] = Request(data.get("action", ""), data.get("inputs", {}), data.get("env", {}))
    if graph.waits[at]:
        scope.unplaced.add(at)
    if graph.nested[at]:
        nest_folding.begin(scope, at, event.at)
    elif not graph.waits[at]:
        scope.busy += 1
        if scope.parent is not None:
            _occupy(scope.parent, 1)
    if not graph.once[at]:
        scope.idle &= ~(1 << at)
        scope.activations[at] = scope.activations.get(at, 0) + 1
    if scope.failures:
        carry = _relieved(scope, at, carry)
    if carry:
        scope.carried[at] = carry
    if graph.joins[at].cancel_rest:
        call_off(scope, graph.needs[at])


def _occupy(scope: ScopeState, by: int) -> None:
    """Count a visit that takes a place in a scope inside this one."""
    for around in scope.around():
        around.busy += by


def _relieved(scope: ScopeState, at: int, carry: int) -> int:
    """R6: a new visit ends the failure of the one before; a step that recovers takes its needs' failures as well."""
    tokens.forget(scope, at)
    if scope.graph.steps[at].recovers:
        carry |= tokens.joined_failures(scope, at)
    return carry & sum(1 << failed for failed in scope.failures)


def _attempt_started(state: "State", event: Event) -> None:
    scope, at = _locate(state, event)
    if scope.phase[at] == INTERRUPTED:
        state.unanswered -= 1
        scope.interruptions[at] = scope.interruptions.get(at, 0) + 1
    scope.phase[at] = RUNNING
    if at in scope.unplaced:
        wait_folding.place(scope, at)
    scope.attempts[at] = event.attempt
    scope.retries.pop(at, None)
    state.delayed.discard((scope.address, at))
    if scope.graph.nested[at]:
        nest_folding.begin(scope, at, event.at)


def _attempt_failed(state: "State", event: Event) -> None:
    scope, at = _locate(state, event)
    data: Mapping[str, Any] = event.data
    scope.phase[at] = RETRYING
    scope.retries[at] = data["due"]
    state.delayed.add((scope.address, at))
    scope.errors[at] = data.get("error")
    if scope.graph.nested[at]:
        nest_folding.end(scope, at)


def _visit_interrupted(state: "State", event: Event) -> None:
    scope, at = _locate(state, event)
    state.unanswered += scope.phase[at] != INTERRUPTED
    scope.phase[at] = INTERRUPTED


def _visit_settled(state: "State", event: Event) -> None:
    scope, at = _locate(state, event)
    data: Mapping[str, Any] = event.data
    result, error = data["state"], data.get("error")
    step = scope.graph.steps[at]
    if event.visit:
        carry = _ended(state, scope, at, event.seq)
        compensation.enter(state.log, event, scope.started[at])
        scope.outputs[at] = data.get("outputs", scope.outputs[at])
    else:  # exhausted: no visit was counted (R9)
        carry = tokens.take(scope, at)
        scope.ready.discard(at)
        scope.exhaustions[at] = scope.exhaustions.get(at, 0) + 1
    scope.results[at], scope.outcomes[at], scope.errors[at] = result, data["outcome"], error
    if event.visit and not scope.graph.once[at]:
        scope.earlier.setdefault(at, []).append(scope.visit_record(at, data.get("outputs", {})))
    routed = [scope.graph.number[id_] for id_ in data.get("routed", ())]
    _publish(scope, step, data)
    if result == "succeeded":
        if carry and step.recovers:
            tokens.recover(scope, carry)
            carry = 0
        _settle(scope, at, SUCCEEDED, routed, carry)
    elif result == "failed" and step.continue_on_error and event.visit:
        scope.forgiven += 1
        _settle(scope, at, SUCCEEDED, routed, carry)
    elif result == "failed":
        _fail(scope, at, routed, carry, error)
    else:
        _settle(scope, at, FAILED, routed, carry)
    if event.visit and step.kind in {"cancel", "end"}:
        _direct(scope, at, data.get("outputs", {}))
        for around in scope.around():
            state.queue(around)


def _publish(scope: ScopeState, step: StepPlan, data: Mapping[str, Any]) -> None:
    """What the workflow sees of this visit: its variables, the figures for gates, and what these said."""
    frame = scope.frame
    if "vars" in data:
        frame.vars.update(data["vars"])
    if step.figures and frame.plan.gates:
        frame.figures = merged(frame.figures, read_figures(step.figures, data.get("outputs", {})))
        frame.warned += sum(verdict["verdict"] == "warn" for verdict in data.get("gates", ()))


def _ended(state: "State", scope: ScopeState, at: int, seq: int) -> int:
    """A visit is no longer live; the failures it carried."""
    del scope.live[at]
    if state.slots:
        state.slots.pop(f"{scope.place(at)}#{scope.visits[at]}", None)
    if state.delayed:
        state.delayed.discard((scope.address, at))
    state.unanswered -= scope.phase[at] == INTERRUPTED
    placed = not scope.unplaced or not _unplaced(state, scope, at)
    if scope.graph.nested[at]:
        nest_folding.gather(state, scope, at, seq)
    elif placed:
        scope.busy -= 1
        if scope.parent is not None:
            _occupy(scope.parent, -1)
        if state.starved:
            state.queue_starved()
    if scope.graph.steps[at].items is None:  # what the items were is asked for when others take their results over
        scope.requests.pop(at, None)
    if scope.asked:
        scope.asked.pop(at, None)
        scope.replies.pop(at, None)
    if scope.retries or scope.interruptions or scope.called_off:
        scope.retries.pop(at, None)
        scope.interruptions.pop(at, None)
        scope.called_off.discard(at)
        scope.told.discard(at)
    return scope.carried.pop(at, 0)


def _unplaced(state: "State", scope: ScopeState, at: int) -> bool:
    """A visit ended while it waited, or before it began: it has no place to give back."""
    found = at in scope.unplaced
    wait_folding.close(state, scope, at)
    scope.unplaced.discard(at)
    scope.cleared.discard(at)
    return found


def _fail(scope: ScopeState, at: int, routed: list[int], carry: int, error: Any) -> None:
    """R6: a failure is open until its step is entered again or it is recovered; unhandled, it may close the scope."""
    tokens.fail(scope, at, error or {"type": "error", "message": "the step failed"})
    _settle(scope, at, FAILED, routed, carry | 1 << at if routed else carry)
    if not routed and not scope.graph.handled_by_join(at):
        tokens.close_for_failure(scope, at)


def _visit_skipped(state: "State", event: Event) -> None:
    scope, at = _locate(state, event)
    data: Mapping[str, Any] = event.data
    result, reason = data["state"], data.get("reason", "")
    if reason == "when":
        carry = tokens.take(scope, at)
        if not scope.graph.once[at]:
            scope.activations[at] = scope.activations.get(at, 0) + 1
    else:
        carry = tokens.discard(scope, at)
    scope.ready.discard(at)
    scope.called_off.discard(at)
    if not scope.visits[at] or reason == "when" or result != "skipped":
        scope.results[at] = result  # else: not entered again, it keeps its last state
    routed = [scope.graph.number[id_] for id_ in data.get("routed", ())]
    entered = reason not in {"dead", "closed"}
    if reason == "closed":
        scope.passed_over.add(at)
    _settle(scope, at, SKIPPED if result == "skipped" else FAILED, routed, carry, entered=entered)


def _settle(scope: ScopeState, at: int, value: int, routed: list[int], carry: int, *, entered: bool = True) -> None:
    """A step has its end: tokens leave, whoever needs it hears of it, paths not taken close."""
    graph = scope.graph
    scope.phase[at] = SETTLED
    scope.unsettled -= 1
    if not graph.all_once:
        scope.idle &= ~(1 << at)
        scope.doubtful |= graph.closures[at]
    if routed:
        scope.routed[at] = [*dict.fromkeys((*scope.routed.get(at, ()), *routed))]
    for target in routed:
        tokens.deliver(scope, target, at, carry)
    credit(scope, at, value, entered=entered)
    for target in graph.targets[at]:
        if graph.once[target]:
            scope.awaiting[target] -= 1
            reconsider(scope, target)
    if carry and not routed:
        tokens.end_thread(scope, at, carry)


def _direct(scope: ScopeState, at: int, outputs: Mapping[str, Any]) -> None:
    """What a `cancel` or an `end` step does to its scope."""
    if scope.graph.steps[at].kind == "cancel":
        number = scope.graph.number
        call_off(scope, [number[id_] for id_ in outputs.get("steps", ()) if id_ in number])
    elif scope.closing is None:
        status = outputs.get("status", "completed")
        message = outputs.get("message") or f"step {scope.graph.ids[at]} ended the execution as failed"
        error = {"step": scope.place(at), "type": "end", "message": message} if status == "failed" else None
        for around in scope.upward():
            if around.closing is None and around.closing_due is None:
                tokens.close(around, Closing("end", error, status) if around is scope.top else Closing("end"))


def call_off(scope: ScopeState, steps: Iterable[int]) -> None:
    """Ask steps to end that have not: live visits, and those that did not start."""
    scope.called_off.update(at for at in steps if scope.phase[at] != SETTLED)
    scope.disturbed = True


def _token_parked(state: "State", event: Event) -> None:
    scope, at = _locate(state, event)
    parked = next((parked for parked in scope.parked if parked.target == at and not parked.announced), None)
    if parked is not None:
        parked.announced = True


def _token_absorbed(state: "State", event: Event) -> None:
    """Under `merge` the settled step's event has done it; a closed scope takes no re-entry (R12)."""
    if event.data.get("reason") == "closed":
        scope, at = _locate(state, event)
        position = next(n for n, parked in enumerate(scope.parked) if parked.target == at)
        tokens.end_thread(scope, at, scope.parked.pop(position).carry)
        scope.doubtful |= scope.graph.closures[at] | 1 << at


def _region_rearmed(state: "State", event: Event) -> None:
    """R7: the first re-entry parked at the step is let in, and its region may run again."""
    scope, at = _locate(state, event)
    data: Mapping[str, Any] = event.data
    position = next(n for n, parked in enumerate(scope.parked) if parked.target == at)
    carry = scope.parked.pop(position).carry
    region = [scope.graph.number[id_] for id_ in data["steps"]]
    for member in region:
        scope.phase[member] = IDLE
        scope.idle |= 1 << member
    scope.unsettled += len(region)
    for member in region:
        credit(scope, member, OPEN)
    scope.held.setdefault(at, []).insert(0, carry)
    scope.granted.add(at)
    reconsider(scope, at)


def _locate(state: "State", event: Event) -> tuple[ScopeState, int]:
    scope = state.scopes.get(event.scope)
    if scope is None:
        scope = state.open_scope(event.scope)
    if not scope.queued:
        state.queue(scope)
    scope.last = event.seq
    return scope, scope.graph.number[event.step]


FOLDS: Final[Mapping[str, Fold]] = {
    events.EXECUTION_STARTED: _execution_started,
    events.EXECUTION_PAUSED: _execution_paused,
    events.EXECUTION_RESUMED: _execution_resumed,
    events.EXECUTION_CANCEL_REQUESTED: _cancel_requested,
    events.EXECUTION_CLOSING: _execution_closing,
    events.EXECUTION_COMPLETED: _execution_ended,
    events.EXECUTION_FAILED: _execution_ended,
    events.EXECUTION_CANCELLED: _execution_ended,
    events.SCOPE_OPENED: nest_folding.opened,
    events.VISIT_WAITING: _visit_waiting,
    events.TIMER_SET: _timer_set,
    events.TIMER_FIRED: _timer_fired,
    events.SIGNAL_RECEIVED: _signal_received,
    events.SLOTS_GRANTED: _slots_granted,
    events.VISIT_CANCEL_REQUESTED: _visit_cancel_requested,
    events.VISIT_STARTED: _visit_started,
    events.VISIT_SETTLED: _visit_settled,
    events.VISIT_SKIPPED: _visit_skipped,
    events.VISIT_INTERRUPTED: _visit_interrupted,
    events.ATTEMPT_STARTED: _attempt_started,
    events.ATTEMPT_FAILED: _attempt_failed,
    events.TOKEN_PARKED: _token_parked,
    events.TOKEN_ABSORBED: _token_absorbed,
    events.REGION_REARMED: _region_rearmed,
    events.CHECKPOINT_TAKEN: undo_folding.checkpoint_taken,
    events.COMPENSATION_STARTED: undo_folding.compensation_started,
    events.COMPENSATION_SETTLED: undo_folding.compensation_settled,
    events.ROLLBACK_STARTED: undo_folding.rollback_started,
    events.ROLLBACK_FINISHED: undo_folding.rollback_finished,
}
"""Kinds that are missing change nothing by themselves."""
