"""What may be said to an execution that waits, checked before it is put into its inbox. Its log has the last word."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from treadle_engine.addresses import step_address
from treadle_engine.inputs import fitted
from treadle_engine.plan import Approval
from treadle_engine.protocol import Deliver
from treadle_engine.scope_state import ScopeState
from treadle_engine.state import State
from treadle_engine.waiting import approval_of, awaited
from treadle_engine.waits import APPROVED, DECISIONS, person
from treadle_hookspecs import ExitCode, Json, JsonObject, Signal, TreadleError

from treadle.runtime.clock import now
from treadle.runtime.codec import Codec
from treadle.suggestions import did_you_mean

SORTS: Final = ("signal", "event", "answer")
"""Names of signals in the inbox that are meant for what waits; their data: `{name, data, by, step, comment}`."""

Place: TypeAlias = tuple[ScopeState, int]
"""A scope and a step of it that waits."""


def delivered(signal: Signal, codec: Codec) -> Deliver:
    """A signal of the inbox as the decider takes it."""
    data: Mapping[str, Any] = signal.data if isinstance(signal.data, dict) else {}
    return Deliver(
        now(),
        signal.name,  # type: ignore[arg-type]
        str(data.get("name", "")),
        codec.reveal_json(data.get("data"), signal.execution),
        str(data.get("by", "")),
        str(data.get("step", "")),
        str(data.get("comment", "")),
        signal.id,
        signal.actor,
    )


def checked_answer(
    state: State, decision: str, step: str, by: str, data: Mapping[str, Json], codec: Codec
) -> JsonObject:
    """The data of a signal `answer`: `{name, step, by, data}`, sensitive values sealed. Raises `TreadleError`."""
    if decision not in DECISIONS:
        raise TreadleError(f"an answer is one of {', '.join(DECISIONS)}, not {decision!r}")
    scope, at = _asking(state, step_address(state.plan, step))
    wait, approval = scope.waits[at], approval_of(scope, at)
    objection = wait.objection(by, decision, push_back=approval.push_back)
    if objection:
        again = any(person(str(answer["by"])) == person(by) for answer in wait.answers)
        raise TreadleError(
            f"step {scope.place(at)} of {state.execution} cannot be answered so: {objection}",
            exit_code=ExitCode.CONFLICT if again else ExitCode.NOT_ALLOWED,
            suggestions=(f"treadle waiting {state.execution}",),
        )
    values = _form_values(approval, data, codec) if decision == APPROVED else _no_values(data)
    place = f"{scope.place(at)}#{scope.visits[at]}"
    return {"name": decision, "step": place, "by": by, "data": codec.protect_json(values, state.execution)}


def _form_values(approval: Approval, data: Mapping[str, Json], codec: Codec) -> JsonObject:
    values, problems = fitted(approval.form, data)
    if problems:
        raise _unfit(approval, problems)
    for spec in approval.form:
        if spec.sensitive:
            codec.add_sensitive(values.get(spec.name))
    return values


def _unfit(approval: Approval, problems: Mapping[str, str]) -> TreadleError:
    told = "; ".join(f"`{name}`: {why}" for name, why in problems.items())
    fields = (f"{spec.name} ({spec.type}{', required' if spec.required else ''})" for spec in approval.form)
    listing = f"fields: {', '.join(fields)}" if approval.form else "this approval has no form"
    return TreadleError(
        f"the form's values cannot be taken: {told}",
        code="TRD0201",
        context={"fields": dict(problems)},
        suggestions=(listing, "give them as --data name=value"),
    )


def _no_values(data: Mapping[str, Json]) -> JsonObject:
    if data:
        raise TreadleError("only an approval comes with the form's values", suggestions=("say why with --comment",))
    return {}


def _asking(state: State, step: str) -> Place:
    """The step that asks people. Raises `TreadleError`."""
    asking = [(scope, at) for scope, at in state.waiting.values() if scope.waits[at].kind == "approval"]
    chosen = [place for place in asking if not step or step in _names(place)]
    if not chosen:
        raise _nobody_asks(state, step, asking)
    if len(chosen) > 1:
        names = [scope.place(at) for scope, at in chosen]
        raise TreadleError(
            f"{len(chosen)} steps of {state.execution} wait for an answer: {', '.join(names)}",
            suggestions=tuple(f"--step {name}" for name in names),
        )
    return chosen[0]


def _names(place: Place) -> tuple[str, str]:
    scope, at = place
    return scope.place(at), f"{scope.place(at)}#{scope.visits[at]}"


def _nobody_asks(state: State, step: str, asking: Sequence[Place]) -> TreadleError:
    """Say what became of the question, if it was asked."""
    answered = _answered(state, step)
    if answered:
        message = f"{answered} of {state.execution}"
    elif step:
        message = f"step {step} of {state.execution} does not wait for an answer"
    else:
        message = f"nothing in {state.execution} waits for an answer"
    hints = [f"--step {scope.place(at)}" for scope, at in asking]
    return TreadleError(message, exit_code=ExitCode.CONFLICT, suggestions=(*hints, f"treadle status {state.execution}"))


def _answered(state: State, step: str) -> str:
    """Who has answered the last question, or that of a step, and how; "" when nobody has."""
    wanted = step.partition("#")[0]
    for view in reversed([*state.steps()]):
        outputs: Any = view.outputs
        if view.address == wanted or not wanted:
            who = outputs.get("by")
            if who and outputs.get("answers"):
                return f"{who} has answered already: {view.address} was {str(outputs['decision']).replace('_', ' ')}"
    return ""


def checked_signal(state: State, name: str, data: Json, step: str, by: str, codec: Codec) -> JsonObject:
    """The data of a signal `signal`. Raises `TreadleError` when no step will ever wait for it."""
    known = awaited(state, "signal")
    if name not in known:
        listed = f"signals of {state.plan.name}: {', '.join(sorted(known))}" if known else ""
        hints = (did_you_mean(name, known), listed or f"{state.plan.name} waits for no signals")
        raise TreadleError(
            f"no step of {state.plan.name} waits for a signal {name}",
            exit_code=ExitCode.NOT_FOUND,
            suggestions=tuple(filter(None, hints)),
        )
    place = step_address(state.plan, step)
    return {"name": name, "step": place, "by": person(by), "data": codec.protect_json(data, state.execution)}
