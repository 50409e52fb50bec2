"""Reading and writing where there are no directory descriptors (Windows): each part is looked at before it is used.

A link that is put in place between the look and the use is not noticed.
"""

import os
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path

from treadle.workspace._names import refused


def read(root: Path, parts: Sequence[str], limit: int) -> bytes:
    """The first `limit` bytes of a regular file. Raises `OSError`, and `TreadleError` for links and special files."""
    path = _checked(root, parts)
    if not path.is_file():
        if path.exists():
            raise refused("/".join(parts), "it is not a regular file", "name a file")
        raise FileNotFoundError(2, os.strerror(2), str(path))
    with path.open("rb") as file:
        return file.read(limit)


def write(root: Path, parts: Sequence[str], content: bytes) -> None:
    """Put a file in place whole or not at all: a draft beside it, fsync, rename. Raises as `read` does."""
    path = _checked(root, parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():
        raise refused("/".join(parts), "not a regular file stands there", "remove it, or choose another name")
    draft = path.with_name(f".{secrets.token_hex(8)}.treadle-draft")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            draft.chmod(stat.S_IMODE(path.stat().st_mode))
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _checked(root: Path, parts: Sequence[str]) -> Path:
    path = root
    for at, part in enumerate(parts):
        path /= part
        if path.is_symlink() or _is_junction(path):
            raise refused("/".join(parts[: at + 1]), "it is a link, and links are not followed", "name its target")
    return path


def _is_junction(path: Path) -> bool:
    try:
        attributes = getattr(path.lstat(), "st_file_attributes", 0)
    except OSError:
        return False
    return bool(attributes & getattr(stat, "FILE_ATTRIBUTE_REPARSE_POINT", 0x400))
