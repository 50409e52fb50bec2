"""What a Temporal execution cannot do: said before it begins, and never done in another way."""

from collections.abc import Iterator

from treadle_engine.plan import Plan, StepPlan, scopes_of, steps_within, workflows_of


def refusals(plan: Plan, *, sealed: bool, keeps: bool) -> Iterator[str]:
    """A sentence for each thing in a plan that this runtime does not do.

    Args:
        plan: whole.
        sealed: all that is sent is encrypted.
        keeps: another worker may rebuild its folder.
    """
    if any(workflow.concurrency for workflow in workflows_of(plan)):
        yield "`concurrency` of a workflow is counted in one state store, which its workers do not share"
    if keeps and plan.keeps_files:
        yield "its snapshots lie with one worker: unset `workspace.lost_after`, so that it waits for that one"
    for step in _steps(plan):
        yield from _refusals_of(step)
    if not sealed and _is_sensitive(plan):
        yield "it has sensitive inputs or outputs, which Temporal would keep in plain text: set `temporal.seal`"


def _steps(plan: Plan) -> Iterator[StepPlan]:
    for workflow in workflows_of(plan):
        for _, scope in scopes_of(workflow):
            for _, step in steps_within(scope):
                yield step


def _refusals_of(step: StepPlan) -> Iterator[str]:
    if step.concurrency:
        yield f"`concurrency` of step {step.id} is counted in one state store, which its workers do not share"
    if step.detached:
        yield f"step {step.id} starts a workflow that nobody waits for, which only a state store can begin"
    if step.kind == "emit":
        yield f"step {step.id} emits an event: the bus is in a state store"
    if step.wait_for is not None and step.wait_for.event:
        yield f"step {step.id} waits for an event of the bus, which is in a state store"


def _is_sensitive(plan: Plan) -> bool:
    inputs = any(spec.sensitive for workflow in workflows_of(plan) for spec in workflow.inputs)
    return inputs or any(spec.sensitive for step in _steps(plan) for _, spec in step.outputs)
