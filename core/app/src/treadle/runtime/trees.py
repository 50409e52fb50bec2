"""A folder's files in the blobs, so that another machine can have them; each content lies there once."""

import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final, TypeAlias

import orjson
from treadle_hookspecs import Blobs, ExitCode, TreadleError

_Seen: TypeAlias = tuple[int, int, int, int]
"""What tells whether a file is still the one that was read: inode, size, times of change in nanoseconds."""

_FILE: Final = "file"
_LINK: Final = "link"
_FOLDER: Final = "folder"


class Trees:
    """Keeps and restores folders: files, links and empty folders, with permissions; pipes and the like are left out.

    Args:
        blobs: where content lies. A tree is one itself: JSON, `{PATH: [KIND, MODE, HASH or TARGET]}`.
    """

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._known: dict[str, tuple[_Seen, str]] = {}

    def keep(self, root: Path) -> str:
        """The hash of a folder as it is now. Only what has changed since the last call is read again.

        Raises:
            TreadleError: something cannot be read (exit code 6).
        """
        try:
            entries = {name: self._entry(path) for name, path in sorted(_within(root)) if _is_kept(path)}
        except OSError as error:
            raise TreadleError(
                f"{root} cannot be kept for another worker: {error}", exit_code=ExitCode.STORAGE
            ) from error
        return self._blobs.put(orjson.dumps(entries))

    def restore(self, digest: str, folder: Path) -> None:
        """Make a folder that holds what was kept; it appears whole or not at all, and replaces what is there.

        Raises:
            TreadleError: content is missing (exit code 6), or the tree is none.
        """
        entries: dict[str, Any] = orjson.loads(self._blobs.get(digest))
        draft = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
        draft.mkdir(mode=0o700, parents=True)
        for name, (kind, mode, content) in sorted(entries.items(), key=lambda entry: entry[1][0] == _LINK):
            self._make(draft / _sound(name), kind, mode, content)
        shutil.rmtree(folder, ignore_errors=True)
        draft.replace(folder)

    def _entry(self, path: Path) -> tuple[str, int, str]:
        found = path.lstat()
        mode = stat.S_IMODE(found.st_mode)
        if stat.S_ISLNK(found.st_mode):
            return _LINK, mode, str(path.readlink())
        if stat.S_ISDIR(found.st_mode):
            return _FOLDER, mode, ""
        seen = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        known = self._known.get(str(path))
        if known is None or known[0] != seen:
            known = self._known[str(path)] = (seen, self._blobs.put(path.read_bytes()))
        return _FILE, mode, known[1]

    def _make(self, path: Path, kind: str, mode: int, content: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == _LINK:
            path.symlink_to(content)
        elif kind == _FOLDER:
            path.mkdir(exist_ok=True)
        else:
            path.write_bytes(self._blobs.get(content))
            path.chmod(mode)


def _within(root: Path) -> Iterator[tuple[str, Path]]:
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            yield path.relative_to(root).as_posix(), path


def _is_kept(path: Path) -> bool:
    mode = path.lstat().st_mode
    return stat.S_ISREG(mode) or stat.S_ISLNK(mode) or stat.S_ISDIR(mode)


def _sound(name: str) -> str:
    """A path that stays inside. Raises `TreadleError` for any other."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise TreadleError(f"the path {name!r} of a kept folder leads out of it", exit_code=ExitCode.STORAGE)
    return name
