"""Which files of a change are looked at."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from treadle_hookspecs import ActionContext, ActionError


def project_folder(context: ActionContext, path: str) -> Path:
    """The folder to look at, absolute or relative to the execution's root."""
    folder = Path(os.path.realpath(context.workspace.root / path))
    if not folder.is_dir():
        raise ActionError(f"there is no folder {folder} to look at", error_class="invalid-input", retryable=False)
    return folder


def present(folder: Path, names: Iterable[str], suffix: str = "") -> list[str]:
    """The names of files that are there, links that lead out of the folder left out."""
    return [name for name in names if name.endswith(suffix) and _inside(folder, name)]


def everything(folder: Path) -> list[str]:
    """All files, those of git aside."""
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*"))
    return sorted(name for name in names if not name.startswith(".git/"))


def touches(change: Mapping[str, Any] | None, first: int, last: int) -> bool:
    """True when one of the lines is a changed one; all are where no change is known."""
    ranges = (change or {}).get("changed_lines")
    return ranges is None or any(start <= last and end >= first for start, end in ranges)


def _inside(folder: Path, name: str) -> bool:
    path = folder / name
    return path.is_file() and path.resolve().is_relative_to(folder)
