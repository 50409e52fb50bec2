"""A project that is not there yet: built beside its place, then put there whole by one rename."""

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from treadle_hookspecs import ExitCode, TreadleError

from treadle.workspace._names import check_portable, refused
from treadle.workspace.journal._errors import storage_errors
from treadle.workspace.journal._folders import Folders, Parts, own_folder
from treadle.workspace.journal._moves import exists, put
from treadle.workspace.journal._os import Calls
from treadle.workspace.journal._plan import HOME
from treadle.workspace.journal._record import key, remove_tree, write_all
from treadle.workspace.journal._wanted import file_mode, folder_mode, link_target, named, umask
from treadle.workspace.journal.states import folded

_LONG: Final = 160
"""Bytes of a target's name that leave room for an id in one of 255."""
_MARK: Final = ".treadle-"
_ORIGIN: Final = "origin"
_AGAIN: Final = "nothing stands at the target: resume goes on, rollback removes what was built"
_USABLE: Final = 0o700


class NewTree:
    """A new project. A crash leaves only the folder `path` beside `target`; `begin` continues it, `discard` removes it.

    Whatever is written before `publish` may be written again after a crash. Names are relative, with `/`.

    Args:
        target: where the project is to stand; nothing may be there.
        id: the execution that builds it: only that one continues.
        calls: the system; a test gives its own.
    """

    def __init__(self, target: Path, id: str, calls: Calls | None = None) -> None:
        self.target = Path(os.path.abspath(target))  # noqa: PTH100 - `resolve` would replace links above it
        self.id = id
        self.path = self.target.with_name(_start(self.target.name) + key(id))
        self._calls = calls or Calls()
        self._umask = umask()
        self._modes: dict[Parts, int] = {}
        self._spellings: dict[Parts, Parts] = {}

    @storage_errors("begin a new project", _AGAIN)
    def begin(self) -> None:
        """Make the folder, or go on with the one that was begun.

        Raises:
            TreadleError: something stands at the target (exit code 5), its parent is missing (3), or the folder
                beside it is not ours (4).
        """
        with self._parent() as parent:
            if exists(self._calls, (parent, self.target.name)):
                raise self._taken()
            os.close(own_folder(self._calls, parent, self.path.name, self.path, make=True))

    @storage_errors("write into a new project", _AGAIN)
    def write(self, path: str, content: bytes, mode: int | None = None) -> None:
        """A file, folders included; what was written there before is replaced. Raises `TreadleError`."""
        parts = named(path)
        mode = file_mode(path, 0o666 & ~self._umask if mode is None else mode)
        with self._free(parts) as folder:
            descriptor = self._calls.create(parts[-1], folder)
            try:
                write_all(self._calls, descriptor, content)
                self._calls.fchmod(descriptor, mode)
            finally:
                os.close(descriptor)

    @storage_errors("link in a new project", _AGAIN)
    def symlink(self, path: str, target: str) -> None:
        """A link; what was written there before is replaced. Raises `TreadleError`."""
        parts = named(path)
        with self._free(parts) as folder:
            self._calls.symlink(link_target(path, target), parts[-1], folder)

    @storage_errors("make a folder in a new project", _AGAIN)
    def mkdir(self, path: str, mode: int | None = None) -> None:
        """A folder, the ones above it included. Raises `TreadleError`."""
        parts = named(path)
        if mode is not None:
            self._modes[parts] = folder_mode(path, mode)
        with self._open() as folders:
            self._make(folders, parts)

    @storage_errors("put a new project in its place", _AGAIN)
    def publish(self) -> None:
        """Make it durable and put it in its place. Done already: harmless.

        Raises:
            TreadleError: something stands at the target by now (exit code 5); what was built stays beside it.
        """
        if self.published():
            return
        with self._open() as folders:
            self._sign(folders)
            for parts in sorted(self._modes, key=len, reverse=True):
                self._set_mode(folders, parts, self._modes[parts])
            self._calls.fchmod(folders.descriptor, 0o777 & ~self._umask)
            self._sync(folders)
        with self._parent() as parent:
            try:
                put(self._calls, (parent, self.path.name), (parent, self.target.name))
            except FileExistsError as error:
                raise self._taken() from error
            self._calls.fsync(parent)

    def published(self) -> bool:
        """It stands in its place, put there for this id."""
        origin = self.target / HOME / _ORIGIN
        try:
            return origin.read_bytes() == self._mark()
        except OSError:
            return False

    @storage_errors("take a project away", "what is left lies beside the target")
    def withdraw(self, intact: Callable[[Path], bool]) -> bool:
        """Remove what was published, if nobody has changed it since; False leaves everything as it is.

        It is renamed to `path` before it is looked at a last time, so that what is written meanwhile is not lost.

        Args:
            intact: says whether a folder holds what was published and nothing else.
        """
        if not self.published() or not intact(self.target):
            return False
        with self._parent() as parent:
            put(self._calls, (parent, self.target.name), (parent, self.path.name))
            if not intact(self.path):
                put(self._calls, (parent, self.path.name), (parent, self.target.name))
                return False
        return self.discard()

    @storage_errors("remove what was built", "what is left lies beside the target")
    def discard(self) -> bool:
        """Remove what was built; False if there was nothing. What was published stays."""
        with self._parent() as parent:
            if not exists(self._calls, (parent, self.path.name)):
                return False
            remove_tree(self._calls, parent, self.path.name)
            return True

    def _mark(self) -> bytes:
        return f"{self.id}\n".encode("utf-8", "surrogateescape")

    def _sign(self, folders: Folders) -> None:
        """Leave a word that tells, after a crash, who made this project."""
        home = own_folder(self._calls, folders.descriptor, HOME, self.path / HOME, make=True)
        try:
            for name, content in ((".gitignore", b"*\n"), (_ORIGIN, self._mark())):
                self._clear(home, name)
                descriptor = self._calls.create(name, home)
                try:
                    write_all(self._calls, descriptor, content)
                finally:
                    os.close(descriptor)
        finally:
            os.close(home)

    @contextmanager
    def _parent(self) -> Iterator[int]:
        """The folder that the project is to stand in."""
        with contextlib.closing(Folders(self._calls, self.target.parent)) as folders:
            yield folders.descriptor

    @contextmanager
    def _open(self) -> Iterator[Folders]:
        with contextlib.closing(Folders(self._calls, self.path)) as folders:
            yield folders

    @contextmanager
    def _free(self, parts: Parts) -> Iterator[int]:
        """The folder for an entry, which does not exist any more."""
        with self._open() as folders:
            self._make(folders, parts[:-1])
            self._spell(parts)
            with folders.folder(parts[:-1]) as folder:
                self._clear(folder, parts[-1])
                yield folder

    def _make(self, folders: Folders, parts: Parts) -> None:
        for depth in range(1, len(parts) + 1):
            above = parts[:depth]
            self._spell(above)
            with folders.folder(above[:-1]) as folder, contextlib.suppress(FileExistsError):
                self._calls.mkdir(above[-1], folder)
            # One that a killed `publish` has closed already is opened again.
            wanted = self._modes.setdefault(above, 0o777 & ~self._umask)
            self._set_mode(folders, above, wanted | _USABLE)

    def _spell(self, parts: Parts) -> None:
        """Refuse a name that differs only in what some system takes for the same."""
        check_portable("/".join(parts), parts[-1:])
        other = self._spellings.setdefault(tuple(map(folded, parts)), parts)
        if other != parts:
            reason = f"beside {'/'.join(other)!r} it is the same name on systems that do not tell case"
            raise refused("/".join(parts), reason, "use one spelling", ExitCode.CONFLICT)

    def _set_mode(self, folders: Folders, parts: Parts, mode: int) -> None:
        with folders.folder(parts) as folder:
            if stat.S_IMODE(os.fstat(folder).st_mode) != mode:
                self._calls.fchmod(folder, mode)

    def _clear(self, folder: int, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._calls.unlink(name, folder)

    def _sync(self, folders: Folders) -> None:
        if self._calls.has_syncfs():
            self._calls.syncfs(folders.descriptor)
        else:
            self._sync_below(folders.descriptor)

    def _sync_below(self, folder: int) -> None:
        """Each file and folder one by one, hooks' results included."""
        for name in self._calls.names(folder):
            mode = self._calls.stat(name, folder).st_mode
            if stat.S_ISDIR(mode) or stat.S_ISREG(mode):
                descriptor = self._calls.open(name, folder, directory=stat.S_ISDIR(mode))
                try:
                    self._sync_below(descriptor) if stat.S_ISDIR(mode) else self._calls.fsync(descriptor)
                finally:
                    os.close(descriptor)
        self._calls.fsync(folder)

    def _taken(self) -> TreadleError:
        built = (f"what was built lies in {self.path}",) if os.path.lexists(self.path) else ()
        return TreadleError(
            f"{self.target} is there already",
            context={"file": str(self.target)},
            suggestions=("choose another name, or compose into the project that is there", *built),
            exit_code=ExitCode.CONFLICT,
        )


def leftovers(target: Path) -> tuple[Path, ...]:
    """What killed processes left beside a target, for whichever execution."""
    start = _start(target.name)
    with contextlib.suppress(OSError):
        return tuple(sorted(it for it in target.parent.iterdir() if it.name.startswith(start)))
    return ()


def _start(name: str) -> str:
    """The sibling's name up to the id, short enough for any id."""
    if len(os.fsencode(name)) <= _LONG:
        return f".{name}{_MARK}"
    return f".{hashlib.sha256(os.fsencode(name)).hexdigest()[:32]}{_MARK}"
