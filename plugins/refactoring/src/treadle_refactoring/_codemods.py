"""`refactoring/apply-codemod`: changes that a program can make everywhere, by LibCST."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, Final, cast

from treadle_hookspecs import ActionContext, ActionError, Json, JsonObject

from treadle_refactoring._files import text_files

CODEMODS: Final[Mapping[str, str]] = {
    "remove-unused-imports": "libcst.codemod.commands.remove_unused_imports:RemoveUnusedImportsCommand",
    "f-strings": "libcst.codemod.commands.convert_percent_format_to_fstring:ConvertPercentFormatStringCommand",
    "format-to-f-strings": "libcst.codemod.commands.convert_format_to_fstring:ConvertFormatStringCommand",
    "union-types": "libcst.codemod.commands.convert_union_to_or:ConvertUnionToOrCommand",
    "no-unnecessary-format": "libcst.codemod.commands.unnecessary_format_string:UnnecessaryFormatString",
}
"""What can be applied, by name."""


async def apply_codemod(name: str, target: str = "", *, context: ActionContext) -> JsonObject:
    """Change Python files by a rule, everything else in them kept to the byte.

    Args:
        name: `remove-unused-imports`, `f-strings` (from `%`), `format-to-f-strings`, `union-types`,
            `no-unnecessary-format`.
        target: a folder or file; everything by default.
        context: of the visit.

    Returns:
        `changes` (each `{path, how}`), `skipped` (each `{path, reason}`), `checked` (files), `summary`, `figures`.

    Raises:
        ActionError: `invalid-input` for an unknown name.
    """
    if name not in CODEMODS:
        raise ActionError(
            f"there is no codemod `{name}`; there are {', '.join(CODEMODS)}",
            error_class="invalid-input",
            retryable=False,
        )
    files = [path for path in await text_files(context, target) if path.endswith(".py")]
    texts = {path: context.workspace.read_text(path) for path in files}
    changed, skipped = await asyncio.to_thread(_changed, name, texts, context.workspace.root)
    if changed:
        with context.workspace.transaction() as transaction:
            for path, text in changed.items():
                transaction.write(path, text.encode(), context.workspace.path(path).stat().st_mode & 0o777)
    return {
        "changes": [{"path": path, "how": "modified"} for path in changed],
        "skipped": cast("list[Json]", skipped),
        "checked": len(files),
        "summary": f"{name}: {len(changed)} of {len(files)} files changed, {len(skipped)} skipped",
        "figures": [{"name": "files changed by codemod", "value": len(changed)}],
    }


def _changed(name: str, texts: Mapping[str, str], root: Path) -> tuple[dict[str, str], list[dict[str, Json]]]:
    from libcst.codemod import CodemodContext, TransformFailure, TransformSuccess, transform_module

    changed: dict[str, str] = {}
    skipped: list[dict[str, Json]] = []
    command: Any = resolve_name(CODEMODS[name])
    for path, text in texts.items():
        result = transform_module(command(CodemodContext(filename=str(root / path))), text)
        if isinstance(result, TransformSuccess) and result.code != text:
            changed[path] = result.code
        elif isinstance(result, TransformFailure):
            skipped.append({"path": path, "reason": str(result.error).strip().partition("\n")[0]})
    return changed, skipped
