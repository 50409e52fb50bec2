"""`files/read` and `files/find`."""

import hashlib
import json

from treadle_hookspecs import ActionContext, ActionError, Json, JsonObject

from treadle_files._names import matching


def read(path: str, limit: int = 1_000_000, *, context: ActionContext) -> JsonObject:
    """Read a text file (UTF-8).

    Args:
        path: relative to the execution's root.
        limit: bytes above which it is refused: outputs are kept with the execution.
        context: of the visit.

    Returns:
        `path` (absolute), `text`, `json` (its value if it is JSON by its name, else null), `bytes`, `sha256`.

    Raises:
        ActionError: `not-found`, `too-large`, `not-text`, `not-json`.
    """
    target = context.workspace.path(path)
    if not target.is_file():
        raise ActionError(f"there is no file {path} in {context.workspace.root}", error_class="not-found")
    content = target.read_bytes()
    if len(content) > limit:
        raise ActionError(
            f"{path} has {len(content)} bytes, `limit` is {limit}", error_class="too-large", retryable=False
        )
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise ActionError(
            f"{path} is no UTF-8 text: byte {error.start}", error_class="not-text", retryable=False
        ) from error
    return {
        "path": str(target),
        "text": text,
        "json": _value(text, path) if path.endswith(".json") else None,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _value(text: str, path: str) -> Json:
    try:
        value: Json = json.loads(text)
    except ValueError as error:
        raise ActionError(f"{path} is no JSON: {error}", error_class="not-json", retryable=False) from error
    return value


def find(patterns: list[str], exclude: list[str] | None = None, *, context: ActionContext) -> JsonObject:
    """Find files.

    Args:
        patterns: such as `src/**/*.py`, relative to the execution's root; `**` stands for any folders.
        exclude: patterns of files to leave out. Repositories' own folders and environments are always left out.
        context: of the visit.

    Returns:
        `files` (sorted, relative), `count`, `bytes` (together), `summary`.

    Raises:
        ActionError: `invalid-input`, `too-many`.
    """
    found = matching(context, patterns, exclude=exclude or ())
    sizes = [(context.workspace.root / name).lstat().st_size for name in found]
    return {
        "files": found,
        "count": len(found),
        "bytes": sum(sizes),
        "summary": f"{len(found)} file{'' if len(found) == 1 else 's'}",
    }
