"""Values in brackets, objects and arrays, as a tree that gives every byte back."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from treadle_merging._values import Value


@dataclass(frozen=True, slots=True)
class Syntax:
    """What a format's brackets look like.

    Args:
        comments: the comments in blanks and comments, without the blanks around them.
        line_comment: what begins a comment that ends with its line.
        dump: a value as text, by what a level is indented, and the level its first line stands at.
        member: a key and what stands between it and its value.
        broken_objects: an object may stretch over several lines.
        trailing: the last of several lines ends with a comma too.
    """

    comments: Callable[[str], Iterable[str]]
    line_comment: str
    dump: Callable[[Value, str, int], str]
    member: Callable[[str], str]
    broken_objects: bool = True
    trailing: bool = False


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
        note: comments in the head.
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
    note: str = ""
    gap: str = ""
    comma: bool = False
    tail: str = ""
    new: bool = False


def raw(node: Node) -> str:
    """A value as it was written."""
    if node.kind == "scalar":
        return node.text
    opening, closing = brackets(node)
    body = "".join(f"{one.lead}{one.head}{raw(one.node)}{one.gap}{',' * one.comma}{one.tail}" for one in node.elements)
    return opening + body + node.closing + closing


def brackets(node: Node) -> tuple[str, str]:
    """What opens and closes an object or array."""
    return ("{", "}") if node.kind == "object" else ("[", "]")


def own_comments(element: Element, syntax: Syntax) -> list[str]:
    """The comments that belong to one element, not those inside its value."""
    return [
        one for trivia in (element.lead, element.note, element.gap, element.tail) for one in syntax.comments(trivia)
    ]


def inner_comments(node: Node, syntax: Syntax) -> list[str]:
    """All comments between the brackets of a value."""
    inside = [one for element in node.elements for one in all_comments(element, syntax)]
    return [*inside, *syntax.comments(node.closing)]


def all_comments(element: Element, syntax: Syntax) -> list[str]:
    """The comments that belong to one element, and those inside its value."""
    return [*own_comments(element, syntax), *inner_comments(element.node, syntax)]
