"""`implementation/rollback-changes`: undoing what a step changed, file by file."""

from collections.abc import Mapping
from typing import Any, cast

from treadle_hookspecs import ActionContext, ActionError, Json, JsonObject

from treadle_implementation._patching import Result, applied, split, write


async def rollback_changes(changes: list[Any] | None = None, *, context: ActionContext) -> JsonObject:
    """Undo changes.

    Args:
        changes: `code_changes` of `implementation/implement-feature` or `implementation/apply-patch`; null when it
            published none: what a failed step changed is undone by itself.
        context: of the visit.

    Returns:
        `restored` (paths), `kept` (each `{path, reason}`: changed since, or not known how), `summary`. Running it again
        changes nothing.
    """
    results: list[Result] = []
    kept: list[Json] = []
    for change in changes or ():
        path, patch = (change.get("path", ""), change.get("patch", "")) if isinstance(change, Mapping) else (change, "")
        if not patch:
            kept.append({"path": str(path), "reason": "what stood there is not known"})
            continue
        try:
            results += await applied(context, split(patch), reverse=True)
        except ActionError as error:
            if not await _is_undone(context, patch):
                kept.append({"path": str(path), "reason": f"it has changed since: {error.message}"})
    restored = write(context, results)
    summary = f"{len(restored)} files restored" + (f", {len(kept)} kept as they are" if kept else "")
    return {"restored": cast("list[Json]", restored), "kept": kept, "summary": summary}


async def _is_undone(context: ActionContext, patch: str) -> bool:
    """The file is as it was before the patch."""
    try:
        await applied(context, split(patch))
    except ActionError:
        return False
    return True
