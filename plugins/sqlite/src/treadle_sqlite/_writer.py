"""The one connection that writes, and its transactions."""

import sqlite3
import threading
from contextlib import suppress
from types import TracebackType

from treadle_sqlite._checkpoint import Checkpointer
from treadle_sqlite._connect import connect
from treadle_sqlite._errors import closed, storage_error
from treadle_sqlite._location import Location


class Writer:
    """A transaction as a context manager: committed when the block ends, rolled back when it raises.

        with writer as connection:
            connection.execute(…)

    One block at a time in a process; other processes wait for the write lock (`BEGIN IMMEDIATE`). What SQLite
    reports becomes a `TreadleError` with exit code 6.
    """

    def __init__(self, location: Location) -> None:
        self._location = location
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = connect(location)
        self._checkpointer = Checkpointer(location, self._connection)

    def __enter__(self) -> sqlite3.Connection:
        self._lock.acquire()
        try:
            return self._begin()
        except BaseException:
            # An interrupt may have come after the transaction had begun.
            if self._connection is not None:
                self._roll_back(self._connection)
            self._lock.release()
            raise

    def _begin(self) -> sqlite3.Connection:
        if self._connection is None:
            raise closed(self._location)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise storage_error(self._location, "write", error) from error
        return self._connection

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._finish(error)
        finally:
            self._lock.release()

    def _finish(self, error: BaseException | None) -> None:
        connection = self._connection
        assert connection is not None  # noqa: S101 - `__enter__` has refused a closed one
        if error is None:
            try:
                connection.execute("COMMIT")
            except sqlite3.Error as failure:
                error = failure
            else:
                self._checkpointer.committed()
                return
        self._roll_back(connection)
        if isinstance(error, sqlite3.Error):
            raise storage_error(self._location, "write", error) from error

    def _roll_back(self, connection: sqlite3.Connection) -> None:
        # After some errors SQLite has rolled back already; nothing was committed either way.
        with suppress(sqlite3.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def close(self) -> None:
        """Wait for the transaction that runs, tidy up, close."""
        with self._lock:
            if self._connection is not None:
                self._checkpointer.close()
            self._connection = None
