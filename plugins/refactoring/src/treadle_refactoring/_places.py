"""Where a name is defined: `src/shop.py:Cart.total` is a place in a text."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from treadle_hookspecs import ActionContext, ActionError

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True)
class Place:
    """A definition: the file, relative to the root, and where its name begins, in characters."""

    path: str
    name: str
    offset: int


def place(context: ActionContext, target: str) -> Place:
    """The place of `PATH:NAME`, e.g. `src/shop.py:Cart.total`, or `PATH` for a whole module.

    Raises:
        ActionError: `invalid-input` when it is not written so; `not-found` with names that look like it.
    """
    path, _, name = target.partition(":")
    if not path.endswith(".py"):
        raise ActionError(
            f"{target!r} names no definition: write it as src/shop.py:Cart.total", error_class="invalid-input"
        )
    text = source(context, path)
    if not name:
        return Place(path, "", -1)
    found = dict(_named(parsed(path, text).body, text))
    if name not in found:
        close = get_close_matches(name, found, n=3)
        hint = f"; did you mean {' or '.join(close)}?" if close else ""
        raise ActionError(f"{path} defines no `{name}`{hint}", error_class="not-found", retryable=False)
    return Place(path, name, found[name])


def source(context: ActionContext, path: str) -> str:
    """The text of a file. Raises `ActionError` (`not-found`)."""
    if not context.workspace.path(path).is_file():
        raise ActionError(f"there is no file {path}", error_class="not-found", retryable=False)
    return context.workspace.read_text(path)


def parsed(path: str, text: str) -> ast.Module:
    """Its syntax tree. Raises `ActionError` (`does-not-parse`) with line and reason."""
    try:
        return ast.parse(text, path)
    except SyntaxError as error:
        raise ActionError(
            f"{path}:{error.lineno}: {error.msg}", error_class="does-not-parse", retryable=False
        ) from error


def _named(body: Sequence[ast.stmt], text: str, above: str = "") -> Iterator[tuple[str, int]]:
    """Functions, classes and variables of a module and of its classes, with where their names begin."""
    for node in body:
        if isinstance(node, Definition):
            yield f"{above}{node.name}", _of_definition(node, text)
            if isinstance(node, ast.ClassDef):
                yield from _named(node.body, text, f"{above}{node.name}.")
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (
                (f"{above}{one.id}", offset_of(text, one.lineno, one.col_offset))
                for one in targets
                if isinstance(one, ast.Name)
            )


def _of_definition(node: Definition, text: str) -> int:
    start = offset_of(text, node.lineno, node.col_offset)
    found = re.compile(rf"(?:def|class)\s+({re.escape(node.name)})\b").search(text, start)
    return found.start(1) if found else start


def offset_of(text: str, line: int, column: int) -> int:
    """Characters before a place that `ast` names: a line from 1 and a column in bytes."""
    lines = text.splitlines(keepends=True)
    return sum(map(len, lines[: line - 1])) + len(lines[line - 1].encode()[:column].decode())
