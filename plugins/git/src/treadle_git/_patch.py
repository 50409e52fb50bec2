"""Reading git's machine formats of a difference: `--raw --numstat -z`, and the hunk headers of a patch."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from treadle_hookspecs import Json

STATUS: Final = {"A": "added", "M": "modified", "D": "deleted", "R": "renamed", "C": "copied", "T": "type-changed"}
KIND: Final = {"120000": "link", "160000": "submodule"}
NO_FILE: Final = "000000"
HUNK: Final = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


@dataclass(frozen=True, slots=True)
class Hunk:
    """One block of changed lines: first line and number of lines, before and after. No context lines."""

    old_start: int
    old_lines: int
    new_start: int
    new_lines: int

    def to_json(self) -> dict[str, Json]:
        """The four numbers by name."""
        return {
            "old_start": self.old_start,
            "old_lines": self.old_lines,
            "new_start": self.new_start,
            "new_lines": self.new_lines,
        }


@dataclass(frozen=True, slots=True)
class FileChange:
    """What a change does to one file. `added` and `deleted` count lines and are None for a binary file."""

    path: str
    status: str
    old_path: str = ""
    kind: str = "file"
    added: int | None = None
    deleted: int | None = None
    hunks: tuple[Hunk, ...] = field(default_factory=tuple)

    @property
    def binary(self) -> bool:
        """True when git counts no lines in it."""
        return self.added is None

    @property
    def changed_lines(self) -> list[list[int]]:
        """Ranges `[first, last]` of the lines that are new or different, in the file as it is after the change."""
        return [[hunk.new_start, hunk.new_start + hunk.new_lines - 1] for hunk in self.hunks if hunk.new_lines]

    def to_json(self) -> dict[str, Json]:
        """All of it by name; `old_path` is null unless the file was renamed or copied."""
        return {
            "path": self.path,
            "old_path": self.old_path or None,
            "status": self.status,
            "kind": self.kind,
            "binary": self.binary,
            "added": self.added,
            "deleted": self.deleted,
            "hunks": [hunk.to_json() for hunk in self.hunks],
            "changed_lines": self.changed_lines,
        }


def parse_summary(text: str) -> list[FileChange]:
    """The files in the output of `git diff-tree --raw --numstat -z`, in git's order."""
    fields = iter(text.split("\0"))
    changes: list[FileChange] = []
    counts: dict[str, tuple[int | None, int | None]] = {}
    for entry in fields:
        if entry.startswith(":"):
            changes.append(_raw_entry(entry, fields))
        elif entry:
            path, count = _count_entry(entry, fields)
            counts[path] = count
    return [_counted(change, counts.get(change.path, (None, None))) for change in changes]


def _raw_entry(entry: str, fields: Iterator[str]) -> FileChange:
    old_mode, new_mode, _, _, code = entry[1:].split(" ")
    first = next(fields)
    moved = code[0] in "RC"
    path = next(fields) if moved else first
    mode = old_mode if new_mode == NO_FILE else new_mode
    return FileChange(
        path, STATUS.get(code[0], "modified"), old_path=first if moved else "", kind=KIND.get(mode, "file")
    )


def _count_entry(entry: str, fields: Iterator[str]) -> tuple[str, tuple[int | None, int | None]]:
    added, deleted, path = entry.split("\t", 2)
    if not path:  # a rename: the old and the new name follow as fields of their own
        next(fields)
        path = next(fields)
    return path, (_number(added), _number(deleted))


def _number(text: str) -> int | None:
    return None if text == "-" else int(text)


def _counted(change: FileChange, count: tuple[int | None, int | None]) -> FileChange:
    return replace(change, added=count[0], deleted=count[1])


def add_hunks(changes: Sequence[FileChange], patch: str) -> list[FileChange]:
    """The same files with the hunks of a patch without context lines (`-U0`), which lists them in the same order."""
    sections = _sections(patch)
    return [_with_sections(change, sections) for change in changes]


def _with_sections(change: FileChange, sections: Iterator[list[Hunk]]) -> FileChange:
    hunks = next(sections, [])
    if change.status == "type-changed":  # git writes it as a deletion and an addition
        hunks = next(sections, [])
    return replace(change, hunks=tuple(hunks))


def _sections(patch: str) -> Iterator[list[Hunk]]:
    """The hunks of each file. Content lines begin with `+`, `-` or a backslash, so headers cannot be forged."""
    current: list[Hunk] | None = None
    for line in patch.split("\n"):
        if line.startswith("diff --git "):
            if current is not None:
                yield current
            current = []
        elif current is not None and (match := HUNK.match(line)):
            current.append(_hunk(match))
    if current is not None:
        yield current


def _hunk(match: re.Match[str]) -> Hunk:
    old_start, old_lines, new_start, new_lines = match.groups()
    return Hunk(int(old_start), int(old_lines) if old_lines else 1, int(new_start), int(new_lines) if new_lines else 1)
