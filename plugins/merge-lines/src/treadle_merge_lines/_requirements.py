"""requirements.txt and constraints: one line a package."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Final

from treadle_hookspecs import Contribution, MergeConfig, MergeResult
from treadle_merging import (
    Format,
    KeyPath,
    Merge,
    Rules,
    Side,
    Value,
    identity,
    merge_documents,
    parse,
    unite_texts,
)

from treadle_merge_lines._entries import Document, Entry, Manner, Section, add, hash_comments, write

_TRIVIA: Final = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*(?:[ \t]*#[^\n]*\Z)?")
_LINE: Final = re.compile(
    r"(?P<raw>(?:[^\n\\#]|\\.|\\\n|(?<=[^\s])#)*?)(?P<after>[ \t]*(?:(?<=\s)#[^\n]*)?(?:\n|\Z))", re.DOTALL
)


def merge(path: str, contributions: Sequence[Contribution], config: MergeConfig) -> MergeResult:
    """See `MergeFunction`: a package and marker once, specifiers combined; options are kept in their order."""
    del path
    form = Format(read, Document.data, partial(write, manner=Manner(hash_comments)))
    return merge_documents(contributions, config, form, Rules(special={"*": _unite}))


def read(text: str) -> Document:
    """The lines of a text, by package and marker; what is no requirement goes by its own text."""
    section, at = Section(""), 0
    while True:
        lead = _TRIVIA.match(text, at)
        start = lead.end() if lead else at
        found = _LINE.match(text, start)
        if not text[start:].strip() or not found:
            return Document([section], text[at:])
        raw = found["raw"].rstrip()
        after = found["raw"][len(raw) :] + found["after"]
        add(section, Entry(_key(raw), raw, text[at:start], "", raw, after), text.count("\n", 0, start) + 1)
        at = found.end()


def _key(line: str) -> str:
    requirement = parse(_bare(line))
    return " ".join(part for part in identity(requirement) if part) if requirement else line


def _bare(line: str) -> str:
    """A requirement without its hashes and line ends."""
    return re.sub(r"\s*\\\n\s*", " ", line).partition(" --")[0].strip()


def _unite(merge: Merge, path: KeyPath, sides: Sequence[Side]) -> Value:
    """Hashes belong to one version: such lines are taken as they are."""
    if any(" --" in str(side.value) for side in sides):
        return merge.differ(path, sides, hint="a line with hashes is taken whole")
    return unite_texts(merge, path, sides)
