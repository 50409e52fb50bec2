"""Makefiles: targets and variables that do not meet may stand in one file."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Final

from treadle_hookspecs import Contribution, MergeConfig, MergeResult
from treadle_merging import Format, KeyPath, Merge, Rules, Side, Unreadable, Value, merge_documents

from treadle_merge_lines._entries import Document, Entry, Manner, Section, hash_comments, write

_DIRECTIVE: Final = re.compile(
    r"(?:ifeq|ifneq|ifdef|ifndef|else|endif|define|-?include|sinclude|vpath|override|unexport)\b"
)
_VARIABLE: Final = re.compile(r"(?:export[ \t]+)?([\w.-]+)[ \t]*(?:[:?+!]|::)?=")
_TARGET: Final = re.compile(r"([^\s:=#][^:=#]*?)[ \t]*::?(?!=)")


def merge(path: str, contributions: Sequence[Contribution], config: MergeConfig) -> MergeResult:
    """See `MergeFunction`: targets and variables by name; a name with two meanings is open."""
    del path
    form = Format(read, Document.data, partial(write, manner=Manner(hash_comments)))
    return merge_documents(contributions, config, form, Rules(special={"*": _whole}))


def read(text: str) -> Document:
    """The variables and rules of a text. Raises `Unreadable` for what makes one part depend on another."""
    section, lead, lines = Section(""), "", text.splitlines(keepends=True)
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip() or line.startswith("#"):
            lead, at = lead + line, at + 1
            continue
        end = _end(lines, at)
        _add(section, lead, "".join(lines[at:end]), at + 1)
        lead, at = "", end
    return Document([section], lead)


def _end(lines: list[str], at: int) -> int:
    """Behind a logical line and the recipe below it."""
    rule = not _VARIABLE.match(lines[at])
    while at < len(lines):
        continued = lines[at].rstrip("\n").endswith("\\")
        at += 1
        below = at < len(lines) and lines[at].startswith("\t")
        if not (continued or (rule and below)):
            return at
    return at


def _add(section: Section, lead: str, text: str, line: int) -> None:
    found = _VARIABLE.match(text) or _TARGET.match(text)
    if _DIRECTIVE.match(text) or not found:
        raise Unreadable(
            f"line {line}: what depends on `{text.split()[0]}` cannot be told apart; `rename` keeps both files"
        )
    body = text.rstrip("\n")
    key = f"{found[1]} {' '.join(body.partition(':')[2].split())}" if found[1].startswith(".") else found[1]
    if section.find(key):
        raise Unreadable(f"line {line}: `{key}` comes twice; `rename` keeps both files")
    section.entries.append(Entry(key, body, lead, "", body, text[len(body) :] or "\n" * bool(text.endswith("\n"))))


def _whole(merge: Merge, path: KeyPath, sides: Sequence[Side]) -> Value:
    return merge.differ(path, sides, hint="one name, two meanings; `rename` for the file keeps both")
