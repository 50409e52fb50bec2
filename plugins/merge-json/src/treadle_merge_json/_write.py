"""Editing a JSON text until it means what was intended; what does not change keeps its bytes.

What comes from another text brings its own spelling and its comments, indented as the first text is. A comment of
another text about something that both have is put above that.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from treadle_merging import KeyPath, Rules, Value, align, called, items, same

from treadle_merge_json._tree import Document, Element, Node, all_comments, comments, own_comments

Peer: TypeAlias = tuple[Document, Node]
"""A node of another document at the same place."""


def write(documents: Sequence[Document], intended: Value, rules: Rules) -> str:
    """The first document's text, edited to mean `intended`; the others lend their text."""
    first, *others = documents
    writer = _Writer(first, rules)
    root = writer.value((), first.root, intended, [(other, other.root) for other in others], 0)
    above = writer.strange(one for other in others for one in comments(other.before))
    below = writer.strange(one for other in others for one in comments(other.after))
    before = first.before + "".join(f"{one}\n" for one in above)
    after = first.after.rstrip("\n") + "".join(f"\n{one}" for one in below) + "\n" if below else first.after
    return before + root + after


class _Writer:
    def __init__(self, first: Document, rules: Rules) -> None:
        self.indent = first.indent
        self.rules = rules
        self.known = set(all_comments(first))

    def value(self, path: KeyPath, node: Node, intended: Value, peers: Sequence[Peer], level: int) -> str:
        """The text of a value that stands at this level."""
        if node.kind == "object" and isinstance(intended, Mapping):
            return self._object(path, node, intended, peers, level)
        if node.kind == "array" and isinstance(intended, list):
            return self._array(path, node, intended, peers, level)
        if same(node.data(), intended):
            return _raw(node)
        return self._other_kind(intended, peers, level)

    def strange(self, found: Iterable[str]) -> list[str]:
        """Those comments that are not there yet; from now on they are."""
        new = [one for one in dict.fromkeys(found) if one not in self.known]
        self.known.update(new)
        return new

    def _object(
        self, path: KeyPath, node: Node, intended: Mapping[str, Value], peers: Sequence[Peer], level: int
    ) -> str:
        peers = [peer for peer in peers if peer[1].kind == "object"]
        order = dict.fromkeys([element.key for element in node.elements if element.key in intended])
        every = []
        for key in order | dict.fromkeys(intended):
            there = [(other, found) for other, one in peers if (found := one.find(key))]
            every.append(self._element((*path, key), node.find(key), intended[key], there, level))
        return self._container(node, every, peers, level)

    def _array(self, path: KeyPath, node: Node, intended: list[Value], peers: Sequence[Peer], level: int) -> str:
        identity = self.rules.identity(path)
        peers = [peer for peer in peers if peer[1].kind == "array"]
        taken = [align(intended, items(one.data()), identity) for _, one in peers]
        every = []
        for number, index in enumerate(align(intended, items(node.data()), identity)):
            there = [
                (other, one.elements[found])
                for (other, one), indices in zip(peers, taken, strict=True)
                if (found := indices[number]) is not None
            ]
            old = None if index is None else node.elements[index]
            name = called(intended[number], identity)
            every.append(self._element((*path, name), old, intended[number], there, level))
        return self._container(node, every, peers, level)

    def _element(
        self, path: KeyPath, old: Element | None, value: Value, there: Sequence[tuple[Document, Element]], level: int
    ) -> Element:
        """What stands there, edited, or a new one."""
        if old is None:
            return self._new(path, value, there, level)
        text = self.value(path, old.node, value, [(other, found.node) for other, found in there], level + 1)
        strange = self.strange(one for _, found in there for one in own_comments(found))
        return replace(old, node=Node("scalar", text), lead=self._lead_with(old.lead, strange, level))

    def _new(self, path: KeyPath, value: Value, there: Sequence[tuple[Document, Element]], level: int) -> Element:
        """The text of the first other that has just this, or has it at all and is united with the rest."""
        head = f"{json.dumps(path[-1], ensure_ascii=False)}: "
        if not there:
            return Element("", path[-1], head, Node("scalar", _dumped(value, self.indent, level + 1)), new=True)
        (_, element), *rest = sorted(there, key=lambda one: not same(one[1].node.data(), value))
        self.known.update(_all_of(element))
        node = _moved(element.node, self.indent, level + 1)
        text = self.value(path, node, value, [(other, one.node) for other, one in rest], level + 1)
        above = [*comments(element.lead), *self.strange(one for _, found in rest for one in own_comments(found))]
        tail = element.tail or "".join(f" {one}" for one in comments(element.gap))
        return Element("\n".join(above), element.key, element.head or head, Node("scalar", text), tail=tail, new=True)

    def _other_kind(self, value: Value, peers: Sequence[Peer], level: int) -> str:
        """A value in place of another one, or of another kind of value."""
        for _, node in peers:
            if same(node.data(), value):
                self.known.update(_all_within(node))
                return _raw(_moved(node, self.indent, level))
        return _dumped(value, self.indent, level)

    def _container(self, node: Node, every: list[Element], peers: Sequence[Peer], level: int) -> str:
        """Elements between brackets, with commas where they are needed and new ones laid out as the old ones are."""
        opening, closing = ("{", "}") if node.kind == "object" else ("[", "]")
        end = self._end(node, every, peers, level)
        self._lay_out(node, every, level)
        trailing = bool(node.elements) and node.elements[-1].comma
        commas = [trailing or one is not every[-1] for one in every]
        body = "".join(
            f"{one.lead}{'' if node.kind == 'array' else one.head}{one.node.text}{one.gap}{',' * comma}{one.tail}"
            for one, comma in zip(every, commas, strict=True)
        )
        return opening + body + end + closing

    def _lay_out(self, node: Node, every: list[Element], level: int) -> None:
        """New elements get a line each, or stand in the line where all of them do."""
        start = "\n" + self.indent * (level + 1)
        broken = _is_broken(node, every)
        for number, one in enumerate(every):
            if one.new:
                one.lead = _lines(one.lead, start) if broken else " " * bool(number)

    def _end(self, node: Node, every: list[Element], peers: Sequence[Peer], level: int) -> str:
        """What stands before the closing bracket, with the comments that the others have there."""
        end = node.closing
        if any(one.new for one in every) and _is_broken(node, every) and (node.inline or not node.elements):
            end = end.rstrip(" ") + ("" if end.rstrip(" \t").endswith("\n") else "\n") + self.indent * level
        strange = self.strange(one for _, other in peers for one in comments(other.closing))
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


def _is_broken(node: Node, every: list[Element]) -> bool:
    """New elements go to lines of their own: the old ones do, there are none, or there are comments."""
    return not node.inline or any("//" in one.lead + one.tail or (one.new and one.lead) for one in every)


def _raw(node: Node) -> str:
    if node.kind == "scalar":
        return node.text
    opening, closing = ("{", "}") if node.kind == "object" else ("[", "]")
    body = "".join(f"{one.lead}{one.head}{_raw(one.node)}{one.gap}{',' * one.comma}{one.tail}" for one in node.elements)
    return opening + body + node.closing + closing


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


def _dumped(value: Value, indent: str, level: int) -> str:
    return json.dumps(value, indent=indent, ensure_ascii=False).replace("\n", "\n" + indent * level)


def _all_of(element: Element) -> list[str]:
    return [*own_comments(element), *_all_within(element.node)]


def _all_within(node: Node) -> list[str]:
    return [one for element in node.elements for one in _all_of(element)] + list(comments(node.closing))
