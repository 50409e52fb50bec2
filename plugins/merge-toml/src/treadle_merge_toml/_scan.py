"""A TOML file as statements that give every byte back: tables, and the pairs in them."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from treadle_merging import Node, Unreadable, inner_comments, raw

from treadle_merge_toml._values import KEY, SYNTAX, TRIVIA, comments, parts, value_at

Place: TypeAlias = tuple[str | int, ...]
"""Keys from the root; a number is an item of an array of tables."""

DEEPEST: Final = 64
_HEADER: Final = re.compile(r"[ \t]*(\[\[?)([^\n]*?)(\]\]?)([ \t]*(?:#[^\n]*)?)(?:\r?\n|\Z)")
_REST: Final = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\r?\n|\Z)")


@dataclass(slots=True)
class Pair:
    """One `key = value`. `lead` stands before it, `head` is the key and the equals sign, `rest` ends the line."""

    lead: str
    key: tuple[str, ...]
    head: str
    node: Node
    rest: str

    def text(self) -> str:
        """As it is written."""
        return self.lead + self.head + raw(self.node) + self.rest

    def comments(self) -> list[str]:
        """Those around it, not those inside its value."""
        return [*comments(self.lead), *comments(self.rest)]


@dataclass(slots=True)
class Table:
    """A header and its pairs; the root has no header."""

    place: Place
    lead: str = ""
    header: str = ""
    many: bool = False
    pairs: list[Pair] = field(default_factory=list)

    def text(self) -> str:
        """As it is written."""
        return self.lead + self.header + "".join(pair.text() for pair in self.pairs)

    def comments(self) -> list[str]:
        """Those around the header."""
        return [*comments(self.lead), *comments(self.header)]


@dataclass(slots=True)
class Document:
    """A whole file. `data` is what it means, by the standard library."""

    tables: list[Table]
    tail: str
    data: dict[str, Any]

    def text(self) -> str:
        """As it is written."""
        return "".join(table.text() for table in self.tables) + self.tail

    def pairs(self) -> Iterator[tuple[Place, Table, Pair]]:
        """Every pair with its whole place."""
        for table in self.tables:
            for pair in table.pairs:
                yield (*table.place, *pair.key), table, pair

    def pair(self, place: Place) -> Pair | None:
        """The pair that stands for a place."""
        return next((pair for found, _, pair in self.pairs() if found == place), None)

    def table(self, place: Place) -> Table | None:
        """The table whose header names the place."""
        return next((table for table in self.tables if table.place == place), None)

    def all_comments(self) -> list[str]:
        """Every comment of the file."""
        found = [one for table in self.tables for one in table.comments()]
        for _, _, pair in self.pairs():
            found += [*pair.comments(), *inner_comments(pair.node, SYNTAX)]
        return [*found, *comments(self.tail)]


def scan(text: str) -> Document:
    """The statements of a text. Raises `Unreadable` for what is no TOML, also for a key that comes twice."""
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as problem:
        raise Unreadable(str(problem)[:200]) from None
    _bounded(data, 1)
    tables, counts, at = [Table(())], dict[Place, int](), 0
    while True:
        found = TRIVIA.match(text, at)
        lead_end = _line_start(text, found.end() if found else at, at)
        lead, at = text[at:lead_end], lead_end
        if at >= len(text) or not text[at:].strip():
            return Document(tables, lead + text[at:], data)
        if header := _HEADER.match(text, at) if text[at:].lstrip(" \t").startswith("[") else None:
            tables.append(_table(header, lead, counts))
            at = header.end()
        else:
            pair, at = _pair(text, at, lead)
            tables[-1].pairs.append(pair)


def _line_start(text: str, end: int, begin: int) -> int:
    """Blanks before a statement in its line belong to the statement."""
    return max(begin, text.rfind("\n", 0, end) + 1)


def _table(header: re.Match[str], lead: str, counts: dict[Place, int]) -> Table:
    place: Place = ()
    keys = parts(header[2])
    for number, key in enumerate(keys):
        place = (*place, key)
        last = number == len(keys) - 1
        if last and header[1] == "[[":
            counts[place] = counts.get(place, -1) + 1
        if place in counts:
            place = (*place, counts[place])
    return Table(place, lead, header[0], header[1] == "[[")


def _pair(text: str, at: int, lead: str) -> tuple[Pair, int]:
    found = KEY.match(text, at)
    if not found:
        raise Unreadable(f"line {text.count(chr(10), 0, at) + 1}: a key is expected")
    equals = found.end() + 1
    start = equals + len(text[equals:]) - len(text[equals:].lstrip(" \t")) if equals < len(text) else equals
    node, end = value_at(text, start)
    rest = _REST.match(text, end)
    stop = rest.end() if rest else end
    return Pair(lead, parts(found[0]), text[at:start], node, text[end:stop]), stop


def _bounded(value: object, depth: int) -> None:
    if depth > DEEPEST:
        raise Unreadable(f"nested deeper than {DEEPEST} levels")
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in below:
        _bounded(one, depth + 1)
