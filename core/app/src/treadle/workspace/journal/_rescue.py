"""`.treadle/rescue/<key>/path`: where something goes whose own place is taken."""

import contextlib
import errno
import itertools
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from treadle.workspace.journal._folders import Parts, own_folder
from treadle.workspace.journal._moves import Place, put
from treadle.workspace.journal._os import Calls
from treadle.workspace.journal._results import Rescued

NAME: Final = "rescue"
_TAKEN: Final = (errno.EEXIST, errno.ENOTDIR, errno.ENOTEMPTY)


class Rescue:
    """The rescue folders of one transaction, `<key>`, `<key>~2` and so on; none is made before it is needed.

    Args:
        calls: the system.
        home: the descriptor of `.treadle`.
        shown: the path of `.treadle`.
        key: the transaction's.
    """

    def __init__(self, calls: Calls, home: int, shown: Path, key: str) -> None:
        self._calls = calls
        self._home = home
        self._shown = shown / NAME
        self._key = key

    def keep(self, slot: Place, parts: Parts) -> None:
        """Move an entry of the journal to the first of these folders in which its path is free."""
        top = own_folder(self._calls, self._home, NAME, self._shown, make=True)
        try:
            for name in self._names():
                try:
                    return self._move(slot, top, (name, *parts))
                except OSError as error:
                    if error.errno not in _TAKEN:
                        raise
        finally:
            os.close(top)

    def found(self) -> tuple[Rescued, ...]:
        """Everything that lies there, whichever process brought it."""
        try:
            top = own_folder(self._calls, self._home, NAME, self._shown, make=False)
        except FileNotFoundError:
            return ()
        try:
            mine = sorted(name for name in self._calls.names(top) if name.split("~")[0] == self._key)
            return tuple(Rescued("/".join(it[1:]), self._shown.joinpath(*it)) for it in self._leaves(top, mine))
        finally:
            os.close(top)

    def _leaves(self, folder: int, names: list[str]) -> Iterator[Parts]:
        """Files, links and folders that hold nothing."""
        for name in names:
            if not stat.S_ISDIR(self._calls.stat(name, folder).st_mode):
                yield (name,)
                continue
            descriptor = self._calls.open(name, folder, directory=True)
            try:
                inner = sorted(self._calls.names(descriptor))
                yield from ((name, *it) for it in self._leaves(descriptor, inner)) if inner else ((name,),)
            finally:
                os.close(descriptor)

    def _names(self) -> Iterator[str]:
        yield self._key
        yield from (f"{self._key}~{number}" for number in itertools.count(2))

    def _move(self, slot: Place, top: int, parts: Parts) -> None:
        """Make the folders on the way and put the entry in, and let the disk have it."""
        folder = os.dup(top)
        try:
            for part in parts[:-1]:
                with contextlib.suppress(FileExistsError):
                    self._calls.mkdir(part, folder)
                inner = self._calls.open(part, folder, directory=True)
                os.close(folder)
                folder = inner
            put(self._calls, slot, (folder, parts[-1]))
            self._calls.fsync(folder)
        finally:
            os.close(folder)
