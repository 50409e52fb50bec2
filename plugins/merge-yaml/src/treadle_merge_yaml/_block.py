"""What is copied from one YAML text into another: blocks of lines, or values between brackets."""

import json
import re
from dataclasses import dataclass

import yaml
from treadle_merging import Unreadable, Value

from treadle_merge_yaml._tree import Alias, Document, Entry, Node, Reference, Tagged


class MissingAnchor(Unreadable):
    """An alias whose anchor the target does not have."""


@dataclass(frozen=True, slots=True)
class Block:
    """An entry as it is to stand in another text.

    Attributes:
        lead: blank lines and comments above it, indented.
        body: its text; the first line without indentation.
        tail: what follows it: the line's end with its comment, and comments that are indented deeper.
    """

    lead: str
    body: str
    tail: str


def block_of(document: Document, entry: Entry, column: int, target: Document) -> Block:
    """An entry of a document, to stand in this column of the target. Raises `MissingAnchor`."""
    if entry.flow:
        head = f"{fresh(entry.key)}: " if entry.key else "- "
        return Block("", head + flow_text(document, entry.node), "\n")
    text = document.text
    end = max(entry.node.end, entry.start)
    body = _renamed(document, entry.start, end, target)
    shift = column - document.column(entry.start)
    begins_line = not text[document.line_start(entry.start) : entry.start].strip()
    lead = text[document.lead(entry) : document.line_start(entry.start)] if begins_line else ""
    blank = "\n" if lead.startswith(("\n", " \n")) or re.match(r"\s*\n", lead) else ""
    comments = "".join(f"{' ' * column}{line.strip()}\n" for line in lead.splitlines() if line.strip())
    tail = text[end : document.stop(entry)]
    tail = tail if tail.endswith("\n") else tail + "\n"
    return Block(blank + comments, _shifted(body, shift, column), _shifted(tail, shift, column))


def in_flow(node: Node) -> bool:
    """It can stand behind a key, in its line."""
    return node.kind == "leaf" or node.flow


def flow_text(document: Document, node: Node) -> str:
    """A value as it can stand between brackets."""
    if node.kind == "leaf":
        return _scalar(document, node)
    inner = [
        (f"{fresh(entry.key)}: " if node.kind == "map" else "") + flow_text(document, entry.node)
        for entry in node.entries
    ]
    return ("{" + ", ".join(inner) + "}") if node.kind == "map" else ("[" + ", ".join(inner) + "]")


def fresh(value: Value) -> str:
    """A value that no text holds, between brackets where it is a list or mapping."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{fresh(key)}: {fresh(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(fresh, value)) + "]"
    if isinstance(value, Alias):
        raise Unreadable("an alias would have to be written where its anchor is not known")
    if isinstance(value, Tagged):
        return value.text or "null"
    dumped: str = yaml.safe_dump(value, default_flow_style=True, width=10**6, allow_unicode=True)
    return dumped.removesuffix("\n").removesuffix("\n...")


def _scalar(document: Document, node: Node) -> str:
    text = document.text[node.start : node.end]
    if isinstance(node.leaf, str) and (not text.startswith(('"', "'")) or "\n" in text):
        plain = re.fullmatch(r"[^\s,\[\]{}#&*!|>'\"%@`?:-][^,\[\]{}#:\n]*", text)
        return text if plain else json.dumps(node.leaf, ensure_ascii=False)
    if isinstance(node.leaf, Alias) or text.startswith(("&", "!")):
        raise Unreadable("an anchor, alias or tag would have to move between brackets")
    return text or "null"


def _shifted(text: str, shift: int, column: int) -> str:
    """All lines but the first, further right or left."""
    first, *lines = text.split("\n")
    return "\n".join([first, *(_moved(line, shift, column) for line in lines)])


def _moved(line: str, shift: int, column: int) -> str:
    if not line.strip() and shift < 0:
        return line[-shift:] if len(line) > -shift else ""
    if not line.strip():
        return line
    indent = len(line) - len(line.lstrip(" "))
    if indent + shift < 0 or (line.lstrip().startswith("#") and indent < -shift):
        return " " * column + line.lstrip(" ")
    return " " * (indent + shift) + line.lstrip(" ")


def _renamed(document: Document, start: int, end: int, target: Document) -> str:
    """The text, its anchors given names that the target does not have yet."""
    inside = [one for one in document.anchors if start <= one.at < end]
    taken = {one.name for one in target.anchors}
    names = {one.name: _free(one.name, taken) for one in inside}
    changes = [(one, names[one.name]) for one in inside]
    for alias in [one for one in document.aliases if start <= one.at < end]:
        own = any(anchor.name == alias.name and anchor.at < alias.at for anchor in inside)
        changes.append((alias, names[alias.name] if own else _there(alias, target)))
    text = document.text[start:end]
    for reference, name in sorted(changes, reverse=True):
        text = _with_name(text, reference, name, start)
    return text


def _with_name(text: str, reference: Reference, name: str, start: int) -> str:
    at = reference.at - start + 1
    return text[:at] + re.sub(rf"^{re.escape(reference.name)}", lambda _: name, text[at:])


def _there(alias: Reference, target: Document) -> str:
    """The name that what an alias means has in the target."""
    for anchor in target.anchors:
        if anchor.digest == alias.digest:
            return anchor.name
    raise MissingAnchor(f"`*{alias.name}` refers to an anchor that the other templates do not have")


def _free(name: str, taken: set[str]) -> str:
    free, number = name, 2
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free
