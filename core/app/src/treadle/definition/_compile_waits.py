"""Steps that wait, from the model to the engine's plan."""

from dataclasses import replace

from treadle_engine.plan import Approval, Escalation, InputSpec, OutputSpec, StepPlan, Value, WaitFor

from treadle.definition import _model as model
from treadle.definition._known_outputs import ANSWER


def waiting(plan: StepPlan, step: model.Step) -> StepPlan:
    """The plan of a step of a kind that waits."""
    if step.approval is not None:
        return replace(plan, approval=approval_plan(step.approval), outputs=_answered(step.approval))
    if step.wait_for is None:
        return replace(plan, with_={"for": step.wait})
    wanted = step.wait_for
    declared = tuple((name, output_spec(output)) for name, output in step.outputs.items())
    waits = WaitFor(
        wanted.signal or "",
        wanted.event or "",
        wanted.condition or "",
        wanted.match or "",
        wanted.buffered,
        wanted.timeout,
    )
    return replace(plan, wait_for=waits, outputs=declared)


def approval_plan(asked: model.Approval) -> Approval:
    """A question to people."""
    return Approval(
        prompt=asked.prompt,
        approvers=_people(asked.approvers),
        not_by=_people(asked.not_by),
        quorum=asked.quorum,
        form=tuple(input_spec(name, spec) for name, spec in asked.form.items()),
        timeout=asked.timeout,
        on_timeout=asked.on_timeout,
        escalate=_escalation(asked.escalate),
        push_back=asked.push_back is not None,
    )


def _escalation(escalate: model.Escalate | None) -> Escalation | None:
    if escalate is None:
        return None
    return Escalation(escalate.after, _people(escalate.approvers), escalate.event or "")


def _people(names: str | list[str] | None) -> Value:
    """A list of names, or the one expression that gives it."""
    return names if isinstance(names, str) else list(names or ())


def _answered(asked: model.Approval) -> tuple[tuple[str, OutputSpec], ...]:
    """What an approval publishes; null before it is answered."""
    fields = tuple((name, OutputSpec(spec.type, spec.sensitive)) for name, spec in asked.form.items())
    return (*((name, OutputSpec()) for name in ANSWER), *fields)


def input_spec(name: str, spec: model.Input) -> InputSpec:
    """An input, or a field of a form."""
    return InputSpec(
        name,
        spec.type,
        spec.required,
        spec.default,
        spec.sensitive,
        tuple(spec.enum),
        spec.description,
        has_default="default" in spec.model_fields_set,
    )


def output_spec(output: model.Output) -> OutputSpec:
    """A declared output."""
    source = tuple(output.from_)
    return OutputSpec(output.type, output.sensitive, output.description, output.figure or "", source)
