"""JSON with comments as a tree that gives every byte back."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from treadle_merging import Value


@dataclass(slots=True)
class Node:
    """A value in a text.

    Attributes:
        kind: what it is.
        text: of a scalar, as it is written.
        value: of a scalar, what it means.
        elements: of an object or array.
        closing: what stands between the last element and the closing bracket.
    """

    kind: Literal["object", "array", "scalar"]
    text: str = ""
    value: Value = None
    elements: list["Element"] = field(default_factory=list)
    closing: str = ""

    def data(self) -> Value:
        """What it means."""
        if self.kind == "object":
            return {element.key: element.node.data() for element in self.elements}
        return [element.node.data() for element in self.elements] if self.kind == "array" else self.value

    def find(self, key: str) -> "Element | None":
        """The member of an object with that key."""
        return next((element for element in self.elements if element.key == key), None)

    @property
    def inline(self) -> bool:
        """All elements stand in the line of the opening bracket."""
        return bool(self.elements) and not any("\n" in element.lead for element in self.elements)


@dataclass(slots=True)
class Element:
    """A member of an object, or an item of an array, with all that belongs to it.

    Attributes:
        lead: blanks and comments before it.
        key: of a member.
        head: of a member, the key as it is written, the colon, and what stands around it.
        node: its value.
        gap: between the value and the comma.
        comma: whether one follows.
        tail: the rest of the line when only a comment stands there.
        new: it is not from the first document.
    """

    lead: str
    key: str
    head: str
    node: Node
    gap: str = ""
    comma: bool = False
    tail: str = ""
    new: bool = False


@dataclass(slots=True)
class Document:
    """A whole file: what stands before and after its value, and by what a level is indented."""

    before: str
    root: Node
    after: str
    indent: str = "  "


def comments(trivia: str) -> Iterator[str]:
    """The comments in blanks and comments, without the blanks around them."""
    place = 0
    while (start := trivia.find("/", place)) >= 0:
        block = trivia.startswith("/*", start)
        end = trivia.find("*/" if block else "\n", start)
        end = len(trivia) if end < 0 else end + 2 * block
        yield trivia[start:end].rstrip()
        place = end


def all_comments(document: Document) -> Iterator[str]:
    """Every comment of a file."""
    yield from comments(document.before)
    yield from _within(document.root)
    yield from comments(document.after)


def _within(node: Node) -> Iterator[str]:
    for element in node.elements:
        yield from own_comments(element)
        yield from _within(element.node)
    yield from comments(node.closing)


def own_comments(element: Element) -> Iterator[str]:
    """The comments that belong to one element, not those inside its value."""
    yield from comments(element.lead)
    yield from _around_colon(element.head)
    yield from comments(element.gap)
    yield from comments(element.tail)


def _around_colon(head: str) -> Iterator[str]:
    """A key may hold slashes itself."""
    if "/" in head and head.startswith('"'):
        end = 1
        while head[end] != '"':
            end += 2 if head[end] == "\\" else 1
        yield from comments(head[end + 1 :])
