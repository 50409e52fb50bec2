"""Definitions in other dialects: a plugin's format turns the file into the canonical tree, places included."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from treadle_hookspecs import Derived, Mapped, MappingProblem, Placed, Translation

from treadle.definition._document import Document, Entry, Items, Node, Scalar, Span, items_of, table_of
from treadle.definition._problems import Problem
from treadle.definition._reading import read
from treadle.definition._text import UnreadableError, checked

if TYPE_CHECKING:
    from treadle.definition._catalogue import Catalogue

_HEAD: Final = 4096
"""Characters that a format sees of a file to tell whether it is its own."""

_CANONICAL: Final = re.compile(r"""(?m)^(?:\s*\{)?\s*["']?treadle["']?\s*:""")


class Dialect(Protocol):
    """A format of a plugin, imported."""

    @property
    def name(self) -> str:
        """What messages call it."""

    def load(self, source: "Source") -> Translation:
        """The canonical definition."""


@dataclass(frozen=True, slots=True)
class Source:
    """`DefinitionSource`."""

    name: str
    text: str
    found: list[Problem]
    catalogue: "Catalogue"

    def tree(self) -> Placed:
        """The file as YAML or JSON. Raises `UnreadableError`, which the loader takes care of."""
        document, problems = read(self.text, self.name)
        self.found.extend(problems)
        return _placed(document.root, None)

    def json5(self, at: int) -> Placed:
        """The JSON5 value at a character. Raises `UnreadableError`, which the loader takes care of."""
        from treadle.definition._json5_text import read_json5

        root, problems = read_json5(self.text, self.name, at)
        self.found.extend(problems)
        return _placed(root, None)

    def inputs_of(self, action: str) -> frozenset[str] | None:
        """The names of an action's inputs."""
        schema = self.catalogue.action_inputs(action)
        properties = (schema or {}).get("properties")
        open_ended = schema is None or schema.get("additionalProperties", False) is not False
        return None if open_ended or not isinstance(properties, Mapping) else frozenset(properties)


def read_definition(text: str, name: str, catalogue: "Catalogue") -> tuple[Document, list[Problem]]:
    """The canonical document of a text, whatever dialect it is written in, and its problems at their places.

    A text that has a key `treadle` is in treadle's own language: no format is asked. Raises `UnreadableError`.
    """
    dialect = None if _CANONICAL.search(text, 0, _HEAD) else catalogue.dialect(name, text[:_HEAD])
    return read(text, name) if dialect is None else _translated(text, name, dialect, catalogue)


def _translated(text: str, name: str, dialect: Dialect, catalogue: "Catalogue") -> tuple[Document, list[Problem]]:
    source = Source(name, checked(text, name), [], catalogue)
    try:
        translation = dialect.load(source)
    except UnreadableError as error:
        raise UnreadableError(*(*source.found, *error.problems)) from None
    root = _node(translation.definition, Span(0, min(1, len(source.text))))
    document = Document(name, source.text, root)
    told = [_problem(document, problem, dialect.name) for problem in translation.problems]
    return document, [*source.found, *told]


def _placed(node: Node, key: Span | None) -> Placed:
    if isinstance(node, Scalar):
        return Placed(node.value, node.span, key)
    if isinstance(node, Items):
        return Placed(tuple(_placed(item, None) for item in node.items), node.span, key)
    return Placed({name: _placed(entry.node, entry.key) for name, entry in node.entries.items()}, node.span, key)


def _node(value: Mapped, around: Span) -> Node:
    """The tree of a value; what has no place of its own stands `around`."""
    if isinstance(value, Derived):
        return _node(value.value, Span(*value.of.span))
    if isinstance(value, Placed):
        return _node(value.value, Span(*value.span))
    if isinstance(value, Mapping):
        entries = {str(name): Entry(_key(item, around), _node(item, around)) for name, item in value.items()}
        return table_of(entries, around)
    if isinstance(value, str) or not isinstance(value, Sequence):
        return Scalar(value, around, value if isinstance(value, str) else str(value))
    return items_of([_node(item, around) for item in value], around)


def _key(value: Mapped, around: Span) -> Span:
    source = value.of if isinstance(value, Derived) else value
    if not isinstance(source, Placed):
        return around
    return Span(*(source.key or source.span))


def _problem(document: Document, problem: MappingProblem, dialect: str) -> Problem:
    message = f"{problem.message} (read as {dialect})"
    if problem.at is None:
        return Problem("TRD0118", problem.severity, message, document.name, hint=problem.hint)
    at = document.place(Span(*problem.at.span))
    return Problem("TRD0118", problem.severity, message, document.name, at.line, at.column, at.length, problem.hint)
