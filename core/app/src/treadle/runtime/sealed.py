"""What of a plan, and of the workflows that its steps run, has to be sealed or looked up where it runs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from treadle_engine import events as kinds
from treadle_engine.plan import Plan, SecretSource, StepPlan, scopes_of, steps_within, workflows_of
from treadle_hookspecs import Event, Json, JsonObject


def steps_of(plan: Plan) -> Iterator[StepPlan]:
    """Every step of a plan: those of handlers, of scopes inside scopes and of sub-workflows included."""
    for workflow in workflows_of(plan):
        for _, scope in scopes_of(workflow):
            for _, step in steps_within(scope):
                yield step


def secret_sources(plan: Plan) -> Sequence[tuple[str, SecretSource]]:
    """Where secrets come from, by name; those of a sub-workflow are named with its key: `KEY:NAME`."""
    inner = [(f"{key}:{name}", source) for key, child in plan.children for name, source in child.secrets]
    return (*plan.secrets, *inner)


def sensitive_inputs(plan: Plan, inputs: JsonObject) -> list[Json]:
    """The values of an execution's sensitive inputs."""
    return [inputs.get(spec.name) for spec in plan.inputs if spec.sensitive]


def inner_sensitive_inputs(plan: Plan) -> Mapping[str, frozenset[str]]:
    """By id of the step: the sensitive inputs of the workflow that it runs."""
    named = {key: frozenset(spec.name for spec in child.inputs if spec.sensitive) for key, child in plan.children}
    return {step.id: names for step in steps_of(plan) if (names := named.get(step.workflow))}


def given_secretly(events: Iterable[Event], sensitive: Mapping[str, frozenset[str]]) -> Iterator[Json]:
    """The values of sensitive inputs that steps gave to workflows in these events."""
    for event in events:
        if event.type == kinds.VISIT_STARTED and event.step in sensitive:
            inputs: Any = event.data.get("inputs", {})
            yield from (inputs.get(name) for name in sensitive[event.step])


def sensitive_outputs(plan: Plan) -> Mapping[str, frozenset[str]]:
    """By step id: the outputs that are sealed wherever they turn up. Ids are unique in a definition."""
    found: dict[str, frozenset[str]] = {}
    for step in steps_of(plan):
        declared = [(name, *spec.source) for name, spec in step.outputs if spec.sensitive]
        names = frozenset(name for one in declared for name in one)
        if names:
            found[step.id] = found.get(step.id, frozenset()) | names
    return found
