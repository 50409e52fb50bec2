"""Step 3: each operation captures what stood there and puts the staged result in its place."""

from treadle_hookspecs import TreadleError

from treadle.workspace.journal._durable import sync_folders
from treadle.workspace.journal._folders import BlockedError, Folders, Parts, is_empty
from treadle.workspace.journal._moves import Place, drop_second_name, drop_stand_in, put, set_mode, take, take_folder
from treadle.workspace.journal._plan import Operation, Plan
from treadle.workspace.journal._record import Record
from treadle.workspace.journal._results import UserChangedError
from treadle.workspace.journal.states import ABSENT, State, look_in


class Applying:
    """Applies a plan. No log is kept: what stands at a path, and what lies in the journal, tell how far it was.

    A staged result leaves the journal in the same call in which it appears in the project. So what is still staged
    was not placed, whoever made the file that stands there.

    Args:
        folders: the project.
        record: the transaction's folder.
        plan: what was staged.
        again: a process was killed while it applied or undid this plan.
    """

    def __init__(self, folders: Folders, record: Record, plan: Plan, *, again: bool = False) -> None:
        self._calls = folders.calls
        self._folders = folders
        self._record = record
        self._plan = plan
        self._again = again
        self._captured = set(self._calls.names(record.old)) if again else set()
        self._staged = set(self._calls.names(record.new)) if again else set()
        self._later = _later(plan) if again else {}

    def run(self) -> None:
        """Bring every path into its new state.

        Raises:
            UserChangedError: something is not as it was; what was done so far has to be undone.
            OSError: the system refuses; likewise.
        """
        for operation in self._plan.operations:
            self._apply(operation)

    def sync(self) -> None:
        """Wait until the disk has the folders that were touched."""
        sync_folders(self._folders, {it.parts[:-1] for it in self._plan.operations})
        self._calls.fsync(self._record.old)

    def _apply(self, operation: Operation) -> None:
        try:
            with self._folders.folder(operation.parts[:-1]) as folder:
                if self._again:
                    self._check_slots(operation, folder)
                self._change(operation, folder)
        except (FileNotFoundError, BlockedError) as error:
            # What was to be deleted is gone when its folder is: often this plan has taken it away already.
            if operation.post != ABSENT and not self._is_done_later(operation, ABSENT):
                raise UserChangedError(operation.path, str(operation.pre), "no folder to put it in") from error
        except FileExistsError as error:
            raise self._changed(operation, self._folders.look(operation.parts)) from error

    def _change(self, operation: Operation, folder: int) -> None:
        name = operation.parts[-1]
        if operation.pre == ABSENT != operation.post and not self._again and self._placed(operation, folder):
            return None
        found = look_in(self._calls, folder, name)
        if found == operation.post or self._is_done_later(operation, found):
            return None
        if found == ABSENT != operation.pre:
            found = self._record.captured(operation.slot) if operation.slot in self._captured else ABSENT
            self._expect(operation, found)
        else:
            self._expect(operation, found)
            if operation.in_place:
                return set_mode(self._calls, folder, name, operation.post.mode)
            if operation.pre != ABSENT:
                self._capture(operation, folder)
        if operation.post != ABSENT:
            put(self._calls, (self._record.new, operation.slot), (folder, name))
        return None

    def _placed(self, operation: Operation, folder: int) -> bool:
        """Where nothing should stand the call itself looks; False when something does."""
        try:
            put(self._calls, (self._record.new, operation.slot), (folder, operation.parts[-1]))
        except FileExistsError:
            return False
        return True

    def _is_done_later(self, operation: Operation, found: State) -> bool:
        """The next operation for the same path was applied, or begun, before the process was killed."""
        later = self._later.get(operation.index)
        return later is not None and (found == later.post or later.slot in self._captured)

    def _capture(self, operation: Operation, folder: int) -> None:
        place, slot = (folder, operation.parts[-1]), (self._record.old, operation.slot)
        if operation.pre.kind != "dir":
            take(self._calls, place, slot)
        elif is_empty(self._calls, *place):
            take_folder(self._calls, place, slot, operation.pre.mode)
        else:
            raise UserChangedError(operation.path, "an empty folder", "a folder that holds something")
        self._captured.add(operation.slot)
        # If it is not what it should be, the undo, which comes to it first, puts it back.
        self._expect(operation, self._record.captured(operation.slot))

    def _check_slots(self, operation: Operation, folder: int) -> None:
        """Clear up what a killed process left in the slots."""
        target, captured = (folder, operation.parts[-1]), (self._record.old, operation.slot)
        staged = (self._record.new, operation.slot)
        if operation.slot in self._captured and self._is_back(operation, captured, target):
            self._captured.discard(operation.slot)
        if operation.slot in self._staged and not drop_second_name(self._calls, staged, target):
            found = look_in(self._calls, *staged)
            if found != operation.post:  # the user's own, which an undo had in its hand
                raise self._changed(operation, found)

    def _is_back(self, operation: Operation, slot: Place, place: Place) -> bool:
        return drop_second_name(self._calls, slot, place) or drop_stand_in(self._calls, slot, place, operation.pre.mode)

    def _expect(self, operation: Operation, found: State) -> None:
        if found != operation.pre:
            raise self._changed(operation, found)

    def _changed(self, operation: Operation, found: State) -> TreadleError:
        return UserChangedError(operation.path, str(operation.pre), str(found))


def _later(plan: Plan) -> dict[int, Operation]:
    """The next operation for the same path, by the index of the one before."""
    found: dict[int, Operation] = {}
    last: dict[Parts, int] = {}
    for operation in plan.operations:
        if operation.parts in last:
            found[last[operation.parts]] = operation
        last[operation.parts] = operation.index
    return found
