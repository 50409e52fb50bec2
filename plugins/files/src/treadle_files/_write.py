"""`files/write`."""

import hashlib
import json
from typing import Any

from treadle_hookspecs import ActionContext, ActionError, Json, JsonObject


def write(
    path: str,
    text: str | None = None,
    value: Json = None,
    mode: str = "",
    overwrite: bool = True,
    *,
    context: ActionContext,
) -> JsonObject:
    """Write a file whole or not at all; a failure of the step undoes it.

    Args:
        path: relative to the execution's root; folders are made.
        text: what it holds.
        value: or this, as JSON.
        mode: permissions in octal, e.g. `755`; default: those that it has, or the usual.
        overwrite: false fails when something else stands there.
        context: of the visit.

    Returns:
        `path` (absolute), `bytes`, `sha256`, `changed`, `created`, `modified`, `summary`.

    Raises:
        ActionError: `invalid-input`, `exists`.
    """
    if (text is None) == (value is None):
        raise ActionError("give either `text` or `value`", error_class="invalid-input", retryable=False)
    shown = text if text is not None else json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    content = shown.encode()
    target = context.workspace.path(path)
    before = target.read_bytes() if target.is_file() else None
    if before is not None and before != content and not overwrite:
        raise ActionError(f"{path} is there already and holds something else", error_class="exists", retryable=False)
    if before != content or mode:
        with context.workspace.transaction() as changes:
            changes.write(path, content, _mode(mode))
    return _result(path, target, content, before)


def _mode(mode: str) -> int | None:
    if not mode:
        return None
    try:
        found = int(mode, 8)
    except ValueError:
        found = -1
    if not 0 <= found <= 0o777:
        raise ActionError(f"{mode!r} are no permissions such as 644", error_class="invalid-input", retryable=False)
    return found


def _result(path: str, target: Any, content: bytes, before: bytes | None) -> JsonObject:
    created, modified = ([path], []) if before is None else ([], [path] if before != content else [])
    did = "wrote" if created or modified else "nothing to change in"
    return {
        "path": str(target),
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "changed": bool(created or modified),
        "created": created,
        "modified": modified,
        "summary": f"{did} {path}",
    }
