"""`implementation/implement-feature`: a task for an agent, made from what was planned."""

from collections.abc import Iterator, Mapping
from typing import Any

from treadle_hookspecs import ActionContext, ActionError, JsonObject

from treadle_implementation._changes import code_changes


async def implement_feature(
    feature: str = "",
    plan: dict[str, Any] | None = None,
    design_doc: dict[str, Any] | None = None,
    tasks: list[Any] | None = None,
    specification: str = "",
    instructions: str = "",
    check: list[str] | None = None,
    feedback: str = "",
    *,
    context: ActionContext,
) -> JsonObject:
    """Have an agent implement something.

    Args:
        feature: what is wanted.
        plan: as `planning/create-implementation-plan` publishes it.
        design_doc: the outputs of `planning/design-document`: a text and a plan.
        tasks: as `planning/generate-tasks` publishes them.
        specification: the text that all of this comes from.
        instructions: said to the agent as they are, before everything else.
        check: a program and its arguments that has to succeed afterwards; by default nothing is run.
        feedback: why an earlier answer was not taken, e.g. a rejection's comment.
        context: of the visit; its `agent:` and `fallback:` say who does it.

    Returns:
        `code_changes` (each `{path, how, added, deleted, patch}`), `agent` (who did it), `summary`, `instructions`,
        `money`, `tokens`, `tried`, `figures`.

    Raises:
        ActionError: `invalid-input` when nothing says what is wanted; as `context.agent`: `no-change`, `check`,
            `timeout`, `unavailable`, `budget`, `agent`.
    """
    design = design_doc or {}
    chosen: Mapping[str, Any] = plan or design.get("plan") or {}
    text = "\n".join(
        _lines(instructions, feature or str(chosen.get("feature", "")), specification, chosen, design, tasks or [])
    )
    if not text.strip():
        raise ActionError("nothing says what is to be implemented", error_class="invalid-input", retryable=False)
    answer = await context.agent(text, files=_files(chosen), expect="changes", check=check or (), feedback=feedback)
    changes = code_changes(answer.diff, answer.files)
    return {
        **{name: value for name, value in answer.to_json().items() if name not in ("changes", "text")},
        "code_changes": changes,
        "instructions": text,
        "figures": [{"name": "files changed by the agent", "value": len(changes)}],
    }


def _lines(
    instructions: str,
    feature: str,
    specification: str,
    plan: Mapping[str, Any],
    design: Mapping[str, Any],
    tasks: list[Any],
) -> Iterator[str]:
    if instructions:
        yield instructions
    if feature:
        yield f"Implement: {feature}"
    if specification and specification != feature:
        yield f"\nSpecification:\n{specification}"
    steps = [step for step in plan.get("steps", ()) if step.get("kind") != "verify"]
    if steps:
        yield "\nPlan:"
        yield from (_step(number, step) for number, step in enumerate(steps, 1))
    elif design.get("text"):
        yield f"\nDesign:\n{design['text']}"
    if tasks:
        yield "\nTasks:"
        yield from (
            _step(number, task) if isinstance(task, dict) else f"{number}. {task}"
            for number, task in enumerate(tasks, 1)
        )
    if plan.get("tests"):
        yield f"\nTests that have to follow: {', '.join(plan['tests'])}"


def _step(number: int, step: Mapping[str, Any]) -> str:
    files = ", ".join(step.get("files", ()))
    return f"{number}. {step.get('title', step.get('id', ''))}" + (f" ({files})" if files else "")


def _files(plan: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(path for step in plan.get("steps", ()) for path in step.get("files", ())))
