"""Editing a YAML text until it means what was intended: entries are copied with the comments above them."""

from collections.abc import Callable, Sequence
from typing import Final

from treadle_merging import KeyPath, Rules, Unreadable, Value, align, called, entries, items, same

from treadle_merge_yaml._block import Block, MissingAnchor, block_of, flow_text, fresh, in_flow
from treadle_merge_yaml._read import read
from treadle_merge_yaml._tree import Document, Entry, Node

PASSES: Final = 8
"""What was copied from one template may have to be united with what a third one says."""


def write(documents: Sequence[Document], intended: Value, rules: Rules) -> str:
    """The first document's text, edited to mean `intended`; the others lend their text and comments."""
    text = documents[0].text
    for _ in range(PASSES):
        writer = _Writer(read(text), documents[1:], rules)
        before, text = text, writer.edited(intended)
        if text == before:
            break
    if writer.missing:
        raise writer.missing
    return _Writer(read(text), documents[1:], rules).carried()


Peer = tuple[Document, Node]
"""A node of another document at the same place."""


class _Writer:
    def __init__(self, first: Document, others: Sequence[Document], rules: Rules) -> None:
        self.first = first
        self.others = others
        self.rules = rules
        self.missing: MissingAnchor | None = None
        self._splices: list[tuple[int, int, str]] = []

    def edited(self, intended: Value) -> str:
        """The text with all that is new or different."""
        peers = [(other, other.root) for other in self.others if other.root]
        if self.first.root:
            self._node((), self.first.root, intended, peers)
            return self._spliced()
        return self._begun(peers) if entries(intended) or items(intended) else self.first.text

    def carried(self) -> str:
        """The text with the comments of the others that it does not have yet, above what they speak of."""
        known = {comment for _, comment in self.first.comments}
        tail: list[str] = []
        for other in self.others:
            spoken = _spoken_of(other, self.rules)
            here = {path: entry for path, entry, _ in _entries(self.first, self.rules)}
            for at, comment in other.comments:
                if comment in known:
                    continue
                known.add(comment)
                entry = self._nearest(spoken(at), here)
                if entry is None:
                    tail.append(comment)
                else:
                    start = self.first.line_start(entry.start)
                    pad = " " * self._margin(entry)
                    self._splices.append((start, start, f"{pad}{comment}\n"))
        return self._spliced() + self._foot(tail)

    def _margin(self, entry: Entry) -> int:
        """How far the line of an entry is indented."""
        start = self.first.line_start(entry.start)
        line = self.first.text[start : entry.start]
        return len(line) - len(line.lstrip(" "))

    def _nearest(self, path: KeyPath | None, here: dict[KeyPath, Entry]) -> Entry | None:
        while path:
            if path in here:
                return here[path]
            path = path[:-1]
        return None

    def _foot(self, tail: list[str]) -> str:
        if not tail:
            return ""
        start = "" if not self.first.text or self.first.text.endswith("\n") else "\n"
        return start + "".join(f"{one}\n" for one in tail)

    def _begun(self, peers: Sequence[Peer]) -> str:
        """A file of comments only takes the text of the first other that says something."""
        document, _ = peers[0]
        text = self.first.text
        return text + ("\n" if text and not text.endswith("\n") else "") + document.text

    def _node(self, path: KeyPath, node: Node, want: Value, peers: Sequence[Peer]) -> None:
        if node.kind == "map":
            self._map(path, node, want, [peer for peer in peers if peer[1].kind == "map"])
        elif node.kind == "list":
            self._list(path, node, want, [peer for peer in peers if peer[1].kind == "list"])

    def _map(self, path: KeyPath, node: Node, want: Value, peers: Sequence[Peer]) -> None:
        wanted = entries(want)
        for entry in node.entries:
            there = [(other, found) for other, one in peers if (found := one.find(entry.key))]
            if entry.key not in wanted:
                self._remove(node, entry)
            else:
                self._change((*path, entry.key), node, entry, wanted[entry.key], there)
        new = []
        for key in [key for key in wanted if not node.find(key)]:
            there = [(other, found) for other, one in peers if (found := one.find(key))]
            new.append((key, wanted[key], there))
        self._add(node, new)

    def _list(self, path: KeyPath, node: Node, want: Value, peers: Sequence[Peer]) -> None:
        identity = self.rules.identity(path)
        wanted = items(want)
        theirs = [(other, one, align(wanted, items(one.data()), identity)) for other, one in peers]
        kept = align(wanted, items(node.data()), identity)
        for number, entry in enumerate(node.entries):
            if number not in kept:
                self._remove(node, entry)
        new = []
        for number, index in enumerate(kept):
            there = [(other, one.entries[at]) for other, one, found in theirs if (at := found[number]) is not None]
            if index is None:
                new.append(("", wanted[number], there))
            else:
                name = called(wanted[number], identity)
                self._change((*path, name), node, node.entries[index], wanted[number], there)
        self._add(node, new)

    def _change(
        self, path: KeyPath, parent: Node, entry: Entry, want: Value, there: Sequence[tuple[Document, Entry]]
    ) -> None:
        """Make what stands there mean `want`."""
        have = entry.node.data()
        if same(have, want):
            return
        if _alike(entry.node, want) and not (entry.node.flow and _loses(entry.node, want)):
            self._node(path, entry.node, want, [(other, found.node) for other, found in there])
            return
        source = next(((other, found) for other, found in there if same(found.node.data(), want)), None)
        if source is None or parent.flow or in_flow(source[1].node):
            text = flow_text(*_of(source)) if source else fresh(want)
            lead = "" if self.first.text[entry.node.start - 1 : entry.node.start] in {" ", "\n", ""} else " "
            self._splices.append((entry.node.start, max(entry.node.end, entry.node.start), lead + text))
        else:
            block = self._block(source, self.first.column(entry.start))
            self._splices.append((entry.start, max(entry.node.end, entry.start), block.body))

    def _add(self, node: Node, new: list[tuple[str, Value, list[tuple[Document, Entry]]]]) -> None:
        if not new:
            return
        if node.flow or not node.entries:
            self._add_in_flow(node, new)
            return
        above, below = self.first.lead(node.entries[0]), self.first.stop(node.entries[-1])
        start = "" if self.first.text[:below].endswith("\n") else "\n"
        for key, value, there in new:
            source = self._best(value, there)
            try:
                text = self._entry(node, key, value, source)
            except MissingAnchor as problem:
                self.missing = problem
                continue
            on_top = source is not None and node is self.first.root and _gives_anchors(*source)
            self._splices.append((above, above, text) if on_top else (below, below, start + text))
            start = start if on_top else ""

    def _entry(self, node: Node, key: str, value: Value, source: tuple[Document, Entry] | None) -> str:
        """The lines of a new entry."""
        if source is None:
            head = f"{fresh(key)}: " if node.kind == "map" else "- "
            return " " * node.column + head + fresh(value) + "\n"
        block = self._block(source, node.column)
        return block.lead + " " * node.column + block.body + block.tail

    def _add_in_flow(self, node: Node, new: list[tuple[str, Value, list[tuple[Document, Entry]]]]) -> None:
        texts = []
        for key, value, there in new:
            source = self._best(value, there)
            text = flow_text(*_of(source)) if source else fresh(value)
            texts.append(f"{fresh(key)}: {text}" if node.kind == "map" else text)
        if node.entries:
            at = node.entries[-1].node.end
            self._splices.append((at, at, "".join(f", {text}" for text in texts)))
        else:
            self._splices.append((node.start + 1, node.start + 1, ", ".join(texts)))

    def _best(self, value: Value, there: list[tuple[Document, Entry]]) -> tuple[Document, Entry] | None:
        """An entry that has just this, or that has it at all."""
        return next(iter(sorted(there, key=lambda one: not same(one[1].node.data(), value))), None)

    def _block(self, source: tuple[Document, Entry], column: int) -> Block:
        return block_of(*source, column, self.first)

    def _remove(self, parent: Node, entry: Entry) -> None:
        if parent.flow:
            raise Unreadable("an entry between brackets would have to go")
        start = self.first.lead(entry)
        if self.first.text[self.first.line_start(entry.start) : entry.start].strip():
            raise Unreadable("an entry that begins in the middle of a line would have to go")
        self._splices.append((start, self.first.stop(entry), ""))

    def _spliced(self) -> str:
        text = self.first.text
        for start, end, new in sorted(enumerate_by_place(self._splices), reverse=True):
            text = text[: start[0]] + new + text[end:]
        return text


def enumerate_by_place(splices: list[tuple[int, int, str]]) -> list[tuple[tuple[int, int], int, str]]:
    """Splices at one place keep their order."""
    return [((start, number), end, new) for number, (start, end, new) in enumerate(splices)]


def _of(source: tuple[Document, Entry]) -> tuple[Document, Node]:
    return source[0], source[1].node


def _loses(node: Node, want: Value) -> bool:
    """Something in it has to go."""
    if node.kind == "map":
        return any(entry.key not in entries(want) for entry in node.entries)
    kept = align(items(want), items(node.data()))
    return len([index for index in kept if index is not None]) < len(node.entries)


def _gives_anchors(document: Document, entry: Entry) -> bool:
    """What others refer to must stand above them."""
    return any(entry.start <= one.at < entry.node.end for one in document.anchors)


def _alike(node: Node, want: Value) -> bool:
    return (node.kind == "map" and isinstance(want, dict)) or (node.kind == "list" and isinstance(want, list))


def _entries(document: Document, rules: Rules) -> list[tuple[KeyPath, Entry, Node]]:
    """Every entry that begins a line, or the item whose dash does, with its place."""
    found: list[tuple[KeyPath, Entry, Node]] = []

    def visit(path: KeyPath, node: Node) -> None:
        for entry in node.entries:
            value = entry.node.data()
            name = entry.key if node.kind == "map" else called(value, rules.identity(path)) or repr(value)
            found.append(((*path, name), entry, node))
            visit((*path, name), entry.node)

    if document.root:
        visit((), document.root)
    return found


def _spoken_of(document: Document, rules: Rules) -> Callable[[int], KeyPath | None]:
    """A function from a comment's place to the place of the entry that it speaks of."""
    every = _entries(document, rules)

    def find(at: int) -> KeyPath | None:
        line = document.line_start(at)
        if document.text[line:at].strip():
            beside = [path for path, entry, _ in every if entry.start < at and document.line_start(entry.start) == line]
            around = [path for path, entry, _ in every if entry.start < at <= document.line_end(entry.node.end)]
            return (beside or around or [()])[-1]
        below = [(entry.start, -len(path), path) for path, entry, _ in every if entry.start > at]
        return max((one for one in below if one[0] == min(below)[0]), default=(0, 0, None))[2]

    return find
