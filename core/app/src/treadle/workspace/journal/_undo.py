"""Undo, in reverse order: what was placed is taken back, what was captured returns, what is somebody else's stays."""

import contextlib
import os
from collections.abc import Callable
from functools import partial

from treadle_hookspecs import TreadleError

from treadle.workspace.journal._durable import sync_folders
from treadle.workspace.journal._folders import BlockedError, Folders, Parts, is_empty
from treadle.workspace.journal._moves import drop_second_name, drop_stand_in, put, set_mode, take
from treadle.workspace.journal._plan import Operation, Plan
from treadle.workspace.journal._record import Record
from treadle.workspace.journal._rescue import Rescue
from treadle.workspace.journal._results import Failure, Kept, Undone
from treadle.workspace.journal.states import ABSENT, OTHER, State, look_in


class Undoing:
    """Undoes a plan, however far it was applied; doing it again is safe.

    Args:
        folders: the project.
        record: the transaction's folder.
        plan: what was applied, or was being applied.
        rescue: where what has no place goes.
        committed: when the plan was committed, in nanoseconds: a folder that changed later keeps its time.
    """

    def __init__(
        self, folders: Folders, record: Record, plan: Plan, rescue: Rescue, *, committed: int | None = None
    ) -> None:
        self._calls = folders.calls
        self._folders = folders
        self._record = record
        self._plan = plan
        self._rescue = rescue
        self._committed = committed
        self._staged = set(self._calls.names(record.new))
        self._captured = set(self._calls.names(record.old))
        self._restored: list[str] = []
        self._kept: list[Kept] = []
        self._failures: list[Failure] = []

    def run(self) -> Undone:
        """Undo what can be undone. No failure stops the rest."""
        times = self._times()
        for operation in reversed(self._plan.operations):
            self._guarded(operation.path, partial(self._undo, operation))
        self._guarded(".", partial(self._restore_times, times))
        self._guarded(".", self._sync)
        return Undone(
            self._plan.id,
            tuple(dict.fromkeys(self._restored)),
            tuple(self._kept),
            self._rescue.found(),
            tuple(self._failures),
        )

    def _guarded(self, path: str, step: Callable[[], None]) -> None:
        try:
            step()
        except OSError as error:
            self._failures.append(Failure(path, error.strerror or str(error)))
        except TreadleError as error:
            self._failures.append(Failure(path, error.message))

    def _undo(self, operation: Operation) -> None:
        try:
            with self._folders.folder(operation.parts[:-1]) as folder:
                self._undo_in(operation, folder)
        except FileNotFoundError:
            self._without_place(operation, "its folder was removed")
        except BlockedError as error:
            self._without_place(operation, f"{error.path} is no folder any more")

    def _undo_in(self, operation: Operation, folder: int) -> None:
        name = operation.parts[-1]
        if operation.in_place:
            return self._set_mode_back(operation, folder)
        self._check_slots(operation, folder)
        if not self._touched(operation):
            return None
        found = look_in(self._calls, folder, name)
        if operation.makes and operation.slot not in self._staged and found == operation.post:
            found = self._take_back(operation, folder)
        if operation.slot in self._captured:
            return self._bring_back(operation, folder, found)
        return self._note(operation, found)

    def _touched(self, operation: Operation) -> bool:
        """Something was captured, or what was staged has left the journal."""
        return operation.slot in self._captured or (operation.makes and operation.slot not in self._staged)

    def _take_back(self, operation: Operation, folder: int) -> State:
        """Take away what was placed, unless somebody changes it at this moment; what then stands there."""
        place, slot = (folder, operation.parts[-1]), (self._record.new, operation.slot)
        if operation.post.kind == "dir" and not is_empty(self._calls, *place):
            return OTHER
        take(self._calls, place, slot)
        self._staged.add(operation.slot)
        return self._check_staged(operation, folder)

    def _check_staged(self, operation: Operation, folder: int) -> State:
        """What lies among the staged results must be ours: anything else goes back. What stands at the path then."""
        place, slot = (folder, operation.parts[-1]), (self._record.new, operation.slot)
        ours = look_in(self._calls, *slot) == operation.post
        if not ours or (operation.post.kind == "dir" and not is_empty(self._calls, *slot)):
            self._give(operation, slot, place)
            self._staged.discard(operation.slot)
        return look_in(self._calls, *place)

    def _check_slots(self, operation: Operation, folder: int) -> None:
        """Clear up what a killed process left in the slots."""
        place, captured = (folder, operation.parts[-1]), (self._record.old, operation.slot)
        if operation.slot in self._captured and (
            drop_second_name(self._calls, captured, place)
            or drop_stand_in(self._calls, captured, place, operation.pre.mode)
        ):
            self._captured.discard(operation.slot)
            self._restored.append(operation.path)
        if operation.slot not in self._staged:
            return
        if drop_second_name(self._calls, (self._record.new, operation.slot), place):
            self._staged.discard(operation.slot)
        else:
            self._check_staged(operation, folder)

    def _bring_back(self, operation: Operation, folder: int, found: State) -> None:
        slot = (self._record.old, operation.slot)
        if found == ABSENT and self._give(operation, slot, (folder, operation.parts[-1])):
            self._restored.append(operation.path)
            return
        if found != ABSENT:
            self._rescue.keep(slot, operation.parts)
        self._captured.discard(operation.slot)
        self._kept.append(Kept(operation.path, f"{self._folders.look(operation.parts)} is there now"))

    def _give(self, operation: Operation, slot: tuple[int, str], place: tuple[int, str]) -> bool:
        """Put an entry of the journal back into the project, or into rescue when its place is taken."""
        try:
            put(self._calls, slot, place)
        except FileExistsError:
            self._rescue.keep(slot, operation.parts)
            return False
        return True

    def _note(self, operation: Operation, found: State) -> None:
        if found == operation.pre:
            self._restored.append(operation.path)
        else:
            self._kept.append(Kept(operation.path, f"{found} is there now"))

    def _set_mode_back(self, operation: Operation, folder: int) -> None:
        found = look_in(self._calls, folder, operation.parts[-1])
        if found == operation.post:
            set_mode(self._calls, folder, operation.parts[-1], operation.pre.mode)
            self._restored.append(operation.path)

    def _without_place(self, operation: Operation, reason: str) -> None:
        """Nothing can stand at the path: what is in the journal's hand goes into rescue."""
        touched = self._touched(operation)
        if operation.slot in self._captured:
            self._rescue.keep((self._record.old, operation.slot), operation.parts)
            self._captured.discard(operation.slot)
        staged = (self._record.new, operation.slot)
        if operation.slot in self._staged and look_in(self._calls, *staged) != operation.post:
            self._rescue.keep(staged, operation.parts)
            self._staged.discard(operation.slot)
        if touched:
            self._kept.append(Kept(operation.path, reason))

    def _times(self) -> dict[Parts, int]:
        """The folders whose times are to come back: nobody but this transaction changed their entries."""
        found = {_parts(path): modified for path, modified in self._plan.modified.items()}
        if self._committed is None:
            return found
        limit = self._committed
        return {parts: modified for parts, modified in found.items() if (self._folders.modified(parts) or 0) <= limit}

    def _restore_times(self, times: dict[Parts, int]) -> None:
        """Best effort: a time is worth no failure."""
        left = [it.path for it in self._kept] + [it.path for it in self._failures]
        disturbed = {_parts(path)[:-1] for path in left}
        for parts, modified in times.items():
            if parts not in disturbed:
                with contextlib.suppress(OSError, BlockedError), self._folders.folder(parts) as folder:
                    self._calls.utime(folder, os.fstat(folder).st_atime_ns, modified)

    def _sync(self) -> None:
        sync_folders(self._folders, {it.parts[:-1] for it in self._plan.operations})
        self._calls.fsync(self._record.new)


def _parts(path: str) -> Parts:
    return tuple(path.split("/")) if path else ()
