"""A YAML file as a tree that knows where everything stands."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from treadle_merging import Value


class Tagged(NamedTuple):
    """A scalar that is no text, or anything with a tag of its own: compared by what is written."""

    tag: str
    text: str

    def __str__(self) -> str:
        """As it is shown in the conflict table."""
        return self.text


class Alias(NamedTuple):
    """A reference to an anchor, compared by what stands there."""

    digest: str

    def __str__(self) -> str:
        """As it is shown in the conflict table."""
        return "an alias"


@dataclass(slots=True)
class Node:
    """A value.

    Attributes:
        kind: what it is; a leaf is a scalar, an alias, or something with a tag of its own.
        start: where it begins, its anchor and tag included.
        end: where its last character is; blanks and comments behind it do not count.
        column: of a block, where its entries begin.
        flow: it stands in brackets.
        leaf: what a leaf means.
        entries: what a mapping or list holds.
    """

    kind: Literal["map", "list", "leaf"]
    start: int
    end: int
    column: int = 0
    flow: bool = False
    leaf: Value = None
    entries: list["Entry"] = field(default_factory=list)

    def data(self) -> Value:
        """What it means."""
        if self.kind == "map":
            return {entry.key: entry.node.data() for entry in self.entries}
        return [entry.node.data() for entry in self.entries] if self.kind == "list" else self.leaf

    def find(self, key: str) -> "Entry | None":
        """The entry of a mapping with that key."""
        return next((entry for entry in self.entries if entry.key == key), None)


@dataclass(slots=True)
class Entry:
    """An entry of a mapping, or an item of a list. `start` is where its key or its dash stands; `flow`: in brackets."""

    key: str
    start: int
    node: Node
    flow: bool


class Reference(NamedTuple):
    """An anchor (`&name`) or an alias (`*name`); `digest` is what it means."""

    at: int
    name: str
    digest: str


@dataclass(slots=True)
class Document:
    """A whole file.

    Attributes:
        text: as it stands there.
        root: its value, or None when there are only comments.
        comments: where each comment begins, and its text.
        anchors: names that are given.
        aliases: names that are used.
    """

    text: str
    root: Node | None
    comments: list[tuple[int, str]] = field(default_factory=list)
    anchors: list[Reference] = field(default_factory=list)
    aliases: list[Reference] = field(default_factory=list)

    def data(self) -> Value:
        """What it means; a file of comments only is an empty mapping."""
        return self.root.data() if self.root else {}

    def line_start(self, at: int) -> int:
        """Where the line of a place begins."""
        return self.text.rfind("\n", 0, at) + 1

    def line_end(self, at: int) -> int:
        """Behind the line end of a place's line."""
        end = self.text.find("\n", at)
        return len(self.text) if end < 0 else end + 1

    def column(self, at: int) -> int:
        """How far a place is from the beginning of its line."""
        return at - self.line_start(at)

    def lead(self, entry: Entry) -> int:
        """Where the comments and blank lines directly above an entry begin; its own line if there are none."""
        start = self.line_start(entry.start)
        column = self.column(entry.start)
        while start:
            above = self.line_start(start - 1)
            line = self.text[above : start - 1]
            if line.strip() and not (line.lstrip().startswith("#") and len(line) - len(line.lstrip()) <= column):
                break
            start = above
        return start

    def stop(self, entry: Entry) -> int:
        """Behind an entry: its last line and the comments that are indented deeper than it."""
        at = self.line_end(max(entry.node.end, entry.start))
        column, end = self.column(entry.start), at
        while at < len(self.text):
            line = self.text[at : self.line_end(at)]
            if line.strip() and not (line.lstrip().startswith("#") and len(line) - len(line.lstrip()) > column):
                break
            at = self.line_end(at)
            end = at if line.strip() else end
        return end

    def between(self, start: int, end: int) -> list[str]:
        """The comments between two places."""
        return [comment for at, comment in self.comments if start <= at < end]


def walk(node: Node) -> Iterator[Node]:
    """A node and all below it."""
    yield node
    for entry in node.entries:
        yield from walk(entry.node)


def digest(value: Value) -> str:
    """A short name for a value, the same for equal values."""
    return hashlib.sha256(_canonical(value).encode()).hexdigest()[:16]


def _canonical(value: Value) -> str:
    if isinstance(value, Mapping):
        return "{" + ",".join(sorted(f"{key!r}:{_canonical(item)}" for key, item in value.items())) + "}"
    return "[" + ",".join(map(_canonical, value)) + "]" if isinstance(value, list) else repr(value)
