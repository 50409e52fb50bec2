"""JSON with places, and with the same bounds as YAML."""

import json.decoder
import math
import re
from typing import Any, Final

from treadle.definition._document import (
    MAX_DEPTH,
    MAX_NODES,
    Document,
    Entry,
    Node,
    Scalar,
    Span,
    items_of,
    table_of,
)
from treadle.definition._problems import Problem
from treadle.definition._text import UnreadableError, problem_at

_SPACE: Final = re.compile(r"[ \t\n]*")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}
_scan_text: Final[Any] = json.decoder.scanstring  # type: ignore[attr-defined]


def read_json(text: str, name: str) -> tuple[Document, list[Problem]]:
    """The tree of a text, and problems that did not keep it from being read. Raises `UnreadableError`."""
    reader = Reader(text, name)
    root = reader.value(reader.skip(0), 0)
    if reader.skip(root.span.end) < len(text):
        raise reader.stop(reader.skip(root.span.end), "the value has ended and something follows")
    return Document(name, text, root), reader.problems


class Reader:
    """A recursive reader; the depth it may reach is bounded."""

    language = "JSON"

    def __init__(self, text: str, name: str) -> None:
        self.problems: list[Problem] = []
        self._text = text
        self._name = name
        self._count = 0

    def skip(self, at: int) -> int:
        """The next character that is no space."""
        match = _SPACE.match(self._text, at)
        return match.end() if match else at

    def stop(self, at: int, message: str, code: str = "TRD0101") -> UnreadableError:
        """The error that ends the reading."""
        shown = f"this is not {self.language}: {message}" if code == "TRD0101" else message
        return UnreadableError(*self.problems, problem_at(self._text, self._name, Span(at, at + 1), code, shown))

    def value(self, at: int, depth: int) -> Node:
        """The value that starts at a character."""
        self._count += 1
        if depth > MAX_DEPTH or self._count > MAX_NODES:
            message = f"this nests deeper than {MAX_DEPTH}" if depth > MAX_DEPTH else f"more than {MAX_NODES} values"
            raise self.stop(at, message, "TRD0103")
        character = self._text[at : at + 1]
        if character == "{":
            return self._table(at, depth)
        if character == "[":
            return self._items(at, depth)
        return self._quoted(at) if self._opens_text(character) else self._word(at)

    def _items(self, at: int, depth: int) -> Node:
        nodes: list[Node] = []
        position = self.skip(at + 1)
        while self._text[position : position + 1] != "]":
            nodes.append(self.value(position, depth + 1))
            position = self._next(nodes[-1].span.end, "]")
        return items_of(nodes, Span(at, position + 1))

    def _table(self, at: int, depth: int) -> Node:
        entries: dict[str, Entry] = {}
        position = self.skip(at + 1)
        while self._text[position : position + 1] != "}":
            key = self._key(position)
            colon = self.skip(key.span.end)
            if self._text[colon : colon + 1] != ":":
                raise self.stop(colon, "a `:` is missing")
            node = self.value(self.skip(colon + 1), depth + 1)
            self._enter(entries, key, node)
            position = self._next(node.span.end, "}")
        return table_of(entries, Span(at, position + 1))

    def _key(self, at: int) -> Scalar:
        if self._text[at : at + 1] != '"':
            raise self.stop(at, "a key in double quotes is missing")
        return self._quoted(at)

    def _enter(self, entries: dict[str, Entry], key: Scalar, node: Node) -> None:
        text = str(key.value)
        if text in entries:
            message = f"the key `{text}` stands twice"
            self.problems.append(problem_at(self._text, self._name, key.span, "TRD0102", message))
        entries.setdefault(text, Entry(key.span, node))

    def _next(self, at: int, closing: str) -> int:
        """Behind the comma at hand, or at the closing bracket."""
        at = self.skip(at)
        character = self._text[at : at + 1]
        if character == closing:
            return at
        behind = self.skip(at + 1)
        if character != ",":
            raise self.stop(at, f"here `{closing}` is missing")
        if self._text[behind : behind + 1] == closing and not self._may_end():
            raise self.stop(at, "nothing follows this comma")
        return behind

    def _opens_text(self, character: str) -> bool:
        return character == '"'

    def _may_end(self) -> bool:
        """A comma may stand behind the last item."""
        return False

    def _quoted(self, at: int) -> Scalar:
        try:
            value, end = _scan_text(self._text, at + 1, True)
        except json.JSONDecodeError as error:
            raise self.stop(min(error.pos, len(self._text)), error.msg.lower()) from None
        return Scalar(value, Span(at, end), value)

    def _word(self, at: int) -> Scalar:
        for word, value in _WORDS.items():
            if self._text.startswith(word, at):
                return Scalar(value, Span(at, at + len(word)), word)
        match = _NUMBER.match(self._text, at)
        if match is None:
            raise self.stop(at, "a value is missing")
        return Scalar(self._number(match), Span(*match.span()), match.group())

    def _number(self, match: re.Match[str]) -> int | float:
        if len(match.group()) > 400:
            raise self.stop(match.start(), "this number is too long", "TRD0103")
        number = float(match.group()) if match.group(1) or match.group(2) else int(match.group())
        if not math.isfinite(number) or (isinstance(number, int) and abs(number) >= 2**63):
            raise self.stop(match.start(), "this number is too large", "TRD0103")
        return number
