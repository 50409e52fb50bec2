"""A JSON file: its value, what stands around it, and its comments."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from treadle_merging import Node, Syntax, Value


@dataclass(slots=True)
class Document:
    """A whole file: what stands before and after its value, and by what a level is indented."""

    before: str
    root: Node
    after: str
    indent: str = "  "


def comments(trivia: str) -> Iterator[str]:
    """The comments in blanks and comments, without the blanks around them."""
    place = 0
    while (start := trivia.find("/", place)) >= 0:
        block = trivia.startswith("/*", start)
        end = trivia.find("*/" if block else "\n", start)
        end = len(trivia) if end < 0 else end + 2 * block
        yield trivia[start:end].rstrip()
        place = end


def dumped(value: Value, indent: str, level: int) -> str:
    """A value as JSON, a line for each element."""
    return json.dumps(value, indent=indent, ensure_ascii=False).replace("\n", "\n" + indent * level)


SYNTAX: Final = Syntax(comments, "//", dumped, lambda key: f"{json.dumps(key, ensure_ascii=False)}: ")
