"""What a specification asks for, read from its text: no judgement, only what stands there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from treadle_hookspecs import Json

_ITEM: Final = re.compile(r"^\s*(?:[-*+•]|\d+[.)])\s+(?:\[[ xX]\]\s*)?(.+)$")
_HEADING: Final = re.compile(r"^\s*(?:#{1,6}\s+(.+?)\s*#*|([A-Z][^.:]{2,60}):)\s*$")
_MUST: Final = re.compile(r"\b(?:must|shall|has to|have to|required|only|never|always)\b", re.IGNORECASE)
_SHOULD: Final = re.compile(r"\b(?:should|ought|needs? to|can|may|could|nice to have|optional(?:ly)?)\b", re.IGNORECASE)
_ACCEPT: Final = re.compile(r"\b(?:accept|criteria|done when|given|expect|verif|tests?)\b", re.IGNORECASE)
_VAGUE: Final = re.compile(
    r"\b(?:fast|quick(?:ly)?|easy|easily|simple|user.friendly|robust|flexible|appropriate|etc|some|several|better|"
    r"nice|intuitive|efficient(?:ly)?|scalable|as needed|if possible|modern)\b",
    re.IGNORECASE,
)
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing that is asked for; `line` is 1 for the text's first."""

    text: str
    line: int
    weight: str
    section: str
    vague: tuple[str, ...]

    def to_json(self, number: int) -> dict[str, Json]:
        """`{id, text, line, weight, section, vague}`."""
        return {
            "id": f"R{number}",
            "text": self.text,
            "line": self.line,
            "weight": self.weight,
            "section": self.section or None,
            "vague": list(self.vague),
        }


def requirements(text: str) -> list[Requirement]:
    """Every item of a list and, where there are none, every sentence; headings name the sections."""
    found = list(_items(text))
    return found or list(_sentences(text))


def criteria(found: list[Requirement]) -> list[Requirement]:
    """Those by which one can tell that it is done."""
    return [one for one in found if _ACCEPT.search(one.section) or re.match(r"(?i)given\b.*\bthen\b", one.text)]


def _items(text: str) -> Iterator[Requirement]:
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        heading, item = _HEADING.match(line), _ITEM.match(line)
        if heading:
            section = heading[1] or heading[2]
        elif item:
            yield _requirement(item[1].strip(), number, section)


def _sentences(text: str) -> Iterator[Requirement]:
    for number, line in enumerate(text.splitlines(), 1):
        for sentence in _SENTENCE.split(line.strip()):
            if sentence and not _HEADING.match(line):
                yield _requirement(sentence.strip(), number, "")


def _requirement(text: str, line: int, section: str) -> Requirement:
    weight = "must" if _MUST.search(text) else "should" if _SHOULD.search(text) else "stated"
    vague = tuple(dict.fromkeys(word.lower() for word in _VAGUE.findall(text)))
    return Requirement(text, line, weight, section, vague)
