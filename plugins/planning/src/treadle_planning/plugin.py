"""What treadle-planning contributes."""

from collections.abc import Iterable

from treadle_hookspecs import Action, JsonObject, Module, hookimpl


def _outputs(**types: str) -> JsonObject:
    return {"type": "object", "properties": {name: {"type": kind} for name, kind in types.items()}}


ACTIONS = (
    Action(
        "create-implementation-plan",
        "treadle_planning._plan:create_implementation_plan",
        "Plan a feature: steps with files, tests and dependencies, from what was measured",
        outputs=_outputs(plan="object", summary="string", figures="array"),
        idempotent=True,
    ),
    Action(
        "generate-tasks",
        "treadle_planning._tasks:generate_tasks",
        "Cut a plan into tasks with dependencies, batches and a critical path",
        aliases=("generate-tasks",),
        outputs=_outputs(tasks="array", batches="array", critical_path="array", summary="string", figures="array"),
        idempotent=True,
    ),
    Action(
        "design-document",
        "treadle_planning._design:design_document",
        "Write a design document from what was measured",
        aliases=("generate-design",),
        outputs=_outputs(path="string", text="string", plan="object", questions="array", summary="string"),
        idempotent=True,
        risk="medium",
    ),
)


@hookimpl
def treadle_modules() -> Iterable[Module]:
    """The module `planning`."""
    yield Module("planning", "0.1.0", ACTIONS, "Plans from what was measured")
