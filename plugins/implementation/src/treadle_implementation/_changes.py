"""`code_changes`: what a step changed, each file with the patch that undoes it."""

from collections.abc import Mapping
from typing import Final

from treadle_hookspecs import Json

from treadle_implementation._patching import split

_LONGEST: Final = 500_000
"""Characters of a file's patch that are kept; a longer one cannot be undone from here."""


def code_changes(diff: str, files: Mapping[str, str]) -> list[Json]:
    """`{path, how, added, deleted, patch}` for each file; `patch` is "" for a binary or very large one."""
    patches = {patch.path: patch for patch in split(diff)}
    return [_change(path, how, patches[path].text if path in patches else "") for path, how in sorted(files.items())]


def _change(path: str, how: str, patch: str) -> dict[str, Json]:
    lines = patch.splitlines()
    kept = patch if len(patch) <= _LONGEST and "\nBinary files " not in patch else ""
    return {
        "path": path,
        "how": how,
        "added": sum(line.startswith("+") and not line.startswith("+++") for line in lines),
        "deleted": sum(line.startswith("-") and not line.startswith("---") for line in lines),
        "patch": kept,
    }
