"""INI files: sections of keys, as configparser reads them, and `.editorconfig`."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Final

from treadle_hookspecs import Contribution, MergeConfig, MergeResult
from treadle_merging import Format, Rules, Unreadable, merge_documents

from treadle_merge_lines._entries import Document, Entry, Manner, Section, add, hash_comments, write

_TRIVIA: Final = re.compile(r"(?:[ \t]*(?:[#;][^\n]*)?\n)*(?:[ \t]*[#;][^\n]*\Z)?")
_HEADER: Final = re.compile(r"[ \t]*\[([^\n]+)\][ \t]*(?:[#;][^\n]*)?(?:\n|\Z)")
_PAIR: Final = re.compile(
    r"(?P<before>(?P<key>[^\s=:\[#;][^=:\n]*?)[ \t]*[=:][ \t]*)"
    r"(?P<raw>[^\n]*(?:\n(?:[ \t]*\n)*[ \t]+[^\s#;][^\n]*)*)(?P<after>\n|\Z)"
)


def merge(path: str, contributions: Sequence[Contribution], config: MergeConfig) -> MergeResult:
    """See `MergeFunction`: sections and keys unite; values that differ are open."""
    del path
    form = Format(
        read,
        Document.data,
        partial(write, manner=Manner(hash_comments, lambda value: str(value).replace("\n", "\n    "))),
    )
    return merge_documents(contributions, config, form, Rules())


def read(text: str) -> Document:
    """The sections of a text. Raises `Unreadable` with its line, also for what comes twice."""
    document, at = Document([Section("")]), 0
    while True:
        lead = _TRIVIA.match(text, at)
        start = lead.end() if lead else at
        line = text.count("\n", 0, start) + 1
        if not text[start:].strip():
            document.tail = text[at:]
            return document
        if header := _HEADER.match(text, start):
            if document.find(header[1]):
                raise Unreadable(f"line {line}: the section [{header[1]}] comes twice")
            document.sections.append(Section(header[1], text[at:start], header[0]))
            at = header.end()
        elif pair := _PAIR.match(text, start):
            value = "\n".join(part.strip() for part in pair["raw"].split("\n"))
            add(
                document.sections[-1],
                Entry(pair["key"], value, text[at:start], pair["before"], pair["raw"], pair["after"]),
                line,
            )
            at = pair.end()
        else:
            raise Unreadable(f"line {line}: `key = value` or `[section]` is expected")
