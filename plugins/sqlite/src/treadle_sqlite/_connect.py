"""Connections: one that writes, one for each thread that reads."""

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

from treadle_hookspecs import TreadleError

from treadle_sqlite._errors import closed, storage_error
from treadle_sqlite._location import Location

KEPT_LOG: Final = 16 << 20
"""The bytes that a log keeps when it is begun again; else it would be longer at each checkpoint than at the last."""

_SAFE: Final = (
    "trusted_schema = OFF",
    "cell_size_check = ON",
    "foreign_keys = ON",
    # What is sorted or set aside stays in memory: nothing of it is written outside of the state folder.
    "temp_store = MEMORY",
    # SQLite before 3.51.3 can lose pages when a checkpoint and a write coincide: only `_checkpoint.py` does any.
    "wal_autocheckpoint = 0",
    f"journal_size_limit = {KEPT_LOG}",
)


def connect(location: Location, *, reading: bool = False) -> sqlite3.Connection:
    """A connection to a database that is there; it never creates one. Raises `TreadleError` (exit code 6)."""
    try:
        connection = sqlite3.connect(
            f"{location.path.as_uri()}?mode=rw",
            uri=True,
            timeout=location.busy_timeout,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            _set_up(connection, location, reading=reading)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise storage_error(location, "open", error) from error
    return connection


def _set_up(connection: sqlite3.Connection, location: Location, *, reading: bool) -> None:
    for pragma in (*_SAFE, f"synchronous = {location.synchronous}", f"query_only = {'ON' if reading else 'OFF'}"):
        connection.execute(f"PRAGMA {pragma}")


class Reader:
    """A connection that reads, for one thread. `seen` is the last state of the file that its thread knows of."""

    def __init__(self, location: Location) -> None:
        self._location = location
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = connect(location, reading=True)
        self.seen = self.data_version()

    def query(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> list[Any]:
        """All rows. Raises `TreadleError` (exit code 6)."""
        with self._lock:
            if self._connection is None:
                raise closed(self._location)
            try:
                return self._connection.execute(sql, parameters).fetchall()
            except sqlite3.Error as error:
                raise storage_error(self._location, "read", error) from error

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let all queries of the block see one state of the file, whatever others write meanwhile."""
        self.query("BEGIN")
        try:
            yield
        finally:
            # Damage that was found ends the transaction, and so does `close`.
            with suppress(TreadleError):
                self.query("COMMIT")

    def data_version(self) -> int:
        """A number that changes when another connection has committed."""
        return int(self.query("PRAGMA data_version")[0][0])

    @property
    def open(self) -> bool:
        """True until `close`."""
        return self._connection is not None

    def close(self) -> None:
        """Close it once no query runs any more."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def __del__(self) -> None:
        # The thread that read with it has ended.
        if getattr(self, "_connection", None) is not None:
            self.close()
