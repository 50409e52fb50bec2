"""The files of an execution's root as one visit changes them: every change is journaled and can be undone."""

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from treadle_hookspecs import ExitCode, TreadleError

from treadle.workspace import _by_descriptor
from treadle.workspace._folder import FolderWorkspace
from treadle.workspace._names import refused

HOME: Final = ".treadle"
_WAIT: Final = 60.0
"""Seconds to wait for another process that changes the project."""

if TYPE_CHECKING:
    from treadle.workspace.journal import Transaction, Undone


class JournaledWorkspace(FolderWorkspace):
    """A workspace whose writes are transactions of their own, found again by the visit that made them.

    Args:
        root: the folder.
        execution: the execution's id.
        visit: `scope/step#visit`.
        closed: true once the attempt has ended: a thread that goes on afterwards changes nothing any more.
    """

    __slots__ = ("_closed", "_prefix", "changed")

    def __init__(self, root: Path, execution: str, visit: str, closed: Callable[[], bool] = lambda: False) -> None:
        super().__init__(root)
        self._prefix = prefix_of(execution, visit)
        self._closed = closed
        self.changed = False

    def write_bytes(self, name: str, content: bytes) -> Path:
        """As `FolderWorkspace.write_bytes`; it can be undone."""
        self._check_open(name)
        if not _by_descriptor.AVAILABLE:  # no journal there
            return super().write_bytes(name, content)
        path = self.path(name)
        if path.is_symlink():
            raise refused(name, "a link stands there", "remove it, or choose another name")
        with self.transaction() as change:
            change.write(name, content)
        return path

    def transaction(self, id: str | None = None) -> "AbstractContextManager[Transaction]":
        """As `FolderWorkspace.transaction`; without an id of its own it belongs to the visit, and is undone with it."""
        self._check_open("a transaction")
        if id is not None:
            return super().transaction(id)
        self.changed = True
        earlier = journaled(self.root, self._prefix)
        number = int(earlier[-1][len(self._prefix) :]) + 1 if earlier else 1
        return super().transaction(f"{self._prefix}{number}")

    def _check_open(self, name: str) -> None:
        if self._closed():
            raise TreadleError(
                f"{name} is refused: the step has ended, and what it changes now could not be undone",
                exit_code=ExitCode.CONFLICT,
            )


def prefix_of(execution: str, visit: str = "") -> str:
    """What the ids of a visit's transactions begin with; those of all of its execution's without a visit."""
    if not visit:
        return f"{execution}."
    return f"{execution}.{hashlib.sha256(visit.encode()).hexdigest()[:16]}."


def journaled(root: Path, prefix: str) -> list[str]:
    """The committed transactions whose ids begin so, oldest first; it costs one look into a folder."""
    found = (name for name in _history(root) if name.startswith(prefix) and name[len(prefix) :].isdigit())
    return sorted(found, key=lambda name: int(name[len(prefix) :]))


def undo_journaled(root: Path, execution: str, visit: str) -> "list[Undone]":
    """Undo what a visit changed through its workspace, latest first. Nothing left: harmless. Raises `TreadleError`."""
    found = journaled(root, prefix_of(execution, visit))
    if not found:
        return []
    from treadle.workspace.journal import Journal

    journal = Journal(root)
    with journal.lock(f"undo of {execution}/{visit}", wait=_WAIT):
        journal.recover("undo")
        return [journal.undo(transaction) for transaction in reversed(found)]


def forget_journaled(root: Path, execution: str) -> None:
    """Give up undoing what an execution changed: its originals are deleted. Raises `TreadleError`."""
    from treadle.workspace.journal import Journal

    for name in _history(root):
        if name.startswith(prefix_of(execution)):
            Journal(root).forget(name)


def _history(root: Path) -> list[str]:
    try:
        return [path.name for path in (root / HOME / "history").iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
