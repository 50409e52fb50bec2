"""The values of a TOML text: scalars, arrays and inline tables as nodes that give every byte back."""

import re
import tomllib
from collections.abc import Iterable
from typing import Final

from treadle_merging import Element, Node, Syntax, Unreadable, Value

TRIVIA: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_ONE_PART: Final = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_PART: Final = re.compile(_ONE_PART)
KEY: Final = re.compile(rf"[ \t]*{_ONE_PART}(?:[ \t]*\.[ \t]*{_ONE_PART})*[ \t]*")
_TEXT: Final = re.compile(
    r"""\"{3}(?:[^\\]|\\.)*?\"{3}(?:""|")?|'{3}.*?'{3}(?:''|')?|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""", re.DOTALL
)
_BARE: Final = re.compile(r"[^\s,\[\]{}#=]+(?: \d{2}:\d{2}[^\s,\[\]{}#]*)?")
_TAIL: Final = re.compile(r"[ \t]*(?:#[^\n]*)?(?=\r?\n|\Z)")
_COMMENT: Final = re.compile(r"#[^\n]*")


def comments(trivia: str) -> Iterable[str]:
    """The comments in blanks and comments, without the blanks behind them."""
    return [found.rstrip() for found in _COMMENT.findall(trivia)]


def dumped(value: Value, indent: str, level: int) -> str:
    """A value as TOML, in one line."""
    import tomlkit

    del indent, level
    item = tomlkit.item(value)
    if isinstance(value, dict):
        table = tomlkit.inline_table()
        table.update(value)
        item = table
    text: str = item.as_string()
    return text


def member(key: str) -> str:
    """A key of an inline table and its equals sign."""
    return f"{quoted(key)} = "


def quoted(key: str) -> str:
    """A key as it is written."""
    import json

    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key, ensure_ascii=False)


SYNTAX: Final = Syntax(comments, "#", dumped, member, broken_objects=False, trailing=True)


def parts(key: str) -> tuple[str, ...]:
    """The parts of a dotted key."""
    return tuple(_plain(found) for found in _PART.findall(key))


def value_at(text: str, at: int) -> tuple[Node, int]:
    """The value that begins at a place, and where it ends. The text as a whole is known to be TOML."""
    if text[at] in "[{":
        return _container(text, at)
    found = _TEXT.match(text, at) or _BARE.match(text, at)
    if not found:
        line = text.count("\n", 0, at) + 1
        raise Unreadable(f"line {line}: a value is expected")
    return Node("scalar", found[0], _meaning(found[0])), found.end()


def _container(text: str, at: int) -> tuple[Node, int]:
    node = Node("array" if text[at] == "[" else "object")
    closing = "]" if text[at] == "[" else "}"
    at += 1
    while True:
        lead, at = _trivia(text, at)
        if text[at] == closing:
            node.closing = lead
            return node, at + 1
        element, at = _element(text, at, lead, keyed=closing == "}")
        node.elements.append(element)


def _element(text: str, at: int, lead: str, *, keyed: bool) -> tuple[Element, int]:
    head, key = "", ""
    if keyed and (found := KEY.match(text, at)):
        key = ".".join(parts(found[0]))
        after = re.compile(r"[ \t]*").match(text, found.end() + 1)
        head = text[at : after.end() if after else found.end() + 1]
        at += len(head)
    node, at = value_at(text, at)
    element = Element(lead, key, head, node)
    gap, after_gap = _trivia(text, at)
    if text[after_gap] == ",":
        element.gap, element.comma, at = gap, True, after_gap + 1
    if tail := _TAIL.match(text, at):
        element.tail, at = tail[0], tail.end()
    return element, at


def _trivia(text: str, at: int) -> tuple[str, int]:
    found = TRIVIA.match(text, at)
    end = found.end() if found else at
    return text[at:end], end


def _meaning(text: str) -> Value:
    return tomllib.loads(f"x = {text}")["x"]


def _plain(part: str) -> str:
    if part.startswith('"'):
        return str(_meaning(part))
    return part[1:-1] if part.startswith("'") else part
