"""Editing a value in brackets until it means what was intended; what does not change keeps its bytes.

What comes from another text brings its own spelling and its comments, indented as the first text is. A comment of
another text about something that both have is put above that.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from treadle_merging._align import align, called
from treadle_merging._brackets import (
    Element,
    Node,
    Syntax,
    all_comments,
    brackets,
    inner_comments,
    own_comments,
    raw,
)
from treadle_merging._rules import KeyPath, Rules
from treadle_merging._values import Value, items, same


class Editor:
    """Edits values of one text.

    Args:
        indent: by what a level is indented in it.
        rules: what its format knows about its places.
        syntax: what its brackets look like.
    """

    def __init__(self, indent: str, rules: Rules, syntax: Syntax) -> None:
        self.indent = indent
        self.rules = rules
        self.syntax = syntax
        self._known: set[str] = set()

    def know(self, comments: Iterable[str]) -> None:
        """These comments are there."""
        self._known.update(comments)

    def strange(self, found: Iterable[str]) -> list[str]:
        """Those comments that are not there yet; from now on they are."""
        new = [one for one in dict.fromkeys(found) if one not in self._known]
        self._known.update(new)
        return new

    def value(self, path: KeyPath, node: Node, intended: Value, peers: Sequence[Node], level: int) -> str:
        """The text of a value that stands at this level."""
        if node.kind == "object" and isinstance(intended, Mapping):
            return self._object(path, node, intended, peers, level)
        if node.kind == "array" and isinstance(intended, list):
            return self._array(path, node, intended, peers, level)
        if same(node.data(), intended):
            return raw(node)
        return self._other_kind(intended, peers, level)

    def _object(
        self, path: KeyPath, node: Node, intended: Mapping[str, Value], peers: Sequence[Node], level: int
    ) -> str:
        peers = [peer for peer in peers if peer.kind == "object"]
        order = dict.fromkeys([element.key for element in node.elements if element.key in intended])
        every = []
        for key in order | dict.fromkeys(intended):
            there = [found for one in peers if (found := one.find(key))]
            every.append(self._element((*path, key), node.find(key), intended[key], there, level))
        return self._container(node, every, peers, level)

    def _array(self, path: KeyPath, node: Node, intended: list[Value], peers: Sequence[Node], level: int) -> str:
        identity = self.rules.identity(path)
        peers = [peer for peer in peers if peer.kind == "array"]
        taken = [align(intended, items(one.data()), identity) for one in peers]
        every = []
        for number, index in enumerate(align(intended, items(node.data()), identity)):
            there = [
                one.elements[found]
                for one, indices in zip(peers, taken, strict=True)
                if (found := indices[number]) is not None
            ]
            old = None if index is None else node.elements[index]
            name = called(intended[number], identity)
            every.append(self._element((*path, name), old, intended[number], there, level))
        return self._container(node, every, peers, level)

    def _element(
        self, path: KeyPath, old: Element | None, value: Value, there: Sequence[Element], level: int
    ) -> Element:
        """What stands there, edited, or a new one."""
        if old is None:
            return self._new(path, value, there, level)
        text = self.value(path, old.node, value, [found.node for found in there], level + 1)
        strange = self.strange(one for found in there for one in own_comments(found, self.syntax))
        return replace(old, node=Node("scalar", text), lead=self._lead_with(old.lead, strange, level))

    def _new(self, path: KeyPath, value: Value, there: Sequence[Element], level: int) -> Element:
        """The text of the first other that has just this, or has it at all and is united with the rest."""
        head = self.syntax.member(path[-1])
        if not there:
            return Element(
                "", path[-1], head, Node("scalar", self.syntax.dump(value, self.indent, level + 1)), new=True
            )
        element, *rest = sorted(there, key=lambda one: not same(one.node.data(), value))
        self.know(all_comments(element, self.syntax))
        node = _moved(element.node, self.indent, level + 1)
        text = self.value(path, node, value, [one.node for one in rest], level + 1)
        above = [
            *self.syntax.comments(element.lead),
            *self.strange(one for found in rest for one in own_comments(found, self.syntax)),
        ]
        tail = element.tail or "".join(f" {one}" for one in self.syntax.comments(element.gap))
        return Element("\n".join(above), element.key, element.head or head, Node("scalar", text), tail=tail, new=True)

    def _other_kind(self, value: Value, peers: Sequence[Node], level: int) -> str:
        """A value in place of another one, or of another kind of value."""
        for node in peers:
            if same(node.data(), value):
                self.know(inner_comments(node, self.syntax))
                return raw(_moved(node, self.indent, level))
        return self.syntax.dump(value, self.indent, level)

    def _container(self, node: Node, every: list[Element], peers: Sequence[Node], level: int) -> str:
        """Elements between brackets, with commas where they are needed and new ones laid out as the old ones are."""
        opening, closing = brackets(node)
        end = self._end(node, every, peers, level)
        self._lay_out(node, every, level)
        trailing = node.elements[-1].comma if node.elements else self._ends_with_commas(node, every)
        commas = [trailing or one is not every[-1] for one in every]
        body = "".join(
            f"{one.lead}{'' if node.kind == 'array' else one.head}{one.node.text}{one.gap}{',' * comma}{one.tail}"
            for one, comma in zip(every, commas, strict=True)
        )
        return opening + body + end + closing

    def _ends_with_commas(self, node: Node, every: list[Element]) -> bool:
        return self.syntax.trailing and self._is_broken(node, every)

    def _lay_out(self, node: Node, every: list[Element], level: int) -> None:
        """New elements get a line each, or stand in the line where all of them do."""
        start = "\n" + self.indent * (level + 1)
        broken = self._is_broken(node, every)
        for number, one in enumerate(every):
            if one.new:
                one.lead = _lines(one.lead, start) if broken else " " * bool(number)

    def _end(self, node: Node, every: list[Element], peers: Sequence[Node], level: int) -> str:
        """What stands before the closing bracket, with the comments that the others have there."""
        end = node.closing
        if any(one.new for one in every) and self._is_broken(node, every) and (node.inline or not node.elements):
            end = end.rstrip(" ") + ("" if end.rstrip(" \t").endswith("\n") else "\n") + self.indent * level
        strange = self.strange(one for other in peers for one in self.syntax.comments(other.closing))
        inner = "\n" + self.indent * (level + 1)
        above = "".join(inner + one for one in strange)
        return above + (end if "\n" in end or not above else "\n" + self.indent * level)

    def _lead_with(self, lead: str, above: list[str], level: int) -> str:
        """What stands before an element, with further comments in lines of their own."""
        if not above:
            return lead
        start = "\n" + self.indent * (level + 1)
        stem = lead.rstrip(" \t").removesuffix("\n")
        return stem + "".join(start + one for one in above) + start

    def _is_broken(self, node: Node, every: list[Element]) -> bool:
        """New elements go to lines of their own: the old ones do, there are none, or there are comments."""
        if node.kind == "object" and not self.syntax.broken_objects:
            return False
        mark = self.syntax.line_comment
        return not node.inline or any(mark in one.lead + one.tail or (one.new and one.lead) for one in every)


def _moved(node: Node, indent: str, level: int) -> Node:
    """The value with its lines indented as a value at this level is."""
    if node.kind == "scalar":
        return node
    inner = indent * (level + 1)
    elements = [
        replace(one, lead=_indented(one.lead, inner, inner), node=_moved(one.node, indent, level + 1))
        for one in node.elements
    ]
    return Node(node.kind, "", None, elements, _indented(node.closing, inner, indent * level))


def _indented(trivia: str, inner: str, last: str) -> str:
    """Blanks and comments with their lines indented anew: the last one by `last`, the others by `inner`."""
    first, *lines = trivia.split("\n")
    if not lines:
        return trivia
    between = [inner + line.lstrip(" \t") if line.strip() else "" for line in lines[:-1]]
    return "\n".join([first, *between, last + lines[-1].lstrip(" \t")])


def _lines(above: str, start: str) -> str:
    """Comments and then the element, each in a line of its own."""
    return "".join(start + line.lstrip(" \t") for line in above.split("\n") if line) + start
