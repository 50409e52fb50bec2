"""`files/copy`, `files/move`, `files/delete`, `files/remove-temporary`."""

from pathlib import Path, PurePosixPath
from typing import Final

from treadle_hookspecs import ActionContext, ActionError, JsonObject

from treadle_files._names import matching

TEMPORARY: Final = ("**/*~", "**/*.tmp", "**/*.temp", "**/*.bak", "**/*.orig", "**/*.rej", "**/*.swp", "**/.DS_Store")
"""What editors, merges and interrupted programs leave behind."""


def copy(patterns: list[str], to: str, overwrite: bool = True, *, context: ActionContext) -> JsonObject:
    """Copy files into a folder, all or none; below it they keep their paths.

    Args:
        patterns: of the files, relative to the execution's root.
        to: the folder, relative to the root.
        overwrite: false fails when another file stands where one is to go.
        context: of the visit.

    Returns:
        `created`, `modified` (relative paths), `summary`.

    Raises:
        ActionError: `invalid-input`, `too-many`, `not-found` (nothing matches), `exists`.
    """
    root = context.workspace.root
    names = matching(context, patterns, exclude=(f"{to}/**",))
    if not names:
        raise ActionError(f"no file matches {', '.join(patterns)}", error_class="not-found")
    wanted = {str(PurePosixPath(to) / name): root / name for name in names}
    changed = {
        name: context.workspace.path(name).is_file()
        for name, source in wanted.items()
        if not context.workspace.path(name).is_file()
        or context.workspace.path(name).read_bytes() != source.read_bytes()
    }
    if any(changed.values()) and not overwrite:
        there = ", ".join(name for name, stands in changed.items() if stands)
        raise ActionError(f"there already, and different: {there}", error_class="exists", retryable=False)
    with context.workspace.transaction() as changes:
        for name in changed:
            changes.write(name, wanted[name].read_bytes(), wanted[name].stat().st_mode & 0o777)
    return {
        "created": [name for name, stands in changed.items() if not stands],
        "modified": [name for name, stands in changed.items() if stands],
        "summary": f"copied {len(changed)} of {len(wanted)} to {to}",
    }


def _holds_the_same(target: Path, source: Path) -> bool:
    return target.is_file() and target.read_bytes() == source.read_bytes()


def move(old: str, new: str, *, context: ActionContext) -> JsonObject:
    """Give a file or folder another name or place.

    Raises:
        ActionError: `not-found`, `exists`.
    """
    source, target = context.workspace.path(old), context.workspace.path(new)
    if not source.exists():
        raise ActionError(f"there is no {old} in {context.workspace.root}", error_class="not-found")
    if target.exists():
        raise ActionError(f"{new} is there already", error_class="exists", retryable=False)
    with context.workspace.transaction() as changes:
        changes.rename(old, new)
    return {"old": old, "new": new, "summary": f"{old} is {new} now"}


def delete(
    patterns: list[str], exclude: list[str] | None = None, must_exist: bool = False, *, context: ActionContext
) -> JsonObject:
    """Delete files, all or none; a failure of the step brings them back.

    Args:
        patterns: of the files, relative to the execution's root; folders stay.
        exclude: patterns of files that stay.
        must_exist: fail when nothing matches.
        context: of the visit.

    Returns:
        `deleted` (relative paths), `summary`.

    Raises:
        ActionError: `invalid-input`, `too-many`, `not-found`.
    """
    names = matching(context, patterns, exclude=exclude or ())
    if not names and must_exist:
        raise ActionError(f"no file matches {', '.join(patterns)}", error_class="not-found")
    if names:
        with context.workspace.transaction() as changes:
            for name in names:
                changes.delete(name)
    context.log.info("\n".join(f"deleted {name}" for name in names) or "nothing to delete")
    return {"deleted": names, "summary": f"deleted {len(names)} file{'' if len(names) == 1 else 's'}"}


def remove_temporary(patterns: list[str] | None = None, *, context: ActionContext) -> JsonObject:
    """Delete temporary files: `*~`, `*.tmp`, `*.bak`, `*.orig`, `*.rej`, `*.swp` and the like, anywhere below the root.

    Args:
        patterns: instead of those.
        context: of the visit.

    Returns:
        `deleted` (relative paths), `summary`.
    """
    return delete(list(patterns or TEMPORARY), context=context)
