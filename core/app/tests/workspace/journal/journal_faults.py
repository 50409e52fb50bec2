"""Systems that crash, fail, meddle or are simpler than most, to stand under the journal."""

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

from treadle.workspace.journal import Journal, Transaction
from treadle.workspace.journal._os import Calls
from treadle.workspace.journal.states import folded

Build = Callable[[Transaction], None]
"""Notes the changes of a transaction."""


class Crash(BaseException):
    """The process is dead: nobody may catch this and go on."""


class Quick(Calls):
    """Waits for no disk: tests that kill no machine need not."""

    def fsync(self, descriptor: int) -> None:
        self.before("fsync")
        self.after("fsync")

    def syncfs(self, descriptor: int) -> None:
        self.before("syncfs")
        self.after("syncfs")


class Counting(Quick):
    """Counts the moments before and after each call that changes something, and numbers every call."""

    def __init__(self) -> None:
        self.moments: list[tuple[str, str]] = []
        self.calls: list[str] = []

    def looking(self, call: str) -> None:
        self.calls.append(call)

    def before(self, call: str) -> None:
        self.calls.append(call)
        self.moments.append((call, "before"))

    def after(self, call: str) -> None:
        self.moments.append((call, "after"))


class Crashing(Quick):
    """Dies at the n-th moment, counted from 0; a dead process changes nothing any more."""

    def __init__(self, at: int) -> None:
        self.left = at

    def before(self, call: str) -> None:
        self._moment()

    def after(self, call: str) -> None:
        self._moment()

    def _moment(self) -> None:
        if self.left <= 0:
            raise Crash
        self.left -= 1


class Failing(Quick):
    """The n-th call, counted from 0, fails; and the ones after it, if that is how the fault is."""

    def __init__(self, at: int, number: int, *, lasting: bool = False) -> None:
        self.at, self.number, self.lasting = at, number, lasting

    def looking(self, call: str) -> None:
        self._call()

    def before(self, call: str) -> None:
        self._call()

    def after(self, call: str) -> None:
        pass

    def _call(self) -> None:
        self.at -= 1
        if self.at == -1 or (self.lasting and self.at < 0):
            raise OSError(self.number, os.strerror(self.number))


class Meddling(Quick):
    """At the given moments, counted from 0, somebody else does something."""

    def __init__(self, deeds: dict[int, Callable[[], None]]) -> None:
        self.deeds = deeds
        self.moment = -1

    def before(self, call: str) -> None:
        self._moment()

    def after(self, call: str) -> None:
        self._moment()

    def _moment(self) -> None:
        self.moment += 1
        if deed := self.deeds.pop(self.moment, None):
            deed()


class WithoutExclusiveRename(Quick):
    """As file systems that cannot rename without replacing."""

    def rename_exclusively(self, old: str, old_folder: int, new: str, new_folder: int) -> None:
        self.before("rename_exclusively")
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))


class WithoutLinks(WithoutExclusiveRename):
    """As FAT on systems that have no such rename either."""

    def link(self, old: str, old_folder: int, new: str, new_folder: int) -> None:
        self.before("link")
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))


class LowerLayer(Quick):
    """As a container: folders of the image, which are those that the journal did not place, cannot be renamed."""

    placed: ClassVar[set[int]] = set()

    def rename_exclusively(self, old: str, old_folder: int, new: str, new_folder: int) -> None:
        self.placed.add(os.stat(old, dir_fd=old_folder, follow_symlinks=False).st_ino)
        super().rename_exclusively(old, old_folder, new, new_folder)

    def rename(self, old: str, old_folder: int, new: str, new_folder: int) -> None:
        facts = os.stat(old, dir_fd=old_folder, follow_symlinks=False)
        if stat.S_ISDIR(facts.st_mode) and new.isdigit() and facts.st_ino not in self.placed:
            self.before("rename")
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        super().rename(old, old_folder, new, new_folder)


class Folding(Quick):
    """As macOS and Windows: names keep the case and composition they were made with, and are found by any."""

    def _found(self, name: str, folder: int) -> str:
        return next((it for it in os.listdir(folder) if folded(it) == folded(name)), name)

    def __getattribute__(self, name: str) -> Any:
        call = super().__getattribute__(name)
        shape = _SHAPES.get(name)
        if shape is None:
            return call

        def folding(*args: Any, **kwargs: Any) -> Any:
            given = list(args)
            for at, folder in shape:
                given[at] = self._found(given[at], given[folder])
            # What is renamed to another spelling of itself is renamed.
            if name in ("rename", "rename_exclusively") and folded(args[0]) == folded(args[2]) and args[1] == args[3]:
                given[2] = args[2]
            return call(*given, **kwargs)

        return folding


_SHAPES: dict[str, tuple[tuple[int, int], ...]] = {
    **dict.fromkeys(("open", "stat", "readlink", "create", "open_lock", "mkdir", "unlink", "rmdir"), ((0, 1),)),
    "symlink": ((1, 2),),
    **dict.fromkeys(("link", "rename", "rename_exclusively"), ((0, 1), (2, 3))),
}
"""Where each call has names, and the descriptors of their folders."""


Snapshot = dict[str, tuple[Any, ...]]


IN_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""Sweeps make thousands of small trees: in memory, where there is such a place."""


@contextlib.contextmanager
def temporary(place: str | None = IN_MEMORY) -> Iterator[Path]:
    """An empty folder; it is removed with all that it holds, folders that may not be changed included."""
    folder = Path(tempfile.mkdtemp(dir=place))
    try:
        yield folder
    finally:
        for path, _, _ in os.walk(folder):
            Path(path).chmod(0o700)
        shutil.rmtree(folder)


def snapshot(root: Path) -> Snapshot:
    """Every path with kind, mode, and content or target; the journal's own folder left out."""
    return {name: facts for name, facts in _entries(root, root) if name.split("/")[0] != ".treadle"}


def inodes(root: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of change of everything, the root included: files that came back are the same files."""
    paths = [root, *(path for path in root.rglob("*") if ".treadle" not in path.relative_to(root).parts)]
    return {str(path): (path.lstat().st_ino, path.lstat().st_mtime_ns) for path in paths}


def contents(root: Path) -> set[bytes]:
    """The bytes of every file, wherever it lies."""
    return {facts[2] for _, facts in _entries(root, root) if facts[0] == "file"}


def _entries(root: Path, folder: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for path in sorted(folder.iterdir()):
        name, mode = str(path.relative_to(root)), path.lstat().st_mode & 0o7777
        if path.is_symlink():
            yield name, ("link", str(path.readlink()))
        elif path.is_dir():
            yield name, ("dir", mode)
            yield from _entries(root, path)
        else:
            yield name, ("file", mode, path.read_bytes())


def left_behind(root: Path) -> list[str]:
    """Transactions that are neither committed and put away nor gone."""
    with contextlib.suppress(FileNotFoundError):
        return sorted(path.name for path in (root / ".treadle/txn").iterdir())
    return []


def run(root: Path, calls: Calls, build: Build, *, keep_history: bool = True, id: str = "t") -> None:
    """A whole transaction. What it wants is noted on a system without faults."""
    journal = Journal(root, calls)
    plain = Journal(root, Quick())
    transaction = journal.transaction(id)
    transaction._journal = plain
    build(transaction)
    transaction._journal = journal
    with journal.lock():
        transaction.apply()
        transaction.commit()
        transaction.finish(keep_history=keep_history)


def crashing_when_placed(root: Path, count: int, build: Build) -> Crashing:
    """A system that dies when `count` results have been put into the project."""
    counting = Counting()
    with temporary(str(root.parent)) as folder:
        copy = folder / "counted"
        shutil.copytree(root, copy, symlinks=True)
        run(copy, counting, build)
    placed = [at for at, moment in enumerate(counting.moments) if moment == ("rename_exclusively", "after")]
    return Crashing(placed[count - 1])


def crashed(action: Callable[[], object]) -> bool:
    """Do it; True if it died."""
    try:
        action()
    except Crash:
        return True
    return False


def write_tree(root: Path, entries: Iterable[tuple[str, Any]]) -> None:
    """Make files `(name, (content, mode))`, links `(name, target)` and folders `(name, mode)`."""
    made = list(entries)
    for name, what in made:
        path = root / name
        if isinstance(what, int):
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(what, str):
            path.symlink_to(what)
        else:
            path.write_bytes(what[0])
            path.chmod(what[1])
    for name, what in reversed(made):
        if isinstance(what, int):
            (root / name).chmod(what)
