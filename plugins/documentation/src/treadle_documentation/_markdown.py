"""Links and headings of Markdown pages, without what stands in code."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple
from urllib.parse import unquote

_FENCE: Final = re.compile(r"^ {0,3}(```+|~~~+)")
_CODE: Final = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")
_LINK: Final = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+[\"'][^)]*)?\)")
_DEFINITION: Final = re.compile(r"^ {0,3}\[[^\]]+\]:\s*<?(\S+?)>?(?:\s|$)")
_HEADING: Final = re.compile(r"^ {0,3}#{1,6}\s+(.*?)\s*#*\s*$")
_ANCHOR: Final = re.compile(r"<[^>]+\s(?:id|name)=[\"']([^\"']+)[\"']")
_MARKUP: Final = re.compile(r"[^\w\- ]")
_LINKED: Final = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")


class Link(NamedTuple):
    """A link that leads to a file or a heading; `line` from 1."""

    target: str
    line: int


def links(text: str) -> Iterator[Link]:
    """Links to places of the project: no URL with a scheme, no link that leads to the site's root."""
    for number, line in _prose(text):
        found = _DEFINITION.match(line)
        for target in [found[1]] if found else _LINK.findall(_CODE.sub("", line)):
            if not re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//|/", target):
                yield Link(unquote(target), number)


def anchors(text: str) -> set[str]:
    """What can stand behind `#`: headings as GitHub names them, and ids in HTML."""
    found: set[str] = set()
    counts: dict[str, int] = {}
    for _, line in _prose(text):
        found |= set(_ANCHOR.findall(line))
        heading = _HEADING.match(line)
        if heading:
            name = slug(heading[1])
            counts[name] = counts.get(name, -1) + 1
            found.add(f"{name}-{counts[name]}" if counts[name] else name)
    return found


def slug(heading: str) -> str:
    """A heading as an anchor."""
    return _MARKUP.sub("", _LINKED.sub(r"\1", heading).lower()).replace(" ", "-")


def _prose(text: str) -> Iterator[tuple[int, str]]:
    fence = ""
    for number, line in enumerate(text.splitlines(), 1):
        found = _FENCE.match(line)
        if fence:
            fence = "" if found and found[1].startswith(fence) and not line.strip(" `~") else fence
        elif found:
            fence = found[1]
        else:
            yield number, line
