"""`.treadle` of a project, open: what all of the journal's parts need while they work."""

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

from treadle_hookspecs import ExitCode, TreadleError

from treadle.workspace.journal._folders import Folders, own_folder
from treadle.workspace.journal._os import AVAILABLE, Calls
from treadle.workspace.journal._plan import HOME
from treadle.workspace.journal._record import GONE, Phase, Record, read_phase, remove_tree, write_all
from treadle.workspace.journal._rescue import Rescue

Shelf = Literal["txn", "history"]
"""Where transactions lie: those at work, and those that were committed."""

_IGNORE: Final = ".gitignore"


class Home:
    """The project's root and its `.treadle`. Close it.

    Args:
        calls: the system.
        root: the project.
        make: make `.treadle` when it is missing; otherwise `FileNotFoundError`.

    Raises:
        TreadleError: the system cannot have a journal, or `.treadle` is a link, a file, or somebody else's.
    """

    def __init__(self, calls: Calls, root: Path, *, make: bool) -> None:
        if not AVAILABLE:
            raise TreadleError(
                "changes to files cannot be journaled on this system: it has no directory descriptors",
                suggestions=("run it on Linux or macOS, or under WSL",),
                exit_code=ExitCode.NOT_ALLOWED,
            )
        self.calls = calls
        self.shown = root / HOME
        self._closing = contextlib.ExitStack()
        self._shelves: dict[Shelf, int] = {}
        self.folders = Folders(calls, root)
        self._closing.callback(self.folders.close)
        try:
            self.descriptor = self._own(self.folders.descriptor, HOME, self.shown, make=make)
            if make:
                self._hide()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the descriptors back."""
        self._closing.close()

    def shelf(self, name: Shelf, *, make: bool = True) -> int:
        """The descriptor of a shelf; it is closed with the home. `FileNotFoundError` when there is none."""
        if name not in self._shelves:
            self._shelves[name] = self._own(self.descriptor, name, self.shown / name, make=make)
        return self._shelves[name]

    def keys(self, name: Shelf) -> list[str]:
        """The transactions on a shelf, in order."""
        try:
            return sorted(self.calls.names(self.shelf(name, make=False)))
        except FileNotFoundError:
            return []

    @contextmanager
    def record(self, name: Shelf, key: str, *, make: bool = False) -> Iterator[Record]:
        """An open transaction."""
        record = Record(self.calls, self.shelf(name), key, self.shown / name / key, make=make)
        try:
            yield record
        finally:
            record.close()

    def phase(self, key: str) -> Phase | None:
        """How far a transaction at work is."""
        shown = self.shown / "txn" / key
        folder = own_folder(self.calls, self.shelf("txn"), key, shown, make=False)
        try:
            return read_phase(self.calls, folder, shown)
        finally:
            os.close(folder)

    def rescue(self, key: str) -> Rescue:
        """Where things go that a transaction cannot put back."""
        return Rescue(self.calls, self.descriptor, self.shown, key)

    def move(self, key: str, source: Shelf, target: Shelf) -> None:
        """Put a transaction on the other shelf, durably."""
        self.calls.rename(key, self.shelf(source), key, self.shelf(target))
        self.calls.fsync(self.shelf(target))
        self.calls.fsync(self.shelf(source))

    def remove(self, key: str, shelf: Shelf = "txn") -> None:
        """Forget a transaction: at once by its name, then bit by bit."""
        work = self.shelf("txn")
        gone = key if key.endswith(GONE) else key + GONE
        if gone != key:
            self.calls.rename(key, self.shelf(shelf), gone, work)
        remove_tree(self.calls, work, gone)

    def _own(self, parent: int, name: str, shown: Path, *, make: bool) -> int:
        descriptor = own_folder(self.calls, parent, name, shown, make=make)
        self._closing.callback(os.close, descriptor)
        if os.fstat(descriptor).st_dev != self.folders.device:
            raise TreadleError(
                f"{shown} lies on another file system than the project, and nothing can be renamed between them",
                context={"file": str(shown)},
                suggestions=(f"unmount {shown}",),
                exit_code=ExitCode.NOT_ALLOWED,
            )
        return descriptor

    def _hide(self) -> None:
        """Git is told in a file of our own: the user's repository stays untouched, wherever its folder is."""
        try:
            descriptor = self.calls.create(_IGNORE, self.descriptor)
        except FileExistsError:
            if self.calls.stat(_IGNORE, self.descriptor).st_size:
                return
            descriptor = self.calls.open_lock(_IGNORE, self.descriptor)  # whoever made it was killed before it was told
        try:
            write_all(self.calls, descriptor, b"*\n")
        finally:
            os.close(descriptor)
