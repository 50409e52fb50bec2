"""Reading JSON with comments and trailing commas, strictly in all else."""

import json
import re
from typing import Final, NoReturn

from treadle_merging import Element, Node, Unreadable

from treadle_merge_json._tree import Document

DEEPEST: Final = 64
_TRIVIA: Final = re.compile(r"(?:[ \t\r\n]|//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)*")
_TAIL: Final = re.compile(r"(?:[ \t]|/\*(?:[^*\n]|\*(?!/))*\*/)*(?://[^\n]*)?(?=\r?\n|\Z)")
_SCALAR: Final = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null')


def read(text: str) -> Document:
    """The tree of a text. Raises `Unreadable` with line and column, also for a key that comes twice."""
    return _Reader(text).document()


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def document(self) -> Document:
        before = self._trivia()
        root = self._value(1)
        after = self._trivia()
        if self.at < len(self.text):
            self._fail("something follows the value")
        return Document(before, root, after, _indent(root))

    def _value(self, depth: int) -> Node:
        opening = self.text[self.at : self.at + 1]
        if opening in {"{", "["} and opening:
            if depth > DEEPEST:
                self._fail(f"nested deeper than {DEEPEST} levels")
            return self._container("object" if opening == "{" else "array", depth)
        found = _SCALAR.match(self.text, self.at)
        if not found:
            self._fail("a value is expected")
        self.at = found.end()
        return Node("scalar", found[0], self._meaning(found[0]))

    def _meaning(self, text: str) -> object:
        try:
            value: object = json.loads(text)
        except ValueError as problem:
            self._fail(str(problem).partition(":")[0])
        return value

    def _container(self, kind: str, depth: int) -> Node:
        node = Node("object" if kind == "object" else "array")
        self.at += 1
        keys: set[str] = set()
        while True:
            lead = self._trivia()
            if self.text.startswith("}" if kind == "object" else "]", self.at):
                self.at += 1
                node.closing = lead
                return node
            if node.elements and not node.elements[-1].comma:
                self._fail("a comma or the closing bracket is expected")
            node.elements.append(self._element(lead, keys if kind == "object" else None, depth))

    def _element(self, lead: str, keys: set[str] | None, depth: int) -> Element:
        key, head, note = ("", "", "") if keys is None else self._key(keys)
        element = Element(lead, key, head, self._value(depth + 1), note)
        after = self.at
        gap = self._trivia()
        if self.text.startswith(",", self.at):
            element.gap, element.comma = gap, True
            self.at += 1
        else:
            self.at = after
        if tail := _TAIL.match(self.text, self.at):
            element.tail = tail[0]
            self.at = tail.end()
        return element

    def _key(self, keys: set[str]) -> tuple[str, str, str]:
        start = self.at
        found = _SCALAR.match(self.text, self.at)
        if not found or not found[0].startswith('"'):
            self._fail("a key in double quotes is expected")
        key = str(self._meaning(found[0]))
        if key in keys:
            self._fail(f"the key {found[0]} comes twice")
        keys.add(key)
        self.at = found.end()
        note = self._trivia()
        if not self.text.startswith(":", self.at):
            self._fail("a colon is expected")
        self.at += 1
        note += self._trivia()
        return key, self.text[start : self.at], note

    def _trivia(self) -> str:
        found = _TRIVIA.match(self.text, self.at)
        start, self.at = self.at, found.end() if found else self.at
        return self.text[start : self.at]

    def _fail(self, what: str) -> NoReturn:
        line = self.text.count("\n", 0, self.at) + 1
        column = self.at - (self.text.rfind("\n", 0, self.at) + 1) + 1
        raise Unreadable(f"line {line}, column {column}: {what}")


def _indent(root: Node) -> str:
    """By what the first level is indented; two blanks where nothing shows it."""
    leads = [element.lead.rpartition("\n")[2] for element in root.elements if "\n" in element.lead]
    return next((lead for lead in leads if lead and not lead.strip(" \t")), "  ")
