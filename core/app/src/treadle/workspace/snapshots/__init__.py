"""Snapshots of a root's files, taken without touching the user's repository, and the way back to them."""

from treadle.workspace.snapshots._comparing import Changed, How, changes, difference, entries
from treadle.workspace.snapshots._restoring import merge, restore
from treadle.workspace.snapshots._snapshot import Snapshot
from treadle.workspace.snapshots._store import KEPT, SHADOW, SnapshotStore, collect

__all__ = [
    "KEPT",
    "SHADOW",
    "Changed",
    "How",
    "Snapshot",
    "SnapshotStore",
    "changes",
    "collect",
    "difference",
    "entries",
    "merge",
    "restore",
]
