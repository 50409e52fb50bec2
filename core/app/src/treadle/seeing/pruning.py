"""What a pruning would delete: ended executions that are old enough, and what lies on disk for them."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from treadle_hookspecs import ExecutionQuery, ExecutionRow, Json, StoreBackend, TreadleError

from treadle.runtime.clock import iso
from treadle.status import TERMINAL
from treadle.workspace import forget_journaled

FOLDERS: Final = ("logs", "scratch", "snapshots")
"""What treadle's home keeps per execution, beside the store."""


@dataclass(frozen=True, slots=True)
class Pruning:
    """What would go.

    Attributes:
        before: executions that ended before this time (microseconds) go.
        executions: newest first, of every project in the store.
        size: bytes by execution of its logs and scratch files.
        strays: bytes of logs and scratch files of executions that are in the store no more.
    """

    before: int
    executions: Sequence[ExecutionRow]
    size: dict[str, int]
    strays: int = 0

    @property
    def bytes(self) -> int:
        """All of them together. The room of the records themselves stays with the store, which uses it again."""
        return sum(self.size.values()) + self.strays

    def to_json(self, *, deleted: bool) -> dict[str, Json]:
        """`treadle/pruning@1`."""
        return {
            "schema": "treadle/pruning@1",
            "before": iso(self.before),
            "deleted": deleted,
            "bytes": self.bytes,
            "executions": [
                {
                    "id": row.id,
                    "workflow": row.workflow,
                    "status": row.status,
                    "root": row.root,
                    "finished_at": iso(row.finished_at),
                    "bytes": self.size[row.id],
                }
                for row in self.executions
            ],
        }


def pruning_of(store: StoreBackend, home: Path, before: int) -> Pruning:
    """What `Records.prune(before)` would delete."""
    rows = store.executions(ExecutionQuery())
    old = [row for row in rows if row.status in TERMINAL and row.finished_at is not None and row.finished_at < before]
    known = {row.id for row in rows}
    strays = sum(
        size_of(folder)
        for kind in FOLDERS
        if old and (home / kind).is_dir()
        for folder in (home / kind).iterdir()
        if folder.name not in known
    )
    size = {row.id: sum(size_of(home / kind / row.id) for kind in FOLDERS) for row in old}
    return Pruning(before, old, size, strays)


def size_of(folder: Path) -> int:
    """Bytes of the files below a folder; links count as themselves. A file that goes meanwhile counts nothing."""
    total = 0
    for path in folder.rglob("*") if folder.is_dir() else ():
        try:
            status = path.lstat()
        except FileNotFoundError:
            continue
        total += 0 if path.is_dir() and not path.is_symlink() else status.st_size
    return total


def forget_changes(executions: Sequence[ExecutionRow]) -> None:
    """Give up undoing what these changed: the originals in their projects go. A project that is not there is left."""
    for row in executions:
        with contextlib.suppress(TreadleError):
            forget_journaled(Path(row.root), row.id)
