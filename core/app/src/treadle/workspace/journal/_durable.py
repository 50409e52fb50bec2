"""Waiting until the disk has it. For many files one call for all is far quicker than one for each."""

import contextlib
from collections.abc import Collection
from typing import Final

from treadle.workspace.journal._folders import BlockedError, Folders, Parts
from treadle.workspace.journal._os import Calls

_FEW: Final = 16


def at_once(calls: Calls, count: int) -> bool:
    """So many files are better waited for together."""
    return count > _FEW and calls.has_syncfs()


def sync_folders(folders: Folders, paths: Collection[Parts]) -> None:
    """Wait until the disk has the entries of these folders, as far as they are still there."""
    if at_once(folders.calls, len(paths)):
        folders.calls.syncfs(folders.descriptor)
        return
    for parts in sorted(paths):
        with contextlib.suppress(FileNotFoundError, BlockedError), folders.folder(parts) as folder:
            folders.calls.fsync(folder)
