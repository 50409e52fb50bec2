"""Walking through a plan and the workflows that its steps run within the execution."""

from collections.abc import Iterator

from treadle_engine.plan import Plan, StepPlan, scopes_of, steps_within


def steps_throughout(plan: Plan) -> Iterator[tuple[str, StepPlan]]:
    """Every step that an execution may run, with its path: those of handlers and of sub-workflows as well.

    A workflow inside itself is not followed; one that is not waited for is none of the execution's.
    """
    yield from _steps_of(dict(plan.children), plan, "", ())


def _steps_of(
    children: dict[str, Plan], workflow: Plan, inside: str, running: tuple[str, ...]
) -> Iterator[tuple[str, StepPlan]]:
    for address, scope in scopes_of(workflow):
        for path, step in steps_within(scope, f"{inside}{address}/" if address else inside):
            yield path, step
            if runs_inside(step, running):
                yield from _steps_of(children, children[step.workflow], f"{path}/", (*running, step.workflow))


def runs_inside(step: StepPlan, running: tuple[str, ...]) -> bool:
    """The step runs a workflow within its execution that is not being followed already."""
    return bool(step.workflow) and not step.detached and step.workflow not in running
