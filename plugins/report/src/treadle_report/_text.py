"""Pieces of Markdown. What comes from a project or a tool is shown, and never becomes markup."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from treadle_hookspecs import Json

MARKUP: Final = re.compile(r"([\\`*\[\]<>|#~]|(?<!\w)_|_(?!\w))")
RUNS: Final = re.compile(r"`+")
CELL: Final = 300
NOTHING: Final = "—"


def plain(text: object) -> str:
    """Any text on one line, at most 300 characters, its markup escaped but for `code`."""
    line = " ".join(str(text).split())
    parts = (line if len(line) <= CELL else line[: CELL - 1] + "…").split("`")
    if len(parts) % 2 == 0:  # a backtick without its fellow
        return _escaped("`".join(parts))
    return "".join(code(part) if index % 2 else _escaped(part) for index, part in enumerate(parts))


def _escaped(text: str) -> str:
    return MARKUP.sub(r"\\\1", text)


def code(text: object) -> str:
    """Any text as code on one line, whatever backticks it holds; a pipe would end a table's cell."""
    line = " ".join(str(text).split()).replace("|", "\\|")
    if not line:
        return ""
    fence = "`" * (1 + max((len(run) for run in RUNS.findall(line)), default=0))
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{space}{line}{space}{fence}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table; the cells are Markdown already."""
    return [_row(head), _row(["---"] * len(head)), *map(_row, rows), ""]


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def duration(seconds: float | None) -> str:
    """`0.42 s`, `12.3 s`, `3 min 20 s`; a dash for None."""
    if seconds is None:
        return NOTHING
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def moment(microseconds: int) -> str:
    """`2026-01-02 03:04:05 UTC`."""
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def value(found: Json, unit: str = "") -> str:
    """A figure: numbers as they are, nothing as a dash."""
    if found is None:
        return NOTHING
    shown = {True: "yes", False: "no"}[found] if isinstance(found, bool) else str(found)
    return plain(f"{shown} {unit}".strip())


def place(file: Json, line: Json) -> str:
    """`file:line` as code, as far as it is known."""
    if not file:
        return NOTHING
    return code(f"{file}:{line}" if line else file)
