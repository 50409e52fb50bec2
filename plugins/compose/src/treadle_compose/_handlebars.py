"""`*.hbs`: the part of Handlebars that file templates use, in Python.

Variables with paths (`a.b`, `../a`, `this`, `@index`, `@key`, `@first`, `@last`, `@root`), `{{{raw}}}`, comments,
`#if`, `#unless`, `#each`, `#with`, `else`, `else if`, and `~`. Helpers, partials and anything else are errors with a
line. It gives what npm's handlebars gives for these; a lone block's line disappears as it does there.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final

from treadle_hookspecs import JsonObject, TreadleError

from treadle_compose._columns import column_of

_TAG: Final = re.compile(
    r"\\?\{\{(?P<open>~)?(?:!--(?P<long>.*?)--(?P<longend>~)?\}\}|!(?P<comment>.*?)(?P<commentend>~)?\}\}"
    r"|\{(?P<raw>[^{}]*)\}(?P<rawend>~)?\}\}|(?P<sign>[#/^&>]?)(?P<body>[^{}]*?)(?P<end>~)?\}\})",
    re.DOTALL,
)
_PATH: Final = re.compile(
    r"@?[A-Za-z_$][\w$-]*(?:[./](?:[\w$-]+|\[[^\]]*\]))*|(?:\.\./)*(?:\.|this|[A-Za-z_$][\w$-]*)(?:[./][\w$-]+)*|\.\."
)
_DEPTH: Final = 64
_OUTPUT: Final = 16_000_000


@dataclass(slots=True)
class _Node:
    kind: str
    text: str = ""
    line: int = 0
    body: list["_Node"] = field(default_factory=list)
    other: list["_Node"] = field(default_factory=list)
    escaped: bool = True


def render(source: str, values: Mapping[str, Any], name: str, *, html: bool = False) -> str:
    """Render a template.

    Args:
        source: the template.
        values: what its names mean; a missing one is empty, as Handlebars has it.
        name: of the file, for messages.
        html: `{{x}}` escapes what HTML gives a meaning; off for every other kind of file.

    Raises:
        TreadleError: with file and line, for what is not understood.
    """
    nodes = _Parser(source, name).parse()
    pieces: list[str] = []
    size = 0
    for piece in _written(nodes, [dict(values)], {"root": values}, html):
        pieces.append(piece)
        size += len(piece)
        if size > _OUTPUT:
            raise TreadleError(f"{name} renders to more than {_OUTPUT} characters", context={"file": name})
    return "".join(pieces)


class _Parser:
    """From text to nodes."""

    def __init__(self, source: str, name: str) -> None:
        self._name = name
        self._source = source
        self._tokens = list(_tokens(source))
        self._place = 0

    def parse(self) -> list[_Node]:
        """The whole template."""
        nodes, end = self._block(0)
        if end is not None:
            raise self._wrong(f"`{{{{{end.text}}}}}` closes nothing", end.line)
        return nodes

    def _block(self, depth: int) -> tuple[list[_Node], _Node | None]:
        """Nodes up to a closing tag or an `else`, which is given beside them."""
        if depth > _DEPTH:
            raise self._wrong(f"blocks are more than {_DEPTH} deep", 1)
        nodes: list[_Node] = []
        while self._place < len(self._tokens):
            token = self._tokens[self._place]
            self._place += 1
            if token.kind in ("close", "else"):
                return nodes, token
            nodes.append(self._opened(token, depth) if token.kind == "open" else self._checked(token))
        return nodes, None

    def _opened(self, token: _Node, depth: int) -> _Node:
        words = token.text.split()
        if len(words) != 2 or words[0] not in ("if", "unless", "each", "with") or not _PATH.fullmatch(words[1]):
            raise self._wrong(
                f"`{{{{#{token.text}}}}}` is not understood: only if, unless, each and with of one name", token.line
            )
        node = _Node(words[0], words[1], token.line)
        node.body, end = self._block(depth + 1)
        if end is not None and end.kind == "else":
            node.other, end = self._otherwise(end, words[0], depth)
        if end is None:
            raise self._wrong(f"`{{{{#{token.text}}}}}` is not closed", token.line)
        if end.text.strip() != words[0]:
            raise self._wrong(f"`{{{{#{token.text}}}}}` is closed by `{{{{/{end.text}}}}}`", end.line)
        return node

    def _otherwise(self, token: _Node, name: str, depth: int) -> tuple[list[_Node], _Node | None]:
        if not token.text:
            return self._block(depth + 1)
        words = token.text.split()
        if len(words) != 2 or words[0] not in ("if", "unless") or not _PATH.fullmatch(words[1]):
            raise self._wrong(f"`{{{{else {token.text}}}}}` is not understood", token.line)
        inner = _Node(words[0], words[1], token.line)
        inner.body, end = self._block(depth + 1)
        if end is not None and end.kind == "else":
            inner.other, end = self._otherwise(end, name, depth + 1)
        return [inner], end

    def _checked(self, token: _Node) -> _Node:
        if token.kind == "value" and not _PATH.fullmatch(token.text):
            raise self._wrong(f"`{{{{{token.text}}}}}` is not understood: helpers and partials are not", token.line)
        return token

    def _wrong(self, reason: str, line: int) -> TreadleError:
        column = column_of(self._source, line, reason)
        context: JsonObject = {"file": self._name, "line": line, "column": column}
        return TreadleError(f"{self._name}:{line}:{column}: {reason}", context=context)


def _tokens(source: str) -> Iterator[_Node]:
    position, line = 0, 1
    matches = list(_TAG.finditer(source))
    strip_next = False
    for match in matches:
        text = source[position : match.start()]
        if strip_next:
            text, strip_next = text.lstrip(), False
        if match[0].startswith("\\"):
            yield _Node("text", text + match[0][1:], line)
        else:
            token = _token(match, line + source.count("\n", position, match.start()))
            alone = token.kind not in ("value", "text") and _stands_alone(source, match)
            if match["open"]:
                text = text.rstrip()
            elif alone:
                text = text[: len(text) - len(text.rsplit("\n", 1)[-1])] if "\n" in text else ""
            yield _Node("text", text, line)
            if token.kind != "comment":
                yield token
            strip_next = bool(match["end"] or match["rawend"] or match["longend"] or match["commentend"])
            line += source.count("\n", position, match.end())
            position = match.end()
            if alone and not strip_next:
                after = re.compile(r"[ \t]*(\r?\n|\Z)").match(source, position)
                position = after.end() if after else position
                line += 1
            continue
        line += source.count("\n", position, match.end())
        position = match.end()
    rest = source[position:]
    yield _Node("text", rest.lstrip() if strip_next else rest, line)


def _token(match: re.Match[str], line: int) -> _Node:
    if match["long"] is not None or match["comment"] is not None:
        return _Node("comment", "", line)
    if match["raw"] is not None:
        return _Node("value", match["raw"].strip(), line, escaped=False)
    sign, body = match["sign"], match["body"].strip()
    if sign == "#":
        return _Node("open", body, line)
    if sign == "/":
        return _Node("close", body, line)
    if (sign == "^" and not body) or body == "else" or body.startswith("else "):
        return _Node("else", body.removeprefix("else").strip(), line)
    return _Node("value", f"{sign if sign in '^>' else ''}{body}", line, escaped=sign != "&")


def _stands_alone(source: str, match: re.Match[str]) -> bool:
    """Nothing but blanks stands beside the tag on its line."""
    before = source[source.rfind("\n", 0, match.start()) + 1 : match.start()]
    end = source.find("\n", match.end())
    after = source[match.end() : end if end >= 0 else len(source)]
    return not before.strip() and not after.strip()


def _written(nodes: Sequence[_Node], stack: list[Any], data: Mapping[str, Any], html: bool) -> Iterator[str]:
    for node in nodes:
        if node.kind == "text":
            yield node.text
        elif node.kind == "value":
            text = _text(_found(node.text, stack, data))
            yield escape(text).replace("`", "&#x60;").replace("=", "&#x3D;") if html and node.escaped else text
        else:
            yield from _block_written(node, _found(node.text, stack, data), stack, data, html)


def _block_written(node: _Node, value: Any, stack: list[Any], data: Mapping[str, Any], html: bool) -> Iterator[str]:
    if node.kind in ("if", "unless"):
        chosen = node.body if _true(value) is (node.kind == "if") else node.other
        yield from _written(chosen, stack, data, html)
    elif node.kind == "with":
        yield from (
            _written(node.body, [*stack, value], data, html)
            if _true(value)
            else _written(node.other, stack, data, html)
        )
    elif not isinstance(value, Mapping | list | tuple) or not value:
        yield from _written(node.other, stack, data, html)
    else:
        items = list(value.items()) if isinstance(value, Mapping) else list(enumerate(value))
        for place, (key, item) in enumerate(items):
            loop = {"index": place, "key": key, "first": place == 0, "last": place == len(items) - 1}
            yield from _written(node.body, [*stack, item], {**data, **loop}, html)


def _found(path: str, stack: list[Any], data: Mapping[str, Any]) -> Any:
    if path.startswith("@"):
        first, *rest = re.split(r"[./]", path[1:])
        return _descend(data.get(first), rest)
    depth = len(stack) - 1
    while path.startswith("../") or path == "..":
        path, depth = path[3:], depth - 1
    if depth < 0:
        return None
    parts = [part for part in re.split(r"[./]", path) if part not in ("", "this")]
    return _descend(stack[depth], parts)


def _descend(value: Any, parts: Sequence[str]) -> Any:
    """Plain data only: keys of mappings and places in lists, never attributes."""
    for part in parts:
        name = part.strip("[]")
        if isinstance(value, Mapping):
            value = value.get(name)
        elif isinstance(value, list | tuple):
            value = (
                value[int(name)]
                if name.isdigit() and int(name) < len(value)
                else len(value)
                if name == "length"
                else None
            )
        else:
            return None
    return value


def _true(value: Any) -> bool:
    """As JavaScript's Handlebars has it: an empty list is false, an empty object is not."""
    return bool(value) or isinstance(value, Mapping)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ",".join(_text(item) for item in value)
    if isinstance(value, Mapping):
        return "[object Object]"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
