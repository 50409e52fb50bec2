"""What a caller wants changed, and the way from there to a commit or back."""

import contextlib
import stat
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from treadle_hookspecs import ExitCode, TreadleError

from treadle.workspace._names import check_portable, refused
from treadle.workspace.journal._apply import Applying
from treadle.workspace.journal._errors import storage_error, storage_errors
from treadle.workspace.journal._folders import Folders, Parts
from treadle.workspace.journal._home import Home
from treadle.workspace.journal._plan import Operation, Plan
from treadle.workspace.journal._record import key
from treadle.workspace.journal._recovery import save_strangers, undo
from treadle.workspace.journal._results import Recovered, Undone
from treadle.workspace.journal._stage import Staging
from treadle.workspace.journal._wanted import file_mode, folder_mode, link_target, named, umask
from treadle.workspace.journal._wishes import Wish, Wishes, below, digest
from treadle.workspace.journal.states import ABSENT, State

if TYPE_CHECKING:
    from treadle.workspace.journal._journal import Journal

_REPAIR: Final = "nothing is lost: the next transaction in this project brings it to an end first"


class Transaction:
    r"""Changes that happen all or not at all. `Journal.transaction` gives one.

    The first methods only note what is wanted; each looks at the path once, so that whatever somebody else changes
    there between that look and the change itself is noticed and kept. Names are relative to the root, with `/`.

        with Journal(root).changes() as transaction:
            transaction.write("src/app.py", b"print('hello')\n")
            transaction.delete("setup.cfg")

    `changes` does what follows by itself: `apply`, `commit` and `finish`, with the journal locked.
    """

    def __init__(self, journal: "Journal", id: str) -> None:
        self.id = id
        self._journal = journal
        self._wishes = Wishes()
        self._umask = umask()
        self._plan: Plan | None = None
        self.recovered: tuple[Recovered, ...] = ()
        """What `Journal.changes` found and undid before this transaction."""
        self.portable = True
        """Refuse new names that some other system cannot have. What brings back what was there does not ask."""

    @property
    def empty(self) -> bool:
        """Nothing is wanted."""
        return not self._wishes

    def write(self, path: str, content: bytes, mode: int | None = None, *, last: bool = False) -> None:
        """A file with this content, folders included.

        Args:
            path: its name.
            content: all of it.
            mode: its permission bits; default: those of the file that it replaces, or what a new file gets.
            last: change it after everything else.

        Raises:
            TreadleError: the name is refused, or a folder stands there.
        """
        parts = named(path)
        with self._journal.looking() as folders:
            found = self._replaceable(folders, parts)
            if mode is None:
                mode = found.mode if found.kind == "file" else 0o666 & ~self._umask
            state = State("file", file_mode(path, mode), digest(content))
            self._want(folders, parts, Wish(state, content, last))

    def mkdir(self, path: str, mode: int | None = None) -> None:
        """A folder, the ones above it included. One that is there keeps what it holds, and its mode if none is given.

        Raises:
            TreadleError: the name is refused, or a file or link stands there.
        """
        parts = named(path)
        with self._journal.looking() as folders:
            found = self._wishes.view(folders, parts)
            if found.kind not in ("absent", "dir"):
                raise _in_the_way(path, found)
            if mode is None:
                mode = found.mode if found.kind == "dir" else self._new_folder_mode(folders, parts)
            self._want(folders, parts, Wish(State("dir", folder_mode(path, mode))))

    def symlink(self, path: str, target: str) -> None:
        """A link that says `target`, wherever that leads. Raises as `write` does."""
        parts = named(path)
        with self._journal.looking() as folders:
            self._replaceable(folders, parts)
            self._want(folders, parts, Wish(State("link", target=link_target(path, target))))

    def delete(self, path: str) -> None:
        """Nothing; a folder goes with all that it holds. Raises `TreadleError` (exit code 3) if there is nothing."""
        parts = named(path)
        with self._journal.looking() as folders:
            self._existing(folders, parts, path)
            going = list(below(self._wishes, folders, parts))
            for each in going:
                self._checked(self._wishes.view(folders, each), each)
            for each in going:
                self._wishes.wish(folders, each, Wish(ABSENT))

    def chmod(self, path: str, mode: int) -> None:
        """A file or folder with another mode. Raises `TreadleError` if it is neither."""
        parts = named(path)
        with self._journal.looking() as folders:
            found = self._existing(folders, parts, path)
            if found.kind not in ("file", "dir"):
                raise _in_the_way(path, found)
            content = self._wishes.content(parts, found) if found.kind == "file" else None
            mode = file_mode(path, mode) if content is not None else folder_mode(path, mode)
            self._wishes.wish(folders, parts, Wish(replace(found, mode=mode), content))

    def rename(self, old: str, new: str) -> None:
        """What stands at `old`, a folder with all that it holds, stands at `new`.

        Raises:
            TreadleError: there is nothing at `old`, something at `new`, or `new` lies in `old`.
        """
        source, target = named(old), named(new)
        if target[: len(source)] == source:
            raise refused(new, f"it is {old} or lies in it", "name another place")
        with self._journal.looking() as folders, self._wishes.all_or_none():
            self._existing(folders, source, old)
            if (found := self._wishes.view(folders, target)) != ABSENT:
                raise _in_the_way(new, found)
            moved = [(each, self._taken(folders, each)) for each in below(self._wishes, folders, source)]
            for each, wish in moved:
                self._want(folders, (*target, *each[len(source) :]), wish)
                self._wishes.wish(folders, each, Wish(ABSENT))

    def operations(self) -> tuple[Operation, ...]:
        """What `apply` would do, in order; nothing is written.

        Raises:
            TreadleError: two names would differ only in case or composition.
        """
        with self._journal.looking() as folders:
            return self._wishes.plan(folders, self.id, portable=self.portable).operations

    @storage_errors("change the project", _REPAIR)
    def apply(self) -> tuple[Operation, ...]:
        """Stage everything, then change the project; what was done. The journal must be locked.

        Raises:
            UserChangedError: something is not as it was; everything is as it was before, or
                its suggestions say what is not.
            TreadleError: likewise, because the system refuses.
        """
        home = self._journal.home
        with self._journal.looking() as folders:
            plan = self._wishes.plan(folders, self.id, portable=self.portable)
        if plan.operations:
            plan = self._staged(home, plan)
            self._apply(home, plan)
        self._plan = plan
        return plan.operations

    def commit(self) -> None:
        """Make it durable: from here on a crash undoes nothing."""
        if self._applied().operations:
            home = self._journal.home
            with storage_errors("commit", _REPAIR), home.record("txn", key(self.id)) as record:
                Applying(home.folders, record, self._applied()).sync()
                record.set_phase("committed")

    @storage_errors("tidy up after a commit", _REPAIR)
    def finish(self, *, keep_history: bool = True) -> None:
        """Tidy up. With the history it can be undone later, by `Journal.undo`; without, the originals are deleted."""
        if not self._applied().operations:
            return
        home = self._journal.home
        if keep_history:
            home.move(key(self.id), "txn", "history")
            return
        with home.record("txn", key(self.id)) as record:
            save_strangers(home, record, self._applied())
        home.remove(key(self.id))

    @storage_errors("undo", _REPAIR)
    def rollback(self) -> Undone:
        """Undo what `apply` did; also after `commit`, until `finish`."""
        home, plan = self._journal.home, self._applied()
        if not plan.operations:
            return Undone(self.id)
        with home.record("txn", key(self.id)) as record:
            return undo(home, record, plan)

    def _applied(self) -> Plan:
        if self._plan is None:
            raise RuntimeError("apply the transaction first")
        return self._plan

    def _staged(self, home: Home, plan: Plan) -> Plan:
        """Step 1 and 2: what was written so far is only beside the project, and deleted if anything goes wrong."""
        self._journal.check_free(self.id)
        name = key(self.id)
        try:
            with home.record("txn", name, make=True) as record:
                plan = Staging(home.folders, record, self._wishes.contents).run(plan)
                record.set_phase("applying")
        except (OSError, TreadleError) as error:
            # Where even that fails, recovery does it: nothing was promised.
            with contextlib.suppress(OSError):
                home.remove(name)
            raise _told(error, ("nothing was changed",)) from error
        return plan

    def _apply(self, home: Home, plan: Plan) -> None:
        with home.record("txn", key(self.id)) as record:
            try:
                Applying(home.folders, record, plan).run()
            except (OSError, TreadleError) as error:
                with storage_errors("undo what was changed so far", _REPAIR):
                    undone = undo(home, record, plan)
                raise _undone(error, undone) from error

    def _want(self, folders: Folders, parts: Parts, wish: Wish) -> None:
        """Want something at a path and folders above it."""
        missing = [above for above in self._above(folders, parts) if self._wishes.view(folders, above) == ABSENT]
        for made in missing:
            self._wishes.wish(folders, made, Wish(State("dir", self._new_folder_mode(folders, made))))
        self._wishes.wish(folders, parts, wish)

    def _new_folder_mode(self, folders: Folders, parts: Parts) -> int:
        """As the system gives it: setgid is handed down from the nearest folder that is there."""
        above = next(
            (parts[:depth] for depth in range(len(parts) - 1, 0, -1) if self._is_there(folders, parts[:depth])), ()
        )
        mode = self._wishes.view(folders, above).mode if above else folders.mode
        return (0o777 & ~self._umask) | (mode & stat.S_ISGID)

    def _is_there(self, folders: Folders, parts: Parts) -> bool:
        return self._wishes.view(folders, parts).kind == "dir"

    def _above(self, folders: Folders, parts: Parts) -> list[Parts]:
        """The folders on the way to a path. Raises `TreadleError` if one is none, or a new name is not portable."""
        every = [parts[:depth] for depth in range(1, len(parts) + 1)]
        for each in every:
            found = self._wishes.view(folders, each)
            if found == ABSENT:
                if self.portable:
                    check_portable("/".join(each), each[-1:])
            elif found.kind != "dir" and each != parts:
                raise _in_the_way("/".join(each), found)
        return every[:-1]

    def _taken(self, folders: Folders, parts: Parts) -> Wish:
        """What will stand at a path, to be wished for at another one."""
        state = self._checked(self._wishes.view(folders, parts), parts)
        return Wish(state, self._wishes.content(parts, state) if state.kind == "file" else None)

    def _replaceable(self, folders: Folders, parts: Parts) -> State:
        found = self._checked(self._wishes.view(folders, parts), parts)
        if found.kind == "dir":
            raise _in_the_way("/".join(parts), found)
        return found

    def _existing(self, folders: Folders, parts: Parts, path: str) -> State:
        found = self._checked(self._wishes.view(folders, parts), parts)
        if found == ABSENT:
            raise refused(path, "there is nothing of that name", "correct the name", ExitCode.NOT_FOUND)
        return found

    def _checked(self, found: State, parts: Parts) -> State:
        if found.kind == "other":
            raise _in_the_way("/".join(parts), found)
        return found


def _in_the_way(path: str, found: State) -> TreadleError:
    return refused(path, f"{found} stands there", "delete it first, or choose another name", ExitCode.CONFLICT)


def _told(error: OSError | TreadleError, told: tuple[str, ...]) -> TreadleError:
    """The error for a person, with what has become of the project first."""
    if isinstance(error, OSError):
        return storage_error("change the project", error, told)
    error.suggestions = (*told, *error.suggestions)
    return error


def _undone(error: OSError | TreadleError, undone: Undone) -> TreadleError:
    found = _told(error, undone.told() or ("everything is as it was before",))
    if not undone.complete:
        found.message += "; and not everything could be undone"
    return found
