"""Steps that wait: they open their wait, hear what comes, and end by it or by time.

A visit that waits takes no place among `max_parallel`. One that people are asked about first (`StepPlan.gate`) waits
before it does anything; once they have approved it is `cleared`, and `starting` lets it begin where there is room.
"""

from collections.abc import Mapping
from typing import Any, Final

from treadle_hookspecs import Json, JsonObject

from treadle_engine import events as kinds
from treadle_engine import slots
from treadle_engine.contexts import step_context
from treadle_engine.draft import Draft
from treadle_engine.durations import DurationError, seconds_of
from treadle_engine.expression_errors import ExpressionError, expression_failure
from treadle_engine.plan import Approval, InputSpec, WaitFor, scopes_of, steps_within, workflows_of
from treadle_engine.protocol import AttemptAsks, CancelTimer, Deliver, Publish, StartTimer
from treadle_engine.scope_state import ScopeState
from treadle_engine.settling import settle
from treadle_engine.state import State
from treadle_engine.step_code import question_of
from treadle_engine.waits import APPROVED, PUSHED_BACK, REJECTED, Wait, approvals, person

_OUTCOMES: Final = {APPROVED: "success", REJECTED: "rejected", PUSHED_BACK: "pushed_back"}
_DECISIONS: Final = {"approve": APPROVED, "reject": REJECTED}
_SECOND: Final = 1_000_000
_WORK: Final = Approval()
_TEXT: Final = Approval(
    form=(InputSpec("text", "string", description="The answer; empty: it is in the task's folder."),)
)
"""What an attempt may ask for in the middle: something done, or an answer."""


# Opening


def begin(draft: Draft, scope: ScopeState, at: int) -> None:
    """A visit that waits has started: open its wait."""
    step = scope.graph.steps[at]
    if step.wait_for is not None:
        _listen(draft, scope, at, step.wait_for)
    elif step.kind == "wait":
        _sleep(draft, scope, at)
    elif step.approval is None and step.gate is None:
        slots.ask(draft, scope, at)
    else:
        _ask(draft, scope, at, step.approval or step.gate or Approval())


def _sleep(draft: Draft, scope: ScopeState, at: int) -> None:
    inputs: Mapping[str, Any] = scope.requests[at].inputs
    try:
        seconds = seconds_of(inputs["for"])
    except DurationError as problem:
        settle(draft, scope, at, "failure", error={"type": "wait", "message": f"`wait` {problem}"}, ran=False)
        return
    _open(draft, scope, at, {"for": "timer"}, seconds)


def _listen(draft: Draft, scope: ScopeState, at: int, wanted: WaitFor) -> None:
    """Wait for a signal, an event or a condition; what came early is taken at once."""
    sort = "signal" if wanted.signal else "event" if wanted.event else "condition"
    data: dict[str, Json] = {"for": sort}
    if sort != "condition":
        data["name"] = wanted.signal or wanted.event
    _open(draft, scope, at, data, wanted.timeout)
    take_kept(draft, scope, at)


def take_kept(draft: Draft, scope: ScopeState, at: int) -> None:
    """A wait that takes what came early looks for it."""
    wait, wanted = scope.waits.get(at), scope.graph.steps[at].wait_for
    if wait is None or wanted is None or not wanted.buffered:
        return
    for seq, said in draft.state.kept.items():
        if (said["sort"], said["name"]) == (wait.kind, wait.name) and not _refusal(draft, scope, at, said):
            _take(draft, scope, at, {"sort": wait.kind, "name": wait.name, "kept": seq})
            return


def _ask(draft: Draft, scope: ScopeState, at: int, approval: Approval) -> None:
    try:
        asked = _question(draft, scope, at, approval)
    except ExpressionError as problem:
        settle(draft, scope, at, "failure", error=expression_failure("approval", problem), ran=False)
        return
    data: dict[str, Json] = {"for": "approval", "ask": asked}
    if scope.graph.steps[at].approval is None:
        data["gate"] = True
    if approval.escalate is not None:
        data["escalates"] = draft.at + round(approval.escalate.after * _SECOND)
    _open(draft, scope, at, data, approval.timeout)


def _question(draft: Draft, scope: ScopeState, at: int, approval: Approval) -> JsonObject:
    """What is asked of whom, evaluated once."""
    code = scope.graph.code(at).question
    value: Any = question_of(approval)
    if code is not None:
        value = code.evaluate(step_context(draft.state, scope, at))
    if approval.quorum > 1:
        value = {**value, "quorum": approval.quorum}
    asked = {name: list(given) if isinstance(given, tuple) else given for name, given in value.items()}
    return {name: given for name, given in asked.items() if given not in ("", None, [])}


def ask_in_the_middle(draft: Draft, scope: ScopeState, at: int, asks: AttemptAsks) -> None:
    """An attempt cannot go on before a person has answered. What closes asks nobody any more (R12)."""
    if at in scope.called_off or (scope.closing is not None and scope.started[at] < scope.closed):
        settle(draft, scope, at, "cancelled", snapshot=asks.snapshot, facts=asks.facts)
        return
    data: dict[str, Json] = {"for": "approval", "ask": asks.ask, "asks": True}
    if asks.snapshot:
        data["snapshot"] = asks.snapshot
    if asks.facts:
        data["facts"] = asks.facts
    _open(draft, scope, at, data, asks.timeout)


def _open(draft: Draft, scope: ScopeState, at: int, data: dict[str, Json], seconds: float | None) -> None:
    """Record a wait, and set its timers."""
    if seconds is not None:
        data["due"] = draft.at + round(seconds * _SECOND)
    place = (scope.address, scope.graph.ids[at], scope.visits[at])
    draft.record(kinds.VISIT_WAITING, *place, data=data)
    for timer, due in timers(scope, at):
        draft.record(kinds.TIMER_SET, *place, data={"timer": timer, "due": due})
        draft.command(StartTimer(timer, due))


def timers(scope: ScopeState, at: int) -> list[tuple[str, int]]:
    """Ids and times of the timers that the wait of a visit has."""
    wait = scope.waits[at]
    behind = f"{scope.place(at)}#{scope.visits[at]}"
    found = [(f"{'wait' if wait.kind == 'timer' else 'until'}:{behind}", wait.due)] if wait.due else []
    return [*found, (f"escalate:{behind}", wait.escalates)] if wait.escalates else found


def forget_timers(draft: Draft, scope: ScopeState, at: int) -> None:
    """Nobody has to wake the visit any more."""
    for timer, _ in timers(scope, at) if at in scope.waits else ():
        draft.command(CancelTimer(timer))


# What comes from outside


def deliver(draft: Draft, said: Deliver) -> None:
    """A signal, an event or an answer has come. An execution that has ended takes none (R13)."""
    state = draft.state
    if state.terminal or not state.last_seq:
        return
    if said.sort == "answer":
        _answer(draft, said)
        return
    taken = False
    for scope, at in tuple(state.waiting.values()):
        if _is_meant(scope, at, said) and not (taken and said.sort == "signal"):
            refusal = _refusal(draft, scope, at, _kept(said))
            if not refusal:
                taken = True
                _take(draft, scope, at, _data(said))
    if not taken:
        _keep(draft, said)


def _is_meant(scope: ScopeState, at: int, said: Deliver) -> bool:
    wait = scope.waits.get(at)
    if wait is None or wait.kind != ("approval" if said.sort == "answer" else said.sort):
        return False
    place = scope.place(at)
    named = not said.step or said.step in {place, f"{place}#{scope.visits[at]}"}
    return named and (said.sort == "answer" or wait.name == said.name)


def _keep(draft: Draft, said: Deliver) -> None:
    """Nobody waits for it yet; what nobody ever will is refused."""
    data = _data(said)
    if said.step or said.name not in awaited(draft.state, said.sort):
        where = f"step {said.step}" if said.step else "no step"
        data["refused"] = f"{where} {'does not wait' if said.step else 'waits'} for the {said.sort} {said.name}"
    draft.record(kinds.SIGNAL_RECEIVED, data=data)


def awaited(state: State, sort: str) -> frozenset[str]:
    """The names of all signals, or events, that some step of the workflow may wait for."""
    scopes = (scope for plan in workflows_of(state.plan) for _, scope in scopes_of(plan))
    steps = (step.wait_for for scope in scopes for _, step in steps_within(scope) if step.wait_for is not None)
    return frozenset(wanted.signal if sort == "signal" else wanted.event for wanted in steps) - {""}


def _refusal(draft: Draft, scope: ScopeState, at: int, said: JsonObject) -> str:
    """Why what was said does not match a wait; "" when it does. A match that cannot be judged takes nothing."""
    condition = scope.graph.code(at).match
    if condition is None:
        return ""
    seen: dict[str, Json] = {"name": said["name"], "data": said.get("data")}
    seen |= {"by": said.get("by", "")} if said["sort"] == "signal" else {"type": "event"}
    context = {**step_context(draft.state, scope, at), str(said["sort"]): seen}
    try:
        return "" if condition.evaluate(context) else "it does not match"
    except ExpressionError as problem:
        return f"`match` cannot be judged: {problem.message}"


def _take(draft: Draft, scope: ScopeState, at: int, data: JsonObject) -> None:
    """A wait has what it waited for."""
    draft.record(kinds.SIGNAL_RECEIVED, scope.address, scope.graph.ids[at], scope.visits[at], data=data)
    conclude(draft, scope, at)


def _answer(draft: Draft, said: Deliver) -> None:
    """The oldest approval that is meant gets the answer; what does not count is told why."""
    meant = next((found for found in draft.state.waiting.values() if _is_meant(*found, said)), None)
    if meant is None:
        where = f"{said.step} does not wait" if said.step else "nothing waits"
        draft.record(kinds.SIGNAL_RECEIVED, data={**_data(said), "refused": f"{where} for an answer"})
        return
    scope, at = meant
    wait, approval = scope.waits[at], approval_of(scope, at)
    data = _data(said)
    refused = wait.objection(said.by, said.name, push_back=approval.push_back)
    if refused:
        data["refused"] = refused
    elif wait.asks or (wait.gate and said.name == APPROVED and approvals(wait.answers) + 1 >= approval.quorum):
        forget_timers(draft, scope, at)
        data["cleared"] = True
    draft.record(kinds.SIGNAL_RECEIVED, scope.address, scope.graph.ids[at], scope.visits[at], data=data)
    conclude(draft, scope, at)


def approval_of(scope: ScopeState, at: int) -> Approval:
    """What a visit that people are asked about asks."""
    step, wait = scope.graph.steps[at], scope.waits[at]
    if wait.asks:
        return _WORK if wait.ask.get("expect") == "changes" else _TEXT
    return (step.gate if wait.gate else step.approval) or Approval()


def conclude(draft: Draft, scope: ScopeState, at: int) -> None:
    """End the visit if its wait is over: by what has come, by the answers so far, or by time."""
    wait = scope.waits.get(at)
    if wait is None:
        return
    if wait.said is not None:
        payload = wait.said["data"]
        _end(draft, scope, at, "success", payload if isinstance(payload, Mapping) else _as_outputs(payload))
    elif wait.expired and wait.kind == "approval":
        _unanswered(draft, scope, at, wait)
    elif wait.expired:
        _end(draft, scope, at, "success" if wait.kind == "timer" else "timeout", error=_too_long(scope, at, wait))
    elif wait.answers:
        decision = str(wait.answers[-1]["decision"])
        if decision != APPROVED or approvals(wait.answers) >= approval_of(scope, at).quorum:
            _decided(draft, scope, at, wait, decision)


def _as_outputs(payload: Json) -> JsonObject:
    return {} if payload is None else {"value": payload}


def _decided(draft: Draft, scope: ScopeState, at: int, wait: Wait, decision: str) -> None:
    """The last answer has decided."""
    last: Any = wait.answers[-1]
    who = person(str(last["by"]))
    outputs: dict[str, Json] = {} if decision != APPROVED else dict(last["data"])
    outputs |= {"decision": decision, "by": who, "comment": last["comment"], "answers": _given(wait)}
    error = None
    if decision != APPROVED:
        word = "pushed back" if decision == PUSHED_BACK else "rejected"
        told = f"{word} by {who or 'nobody known'}" + (f": {last['comment']}" if last["comment"] else "")
        error = {"type": decision, "message": told, "by": who, "comment": last["comment"]}
    _end(draft, scope, at, _OUTCOMES[decision], outputs, error)


def _data(said: Deliver) -> dict[str, Json]:
    """What the log keeps of something said."""
    data: dict[str, Json] = {"sort": said.sort, "name": said.name}
    for name in ("data", "by", "comment", "signal"):
        if getattr(said, name):
            data[name] = getattr(said, name)
    return data


def _kept(said: Deliver) -> JsonObject:
    return {"sort": said.sort, "name": said.name, "data": said.data, "by": said.by}


# Time


def fired(draft: Draft, scope: ScopeState, at: int, timer: str) -> None:
    """The time of a wait is up: of `wait` its end, of the others their time-out or their escalation."""
    data: dict[str, Json] = {"timer": timer}
    wait, escalating = scope.waits[at], timer.startswith("escalate:")
    approved = wait.gate and approval_of(scope, at).on_timeout == "approve"
    if not escalating and (wait.asks or approved):
        forget_timers(draft, scope, at)
        data["cleared"] = True
    draft.record(kinds.TIMER_FIRED, scope.address, scope.graph.ids[at], scope.visits[at], data=data)
    if escalating:
        _escalate(draft, scope, at)
    else:
        conclude(draft, scope, at)


def _escalate(draft: Draft, scope: ScopeState, at: int) -> None:
    escalation, wait = approval_of(scope, at).escalate, scope.waits[at]
    if escalation is not None and escalation.event:
        about: dict[str, Json] = {
            "execution": draft.state.execution,
            "workflow": draft.state.plan.name,
            "step": f"{scope.place(at)}#{scope.visits[at]}",
            "prompt": wait.ask.get("prompt", ""),
            "approvers": list(wait.approvers),
        }
        draft.command(Publish(escalation.event, about))


def _given(wait: Wait) -> list[Json]:
    """The answers, without their times: what a run leads to does not depend on when it ran."""
    return [{name: value for name, value in answer.items() if name != "at"} for answer in wait.answers]


def _unanswered(draft: Draft, scope: ScopeState, at: int, wait: Wait) -> None:
    """Nobody answered in time: `on_timeout` says what that means."""
    decision = _DECISIONS.get(approval_of(scope, at).on_timeout, "")
    late = _too_long(scope, at, wait)
    outputs: dict[str, Json] = {"decision": decision or "timeout", "by": "", "answers": _given(wait)}
    outputs["comment"] = late["message"]
    _end(draft, scope, at, _OUTCOMES.get(decision, "timeout"), outputs, None if decision == APPROVED else late)


def _too_long(scope: ScopeState, at: int, wait: Wait) -> JsonObject:
    what = {"approval": "an answer", "condition": "its condition"}.get(wait.kind, f"the {wait.kind} {wait.name}")
    seconds = (wait.due - wait.since) / _SECOND
    return {"type": "timeout", "message": f"step {scope.graph.ids[at]} waited {seconds:g} seconds for {what}"}


def _end(
    draft: Draft,
    scope: ScopeState,
    at: int,
    outcome: str,
    outputs: JsonObject | None = None,
    error: JsonObject | None = None,
) -> None:
    forget_timers(draft, scope, at)
    settle(draft, scope, at, outcome, outputs or {}, error=error, ran=False)


# Conditions


def review(draft: Draft) -> bool:
    """Judge the conditions that are waited for, the oldest first; True when one of the waits has ended."""
    for scope, at in tuple(draft.state.waiting.values()):
        condition = scope.graph.code(at).condition if scope.waits[at].kind == "condition" else None
        if condition is None:
            continue
        try:
            holds = bool(condition.evaluate(step_context(draft.state, scope, at)))
        except ExpressionError as problem:
            _end(draft, scope, at, "failure", error=expression_failure("wait_for.condition", problem))
            return True
        if holds:
            _end(draft, scope, at, "success")
            return True
    return _give_up(draft)


def _give_up(draft: Draft) -> bool:
    """Conditions without a time-out that nothing can make true any more: the oldest fails."""
    state = draft.state
    hopeless = not state.paused and all(
        scope.waits[at].kind == "condition" and not scope.waits[at].due for scope, at in state.waiting.values()
    )
    if not state.waiting or not hopeless or _goes_on(state):
        return False
    scope, at = next(iter(state.waiting.values()))
    message = "nothing is left to happen that could make the condition true"
    _end(draft, scope, at, "failure", error={"type": "condition", "message": message})
    return True


def _goes_on(state: State) -> bool:
    """Something besides the waits is under way."""
    if state.unanswered or state.log.undoing:
        return True
    return any(
        scope.busy or scope.cleared or scope.retries or scope.deadlines or any(scope.delays.values())
        for scope in state.scopes.values()
    )
