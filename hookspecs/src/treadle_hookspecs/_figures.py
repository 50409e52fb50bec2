"""Figures: what steps measured, under names that gates, reports and people share.

An output is a figure where its JSON Schema says so, in an action's `outputs` or in a step's:

    "percent": {"type": "number", "figure": "test_coverage"}
    "totals": {"type": "object", "figure": {"failed": "tests_failed", "cases.new": "tests_added"}}

The second form names parts of an object by their path. Any name of lower-case letters, digits and `_` will do; those of
`FIGURES` have a title and a unit, and mean the same in every module.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from treadle_hookspecs._json import Json, JsonObject

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?")


@dataclass(frozen=True, slots=True)
class FigureKind:
    """What a figure is.

    Args:
        title: what people read.
        unit: behind its value, e.g. `%`.
        form: `number`; a list counts by its length, a text as the number that it is. `text`. `lines`: a list of lines.
        adds: the figures of several steps are added up; else the last one counts.
    """

    title: str
    unit: str = ""
    form: Literal["number", "text", "lines"] = "number"
    adds: bool = False


FIGURES: Final[Mapping[str, FigureKind]] = {
    "files_created": FigureKind("Files created", adds=True),
    "files_modified": FigureKind("Files modified", adds=True),
    "files_deleted": FigureKind("Files deleted", adds=True),
    "tests_added": FigureKind("Tests added", adds=True),
    "tests": FigureKind("Tests"),
    "tests_failed": FigureKind("Tests failed"),
    "test_errors": FigureKind("Tests that could not run"),
    "test_coverage": FigureKind("Coverage", "%"),
    "changed_coverage": FigureKind("Coverage of the change", "%"),
    "quality_score": FigureKind("Quality score", form="text"),
    "complexity": FigureKind("Highest complexity"),
    "style_findings": FigureKind("Style findings"),
    "security_issues": FigureKind("Security issues"),
    "docstring_coverage": FigureKind("Docstrings", "%"),
    "broken_links": FigureKind("Broken links"),
    "cost": FigureKind("Cost", adds=True),
    "tokens": FigureKind("Tokens", adds=True),
    "pull_request": FigureKind("Pull request", form="text"),
    "achievements": FigureKind("Achievements", form="lines", adds=True),
    "next_steps": FigureKind("Next steps", form="lines", adds=True),
}
"""The names that all modules share."""


class Figure(NamedTuple):
    """A figure of one visit: a number, a text, or a list of lines."""

    name: str
    value: Json
    step: str
    """`scope/step`, without the visit."""
    visit: int = 1


def figure_kind(name: str) -> FigureKind:
    """What a figure is; one that is not among `FIGURES` is a number with its name as title."""
    return FIGURES.get(name) or FigureKind(name.replace("_", " ").capitalize())


def figure_marks(schema: JsonObject | None) -> tuple[tuple[str, str], ...]:
    """`(figure, path)` of each output that a JSON Schema of type object marks; a path is `output` or `output.part`."""
    properties = schema.get("properties") if schema is not None else None
    if not isinstance(properties, Mapping):
        return ()
    return tuple(mark for name, output in properties.items() for mark in _marks(str(name), output))


def _marks(name: str, output: Json) -> Iterator[tuple[str, str]]:
    mark = output.get("figure") if isinstance(output, Mapping) else None
    if isinstance(mark, str):
        yield mark, name
    elif isinstance(mark, Mapping):
        yield from ((str(figure), f"{name}.{path}") for path, figure in mark.items())


def read_figures(marks: Sequence[tuple[str, str]], outputs: Json) -> dict[str, Json]:
    """The figures in the outputs of a visit; what was not published, or is of another form, is left out."""
    found = {figure: _value(figure, _at(outputs, path)) for figure, path in marks}
    return {figure: value for figure, value in found.items() if value is not None}


def _at(value: Json, path: str) -> Json:
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _value(figure: str, value: Json) -> Json:
    form = figure_kind(figure).form
    if form == "text":
        return str(value) if isinstance(value, str | int | float) and str(value) else None
    if isinstance(value, list | tuple):
        return [str(line) for line in value] if form == "lines" else len(value)
    if form == "lines":
        return [value] if isinstance(value, str) and value else None
    if isinstance(value, str):
        return _number(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _number(text: str) -> int | float | None:
    """What a command prints is text: `81`, `81.5` and `81.5 %` are numbers."""
    written = text.strip().removesuffix("%").strip()
    if not _NUMBER.fullmatch(written):
        return None
    return float(written) if "." in written else int(written)
