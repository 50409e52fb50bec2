"""Which files of a change are looked at."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from treadle_hookspecs import ActionContext, ActionError


@dataclass(frozen=True, slots=True)
class Target:
    """A file to check. `ranges` are `(first, last)` of its changed lines, None when all of it is new to the check."""

    path: str
    before: str
    ranges: tuple[tuple[int, int], ...] | None

    def changed(self, line: int, last: int | None = None) -> bool:
        """True when one of the lines was changed."""
        end = line if last is None else last
        return self.ranges is None or any(first <= end and stop >= line for first, stop in self.ranges)


def project_folder(context: ActionContext, path: str) -> Path:
    """The folder to check, absolute or relative to the execution's root. Raises `ActionError` when it is not there."""
    folder = Path(os.path.realpath(context.workspace.root / path))
    if not folder.is_dir():
        raise ActionError(f"there is no folder {folder} to check", error_class="invalid-input", retryable=False)
    return folder


def targets(folder: Path, changes: Iterable[Mapping[str, Any]] | None, suffixes: tuple[str, ...]) -> list[Target]:
    """The changed files with one of the suffixes that are there, in order; all such files without `changes`.

    A link that leads out of the folder is left out: a change must not make a check read foreign files.
    """
    if changes is None:
        named = sorted(
            path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.name.endswith(suffixes)
        )
        return [Target(name, "", None) for name in named if _inside(folder, name) and not _hidden(name)]
    return [
        Target(change["path"], change.get("old_path") or change["path"], _ranges(change))
        for change in changes
        if change["path"].endswith(suffixes) and _inside(folder, change["path"])
    ]


def _ranges(change: Mapping[str, Any]) -> tuple[tuple[int, int], ...] | None:
    ranges = change.get("changed_lines")
    return None if ranges is None else tuple((first, last) for first, last in ranges)


def _inside(folder: Path, name: str) -> bool:
    path = folder / name
    return path.is_file() and path.resolve().is_relative_to(folder)


def _hidden(name: str) -> bool:
    """Environments, caches and tools' own folders are no source."""
    return any(part.startswith(".") or part in ("node_modules", "venv", "__pycache__") for part in name.split("/"))
