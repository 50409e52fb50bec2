"""`implementation/create-structure`: folders and files that are not there yet."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from treadle_hookspecs import ActionContext, ActionError, Json, JsonObject, Preview, PreviewContext


def create_structure(
    structure: Any = None, plan: dict[str, Any] | None = None, *, context: ActionContext
) -> JsonObject:
    """Make what is not there yet, all in one transaction.

    Args:
        structure: an object of names to texts (files) or objects (folders), or a list of paths; one that ends with `/`
            is a folder.
        plan: as `planning/create-implementation-plan` publishes it: the files that its steps name.
        context: of the visit.

    Returns:
        `created` and `there_already` (paths), `summary`.

    Raises:
        ActionError: `invalid-input` for something that is no structure; `TreadleError` for a path that leaves the root.
    """
    wanted = dict(_wanted(structure)) | dict.fromkeys(_of_plan(plan or {}), "")
    missing = {path: text for path, text in wanted.items() if not context.workspace.path(path.rstrip("/")).exists()}
    if missing:
        with context.workspace.transaction() as changes:
            for path, text in missing.items():
                if path.endswith("/"):
                    changes.mkdir(path.rstrip("/"))
                else:
                    changes.write(path, text.encode())
    there = sorted(wanted.keys() - missing.keys())
    return {
        "created": cast("list[Json]", sorted(missing)),
        "there_already": cast("list[Json]", there),
        "summary": f"{len(missing)} created, {len(there)} there already",
    }


def preview_create_structure(*, context: PreviewContext, structure: Any = None, **_: Any) -> Preview:
    """The files that it would write."""
    paths = dict(_wanted(structure)) if isinstance(structure, dict | list) else {}
    return Preview(writes=tuple(path for path in paths if not (context.root / path).exists()))


def _wanted(structure: Any, above: str = "") -> Iterator[tuple[str, str]]:
    if structure is None:
        return
    if isinstance(structure, list):
        yield from ((f"{above}{path}", "") for path in structure if _is_path(path))
        return
    if not isinstance(structure, Mapping):
        raise ActionError(
            "a structure is an object of names, or a list of paths", error_class="invalid-input", retryable=False
        )
    for name, content in structure.items():
        if isinstance(content, Mapping):
            yield f"{above}{name.rstrip('/')}/", ""
            yield from _wanted(content, f"{above}{name.rstrip('/')}/")
        else:
            yield f"{above}{name}", "" if content is None else str(content)


def _is_path(path: Any) -> bool:
    if not isinstance(path, str) or not path:
        raise ActionError(f"{path!r} is no path", error_class="invalid-input", retryable=False)
    return True


def _of_plan(plan: Mapping[str, Any]) -> Iterator[str]:
    for step in plan.get("steps", ()):
        yield from step.get("files", ())
