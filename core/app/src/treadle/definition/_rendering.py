"""Problems as people read them: the line, a mark under it, and what to do."""

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

from treadle.definition._problems import ORDER, Problem

Format: TypeAlias = Literal["text", "json", "github", "sarif", "junit"]

_WIDEST: Final = 110
_TAB: Final = "    "
_COLORS: Final = {"error": "1;31", "warning": "1;33", "note": "1;36", "gutter": "34", "bold": "1", "hint": "1;36"}


def render_problems(
    problems: Sequence[Problem], sources: Mapping[str, str], format: Format = "text", color: bool = False
) -> str:
    """All problems in one text.

    Args:
        problems: in the order to show.
        sources: the texts of the files that were looked at, by name; also of those without problems.
        format: `text` for people; `json`, `github` (workflow commands), `sarif` (2.1.0) or `junit` for machines.
        color: mark up `text` with ANSI colours.
    """
    if format != "text":
        from treadle.definition import _formats

        return _formats.WRITERS[format](problems, sources)
    painter = _Painter(color)
    lines = {file: text.splitlines() for file, text in sources.items()}
    frames = [painter.frame(problem, lines.get(problem.file, ())) for problem in problems]
    return "\n".join([*frames, painter.summary(problems)]) if frames else ""


class _Painter:
    def __init__(self, color: bool) -> None:
        self._color = color

    def _paint(self, text: str, style: str) -> str:
        return f"\x1b[{_COLORS[style]}m{text}\x1b[0m" if self._color and text else text

    def frame(self, problem: Problem, lines: Sequence[str]) -> str:
        """One problem with its line."""
        code = self._paint(f"{problem.severity}[{problem.code}]", problem.severity)
        told = [f"{code}: {self._paint(problem.message, 'bold')}"]
        told += self._excerpt(problem, lines)
        if problem.hint:
            told.append(f"{self._paint('hint', 'hint')}: {problem.hint}")
        return "\n".join([*told, f"{self._paint('help', 'hint')}: treadle explain {problem.code}", ""])

    def _excerpt(self, problem: Problem, lines: Sequence[str]) -> list[str]:
        number = str(problem.line)
        margin = " " * len(number)
        corner = self._paint(f"{margin} ┌─", "gutter")
        if not problem.line:
            return [f"{corner} {problem.file}"] if problem.file else []
        where = f"{corner} {problem.file}:{problem.line}:{problem.column}"
        if problem.line > len(lines):
            return [where]
        before, marked, after = _cut(lines[problem.line - 1], problem.column - 1, problem.length)
        bar = self._paint(f"{margin} │", "gutter")
        mark = " " * _width(before) + "^" * max(_width(marked), 1)
        label = f" {problem.label}" if problem.label else ""
        source = f"{self._paint(f'{number} │', 'gutter')} {before}{marked}{after}"
        return [where, bar, source, f"{bar} {self._paint(mark + label, problem.severity)}", bar]

    def summary(self, problems: Sequence[Problem]) -> str:
        """`2 errors, 1 note`."""
        counts = Counter(problem.severity for problem in problems)
        words = [f"{counts[name]} {name}{'s' if counts[name] > 1 else ''}" for name in ORDER if name in counts]  # type: ignore[index]
        return ", ".join(words) + "\n"


def _cut(line: str, start: int, length: int) -> tuple[str, str, str]:
    """The line before, under and behind the mark, without what would not fit on a screen."""
    before, marked, after = line[:start], line[start : start + length], line[start + length :]
    if len(line) > _WIDEST:
        marked = marked if len(marked) <= _WIDEST else marked[: _WIDEST - 1] + "…"
        room = max(_WIDEST - len(marked), 20)
        before = before if len(before) <= room // 2 else "…" + before[-(room // 2) :]
        after = after if len(after) <= room // 2 else after[: room // 2] + "…"
    return _shown(before), _shown(marked), _shown(after)


def _shown(text: str) -> str:
    """Tabs as spaces, and nothing that would move a terminal's cursor."""
    return "".join(character if character.isprintable() else "�" for character in text.replace("\t", _TAB))


def _width(text: str) -> int:
    """Columns on a terminal."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )
