"""`planning/generate-tasks`: a plan as tasks that people or agents can take, with what waits for what."""

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final, cast

from treadle_hookspecs import ActionContext, ActionError, Json, JsonObject

from treadle_planning._plan import create_implementation_plan

_WEIGHTS: Final = {"test": 1, "implement": 2, "document": 1, "verify": 1}


async def generate_tasks(
    plan: dict[str, Any] | None = None,
    design_doc: dict[str, Any] | None = None,
    feature: str = "",
    repo: str = ".",
    *,
    context: ActionContext,
) -> JsonObject:
    """Cut a plan into tasks.

    Args:
        plan: as `planning/create-implementation-plan` publishes it.
        design_doc: the outputs of `planning/design-document`, which hold a plan as well.
        feature: planned here when there is no plan.
        repo: a folder in the repository.
        context: of the visit.

    Returns:
        `tasks` in an order that works (each `{id, title, kind, files, needs, weight}`), `batches` (ids that can be
        worked on side by side: they share no file), `critical_path`, `summary`, `figures`.

    Raises:
        ActionError: `invalid-plan` when tasks wait for each other in a circle, or for one that is not there.
    """
    chosen = plan or (design_doc or {}).get("plan")
    if not chosen:
        chosen = cast("dict[str, Any]", (await create_implementation_plan(feature, repo=repo, context=context))["plan"])
    steps: dict[str, Mapping[str, Any]] = {str(step["id"]): step for step in chosen.get("steps", ())}
    order = _order(steps)
    tasks = [_task(steps[name]) for name in order]
    batches, path = _batches(steps), _critical(steps, order)
    return {
        "tasks": cast("list[Json]", tasks),
        "batches": cast("list[Json]", batches),
        "critical_path": cast("list[Json]", path),
        "summary": f"{len(tasks)} tasks in {len(batches)} batches; {len(path)} on the critical path",
        "figures": [{"name": "tasks planned", "value": len(tasks)}],
    }


def _order(steps: Mapping[str, Mapping[str, Any]]) -> list[str]:
    missing = sorted({need for step in steps.values() for need in step["needs"]} - steps.keys())
    if missing:
        raise ActionError(
            f"tasks wait for {', '.join(missing)}, which the plan does not have",
            error_class="invalid-plan",
            retryable=False,
        )
    try:
        return list(TopologicalSorter({name: step["needs"] for name, step in steps.items()}).static_order())
    except CycleError as error:
        raise ActionError(
            f"tasks wait for each other: {' -> '.join(error.args[1])}", error_class="invalid-plan", retryable=False
        ) from error


def _task(step: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: step[name] for name in ("id", "title", "kind", "files", "needs")}
    return {**kept, "weight": _weight(step)}


def _weight(step: Mapping[str, Any]) -> int:
    return _WEIGHTS.get(str(step["kind"]), 1) * max(len(step["files"]), 1)


def _batches(steps: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """What can be done at one time; two tasks that change one file are never in the same batch."""
    sorter = TopologicalSorter({name: step["needs"] for name, step in steps.items()})
    sorter.prepare()
    batches: list[list[str]] = []
    waiting: list[str] = []
    while sorter.is_active():
        waiting += sorter.get_ready()
        batch = _apart(sorted(waiting, key=list(steps).index), steps)
        batches.append(batch)
        waiting = [name for name in waiting if name not in batch]
        sorter.done(*batch)
    return batches


def _apart(names: Sequence[str], steps: Mapping[str, Mapping[str, Any]]) -> list[str]:
    taken: set[str] = set()
    batch = []
    for name in names:
        files = set(steps[name]["files"]) if steps[name]["kind"] != "verify" else set()
        if not files & taken:
            batch.append(name)
            taken |= files
    return batch


def _critical(steps: Mapping[str, Mapping[str, Any]], order: Sequence[str]) -> list[str]:
    """The heaviest chain of tasks."""
    reach: dict[str, tuple[int, list[str]]] = {}
    for name in order:
        before = max((reach[need] for need in steps[name]["needs"]), default=(0, []), key=lambda one: one[0])
        reach[name] = (before[0] + _weight(steps[name]), [*before[1], name])
    return max(reach.values(), default=(0, []), key=lambda one: one[0])[1]
