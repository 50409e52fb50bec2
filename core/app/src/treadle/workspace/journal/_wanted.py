"""What may be wanted: names below the root, modes that can be looked at again, modes where none is given."""

import contextlib
import os
import re
from pathlib import Path
from typing import Final

from treadle.workspace._names import components, refused
from treadle.workspace.journal._folders import Parts
from treadle.workspace.journal._plan import HOME
from treadle.workspace.journal.states import folded

_UMASK: Final = re.compile(r"^Umask:\s*([0-7]+)$", re.MULTILINE)
_READABLE: Final = 0o400
_ENTERABLE: Final = 0o500


def named(path: str) -> Parts:
    """The parts of a name.

    Raises:
        TreadleError: it is refused, or names the root or the journal's own folder.
    """
    parts = components(path)
    if not parts:
        raise refused(path, "it names the root itself", "name a file or folder")
    if folded(parts[0]) == HOME:
        raise refused(path, f"{HOME} is where the journal keeps its own files", "choose another name")
    return parts


def file_mode(path: str, mode: int) -> int:
    """A mode for a file. Raises `TreadleError` when its owner could not read it."""
    return _checked(path, mode, _READABLE)


def folder_mode(path: str, mode: int) -> int:
    """A mode for a folder. Raises `TreadleError` when its owner could not look into it."""
    return _checked(path, mode, _ENTERABLE)


def link_target(path: str, target: str) -> str:
    """What a link may say. Raises `TreadleError` for nothing and for NUL."""
    if not target or "\0" in target:
        raise refused(path, "its target is empty or holds a NUL character", "correct the target")
    return target


def umask() -> int:
    """What modes are narrowed by where none is given."""
    with contextlib.suppress(OSError):
        if found := _UMASK.search(Path("/proc/self/status").read_text("ascii", "replace")):
            return int(found[1], 8)
    # Elsewhere it can only be read by setting it: for that moment to what lets nobody else in.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _checked(path: str, mode: int, needed: int) -> int:
    if not 0 <= mode <= 0o7777 or mode & needed != needed:
        reason = f"with the mode {mode:04o} its owner could not look at it, and it could not be undone"
        raise refused(path, reason, f"give it a mode that has {needed:04o}")
    return mode
