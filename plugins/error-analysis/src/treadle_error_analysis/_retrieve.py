"""`error-analysis/retrieve-context`: the same error before, and the code that it is about."""

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Final, cast

from treadle_hookspecs import ActionContext, ActionError, Json, JsonObject, StepRow

from treadle_error_analysis._classify import classify

_EXECUTIONS: Final = 200


async def retrieve_context(
    query: str = "",
    error: Any = None,
    classification: dict[str, Any] | None = None,
    repo: str = ".",
    limit: int = 6,
    *,
    context: ActionContext,
) -> JsonObject:
    """Look an error up.

    Args:
        query: the error, or words of it.
        error: a step's error as expressions see it.
        classification: the outputs of `error-analysis/classify`; made here when it is not given.
        repo: a folder in the repository.
        limit: at most so many files, and so many earlier failures.
        context: of the visit.

    Returns:
        `relevant_patterns` (lines of the repository, as `analysis/context` gives them), `components`, `seen_before`
        (each `{execution, step, message, ended, after}`: how the step ended the next time), `summary`.
    """
    known: Mapping[str, Any] = classification or await classify(query, error, context=context)
    words = " ".join([str(known["message"]), *map(str, known.get("names", ())), query])
    found = cast("Mapping[str, Any]", await context.call("analysis/context", query=words, repo=repo, limit=limit))
    seen = [item async for item in _seen(known, context)][:limit]
    return {
        "relevant_patterns": [*_own_lines(known, context), *found["relevant_patterns"]],
        "components": found["components"],
        "seen_before": cast("list[Json]", seen),
        "summary": f"seen {len(seen)} times before; {len(found['components'])} components",
    }


async def _seen(known: Mapping[str, Any], context: ActionContext) -> AsyncIterator[dict[str, Json]]:
    host = context.host
    for row in list(host.executions())[:_EXECUTIONS]:
        if row.id == context.execution:
            continue
        steps = list(host.steps(row.id))
        for number, step in enumerate(steps):
            if step.error and await _is_alike(step, known, context):
                yield _remembered(row.id, step, steps[number + 1 :])


async def _is_alike(step: StepRow, known: Mapping[str, Any], context: ActionContext) -> bool:
    try:
        other = await classify(error=step.error, context=context)
    except ActionError:
        return False
    return bool(other["fingerprint"] == known["fingerprint"])


def _remembered(execution: str, step: StepRow, later: list[StepRow]) -> dict[str, Json]:
    """What came of it: how the step ended the next time, and which steps stood between."""
    place = next((number for number, one in enumerate(later) if one.address == step.address), None)
    error = cast("Mapping[str, Any]", step.error)
    return {
        "execution": execution,
        "step": step.address,
        "message": str(error.get("message", ""))[:300],
        "ended": later[place].state if place is not None else None,
        "after": [one.address for one in later[: place or 0]][:3],
    }


def _own_lines(known: Mapping[str, Any], context: ActionContext) -> Iterator[Json]:
    """The lines around the innermost frame of the repository."""
    frame = known.get("own_frame")
    if not frame:
        return
    path, line = str(frame["file"]), int(frame["line"])
    lines = context.workspace.read_text(path).splitlines()
    first = max(0, line - 4)
    yield {"path": path, "line": first + 1, "text": "\n".join(lines[first : line + 3]), "words": ["the error"]}
