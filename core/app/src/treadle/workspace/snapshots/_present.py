"""What stands at a path now, in the words of a snapshot. No link is followed."""

import contextlib
import hashlib
import os
import stat
from pathlib import Path

from treadle.workspace.snapshots._comparing import FOLDERS, parents
from treadle.workspace.snapshots._snapshot import Entry
from treadle.workspace.snapshots._store import unkept

_PIECE = 1 << 20
OTHER = Entry("unkept", 0, "it is no file, link or folder")


class Present:
    """Looks at each path once.

    Args:
        root: the tree.
        limit: bytes above which a file's content is not looked at.
    """

    def __init__(self, root: Path, limit: int) -> None:
        self._root = root
        self._limit = limit
        self._seen: dict[str, tuple[Entry | None, tuple[int, ...]]] = {}

    def entry(self, path: str) -> Entry | None:
        """What stands there; None for nothing, also where a folder on the way is none."""
        if path not in self._seen:
            self._seen[path] = self._look(path)
        return self._seen[path][0]

    def is_open(self, path: str) -> bool:
        """Every folder on the way to it is one, or is not there."""
        above = [self.entry(each) for each in parents(path)]
        return all(it is None or it.kind in FOLDERS for it in above)

    def names(self, path: str) -> list[str]:
        """What is in a folder."""
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            return sorted(f"{path}/{it.name}" for it in (self._root / path).iterdir())
        return []

    def moved_on(self, path: str) -> bool:
        """It is not what it was at the first look."""
        return path in self._seen and self._stamp(path) != self._seen[path][1]

    def newest(self, path: str) -> int:
        """When a folder, or anything in it, was changed last, in nanoseconds."""
        latest = (self._root / path).lstat().st_ctime_ns
        for folder, names, files in os.walk(self._root / path):
            for name in (*names, *files):
                with contextlib.suppress(FileNotFoundError):
                    latest = max(latest, os.lstat(f"{folder}/{name}").st_ctime_ns)
        return latest

    def _look(self, path: str) -> tuple[Entry | None, tuple[int, ...]]:
        nearest = path.rpartition("/")[0]
        if nearest:
            above = self.entry(nearest)
            if above is None or above.kind not in FOLDERS:
                return None, ()
        stamp = self._stamp(path)
        return (self._entry(path) if stamp else None), stamp

    def _stamp(self, path: str) -> tuple[int, ...]:
        try:
            facts = (self._root / path).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return ()
        times = () if stat.S_ISDIR(facts.st_mode) else (facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
        return (facts.st_ino, facts.st_mode, *times)

    def _entry(self, path: str) -> Entry | None:
        place = self._root / path
        try:
            facts = place.lstat()
            mode = stat.S_IMODE(facts.st_mode)
            if stat.S_ISDIR(facts.st_mode):
                return Entry("dir", mode)
            if stat.S_ISLNK(facts.st_mode):
                return Entry("link", 0, blob(os.fsencode(place.readlink())))
            if not stat.S_ISREG(facts.st_mode):
                return OTHER
            if facts.st_size > self._limit:
                return unkept(facts)
            return Entry("file", mode, _blob_of(place, facts.st_size))
        except (FileNotFoundError, NotADirectoryError):
            return None


def blob(content: bytes) -> str:
    """As git names a content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _blob_of(place: Path, size: int) -> str:
    digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    with place.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()
