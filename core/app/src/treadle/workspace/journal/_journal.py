"""The journal of one project."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from treadle_hookspecs import ExitCode, TreadleError

from treadle.workspace.journal import _lock
from treadle.workspace.journal._errors import storage_errors
from treadle.workspace.journal._folders import Folders
from treadle.workspace.journal._home import Home, Shelf
from treadle.workspace.journal._os import Calls
from treadle.workspace.journal._plan import Operation
from treadle.workspace.journal._record import key
from treadle.workspace.journal._recovery import Mode, recover, save_strangers, undo
from treadle.workspace.journal._results import Committed, Recovered, Undone
from treadle.workspace.journal._transaction import Transaction
from treadle.workspace.journal._wanted import named
from treadle.workspace.journal.states import State

WAIT: Final = 30.0
"""Seconds that a transaction waits for its turn: changing files is quick, so a holder is soon done."""

_CLEAR: Final = "remove what stands in its way, then try again; what it holds lies in .treadle/txn"


class Journal:
    """Changes to the files below `root` that are whole or absent after any crash, and can be undone.

    What is kept lies in `root/.treadle`. An object belongs to one thread; another thread or process makes its own,
    and the lock is between them.

    Args:
        root: the project, an existing folder.
        calls: the system; a test gives its own.
    """

    def __init__(self, root: Path, calls: Calls | None = None) -> None:
        self.root = Path(os.path.abspath(root))  # noqa: PTH100 - `resolve` would replace links above the root
        self._calls = calls or Calls()
        self._home: Home | None = None
        self._seen: Folders | None = None

    @contextmanager
    def lock(self, purpose: str = "", *, wait: float = 0.0) -> Iterator[None]:
        """Hold the project: nobody else's transaction, recovery or undo runs meanwhile. Held already: harmless.

        Args:
            purpose: told to whoever finds it busy.
            wait: seconds to wait for the holder.

        Raises:
            TreadleError: busy (exit code 5, naming the holder), no such folder (3), `.treadle` is not ours (4).
        """
        if self._home is not None:
            yield
            return
        with contextlib.closing(self._opened()) as home:
            descriptor = _lock.take(self._calls, home.descriptor, home.shown, purpose, wait)
            self._home = home
            try:
                yield
            finally:
                self._home = None
                os.close(descriptor)

    def _opened(self) -> Home:
        with storage_errors(f"open the journal of {self.root}", "its folder must be yours to write"):
            return Home(self._calls, self.root, make=True)

    @property
    def home(self) -> Home:
        """The open journal. Raises `RuntimeError` when it is not locked."""
        if self._home is None:
            raise RuntimeError("lock the journal first: with journal.lock(): …")
        return self._home

    @contextmanager
    def looking(self) -> Iterator[Folders]:
        """The project's folders, to look at; no lock is needed."""
        with storage_errors(f"look at {self.root}", "nothing was changed; make it readable, then try again"):
            if self._home is not None:
                yield self._home.folders
            elif self._seen is not None:
                yield self._seen
            else:
                with contextlib.closing(Folders(self._calls, self.root)) as folders:
                    yield folders

    @contextmanager
    def _looked_at(self) -> Iterator[None]:
        """The project's folder stays open for many looks."""
        with self.looking() as folders:
            before, self._seen = self._seen, folders
            try:
                yield
            finally:
                self._seen = before

    def look(self, path: str) -> State:
        """What stands at a path now; no lock is needed. Raises `TreadleError` for a name that is refused."""
        with self.looking() as folders:
            return folders.look(named(path))

    def transaction(self, id: str | None = None) -> Transaction:
        """A new transaction.

        Args:
            id: how it is named in the history, e.g. an idempotency key; default: a new one.
        """
        return Transaction(self, id or secrets.token_hex(8))

    @contextmanager
    def changes(self, id: str | None = None, *, keep_history: bool = True, wait: float = WAIT) -> Iterator[Transaction]:
        """A transaction that is applied and committed when the block ends; after an exception in it nothing happens.

        What killed processes left behind in the project is undone first; `recovered` of the transaction tells.

        Args:
            id: see `transaction`.
            keep_history: it can be undone later.
            wait: seconds to wait for another process that changes the project.

        Raises:
            TreadleError: it could not be done, and everything is as it was before, or the error says what is not.
        """
        transaction = self.transaction(id)
        with self._looked_at():
            yield transaction
        if transaction.empty:
            return
        with self.lock(f"transaction {transaction.id}", wait=wait):
            transaction.recovered = self.recover("undo")
            if left := [line for it in transaction.recovered for line in it.left]:
                raise _conflict(f"an earlier transaction in {self.root} could not be undone: {'; '.join(left)}", _CLEAR)
            transaction.apply()
            try:
                transaction.commit()
            except TreadleError:
                transaction.rollback()
                raise
            transaction.finish(keep_history=keep_history)

    def check_free(self, id: str) -> None:
        """Raises `TreadleError` if there is a transaction of that id, or one that waits for recovery."""
        if self._shelf_of(self.home, id) == "history":
            raise _conflict(f"the transaction {id} was committed already", "undo it first, or give this one another id")
        left = [name for name in self.home.keys("txn") if not name.endswith(".gone")]
        if left:
            raise _conflict(
                f"the transaction {', '.join(left)} in {self.root} is neither committed nor undone",
                "recover it first",
            )

    @storage_errors("recover", "nothing is lost: try again")
    def recover(self, mode: Mode = "undo", *, only: str | None = None) -> tuple[Recovered, ...]:
        """Bring to an end what killed processes left behind.

        Args:
            mode: `undo` what was not committed, `redo` it (undone where it cannot be), or only `report`.
            only: a transaction's id: leave the others.
        """
        if mode == "report":
            return self._reported(only)
        with self.lock("recovery"):
            return tuple(recover(self.home, name, mode) for name in self._work(self.home, only))

    @storage_errors("undo", "nothing is lost: undo it again, or let treadle doctor --repair do it")
    def undo(self, id: str) -> Undone:
        """Undo a committed transaction. Newer ones that changed the same files have to be undone first.

        Raises:
            TreadleError: there is no such transaction in the history (exit code 3).
        """
        with self.lock(f"undo of {id}"):
            home, name = self.home, key(id)
            shelf = self._shelf_of(home, id)
            if shelf is None:
                raise _unknown(id)
            if shelf == "history":
                home.move(name, "history", "txn")
            with home.record("txn", name) as record:
                return undo(home, record, record.plan())

    def committed(self, id: str) -> bool:
        """A transaction of that id was committed, and was not undone."""
        with self._reading() as home:
            return home is not None and (
                self._shelf_of(home, id) == "history"
                or (key(id) in home.keys("txn") and home.phase(key(id)) == "committed")
            )

    def history(self) -> tuple[Committed, ...]:
        """The committed transactions, oldest first."""
        with self._reading() as home:
            if home is None:
                return ()
            found = []
            for name in home.keys("history"):
                # One that is being undone at this moment is no part of it any more.
                with contextlib.suppress(FileNotFoundError), home.record("history", name) as record:
                    plan, at = record.plan(), record.written() / 1e9
                    found.append(Committed(plan.id, at, tuple(dict.fromkeys(it.path for it in plan.operations))))
            return tuple(sorted(found, key=lambda it: it.at))

    @storage_errors("read the journal", "try again")
    def kept(self, id: str) -> tuple[tuple[Operation, bytes], ...]:
        """What a committed transaction did, each with the content of the file that stood there before, or b"".

        Raises:
            TreadleError: there is no such transaction in the history (exit code 3).
        """
        with self._reading() as home:
            if home is None or key(id) not in home.keys("history"):
                raise _unknown(id)
            with home.record("history", key(id)) as record:
                return tuple((it, _content(record.shown / "old" / it.slot)) for it in record.plan().operations)

    @storage_errors("forget a transaction", "try again")
    def forget(self, id: str) -> None:
        """Delete a committed transaction and its originals; it cannot be undone any more.

        Raises:
            TreadleError: there is no such transaction in the history (exit code 3).
        """
        with self.lock(f"forget {id}"):
            if self._shelf_of(self.home, id) != "history":
                raise _unknown(id)
            with self.home.record("history", key(id)) as record:
                save_strangers(self.home, record, record.plan())
            self.home.remove(key(id), "history")

    def _reported(self, only: str | None) -> tuple[Recovered, ...]:
        with self._reading() as home:
            return tuple(recover(home, name, "report") for name in self._work(home, only)) if home else ()

    def _work(self, home: Home, only: str | None) -> list[str]:
        return [name for name in home.keys("txn") if only is None or name.removesuffix(".gone") == key(only)]

    def _shelf_of(self, home: Home, id: str) -> Shelf | None:
        shelves: tuple[Shelf, ...] = ("history", "txn")
        return next((shelf for shelf in shelves if key(id) in home.keys(shelf)), None)

    @contextmanager
    def _reading(self) -> Iterator[Home | None]:
        """The journal without its lock; None when there is none."""
        if self._home is not None:
            yield self._home
            return
        try:
            home = Home(self._calls, self.root, make=False)
        except FileNotFoundError:
            yield None
            return
        with contextlib.closing(home):
            yield home


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() and not path.is_symlink() else b""


def _conflict(message: str, remedy: str) -> TreadleError:
    return TreadleError(message, suggestions=(remedy,), exit_code=ExitCode.CONFLICT)


def _unknown(id: str) -> TreadleError:
    return TreadleError(
        f"there is no committed transaction {id}",
        suggestions=("it was undone or forgotten already, or never committed",),
        exit_code=ExitCode.NOT_FOUND,
    )
