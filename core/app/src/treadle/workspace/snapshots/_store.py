"""Takes snapshots of one root and keeps them."""

import hashlib
import os
import re
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from treadle_hookspecs import ExitCode, TreadleError

from treadle.crash import crash_point, declare
from treadle.workspace.journal._os import Calls
from treadle.workspace.snapshots._git import Git, finished
from treadle.workspace.snapshots._listing import Listing, listed
from treadle.workspace.snapshots._snapshot import Entry, Snapshot, usual_modes

LIMIT: Final = 50_000_000
"""Bytes above which a file's content is not kept."""

SHADOW: Final = "shadow"
KEPT: Final = "snapshots"

_LISTED: Final = declare("snapshot.listed", "the tree has been looked at, and nothing is kept of it")
_STORED: Final = declare("snapshot.stored", "all contents are in the shadow store, and no snapshot names them")
_NAMED: Final = declare("snapshot.named", "the contents are referred to, and the snapshot is not written")
_TAKEN: Final = declare("snapshot.taken", "the snapshot is written")


class SnapshotStore:
    """The snapshots of one root.

    Contents lie in `home/shadow/<root>/store.git`, whichever execution they belong to; what a snapshot says beside them
    in `home/snapshots/<execution>/`.

    Args:
        home: treadle's own folder.
        root: the tree.
        limit: bytes above which a file's content is not kept.
        beside: the root whose contents lie in the same place, where `root` is a worktree of it.
    """

    def __init__(self, home: Path, root: Path, limit: int = LIMIT, *, beside: Path | None = None) -> None:
        self.home = home
        self.root = Path(os.path.abspath(root))  # noqa: PTH100 - `resolve` would replace links above the root
        self.limit = limit
        shared = self.root if beside is None else Path(os.path.abspath(beside))  # noqa: PTH100
        index = "index" if beside is None else f"index-{_root_key(self.root)}"
        self.git = Git(home / SHADOW / _root_key(shared), self.root, index)

    def take(self, execution: str, visit: str, moment: str) -> Snapshot:
        """Look at the tree now and keep what is in it. It replaces an earlier one of the same name.

        Raises:
            TreadleError: there is no git (exit code 4), or it or the disk refuses (6).
        """
        with self.git.locked():
            at = time.time_ns()
            listing, known = self._looked()
            crash_point(_LISTED)
            extra = self._unkept(listing)
            tree = self._tree([path for path in listing.files if path not in extra], known)
            self._sync(tree)
            crash_point(_STORED)
            files = {path: stat.S_IMODE(it.st_mode) for path, it in listing.files.items() if not _is_link(it)}
            modes = usual_modes(files.values(), listing.folders.values())
            extra |= _extras(listing, files, modes, extra)
            snapshot = Snapshot(execution, visit, moment, at, tree, modes, extra)
            self._keep(snapshot)
        return snapshot

    def _looked(self) -> tuple[Listing, set[bytes]]:
        """What is there, and what was there the last time, both looked at side by side."""
        known = self.git.start("ls-files", "-z")
        try:
            listing = listed(self.git, (self.home,))
        except BaseException:
            known.kill()
            known.communicate()
            raise
        return listing, set(finished(known).split(b"\0")[:-1])

    def find(self, execution: str, visit: str, moment: str) -> Snapshot | None:
        """The snapshot of that name. Raises `TreadleError` (exit code 6) when what is kept cannot be read."""
        path = self._file(execution, visit, moment)
        try:
            return Snapshot.from_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise TreadleError(f"the snapshot {path} cannot be read: {error}", exit_code=ExitCode.STORAGE) from error

    def all_of(self, execution: str) -> tuple[Snapshot, ...]:
        """The snapshots of an execution, oldest first."""
        folder = self.home / KEPT / execution
        found = [Snapshot.from_json(path.read_bytes()) for path in folder.glob("*.json")] if folder.is_dir() else []
        return tuple(sorted(found, key=lambda snapshot: snapshot.at))

    def contents(self, ids: Iterable[str]) -> dict[str, bytes]:
        """What files held, and links said, by the ids of entries."""
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return {}
        out = memoryview(self.git.run("cat-file", "--batch", stdin="\n".join(wanted).encode() + b"\n"))
        found, at = {}, 0
        for id_ in wanted:
            head, _, _ = bytes(out[at : at + 128]).partition(b"\n")
            try:
                size = int(head.split(b" ")[2])
            except (IndexError, ValueError) as error:
                raise TreadleError(f"the content {id_} is missing", exit_code=ExitCode.STORAGE) from error
            at += len(head) + 1
            found[id_] = bytes(out[at : at + size])
            at += size + 1
        return found

    def _tree(self, paths: list[str], known: set[bytes]) -> str:
        gone = known - set(map(os.fsencode, paths))
        if gone:
            self.git.run("update-index", "--force-remove", "-z", "--stdin", stdin=b"\0".join(gone) + b"\0")
        if paths:
            wanted = b"".join(os.fsencode(path) + b"\0" for path in sorted(paths))
            self.git.run("update-index", "--add", "--remove", "--replace", "-z", "--stdin", stdin=wanted)
        return self.git.run("write-tree").decode().strip()

    def _sync(self, tree: str) -> None:
        """New contents reach the disk all at once: that is quicker by far than each by itself."""
        last = self.git.folder / "synced"
        if not last.is_file() or last.read_text() != tree:
            descriptor = os.open(self.git.folder, os.O_RDONLY)
            try:
                Calls().syncfs(descriptor)
            finally:
                os.close(descriptor)
            last.write_text(tree)

    def _unkept(self, listing: Listing) -> dict[str, Entry]:
        return {
            path: unkept(facts)
            for path, facts in listing.files.items()
            if not _is_link(facts) and (facts.st_size > self.limit or not self._readable(path, facts))
        }

    def _readable(self, path: str, facts: os.stat_result) -> bool:
        return bool(facts.st_mode & stat.S_IROTH) or os.access(self.root / path, os.R_OK)

    def _keep(self, snapshot: Snapshot) -> None:
        """The reference first: what a snapshot names is never collected."""
        name = _key(snapshot.visit)
        reference = self.git.folder / "store.git" / "refs" / "treadle" / snapshot.execution / name / snapshot.moment
        _write(reference, f"{snapshot.tree}\n".encode())
        crash_point(_NAMED)
        _write(self._file(snapshot.execution, snapshot.visit, snapshot.moment), snapshot.to_json())
        crash_point(_TAKEN)

    def _file(self, execution: str, visit: str, moment: str) -> Path:
        return self.home / KEPT / execution / f"{_key(visit)}.{moment}.json"


def unkept(facts: os.stat_result) -> Entry:
    """The entry of a file whose content is not kept: it is the same as long as these figures are."""
    return Entry("unkept", stat.S_IMODE(facts.st_mode), f"{facts.st_size}:{facts.st_mtime_ns}:{facts.st_ino}")


def collect(home: Path) -> None:
    """Let go of contents that no snapshot needs any more: those of executions that `home/snapshots` does not hold."""
    for folder in sorted((home / SHADOW).iterdir()) if (home / SHADOW).is_dir() else ():
        references = folder / "store.git" / "refs" / "treadle"
        gone = [it for it in _folders(references) if not (home / KEPT / it.name).is_dir()]
        git = Git(folder, folder)
        with git.locked():
            for reference in gone:
                for path in sorted(reference.rglob("*"), reverse=True):
                    path.rmdir() if path.is_dir() else path.unlink()
                reference.rmdir()
            if gone:
                for index in folder.glob("index*"):
                    index.unlink()  # it refers to contents that may go
                git.run("prune", "--expire=now")


def _folders(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (it for it in folder.iterdir() if it.is_dir())


def _extras(
    listing: Listing, files: dict[str, int], modes: tuple[int, int, int], unkept_files: dict[str, Entry]
) -> dict[str, Entry]:
    """Modes that are not the usual ones, folders that hold nothing, and folders that are ignored."""
    executable, plain, folder = modes
    extra: dict[str, Entry] = {}
    for path, mode in files.items():
        if mode != (executable if mode & stat.S_IXUSR else plain) and path not in unkept_files:
            extra[path] = Entry("file", mode)
    holding = {path.rpartition("/")[0] for path in (*listing.files, *listing.folders)}
    for path, mode in listing.folders.items():
        if path in listing.ignored:
            extra[path] = Entry("ignored", mode)
        elif mode != folder or path not in holding:
            extra[path] = Entry("dir", mode)
    return extra


def _is_link(facts: os.stat_result) -> bool:
    return stat.S_ISLNK(facts.st_mode)


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all. A draft that a killed process left is written over by the next one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.new")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _key(visit: str) -> str:
    """A visit's address as the name of a file and of a git reference."""
    readable = re.sub(r"[^a-z0-9]+", "-", visit.lower()).strip("-")[:40]
    return f"{readable or 'x'}-{hashlib.sha256(visit.encode()).hexdigest()[:12]}"


def _root_key(root: Path) -> str:
    readable = re.sub(r"[^a-z0-9]+", "-", root.name.lower()).strip("-")[:24]
    return f"{readable or 'root'}-{hashlib.sha256(os.fsencode(root)).hexdigest()[:16]}"
