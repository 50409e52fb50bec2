"""A Markdown file as sections; headings are found by a CommonMark parser, so those in code are none."""

import re
from dataclasses import dataclass
from typing import Final

_ATX: Final = re.compile(r" {0,3}(#{1,6})(?=[ \t]|$)")
DEEPEST: Final = 6


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading at the top of the document: its level, its text, and its lines `first <= n < stop`."""

    level: int
    title: str
    first: int
    stop: int


@dataclass(frozen=True, slots=True)
class Document:
    """A file's lines (without their ends), its headings, and the link labels that it defines."""

    lines: list[str]
    headings: list[Heading]
    labels: dict[str, str]

    @property
    def title(self) -> Heading | None:
        """The first heading, when it is of level 1."""
        return self.headings[0] if self.headings and self.headings[0].level == 1 else None

    def end(self, heading: Heading) -> int:
        """Behind the section of a heading: where the next one of its level or above begins."""
        below = [one.first for one in self.headings if one.first > heading.first and one.level <= heading.level]
        return below[0] if below else len(self.lines)


def read(text: str) -> Document:
    """The sections of a text. Whatever stands there is Markdown."""
    from markdown_it import MarkdownIt  # only when Markdown is merged

    env: dict[str, dict[str, dict[str, str]]] = {}
    tokens = MarkdownIt("commonmark").parse(text, env)
    headings = [
        Heading(int(token.tag[1]), tokens[number + 1].content, *token.map)
        for number, token in enumerate(tokens)
        if token.type == "heading_open" and token.level == 0 and token.map
    ]
    labels = {label.lower(): reference["href"] for label, reference in env.get("references", {}).items()}
    return Document(text.splitlines(), headings, labels)


def shifted(document: Document, first: int, stop: int, by: int) -> list[str]:
    """Lines of a document with the headings in them so many levels deeper, at most to level 6."""
    lines = list(document.lines)
    for heading in document.headings:
        if first <= heading.first < stop:
            level = "#" * min(heading.level + by, DEEPEST)
            atx = _ATX.match(lines[heading.first])
            if atx:
                lines[heading.first] = lines[heading.first].replace(atx[1], level, 1)
            else:
                lines[heading.first : heading.stop] = [f"{level} {' '.join(heading.title.split())}"] + [""] * (
                    heading.stop - heading.first - 1
                )
    return lines[first:stop]
