"""A figure, and the table of all of them."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Args:
        name: what was measured.
        value: the median, in `unit`.
        limit: what it may be, in the same unit, or None when it is only reported.
        unit: e.g. `us/step`, `x raw`, `MB`.
        at_least: the limit is a floor and not a ceiling.
        durability: the `synchronous` setting under which it holds, or "".
        spread: smallest and largest repetition.
        note: what it was compared with and how.
    """

    name: str
    value: float
    unit: str
    limit: float | None = None
    at_least: bool = False
    durability: str = ""
    spread: tuple[float, float] | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """`ok`, `OVER`, `UNDER`, or "" without a limit."""
        if self.limit is None:
            return ""
        if self.at_least:
            return "ok" if self.value >= self.limit else "UNDER"
        return "ok" if self.value <= self.limit else "OVER"


HEADINGS = ("figure", "value", "unit", "limit", "", "durability", "spread", "compared with")


def render(figures: Sequence[Figure]) -> str:
    """A table in Markdown that also reads well in a terminal."""
    rows = [HEADINGS, *(_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def _row(figure: Figure) -> tuple[str, ...]:
    limit = "" if figure.limit is None else f"{'>=' if figure.at_least else '<='} {_number(figure.limit)}"
    spread = "" if figure.spread is None else " … ".join(_number(value) for value in figure.spread)
    value = _number(figure.value)
    return (figure.name, value, figure.unit, limit, figure.verdict, figure.durability, spread, figure.note)


def _number(value: float) -> str:
    """Three digits that matter."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
