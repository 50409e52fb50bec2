"""Which files are meant: names and patterns below the execution's root, never beyond it."""

import os
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from treadle_hookspecs import ActionContext, ActionError

NEVER: Final = (".git", ".treadle", ".hg", ".svn", ".venv", "node_modules")
"""Folders that patterns do not look into."""
MOST: Final = 100_000
"""Files that one pattern may find."""


def matching(context: ActionContext, patterns: Iterable[str], *, exclude: Iterable[str] = ()) -> list[str]:
    """Names of the files that a pattern matches, sorted; `**` stands for any folders. Links are not followed.

    Raises:
        ActionError: `invalid-input` for a pattern that leads out of the root, `too-many` above `MOST` files.
    """
    wanted, without = [_checked(pattern) for pattern in patterns], [_checked(pattern) for pattern in exclude]
    found = [
        name
        for name in _files(context.workspace.root)
        if any(_matches(name, pattern) for pattern in wanted) and not any(_matches(name, each) for each in without)
    ]
    if len(found) > MOST:
        raise ActionError(f"{len(found)} files match, at most {MOST} are taken", error_class="too-many")
    return sorted(found)


def _checked(pattern: str) -> str:
    if not pattern or pattern.startswith("/") or ".." in pattern.split("/"):
        raise ActionError(
            f"the pattern {pattern!r} does not stay below the root", error_class="invalid-input", retryable=False
        )
    return pattern.removeprefix("./")


def _matches(name: str, pattern: str) -> bool:
    return _parts_match(name.split("/"), pattern.split("/"))


def _parts_match(name: list[str], pattern: list[str]) -> bool:
    """`*` and `?` stay within a part, `**` takes any number of parts, none included."""
    reachable = {0}
    for part in pattern:
        if part == "**":
            reachable = set(range(min(reachable, default=len(name) + 1), len(name) + 1))
        else:
            reachable = {at + 1 for at in reachable if at < len(name) and fnmatchcase(name[at], part)}
    return len(name) in reachable


def _files(root: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in NEVER)
        for name in files:
            yield (Path(folder) / name).relative_to(root).as_posix()
