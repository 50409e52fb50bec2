"""Reading YAML: PyYAML's composer says where everything stands, and nothing is constructed."""

import re
from typing import Any, Final, Literal

import yaml
from treadle_merging import Unreadable, Value

from treadle_merge_yaml._tree import Alias, Document, Entry, Node, Reference, Tagged, digest

DEEPEST: Final = 64
LARGEST: Final = 1_000_000
_PREFIX: Final = "tag:yaml.org,2002:"
_COMMENT: Final = re.compile(r"(?<![^\s])#[^\n]*")
_PLAIN_MAP: Final = frozenset({f"{_PREFIX}map", f"{_PREFIX}seq"})


class _AliasNode(yaml.ScalarNode):
    """A reference; what it points at is in `target`."""

    target: yaml.Node


class _Composer(yaml.SafeLoader):
    """Composes without following aliases, so that a few lines cannot become a million nodes."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.given: list[tuple[int, str, yaml.Node]] = []
        self.used: list[tuple[int, str, yaml.Node]] = []
        self._depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            return self._alias()
        self._depth += 1
        if self._depth > DEEPEST:
            raise Unreadable(f"line {event.start_mark.line + 1}: nested deeper than {DEEPEST} levels")
        node = super().compose_node(parent, index)
        self._depth -= 1
        if node is not None and event.anchor:
            self.given.append((event.start_mark.index, event.anchor, node))
        return node

    def _alias(self) -> _AliasNode:
        event: Any = self.get_event()  # type: ignore[no-untyped-call]
        if event.anchor not in self.anchors:
            raise Unreadable(f"line {event.start_mark.line + 1}: there is no anchor `{event.anchor}`")
        node = _AliasNode("alias", event.anchor, event.start_mark, event.end_mark)
        node.target = self.anchors[event.anchor]
        self.used.append((event.start_mark.index, event.anchor, node.target))
        return node


def read(text: str) -> Document:
    """The tree of a text. Raises `Unreadable` with its line, also for a key that comes twice."""
    if len(text) > LARGEST:
        raise Unreadable(f"larger than {LARGEST:,} characters")
    loader = _loader(text)
    try:
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as problem:
        line = problem.problem_mark.line + 1 if problem.problem_mark else 1
        raise Unreadable(f"line {line}: {problem.problem or problem.context}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as problem:
        raise Unreadable(str(problem).partition("\n")[0] or "nested too deeply") from None
    finally:
        loader.dispose()
    reader = _Reader(text)
    tree = reader.node(root) if root is not None else None
    return Document(text, tree, reader.comments(), reader.references(loader.given), reader.references(loader.used))


def _loader(text: str) -> _Composer:
    try:
        return _Composer(text)
    except yaml.YAMLError as problem:
        raise Unreadable(str(problem).partition("\n")[0]) from None


class _Reader:
    """Turns PyYAML's nodes into ours."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._covered: list[tuple[int, int]] = []
        self._digests: dict[int, str] = {}

    def node(self, node: yaml.Node) -> Node:
        """What a node of PyYAML means, and where it stands."""
        if isinstance(node, yaml.MappingNode | yaml.SequenceNode):
            return self._collection(node)
        return Node("leaf", node.start_mark.index, self._scalar_end(node), leaf=self._leaf(node))

    def _collection(self, node: yaml.MappingNode | yaml.SequenceNode) -> Node:
        start, flow = node.start_mark.index, bool(node.flow_style)
        entries = self._pairs(node) if isinstance(node, yaml.MappingNode) else self._items(node)
        end = node.end_mark.index if flow else max([one.node.end for one in entries], default=start)
        column = entries[0].start - self.text.rfind("\n", 0, entries[0].start) - 1 if entries else 0
        kind: Literal["map", "list"] = "map" if isinstance(node, yaml.MappingNode) else "list"
        found = Node(kind, start, end, column, flow, entries=entries)
        if node.tag in _PLAIN_MAP:
            return found
        return Node("leaf", start, end, leaf=Tagged(node.tag, digest(found.data())))

    def comments(self) -> list[tuple[int, str]]:
        """Every `#` that begins a comment: not inside a scalar."""
        covered = sorted(self._covered)
        found = []
        at = place = 0
        while match := _COMMENT.search(self.text, at):
            while place < len(covered) and covered[place][1] <= match.start():
                place += 1
            if place < len(covered) and covered[place][0] <= match.start():
                at = covered[place][1]
                continue
            found.append((match.start(), match[0].rstrip()))
            at = match.end()
        return found

    def references(self, found: list[tuple[int, str, yaml.Node]]) -> list[Reference]:
        """Anchors or aliases, with what they mean."""
        return [Reference(at, name, self._digest(node)) for at, name, node in found]

    def _pairs(self, node: yaml.MappingNode) -> list[Entry]:
        entries: dict[str, Entry] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or isinstance(key, _AliasNode):
                raise Unreadable(f"line {key.start_mark.line + 1}: a key is no text")
            if key.value in entries:
                raise Unreadable(f"line {key.start_mark.line + 1}: the key `{key.value}` comes twice")
            self._scalar_end(key)
            entries[key.value] = Entry(key.value, key.start_mark.index, self._behind(key, value), bool(node.flow_style))
        return list(entries.values())

    def _behind(self, key: yaml.Node, value: yaml.Node) -> Node:
        """A value; one that is empty ends at its key's colon."""
        node = self.node(value)
        colon = self.text.find(":", key.end_mark.index) + 1
        node.end = max(node.end, colon)
        return node

    def _items(self, node: yaml.SequenceNode) -> list[Entry]:
        entries: list[Entry] = []
        at = node.start_mark.index
        for value in node.value:
            item = self.node(value)
            start = item.start if node.flow_style else self._dash(at, item.start, node.start_mark.column)
            item.end = max(item.end, start + 1)
            entries.append(Entry("", start, item, bool(node.flow_style)))
            at = item.end
        return entries

    def _dash(self, after: int, before: int, column: int) -> int:
        """The dash of a block list's item: the last one in the list's column before the item."""
        at = self.text.rfind("-", after, before + 1)
        while at > after and at - self.text.rfind("\n", 0, at) - 1 != column:
            at = self.text.rfind("-", after, at)
        return max(at, after)

    def _scalar_end(self, node: yaml.Node) -> int:
        start, end = node.start_mark.index, node.end_mark.index
        if getattr(node, "style", None) in {"|", ">"}:
            kept = "+" in self.text[start : self.text.find("\n", start) + 1]
            end = end if kept else start + len(self.text[start:end].rstrip())
        self._covered.append((start, end))
        return end

    def _leaf(self, node: yaml.Node) -> Value:
        if isinstance(node, _AliasNode):
            return Alias(self._digest(node.target))
        return node.value if node.tag == f"{_PREFIX}str" else Tagged(node.tag, node.value)

    def _digest(self, node: yaml.Node) -> str:
        """What an anchor means; one that holds itself is named so."""
        if id(node) not in self._digests:
            self._digests[id(node)] = "itself"
            self._digests[id(node)] = digest(_Reader(self.text).sharing(self._digests).node(node).data())
        return self._digests[id(node)]

    def sharing(self, digests: dict[int, str]) -> "_Reader":
        """A reader for part of the same text."""
        self._digests = digests
        return self
