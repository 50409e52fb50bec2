"""`code_changes`: what a step changed, each file with the patch that undoes it."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from treadle_hookspecs import Json

from treadle_implementation._patching import split

_HUNK: Final = re.compile(r"@@ -\d+(?:,\d+)? \+(\d+)")
_LONGEST: Final = 500_000
"""Characters of a file's patch that are kept; a longer one cannot be undone from here."""


def code_changes(diff: str, files: Mapping[str, str]) -> list[Json]:
    """`{path, how, added, deleted, changed_lines, patch}` and what else `git/diff` says of each file.

    `patch` is "" for a binary or very large one.
    """
    patches = {patch.path: patch for patch in split(diff)}
    return [_change(path, how, patches[path].text if path in patches else "") for path, how in sorted(files.items())]


def _change(path: str, how: str, patch: str) -> dict[str, Json]:
    lines = patch.splitlines()
    kept = patch if len(patch) <= _LONGEST and "\nBinary files " not in patch else ""
    return {
        "path": path,
        "old_path": None,
        "how": how,
        "status": how,
        "kind": "file",
        "binary": "\nBinary files " in patch,
        "changed_lines": _changed_lines(lines),
        "added": sum(line.startswith("+") and not line.startswith("+++") for line in lines),
        "deleted": sum(line.startswith("-") and not line.startswith("---") for line in lines),
        "patch": kept,
    }


def _changed_lines(patch: Sequence[str]) -> list[Json]:
    """`[first, last]` of the lines that are new or different, as the file stands after the change."""
    found: list[list[int]] = []
    number = 0
    for line in patch:
        hunk = _HUNK.match(line)
        if hunk:
            number = int(hunk[1]) - 1
        elif line.startswith("+") and not line.startswith("+++"):
            number += 1
            if found and found[-1][1] == number - 1:
                found[-1][1] = number
            else:
                found.append([number, number])
        elif line.startswith(" "):
            number += 1
    return [list(one) for one in found]
