"""A definition's text as a tree in which every key and every value knows its place."""

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from treadle_hookspecs import Json

Path: TypeAlias = tuple[str | int, ...]
"""Keys and indices from the root to a value."""

MAX_BYTES: Final = 4 * 1024 * 1024
MAX_DEPTH: Final = 64
MAX_NODES: Final = 1_000_000


class Span(NamedTuple):
    """From one character of the text to before another, from 0."""

    start: int
    end: int


class Place(NamedTuple):
    """Line and column from 1, and how many characters of that line."""

    line: int
    column: int
    length: int


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value. `raw` is its text before it was read as a number, a boolean or null."""

    value: bool | int | float | str | None
    span: Span
    raw: str
    height: int = 0

    @property
    def weight(self) -> int:
        """What it counts towards `MAX_NODES`: long texts count more, so that aliases cannot multiply them."""
        return 1 + len(self.raw) // 64


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple["Node", ...]
    span: Span
    weight: int = 1
    height: int = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """A key's place and its value."""

    key: Span
    node: "Node"


@dataclass(frozen=True, slots=True)
class Table:
    """An object."""

    entries: dict[str, Entry]
    span: Span
    weight: int = 1
    height: int = 1


Node: TypeAlias = Scalar | Items | Table


def items_of(nodes: Sequence[Node], span: Span) -> Items:
    """A list node with its measures. A node that several aliases share counts each time."""
    return Items(tuple(nodes), span, *_measures(nodes))


def table_of(entries: dict[str, Entry], span: Span) -> Table:
    """An object node with its measures."""
    return Table(entries, span, *_measures([entry.node for entry in entries.values()]))


def _measures(nodes: Sequence[Node]) -> tuple[int, int]:
    return 1 + sum(node.weight for node in nodes), 1 + max((node.height for node in nodes), default=0)


def plain(node: Node) -> Json:
    """The data without the places. Of a shared node every use is a copy of its own."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    return {key: plain(entry.node) for key, entry in node.entries.items()}


def scalars(node: Node) -> Iterator[Scalar]:
    """Every scalar below a node, in the order written."""
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Items):
        for item in node.items:
            yield from scalars(item)
    else:
        for entry in node.entries.values():
            yield from scalars(entry.node)


@dataclass(frozen=True, slots=True)
class Document:
    """A text and its tree."""

    name: str
    text: str
    root: Node
    _lines: list[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_lines", line_starts(self.text))

    def place(self, span: Span) -> Place:
        """Where a span begins, cut at the end of its line."""
        return place(self.text, self._lines, span)

    def node(self, path: Path) -> Node | None:
        """The value at a path, or None."""
        node: Node | None = self.root
        for step in path:
            node = _child(node, step)
        return node

    def nearest(self, path: Path) -> Span:
        """The span of the value at a path; of the nearest value around it where there is none."""
        node = self.root
        for step in path:
            child = _child(node, step)
            if child is None:
                break
            node = child
        return node.span

    def key(self, path: Path) -> Span:
        """The span of the key that a path ends with; for a list's item the item's."""
        parent = self.node(path[:-1]) if path else None
        if isinstance(parent, Table) and path[-1] in parent.entries:
            return parent.entries[str(path[-1])].key
        return self.nearest(path)

    def within(self, scalar: Scalar, offset: int, length: int) -> Span:
        """The span of a part of a scalar's text.

        Quotes, escapes, indentation and folding stand between a value and its source; so the part is looked up in the
        source, by how often it occurred before. Where it is not there (an escape inside), the whole scalar is meant.
        """
        part = scalar.raw[offset : offset + max(length, 1)]
        source = self.text[scalar.span.start : scalar.span.end]
        at = -1
        for _ in range(scalar.raw.count(part, 0, offset) + 1 if part.strip() else 0):
            at = source.find(part, at + 1)
            if at < 0:
                break
        return Span(scalar.span.start + at, scalar.span.start + at + len(part)) if at >= 0 else scalar.span


def _child(node: Node | None, step: str | int) -> Node | None:
    if isinstance(node, Table):
        entry = node.entries.get(str(step)) if isinstance(step, str) else None
        return entry.node if entry else None
    if isinstance(node, Items) and isinstance(step, int) and step < len(node.items):
        return node.items[step]
    return None


def line_starts(text: str) -> list[int]:
    """The offset of every line's first character."""
    starts = [0]
    position = text.find("\n")
    while position >= 0:
        starts.append(position + 1)
        position = text.find("\n", position + 1)
    return starts


def place(text: str, lines: Sequence[int], span: Span) -> Place:
    """Line, column and length of a span."""
    number = bisect.bisect_right(lines, span.start) - 1
    end_of_line = lines[number + 1] - 1 if number + 1 < len(lines) else len(text)
    length = min(span.end, end_of_line) - span.start
    return Place(number + 1, span.start - lines[number] + 1, max(length, 1))
