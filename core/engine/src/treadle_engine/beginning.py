"""The beginning of an execution: what is evaluated once for all of it, and the places that it needs first."""

from typing import Any

from treadle_hookspecs import JsonObject

from treadle_engine import events as kinds
from treadle_engine import slots
from treadle_engine.contexts import base_context
from treadle_engine.draft import Draft
from treadle_engine.expression_errors import ExpressionError, expression_failure
from treadle_engine.frames import Frame
from treadle_engine.lifecycle import TIMEOUT_TIMER
from treadle_engine.protocol import AcquireSlots, SlotsTaken, Start, StartTimer
from treadle_engine.recovery import timeout_due
from treadle_engine.waits import person
from treadle_engine.workflow_stages import add_evaluated


def start(draft: Draft, stimulus: Start) -> None:
    """Begin, or wait for the places that are needed first."""
    if draft.state.last_seq:
        return
    data: dict[str, Any] = {**stimulus.header}
    for name in ("inputs", "trigger"):
        if getattr(stimulus, name):
            data[name] = getattr(stimulus, name)
    problem = _evaluate(draft, data, stimulus.groups)
    draft.record(kinds.EXECUTION_STARTED, data=data)
    if problem is not None:
        error = {"step": "", **problem}
        draft.record(kinds.EXECUTION_CLOSING, data={"reason": "end", "status": "failed", "error": error})
    elif "groups" in data:
        draft.command(AcquireSlots("", tuple(data["groups"])))
    else:
        _watch_time(draft)


def slots_taken(draft: Draft, stimulus: SlotsTaken) -> None:
    """The places were got."""
    slots.taken(draft, stimulus)
    if not stimulus.holder and draft.events:
        _watch_time(draft)


def _watch_time(draft: Draft) -> None:
    """The workflow's time runs from when it begins."""
    if draft.state.plan.timeout is not None:
        draft.command(StartTimer(TIMEOUT_TIMER, timeout_due(draft.state)))


def _evaluate(draft: Draft, data: dict[str, Any], given: tuple[JsonObject, ...]) -> JsonObject | None:
    """Add `env`, `vars` and `groups` to what the log keeps; the first thing that went wrong."""
    problem: JsonObject | None = None
    for name in ("env", "vars"):
        try:
            add_evaluated(draft.state, draft.state.plan, data, name)
        except ExpressionError as error:
            problem = problem or expression_failure(name, error)
    if problem is not None or not (given or draft.state.plan.concurrency):
        return problem
    try:
        data["groups"] = [*given, *_groups(draft, data)]
    except ExpressionError as error:
        return expression_failure("concurrency", error)
    except slots.GroupError as error:
        return {"type": "concurrency", "message": str(error)}
    return None


def _groups(draft: Draft, data: dict[str, Any]) -> list[JsonObject]:
    """The groups that the workflow names, evaluated over what it starts with."""
    state = draft.state
    frame = Frame(state.plan)
    for known in ("inputs", "trigger", "env", "vars"):
        setattr(frame, known, data.get(known, {}))
    execution = {"id": state.execution, "root": data.get("root", ""), "started_by": person(draft.actor)}
    context = {**base_context(state, frame), "execution": execution}
    declared = state.plan.concurrency
    return slots.evaluated(declared, slots.workflow_code(declared), context)
