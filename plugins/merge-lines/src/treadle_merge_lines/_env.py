"""Files of variables: `.env` and its kind."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from treadle_hookspecs import Contribution, Json, MergeConfig, MergeResult
from treadle_merging import Format, Rules, Unreadable, Value, merge_documents

from treadle_merge_lines._entries import Document, Entry, Manner, Section, add, hash_comments, write

SECRET: Final = re.compile(r"SECRET|TOKEN|PASSWORD|PASSWD|PRIVATE|CREDENTIAL|API_?KEY|ACCESS_?KEY", re.IGNORECASE)
"""Names whose values are never shown."""
_LINE: Final = re.compile(
    r"""(?P<before>[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_][\w.-]*)[ \t]*=[ \t]*)"""
    r"""(?P<raw>"(?:[^"\\]|\\.)*"|'[^']*'|[^\n]*?)(?P<after>(?:[ \t]+\#[^\n]*)?[ \t]*(?:\n|\Z))""",
    re.DOTALL,
)
_TRIVIA: Final = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*(?:[ \t]*#[^\n]*\Z)?")


def merge(path: str, contributions: Sequence[Contribution], config: MergeConfig) -> MergeResult:
    """See `MergeFunction`: variables by name; different values are open, and a secret's value is never shown."""
    del path
    form = Format(read, Document.data, partial(write, manner=Manner(hash_comments, quoted)))
    result = merge_documents(contributions, config, form, Rules())
    opened = tuple(replace(row, values=_shown(row.key, row.values)) for row in result.open)
    chosen = tuple(replace(row, values=_shown(row.key, row.values)) for row in result.chosen)
    return replace(result, open=opened, chosen=chosen)


def read(text: str) -> Document:
    """The variables of a text. Raises `Unreadable` with its line, also for a name that comes twice."""
    section, at = Section(""), 0
    while True:
        lead = _TRIVIA.match(text, at)
        start = lead.end() if lead else at
        if not text[start:].strip():
            return Document([section], text[at:])
        found = _LINE.match(text, start)
        line = text.count("\n", 0, start) + 1
        if not found:
            raise Unreadable(f"line {line}: `NAME=value` is expected")
        entry = Entry(
            found["name"], _meaning(found["raw"]), text[at:start], found["before"], found["raw"], found["after"]
        )
        add(section, entry, line)
        at = found.end()


def quoted(value: Value) -> str:
    """A value as it is written."""
    text = str(value)
    return text if re.fullmatch(r"[\w./:@%+,-]*", text) else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _meaning(raw: str) -> str:
    if raw.startswith('"') and raw.endswith('"') and len(raw) > 1:
        return re.sub(r'\\(["\\$])', r"\1", raw[1:-1])
    return raw[1:-1] if raw.startswith("'") and raw.endswith("'") and len(raw) > 1 else raw


def _shown(key: str, values: tuple[tuple[str, Json], ...]) -> tuple[tuple[str, Json], ...]:
    return tuple((template, "(not shown)") for template, _ in values) if SECRET.search(key) else values
