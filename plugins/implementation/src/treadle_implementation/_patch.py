"""`implementation/apply-patch`: a unified diff, whole or not at all."""

from treadle_hookspecs import ActionContext, ActionError, JsonObject

from treadle_implementation._changes import code_changes
from treadle_implementation._patching import applied, split, write


async def apply_patch(patch: str, *, context: ActionContext) -> JsonObject:
    """Apply a patch to the workspace.

    Args:
        patch: a unified diff, as `git diff` prints it; text before it is left out.
        context: of the visit.

    Returns:
        `code_changes` (each `{path, how, added, deleted, patch}`), `summary`.

    Raises:
        ActionError: `invalid-patch` when it is none; `does-not-apply` with git's own words; nothing has changed then.
    """
    patches = split(patch)
    if not patches:
        raise ActionError("this is no unified diff", error_class="invalid-patch", retryable=False)
    binary = [one.path for one in patches if one.binary]
    if binary:
        raise ActionError(
            f"the patch does not say what becomes of {binary[0]}: make it with `git diff --binary`",
            error_class="invalid-patch",
            retryable=False,
        )
    results = await applied(context, patches)
    before = {one.path: context.workspace.path(one.path).exists() for one in results}
    changed = write(context, results)
    gone = {one.path for one in results if one.content is None}
    how = {path: "deleted" if path in gone else "modified" if before[path] else "added" for path in changed}
    return {"code_changes": code_changes(patch, how), "summary": f"{len(changed)} files changed"}
