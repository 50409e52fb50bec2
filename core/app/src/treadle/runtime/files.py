"""What a visit changes on disk, kept so that it can be undone: journaled changes, and snapshots around it."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from treadle_hookspecs import Json, JsonObject, TreadleError

from treadle.workspace import JournaledWorkspace, journaled, prefix_of, undo_journaled

if TYPE_CHECKING:
    from treadle.workspace.journal import Undone
    from treadle.workspace.snapshots import Snapshot, SnapshotStore
    from treadle.workspace.worktrees import Worktree, Worktrees

BEFORE: Final = "before"
AFTER: Final = "after"


class KeptFiles:
    """The files of one execution's root, before and after its visits.

    Args:
        home: treadle's own folder.
        root: the execution's.
        execution: its id.
        origins: gives the executions whose results it took over, the nearest first.
        snapshots: the tree is looked at before and after each visit.
        limit: bytes above which a file's content is not kept.
    """

    def __init__(
        self,
        home: Path,
        root: Path,
        execution: str,
        *,
        origins: Callable[[], Sequence[str]],
        snapshots: bool,
        limit: int,
    ) -> None:
        self.snapshots = snapshots
        self._home = home
        self._root = root
        self._execution = execution
        self._origins = origins
        self._limit = limit

    def workspace(self, visit: str, closed: Callable[[], bool]) -> JournaledWorkspace:
        """What the visit is handed."""
        return JournaledWorkspace(self._root, self._execution, visit, closed)

    def store(self, folder: Path) -> "SnapshotStore":
        """Snapshots of the root, or of a worktree that stands for it."""
        from treadle.workspace.snapshots import SnapshotStore

        return SnapshotStore(self._home, folder, self._limit, beside=None if folder == self._root else self._root)

    def worktrees(self) -> "Worktrees":
        """Where steps work apart."""
        from treadle.workspace.worktrees import Worktrees

        return Worktrees(self._home, self._limit)

    async def enter(self, name: str, step: str) -> "Worktree":
        """The worktree of that name. Raises `ActionError` when it cannot be made."""
        return await asyncio.to_thread(self.worktrees().enter, self._execution, name, self._root, step)

    async def merge(self, worktree: "Worktree") -> Sequence[str]:
        """Bring a worktree's changes into the root; what a person must know. Raises `ActionError`, `TreadleError`."""
        return _told([await asyncio.to_thread(self.worktrees().merge, worktree)])

    async def begin(self, visit: str) -> None:
        """An attempt is about to start. What an earlier one found stands: the visit is undone as a whole.

        Raises:
            TreadleError: no snapshot could be taken.
        """
        await asyncio.to_thread(self._take_first, visit)

    async def begin_late(self, visit: str) -> None:
        """As `begin`, in place of what it kept: nothing of the visit has reached the root yet."""
        await asyncio.to_thread(self._store().take, self._execution, visit, BEFORE)

    async def end(self, visit: str, *, looked: bool) -> JsonObject | None:
        """An attempt has ended: what a rollback can undo of it, None for nothing. `looked`: `begin` was called.

        Raises:
            TreadleError: no snapshot could be taken; what it changed is not known then.
        """
        kept: dict[str, Json] = {}
        if count := len(journaled(self._root, prefix_of(self._execution, visit))):
            kept["journaled"] = count
        if looked:
            before, after = await asyncio.to_thread(self._take_last, visit)
            if before is None or not before.same_files(after):
                kept["tree"] = after.tree
        return kept or None

    async def undo_journaled(self, visit: str) -> Sequence[str]:
        """Undo what a failed visit changed through its workspace; what a person must know beyond that."""
        return _told(await asyncio.to_thread(undo_journaled, self._root, self._execution, visit))

    def undo_journaled_now(self, visit: str) -> None:
        """As `undo_journaled`, where nothing else is going on."""
        undo_journaled(self._root, self._execution, visit)

    async def undo(self, visit: str) -> Sequence[str]:
        """Undo all that a visit changed on disk; what a person must know beyond that, a sentence each.

        Raises:
            TreadleError: something could not be restored, or the project is being changed by another process.
        """
        done = await asyncio.to_thread(lambda: list(self._undo(visit)))
        left = [it for each in done for it in each.failures]
        if left:
            raise TreadleError("; ".join(f"{it.path} could not be restored: {it.error}" for it in left))
        return _told(done)

    def _undo(self, visit: str) -> "Iterator[Undone]":
        for execution in (self._execution, *self._origins()):
            store = self._store()
            before = store.find(execution, visit, BEFORE)
            done = undo_journaled(self._root, execution, visit)
            yield from done
            if before is not None:
                from treadle.workspace.snapshots import restore

                yield restore(store, f"{execution}/{visit}", before, store.find(execution, visit, AFTER))
            if before is not None or done:
                return

    def _take_first(self, visit: str) -> None:
        store = self._store()
        if store.find(self._execution, visit, BEFORE) is None:
            store.take(self._execution, visit, BEFORE)

    def _take_last(self, visit: str) -> "tuple[Snapshot | None, Snapshot]":
        store = self._store()
        return store.find(self._execution, visit, BEFORE), store.take(self._execution, visit, AFTER)

    def _store(self) -> "SnapshotStore":
        return self.store(self._root)


def _told(done: "Sequence[Undone]") -> tuple[str, ...]:
    return tuple(dict.fromkeys(sentence for each in done for sentence in each.told()))
