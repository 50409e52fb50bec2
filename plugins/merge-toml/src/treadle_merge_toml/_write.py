"""Editing a TOML text until it means what was intended: tables and pairs are copied with the comments above them."""

from collections.abc import Sequence
from typing import Any

from treadle_merging import Editor, Node, Rules, Value, align, entries, inner_comments, items, raw, same

from treadle_merge_toml._scan import Document, Pair, Place, Table, scan
from treadle_merge_toml._values import SYNTAX, comments, dumped, quoted

PASSES = 6
"""What was copied from one template may have to be united with what a third one says."""


def write(documents: Sequence[Document], intended: Value, rules: Rules) -> str:
    """The first document's text, edited to mean `intended`; the others lend their text and comments."""
    text = documents[0].text()
    for _ in range(PASSES):
        writer = _Writer(scan(text), documents[1:], rules)
        writer.apply((), writer.first.data, dict(entries(intended)), [((), other) for other in documents[1:]])
        before, text = text, writer.first.text()
        if text == before:
            break
    writer = _Writer(scan(text), documents[1:], rules)
    writer.carry()
    return writer.first.text()


class _Writer:
    def __init__(self, first: Document, others: Sequence[Document], rules: Rules) -> None:
        self.first = first
        self.others = others
        self.rules = rules
        self.editor = Editor("    ", rules, SYNTAX)
        self.editor.know(first.all_comments())

    def apply(
        self, place: Place, have: dict[str, Any], want: dict[str, Any], peers: Sequence[tuple[Place, Document]]
    ) -> None:
        """Make a table mean `want`."""
        for key in [key for key in have if key not in want]:
            self._remove((*place, key))
        for key, value in want.items():
            below = [((*there, key), other) for there, other in peers if _has(other.data, (*there, key))]
            if key not in have:
                self._add((*place, key), value, below)
            else:
                self._change((*place, key), have[key], value, below)

    def carry(self) -> None:
        """Bring the comments of the others that are still missing: above what they speak of, or to the end."""
        for other in self.others:
            for table in other.tables:
                self._carry_to(self.first.table(table.place), table.comments())
                for pair in table.pairs:
                    target = self.first.pair((*table.place, *pair.key)) or self.first.table(table.place)
                    self._carry_to(target, [*pair.comments(), *inner_comments(pair.node, SYNTAX)])
            self._carry_to(None, list(comments(other.tail)))

    def _carry_to(self, target: Table | Pair | None, found: list[str]) -> None:
        new = "".join(f"{one}\n" for one in self.editor.strange(found))
        if not new:
            return
        if target is None or (isinstance(target, Table) and not target.header):
            self.first.tail = _ended(self.first.text(), self.first.tail) + new
        else:
            target.lead += new

    def _change(self, place: Place, have: Any, want: Any, peers: Sequence[tuple[Place, Document]]) -> None:
        pair = self.first.pair(place)
        if pair is not None:
            nodes = [found.node for there, other in peers if (found := other.pair(there))]
            self.editor.indent = _indent(pair)
            text = self.editor.value(tuple(map(str, place)), pair.node, want, nodes, 0)
            if text != raw(pair.node):
                pair.node = Node("scalar", text)
        elif isinstance(have, dict) and isinstance(want, dict):
            self.apply(place, have, want, peers)
        elif isinstance(have, list) and isinstance(want, list):
            self._change_tables(place, have, want, peers)
        elif not same(have, want):
            self._remove(place)
            self._add(place, want, peers)

    def _change_tables(
        self, place: Place, have: list[Any], want: list[Any], peers: Sequence[tuple[Place, Document]]
    ) -> None:
        """An array of tables."""
        path = tuple(map(str, place))
        identity = self.rules.identity(path)
        theirs = [(there, other, align(want, items(_at(other.data, there)), identity)) for there, other in peers]
        kept = align(want, have, identity)
        for gone in set(range(len(have))) - set(kept):
            self._remove((*place, gone))
        for number, index in enumerate(kept):
            below = [((*there, at), other) for there, other, found in theirs if (at := found[number]) is not None]
            if index is None:
                self._copy((*place, len(have)), want[number], below)
            elif isinstance(have[index], dict):
                self.apply((*place, index), have[index], want[number], below)

    def _add(self, place: Place, value: Any, peers: Sequence[tuple[Place, Document]]) -> None:
        if isinstance(value, dict) and not value and not peers:
            self._insert_table(Table(place, "\n", f"[{_dotted(place)}]\n"))
            return
        self._copy(place, value, sorted(peers, key=lambda peer: not same(_at(peer[1].data, peer[0]), value)))

    def _copy(self, place: Place, value: Any, peers: Sequence[tuple[Place, Document]]) -> None:
        """Bring the statements that make up a place in the first peer; one of its own where none has it."""
        found = next(((there, other) for there, other in peers if self._statements(there, other)), None)
        if found is None:
            self._new_pair(place, value)
            return
        for table, pairs in self._statements(*found):
            if pairs is None:
                self.editor.know([*table.comments(), *(one for pair in table.pairs for one in _all(pair))])
                lead = "\n" + "".join(f"{one}\n" for one in comments(table.lead))
                target = (*place, *table.place[len(found[0]) :])
                self._insert_table(Table(target, lead, _ended("", table.header), table.many, list(table.pairs)))
            else:
                for pair in pairs:
                    home = (
                        (*place, *table.place[len(found[0]) :])
                        if len(table.place) > len(found[0])
                        else place[: len(table.place)]
                    )
                    self._insert_pair(home, (*place, *(*table.place, *pair.key)[len(found[0]) :]), pair)

    def _statements(self, place: Place, document: Document) -> list[tuple[Table, list[Pair] | None]]:
        """Whole tables at or below a place (with None), and single pairs in tables above it."""
        found: list[tuple[Table, list[Pair] | None]] = []
        for table in document.tables:
            if table.place[: len(place)] == place and table.header:
                found.append((table, None))
            elif pairs := [pair for pair in table.pairs if (*table.place, *pair.key)[: len(place)] == place]:
                found.append((table, pairs))
        return found

    def _insert_table(self, table: Table) -> None:
        """Behind the last table that is its nearest relative."""
        shared = [_shared(one.place, table.place) for one in self.first.tables]
        best = max(shared)
        index = len(shared) - 1 - shared[::-1].index(best) if best else len(shared) - 1
        if index == len(shared) - 1:
            table.lead = (
                _ended(self.first.text(), self.first.tail).rstrip("\n")
                + "\n" * bool(self.first.tail.strip())
                + table.lead
            )
            self.first.tail = ""
            if not self.first.text():
                table.lead = table.lead.lstrip("\n")
        self._end_line(self.first.tables[index])
        self.first.tables.insert(index + 1, table)

    def _insert_pair(self, home: Place, target: Place, pair: Pair) -> None:
        """Into the table that it had where it comes from, or the one that has its relatives here.

        Args:
            home: the table's place, as the other text has it.
            target: the pair's whole place.
            pair: what to insert.
        """
        self.editor.know(_all(pair))
        place = self._home(home, target)
        table = self.first.table(place)
        if table is None:
            table = Table(place, "\n", f"[{_dotted(place)}]\n")
            self._insert_table(table)
        key = tuple(map(str, target[len(place) :]))
        head = pair.head.lstrip() if key == pair.key else ".".join(map(quoted, key)) + " = "
        lead = "".join(f"{one}\n" for one in comments(pair.lead))
        self._end_line(table)
        table.pairs.append(Pair(lead, key, head, pair.node, _ended("x", pair.rest)))

    def _home(self, home: Place, target: Place) -> Place:
        """The nearest header above the pair; one above that if relatives are written there with dots."""
        headers = [one.place for one in self.first.tables if one.place == target[: len(one.place)]]
        nearest = max((place for place in headers if len(place) < len(target)), key=len)
        if len(nearest) >= len(home):
            return nearest
        dotted = [table.place for found, table, _ in self.first.pairs() if found[: len(home)] == home != table.place]
        return next((place for place in dotted if len(place) < len(home)), home)

    def _new_pair(self, place: Place, value: Any) -> None:
        from treadle_merging import Node

        key = str(place[-1])
        node = Node("scalar", dumped(value, "", 0), value)
        self._insert_pair(place[:-1], place, Pair("", (key,), f"{quoted(key)} = ", node, "\n"))

    def _end_line(self, table: Table) -> None:
        """What follows begins in a line of its own."""
        if table.pairs:
            table.pairs[-1].rest = _ended("x", table.pairs[-1].rest)
        elif table.header:
            table.header = _ended("", table.header)

    def _remove(self, place: Place) -> None:
        """Take away the statements that make up a place."""
        size = len(place)
        self.first.tables = [one for one in self.first.tables if one.place[:size] != place or not one.header]
        for table in self.first.tables:
            table.pairs = [pair for pair in table.pairs if (*table.place, *pair.key)[:size] != place]


def _all(pair: Pair) -> list[str]:
    return [*pair.comments(), *inner_comments(pair.node, SYNTAX)]


def _ended(before: str, text: str) -> str:
    """The text with a line end, if anything stands before it or in it."""
    return text if text.endswith("\n") or not (before or text) or (not text and before.endswith("\n")) else text + "\n"


def _indent(pair: Pair) -> str:
    leads = [one.lead.rpartition("\n")[2] for one in pair.node.elements if "\n" in one.lead]
    return next((lead for lead in leads if lead and not lead.strip(" \t")), "    ")


def _shared(one: Place, other: Place) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _dotted(place: Place) -> str:
    return ".".join(quoted(part) for part in place if isinstance(part, str))


def _has(data: Any, place: Place) -> bool:
    try:
        _at(data, place)
    except (KeyError, IndexError, TypeError):
        return False
    return True


def _at(data: Any, place: Place) -> Any:
    for part in place:
        data = data[part]
    return data
