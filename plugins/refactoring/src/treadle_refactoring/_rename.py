"""`refactoring/rename` and `refactoring/extract`, by rope."""

import asyncio
import keyword
from typing import Any, cast

from treadle_hookspecs import ActionContext, ActionError, Json, JsonObject

from treadle_refactoring._files import text_files
from treadle_refactoring._places import Place, offset_of, parsed, place, source
from treadle_refactoring._rope import mentions, project, unsure_of, written


async def rename(target: str, to: str, *, context: ActionContext) -> JsonObject:
    """Rename a definition or a module, and everything that means it, in all Python files.

    Args:
        target: `src/shop.py:Cart.total`, or `src/shop.py` for the module.
        to: the new name.
        context: of the visit.

    Returns:
        `changes` (each `{path, how, old_path}`), `unsure` (places `{path, line}` that may mean it and were left),
        `mentions` (files whose text still has the old name: prose, strings, configuration), `next_steps`, `summary`.

    Raises:
        ActionError: `not-found`, `invalid-input`, `refused` with rope's words, `does-not-parse`.
    """
    if not to.isidentifier() or keyword.iskeyword(to):
        raise ActionError(f"{to!r} is no name in Python", error_class="invalid-input", retryable=False)
    wanted = place(context, target)
    old = (wanted.name or wanted.path.removesuffix(".py")).rpartition("." if wanted.name else "/")[2]
    changes, unsure = await asyncio.to_thread(_renamed, context, wanted, to)
    left = mentions(context, old, await text_files(context))
    told = [f"see {one['path']}:{one['line']}: it may mean `{old}`" for one in unsure]
    told += [f"see whether `{old}` in {path} means what is `{to}` now" for path in left]
    return {
        "changes": cast("list[Json]", changes),
        "unsure": cast("list[Json]", unsure),
        "mentions": left,
        "next_steps": cast("list[Json]", told),
        "summary": f"`{old}` is `{to}` in {len(changes)} files; {len(unsure)} places unsure, {len(left)} mention it",
        "figures": [{"name": "files changed by renaming", "value": len(changes)}],
    }


def _renamed(context: ActionContext, wanted: Place, to: str) -> tuple[list[dict[str, Json]], list[dict[str, Json]]]:
    from rope.refactor.rename import Rename

    unsure: list[dict[str, Json]] = []
    with project(context) as opened:
        resource = opened.get_resource(wanted.path)
        refactoring = Rename(opened, resource, wanted.offset if wanted.name else None)
        _refuse_taken(context, wanted, to)
        found = refactoring.get_changes(to, in_hierarchy=True, unsure=unsure_of(unsure))
        return written(context, found), unsure


def _refuse_taken(context: ActionContext, wanted: Place, to: str) -> None:
    """Rope would let one definition hide another."""
    if not wanted.name:
        return
    above = wanted.name.rpartition(".")[0]
    try:
        place(context, f"{wanted.path}:{above}.{to}" if above else f"{wanted.path}:{to}")
    except ActionError:
        return
    raise ActionError(f"`{to}` is defined already beside `{wanted.name}`", error_class="refused", retryable=False)


async def extract(path: str, first: int, last: int, name: str, *, context: ActionContext) -> JsonObject:
    """Make a function of some lines, and call it in their place.

    Args:
        path: the file, relative to the execution's root.
        first: the first line, from 1.
        last: the last line.
        name: of the function.
        context: of the visit.

    Returns:
        `changes` (each `{path, how, old_path}`), `summary`.

    Raises:
        ActionError: `invalid-input`; `refused` with rope's words, e.g. when the lines are no whole statements.
    """
    if not name.isidentifier() or keyword.iskeyword(name):
        raise ActionError(f"{name!r} is no name in Python", error_class="invalid-input", retryable=False)
    text = source(context, path)
    parsed(path, text)
    lines = text.splitlines(keepends=True)
    if not 1 <= first <= last <= len(lines):
        raise ActionError(
            f"{path} has {len(lines)} lines: {first} to {last} are not all among them",
            error_class="invalid-input",
            retryable=False,
        )
    start = offset_of(text, first, 0) + len(lines[first - 1]) - len(lines[first - 1].lstrip())
    end = offset_of(text, last, 0) + len(lines[last - 1].rstrip())
    changes = await asyncio.to_thread(_extracted, context, path, start, end, name)
    return {
        "changes": cast("list[Json]", changes),
        "summary": f"lines {first} to {last} of {path} are the function `{name}`",
        "figures": [{"name": "functions extracted", "value": 1}],
    }


def _extracted(context: ActionContext, path: str, start: int, end: int, name: str) -> list[dict[str, Any]]:
    from rope.refactor.extract import ExtractMethod

    with project(context) as opened:
        resource = opened.get_resource(path)
        return written(context, ExtractMethod(opened, resource, start, end).get_changes(name))
