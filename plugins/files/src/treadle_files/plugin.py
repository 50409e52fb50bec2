"""What treadle-files contributes."""

from collections.abc import Iterable

from treadle_hookspecs import Action, Json, JsonObject, Module, hookimpl

_CHANGED = {"created": "files_created", "modified": "files_modified", "deleted": "files_deleted"}


def _outputs(**types: str) -> JsonObject:
    """The schema of outputs; lists of changed files are figures for gates and reports."""
    properties: dict[str, dict[str, Json]] = {name: {"type": kind} for name, kind in types.items()}
    for name, figure in _CHANGED.items():
        if name in properties:
            properties[name]["figure"] = figure
    return {"type": "object", "properties": properties}


_WRITTEN = {"created": "array", "modified": "array", "summary": "string"}

ACTIONS = (
    Action(
        "write",
        "treadle_files._write:write",
        "Write a file: a text, or a value as JSON",
        outputs=_outputs(path="string", bytes="integer", sha256="string", changed="boolean", **_WRITTEN),
        idempotent=True,
        risk="medium",
        preview="treadle_files._preview:preview_write",
    ),
    Action(
        "read",
        "treadle_files._read:read",
        "Read a file: its text, and its value if it is JSON",
        outputs=_outputs(path="string", text="string", json="any", bytes="integer", sha256="string"),
        idempotent=True,
    ),
    Action(
        "find",
        "treadle_files._read:find",
        "Find files by patterns",
        outputs=_outputs(files="array", count="integer", bytes="integer", summary="string"),
        idempotent=True,
    ),
    Action(
        "copy",
        "treadle_files._move:copy",
        "Copy files",
        outputs=_outputs(**_WRITTEN),
        idempotent=True,
        risk="medium",
        preview="treadle_files._preview:preview_copy",
    ),
    Action(
        "move",
        "treadle_files._move:move",
        "Give a file or folder another name",
        outputs=_outputs(old="string", new="string", summary="string"),
        risk="medium",
        preview="treadle_files._preview:preview_copy",
    ),
    Action(
        "delete",
        "treadle_files._move:delete",
        "Delete files by patterns",
        outputs=_outputs(deleted="array", summary="string"),
        idempotent=True,
        risk="high",
    ),
    Action(
        "remove-temporary",
        "treadle_files._move:remove_temporary",
        "Delete what editors and interrupted programs left behind",
        aliases=("remove_temp_files",),
        outputs=_outputs(deleted="array", summary="string"),
        idempotent=True,
        risk="medium",
    ),
)


@hookimpl
def treadle_modules() -> Iterable[Module]:
    """The module `files`."""
    yield Module("files", "0.1.0", ACTIONS, "Files, written, found, copied, deleted")
