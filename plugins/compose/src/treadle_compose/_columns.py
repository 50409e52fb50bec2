"""Where in its line a mistake stands: template engines count lines only."""

import re
from typing import Final

_TAG: Final = re.compile(r"\{\{.*?(?:\}\}|$)|\{[%#].*?(?:[%#]\}|$)")
_QUOTED: Final = re.compile(r"'([^']+)'|`\{*([^`{}]+)\}*`")


def column_of(text: str, line: int, reason: str) -> int:
    """The column, from 1, of what the reason quotes from a tag in that line; else of the line's first tag, else 1."""
    lines = text.splitlines()
    shown = lines[line - 1] if 0 < line <= len(lines) else ""
    tags = list(_TAG.finditer(shown))
    for quoted in (one or other for one, other in _QUOTED.findall(reason)):
        word = re.compile(rf"(?<!\w){re.escape(quoted)}(?!\w)")
        for tag in tags:
            if found := word.search(tag[0]):
                return tag.start() + found.start() + 1
    return tags[0].start() + 1 if tags else 1
