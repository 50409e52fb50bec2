"""YAML read strictly and within bounds.

PyYAML's loaders recurse (the C one until the process dies), take duplicate keys, resolve words as YAML 1.1 did, and
follow aliases without end. So only the parser's events are taken from it, one at a time, and composed here on a stack
of our own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from treadle.definition._document import (
    MAX_DEPTH,
    MAX_NODES,
    Document,
    Entry,
    Items,
    Node,
    Scalar,
    Span,
    Table,
    items_of,
    table_of,
)
from treadle.definition._problems import Problem
from treadle.definition._scalars import resolve
from treadle.definition._text import UnreadableError, empty, problem_at

_PARSER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE: Final = "<<"


@dataclass(slots=True)
class _Open:
    """A list or an object that is not finished."""

    start: int
    anchor: str | None
    is_table: bool
    nodes: list[Node] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    merged: list[Table] = field(default_factory=list)
    key: Scalar | None = None


def read_yaml(text: str, name: str) -> tuple[Document, list[Problem]]:
    """The tree of a text, and problems that did not keep it from being read. Raises `UnreadableError`."""
    composer = _Composer(text, name)
    try:
        for event in _events(text):
            composer.take(event)
    except yaml.MarkedYAMLError as error:
        raise UnreadableError(_syntax(error, text, name)) from None
    except yaml.YAMLError as error:
        raise UnreadableError(Problem("TRD0101", "error", f"this is not YAML: {error}", name)) from None
    document = Document(name, text, composer.root) if composer.root else empty(text, name)
    return document, composer.problems


def _events(text: str) -> Iterator[Any]:
    loader = _PARSER(text)
    try:
        while loader.check_event():
            yield loader.get_event()
    finally:
        loader.dispose()


def _syntax(error: yaml.MarkedYAMLError, text: str, name: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    at = min(mark.index, len(text)) if mark else 0
    what = (error.problem or "it cannot be read").replace("could not find expected ':'", "a `:` is missing")
    hint = ""
    if "\t" in text[text.rfind("\n", 0, at) + 1 : at + 1]:
        hint = "indent with spaces: YAML takes no tabs there"
    elif "mapping values are not allowed" in what:
        hint = "put a text that holds `: ` in quotes"
    elif "%" in what or "cannot start any token" in what or "@" in what:
        hint = "put a text that begins with a special character, such as {, %, @ or `, in quotes"
    return problem_at(text, name, Span(at, at + 1), "TRD0101", f"this is not YAML: {what}", hint)


class _Composer:
    """Takes events and builds the tree."""

    def __init__(self, text: str, name: str) -> None:
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self._text = text
        self._name = name
        self._open: list[_Open] = []
        self._anchors: dict[str, Node] = {}
        self._weight = 0
        self._documents = 0

    def take(self, event: Any) -> None:
        """One event of the parser."""
        if isinstance(event, yaml.DocumentStartEvent):
            self._start_document(event)
        elif isinstance(event, yaml.AliasEvent):
            self._add(self._aliased(event), _span(event))
        elif isinstance(event, yaml.ScalarEvent):
            self._refuse_tag(event)
            self._add_anchored(_scalar(event), event.anchor)
        elif isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
            self._start(event)
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            self._end(event)

    def _start_document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            raise self._stop("TRD0113", "a file holds one document, and here starts a second", _span(event))

    def _start(self, event: Any) -> None:
        self._refuse_tag(event)
        if len(self._open) >= MAX_DEPTH:
            raise self._stop("TRD0103", f"this nests deeper than {MAX_DEPTH}", _span(event))
        is_table = isinstance(event, yaml.MappingStartEvent)
        self._open.append(_Open(event.start_mark.index, event.anchor, is_table))

    def _end(self, event: Any) -> None:
        done = self._open.pop()
        span = Span(done.start, max(event.end_mark.index, done.start))
        span = Span(span.start, span.start + len(self._text[span.start : span.end].rstrip()))
        node = table_of(_merged(done), span) if done.is_table else items_of(done.nodes, span)
        self._add_anchored(node, done.anchor)

    def _aliased(self, event: Any) -> Node:
        if event.anchor in self._anchors:
            return self._anchors[event.anchor]
        inside = any(item.anchor == event.anchor for item in self._open)
        why = "it would contain itself" if inside else "nothing above has this anchor"
        raise self._stop("TRD0101", f"`*{event.anchor}` cannot be put in: {why}", _span(event))

    def _add_anchored(self, node: Node, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = node
        self._add(node, node.span)

    def _add(self, node: Node, span: Span) -> None:
        """Put a finished node where it belongs. `span` is where it is used: an alias stands elsewhere than its node."""
        self._check_size(node, span)
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if not parent.is_table:
            parent.nodes.append(node)
        elif parent.key is None:
            parent.key = self._as_key(node, span)
        else:
            self._enter(parent, parent.key, node)
            parent.key = None

    def _check_size(self, node: Node, span: Span) -> None:
        if len(self._open) + node.height > MAX_DEPTH:
            raise self._stop("TRD0103", f"this nests deeper than {MAX_DEPTH}", span)
        self._weight += 1
        if self._weight > MAX_NODES or node.weight > MAX_NODES:
            raise self._stop("TRD0103", f"with its aliases the file holds more than {MAX_NODES} values", span)

    def _as_key(self, node: Node, span: Span) -> Scalar:
        if isinstance(node, Scalar) and isinstance(node.value, str):
            return Scalar(node.value, span, node.raw)
        hint = f'write "{node.raw}":' if isinstance(node, Scalar) else "a key cannot be a list or an object"
        if self._text.startswith("{{", span.start - 1):
            hint = 'put an expression in quotes: "{{ … }}"'
        self._note("TRD0113", "a key must be a text", span, hint)
        return Scalar(node.raw if isinstance(node, Scalar) else "", span, "")

    def _enter(self, parent: _Open, key: Scalar, node: Node) -> None:
        text = str(key.value)
        if text == _MERGE and self._text.startswith(_MERGE, key.span.start):
            self._merge(parent, node, key.span)
        elif text in parent.entries:
            first = problem_at(self._text, self._name, parent.entries[text].key, "", "")
            self._note("TRD0102", f"the key `{text}` stands twice", key.span, f"the first is at line {first.line}")
        else:
            parent.entries[text] = Entry(key.span, node)

    def _merge(self, parent: _Open, node: Node, span: Span) -> None:
        tables = node.items if isinstance(node, Items) else (node,)
        if all(isinstance(table, Table) for table in tables):
            parent.merged += [table for table in tables if isinstance(table, Table)]
        else:
            self._note("TRD0106", "`<<` takes an object or a list of objects", span)

    def _refuse_tag(self, event: Any) -> None:
        if event.tag is not None:
            message = f"the tag `{_short(event.tag)}` may not stand here"
            self._note("TRD0113", message, _span(event), "definitions are plain data: leave the tag out")

    def _note(self, code: str, message: str, span: Span, hint: str = "") -> None:
        self.problems.append(problem_at(self._text, self._name, span, code, message, hint))

    def _stop(self, code: str, message: str, span: Span) -> UnreadableError:
        return UnreadableError(*self.problems, problem_at(self._text, self._name, span, code, message))


def _span(event: Any) -> Span:
    return Span(event.start_mark.index, event.end_mark.index)


def _scalar(event: Any) -> Scalar:
    value = resolve(event.value) if not event.style and event.implicit[0] else event.value
    return Scalar(value, _span(event), event.value)


def _short(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")


def _merged(table: _Open) -> dict[str, Entry]:
    """The entries with those of `<<` behind them: what is written wins, then the earlier of several."""
    entries = dict(table.entries)
    for other in table.merged:
        for key, entry in other.entries.items():
            entries.setdefault(key, entry)
    return entries
