"""How long functions and files may be: hard limits for each, soft ones for all together."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from workspace_rules.members import members, shown

FILE_LINES: Final = 500
FUNCTION_LINES: Final = 60
LONG_FILE_LINES: Final = 400
LONG_FUNCTION_LINES: Final = 30
LONG_SHARE: Final = 0.03
"""Share of functions (and of files) that may be longer than the soft limit: "few"."""
MEDIAN_LINES: Final = 8
_COMPOUND: Final = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that has a length: `place` as messages show it, `lines` as an editor counts them."""

    place: str
    lines: int


def sources(root: Path) -> list[Path]:
    """Every Python file that is shipped."""
    return sorted(path for member in members(root) for path in member.folder.glob("src/**/*.py"))


def files(root: Path) -> list[Measure]:
    """The length of every file."""
    return [Measure(shown(path, root), len(path.read_text("utf-8").splitlines())) for path in sources(root)]


def functions(root: Path) -> list[Measure]:
    """The length of every function's body: docstrings left out, for words that explain are not what is limited.

    A function of one statement, such as a `plugin.py` that yields its table of actions, has nothing to keep in mind
    from one line to the next. It counts as one line.
    """
    return [measure for path in sources(root) for measure in _functions(path, shown(path, root))]


def hard_limits(root: Path) -> list[str]:
    """No file and no function that nobody can keep in mind."""
    long_files = [f"{it.place} has {it.lines} lines, over {FILE_LINES}" for it in files(root) if it.lines > FILE_LINES]
    long_functions = [
        f"{it.place} has {it.lines} lines, over {FUNCTION_LINES}" for it in functions(root) if it.lines > FUNCTION_LINES
    ]
    return long_files + long_functions


def soft_limits(root: Path) -> list[str]:
    """A median of about eight lines, few functions above thirty, few files above four hundred."""
    lengths = functions(root)
    broken = _few(lengths, LONG_FUNCTION_LINES, "functions") + _few(files(root), LONG_FILE_LINES, "files")
    middle = median(it.lines for it in lengths) if lengths else 0
    return broken + ([f"the median function has {middle} lines, over {MEDIAN_LINES}"] if middle > MEDIAN_LINES else [])


def _few(measures: list[Measure], limit: int, what: str) -> list[str]:
    over = sorted((it for it in measures if it.lines > limit), key=lambda it: -it.lines)
    if len(over) <= max(1, LONG_SHARE * len(measures)):
        return []
    longest = ", ".join(f"{it.place} ({it.lines})" for it in over[:10])
    return [f"{len(over)} of {len(measures)} {what} are longer than {limit} lines: {longest}"]


def _functions(path: Path, place: str) -> Iterator[Measure]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield Measure(f"{place}:{node.lineno} {node.name}", _body_lines(node))


def _body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    documented = ast.get_docstring(node, clean=False) is not None
    body = node.body[1:] if documented else node.body
    if len(body) <= 1 and not any(isinstance(statement, _COMPOUND) for statement in body):
        return len(body)
    return (body[-1].end_lineno or 0) - body[0].lineno + 1
