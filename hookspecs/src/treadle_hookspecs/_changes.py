"""Changes to files that are whole or absent after any crash, as plugins see them."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from treadle_hookspecs._json import JsonObject


class FileChange(NamedTuple):
    """One file that an execution changed. `path` is relative to its root, with `/`."""

    path: str
    how: Literal["added", "deleted", "modified", "mode"]


class Changes(Protocol):
    """A transaction: what is wanted, noted down first and done when its block ends. Names are relative, with `/`."""

    def write(self, path: str, content: bytes, mode: int | None = None, *, last: bool = False) -> None:
        """A file with this content, folders included; `last` changes it after everything else."""

    def mkdir(self, path: str, mode: int | None = None) -> None:
        """A folder, the ones above it included."""

    def symlink(self, path: str, target: str) -> None:
        """A link that says `target`."""

    def delete(self, path: str) -> None:
        """Nothing; a folder goes with all that it holds."""

    def chmod(self, path: str, mode: int) -> None:
        """A file or folder with another mode."""

    def rename(self, old: str, new: str) -> None:
        """What stands at `old` stands at `new`."""


class NewProject(Protocol):
    """A project that is not there yet: built beside its place, put there whole. Names are relative, with `/`.

    Whatever is written before `publish` may be written again after a crash.
    """

    @property
    def path(self) -> Path:
        """Where it is built."""

    def begin(self) -> None:
        """Make the folder, or go on with the one that was begun. Raises `TreadleError` when the target is taken."""

    def write(self, path: str, content: bytes, mode: int | None = None) -> None:
        """A file, folders included."""

    def symlink(self, path: str, target: str) -> None:
        """A link."""

    def mkdir(self, path: str, mode: int | None = None) -> None:
        """A folder, the ones above it included."""

    def publish(self) -> None:
        """Put it in its place. Done already: harmless. Raises `TreadleError` when the target is taken by now."""

    def published(self) -> bool:
        """It stands in its place, put there for this id."""

    def discard(self) -> bool:
        """Remove what was built; False if there was nothing. What was published stays."""

    def withdraw(self, intact: Callable[[Path], bool]) -> bool:
        """Remove what was published, if `intact(folder)` says that nobody changed it; False leaves everything."""


class ProjectJournal(Protocol):
    """The journal of one folder; `Host.journal`. An object belongs to one thread."""

    def lock(self, purpose: str) -> AbstractContextManager[None]:
        """Hold the project while the block runs. Raises `TreadleError` (exit code 5) when another process does."""

    def transaction(self, id: str) -> AbstractContextManager[Changes]:
        """Several changes that happen all or not at all when the block ends, and can be undone by their id.

        What another killed process left behind in the project is undone first.

        Raises:
            TreadleError: somebody changed one of the files meanwhile (exit code 5), or the system refuses (6): then
                everything is as it was before.
        """

    def committed(self, id: str) -> bool:
        """A transaction of that id was committed, and was not undone."""

    def recover(self, mode: Literal["undo", "redo"], id: str) -> bool:
        """Bring to an end what a killed process left of one transaction; True when it stands committed now."""

    def undo(self, id: str) -> Sequence[str]:
        """Undo a committed transaction; what a person must know beyond that, a sentence each.

        Raises:
            TreadleError: there is no such transaction (exit code 3).
        """

    def look(self, path: str) -> JsonObject:
        """What stands at a path, links not followed: `{kind, mode, sha256, target}`, the last three if they apply.

        `kind` is absent, file, dir, link or other.
        """

    def new_project(self, id: str) -> NewProject:
        """The folder itself as a project that is not there yet."""
