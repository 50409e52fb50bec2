"""Folders below a root, each opened in the one before it, so that a link put in the way leads nowhere."""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from treadle_hookspecs import ExitCode, TreadleError

from treadle.workspace.journal._os import Calls
from treadle.workspace.journal.states import ABSENT, State, look_in, same_entry

Parts = tuple[str, ...]
"""The folders that a path goes through from the root, and its last name."""

_NO_FOLDER: Final = (errno.ELOOP, errno.ENOTDIR, errno.EMLINK)


class BlockedError(TreadleError):
    """Something that is no folder stands where a folder should; `path` says where."""

    def __init__(self, parts: Parts) -> None:
        self.path = "/".join(parts)
        super().__init__(
            f"{self.path} is no folder, and links are not followed",
            context={"file": self.path},
            suggestions=("remove what stands there, or choose another name",),
            exit_code=ExitCode.CONFLICT,
        )


class Folders:
    """The tree below `root`, which is opened once and stays the same folder whatever is renamed meanwhile.

    Args:
        calls: the system.
        root: an absolute folder that exists; the links above it are followed.

    Raises:
        TreadleError: there is no such folder.
    """

    def __init__(self, calls: Calls, root: Path) -> None:
        self.calls = calls
        self.root = root
        try:
            self.descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise TreadleError(
                f"cannot open the folder {root}: {error.strerror}",
                context={"file": str(root)},
                suggestions=("make the folder first, or correct its name",),
                exit_code=ExitCode.NOT_FOUND,
            ) from error
        facts = os.fstat(self.descriptor)
        self.device, self.mode = facts.st_dev, stat.S_IMODE(facts.st_mode)
        self._spelled: set[tuple[Parts, int]] = set()
        """Folders that were found under exactly this spelling; one of another spelling is another folder."""

    def close(self) -> None:
        """Give the root's descriptor back."""
        os.close(self.descriptor)

    @contextmanager
    def folder(self, parts: Sequence[str]) -> Iterator[int]:
        """The descriptor of a folder.

        Raises:
            FileNotFoundError: it is not there.
            BlockedError: a link or a file stands in its place or on the way.
            TreadleError: another file system is mounted on the way: nothing can be renamed into it.
        """
        descriptor = self.descriptor
        try:
            for at in range(len(parts)):
                inner = self._entered(descriptor, tuple(parts[: at + 1]))
                if descriptor != self.descriptor:
                    os.close(descriptor)
                descriptor = inner
            yield descriptor
        finally:
            if descriptor != self.descriptor:
                os.close(descriptor)

    def look(self, parts: Parts) -> State:
        """What stands at a path: nothing, where a link or a file stands in the place of a folder above it."""
        try:
            with self.folder(parts[:-1]) as folder:
                return look_in(self.calls, folder, parts[-1])
        except (FileNotFoundError, BlockedError):
            return ABSENT

    def names(self, parts: Parts) -> list[str]:
        """The entries of a folder in order; none when it is not there."""
        with contextlib.suppress(FileNotFoundError, BlockedError), self.folder(parts) as folder:
            return sorted(self.calls.names(folder))
        return []

    def modified(self, parts: Parts) -> int | None:
        """When a folder's entries changed last, in nanoseconds; None when it is not there."""
        with contextlib.suppress(FileNotFoundError, BlockedError), self.folder(parts) as folder:
            return os.fstat(folder).st_mtime_ns
        return None

    def _entered(self, folder: int, parts: Parts) -> int:
        name = parts[-1]
        try:
            descriptor = self.calls.open(name, folder, directory=True)
        except OSError as error:
            if error.errno in _NO_FOLDER:
                raise BlockedError(parts) from error
            raise
        try:
            self._check(descriptor, folder, parts)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _check(self, descriptor: int, folder: int, parts: Parts) -> None:
        facts = os.fstat(descriptor)
        if facts.st_dev != self.device:
            raise self._mounted(parts)
        if (parts, facts.st_ino) not in self._spelled:
            if not self._is_spelled(folder, parts[-1]):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "/".join(parts))
            self._spelled.add((parts, facts.st_ino))

    def _is_spelled(self, folder: int, name: str) -> bool:
        other = name.swapcase()
        if name.isascii() and (other == name or not same_entry(self.calls, (folder, name), (folder, other))):
            return True
        return look_in(self.calls, folder, name) != ABSENT

    def _mounted(self, parts: Parts) -> TreadleError:
        place = self.root.joinpath(*parts)
        return TreadleError(
            f"{place} lies on another file system than {self.root}, and nothing can be renamed between them",
            context={"file": str(place)},
            suggestions=("name that folder as the root, or unmount it",),
            exit_code=ExitCode.NOT_ALLOWED,
        )


def is_empty(calls: Calls, folder: int, name: str) -> bool:
    """A folder holds nothing. Raises `OSError` when it is none."""
    descriptor = calls.open(name, folder, directory=True)
    try:
        return not calls.names(descriptor)
    finally:
        os.close(descriptor)


def own_folder(calls: Calls, folder: int, name: str, shown: Path, *, make: bool) -> int:
    """The descriptor of a private folder, made when it is missing.

    Raises:
        FileNotFoundError: it is missing and is not to be made.
        TreadleError: it is a link or a file, or somebody else owns it.
    """
    if make:
        with contextlib.suppress(FileExistsError):
            calls.mkdir(name, folder)
    try:
        descriptor = calls.open(name, folder, directory=True)
    except OSError as error:
        if error.errno in _NO_FOLDER:
            raise _not_ours(shown, "it is a link or a file") from error
        raise
    facts = os.fstat(descriptor)
    if facts.st_uid != os.geteuid() or stat.S_IMODE(facts.st_mode) & 0o022:
        os.close(descriptor)
        raise _not_ours(shown, "somebody else owns it or may write into it")
    return descriptor


def _not_ours(shown: Path, reason: str) -> TreadleError:
    return TreadleError(
        f"{shown} is not used: {reason}, so what lies in it cannot be trusted",
        context={"file": str(shown)},
        suggestions=(f"look at it, then remove it: rm -r {shown}",),
        exit_code=ExitCode.NOT_ALLOWED,
    )
