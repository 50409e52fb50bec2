"""Sessions with the server, which come back when the server does."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final, Self, TypeVar

import psycopg
from psycopg import sql

from treadle_postgres._errors import closed, code_of, is_lost, passes_by_itself, storage_error
from treadle_postgres._location import Location
from treadle_postgres._process import name_of_session

T = TypeVar("T")

# What it would log, errors say here too; without a handler it would go to a person's terminal.
logging.getLogger("psycopg").addHandler(logging.NullHandler())

_FIRST_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 1.0
"""Seconds between two attempts to connect."""


def connect(location: Location, patience: float, *, again: bool = False) -> psycopg.Connection:
    """A session. A server that is starting or has no connection left is waited for, with `again` any.

    Raises:
        psycopg.Error: it could not be reached within `patience` seconds.
    """
    deadline, pause = time.monotonic() + patience, _FIRST_PAUSE
    while True:
        try:
            return _connect(location)
        except psycopg.OperationalError as error:
            if time.monotonic() + pause > deadline or not (passes_by_itself(error) or (again and not code_of(error))):
                raise
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def _connect(location: Location) -> psycopg.Connection:
    connection = psycopg.connect(
        location.conninfo,
        autocommit=True,
        application_name=name_of_session(),
        connect_timeout=10,
        client_encoding="utf8",
        prepare_threshold=0,
    )
    try:
        connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(location.schema)), prepare=False)
    except BaseException:
        connection.close()
        raise
    return connection


class Session:
    """One connection, used by one thread at a time, made anew when it was lost.

    Args:
        location: the database.
        on_return: called with each connection that takes a lost one's place, and with the lost one's process number.
    """

    def __init__(
        self, location: Location, on_return: Callable[[psycopg.Connection, int], None] = lambda *_: None
    ) -> None:
        self.location = location
        self._on_return = on_return
        self._lock = threading.RLock()
        self._connection: psycopg.Connection | None = connect(location, location.reconnect)
        self._backend = self._connection.info.backend_pid
        self._open = True

    def __enter__(self) -> Self:
        self._lock.acquire()
        if not self._open:
            self._lock.release()
            raise closed(self.location)
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def query(self, statement: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a statement that only looks; asked again after a loss. Raises `TreadleError` (exit code 6)."""
        return self.look(lambda connection: connection.execute(statement, parameters, prepare=True).fetchall())

    def look(self, work: Callable[[psycopg.Connection], T]) -> T:
        """What `work` finds; it writes nothing, so it is done again after a loss."""
        with self:
            deadline = self.deadline()
            while True:
                connection = self.connected("read", deadline)
                try:
                    return work(connection)
                except psycopg.Error as error:
                    if not self.may_go_on(connection, error, deadline):
                        raise storage_error(self.location, "read", error) from error

    def deadline(self) -> float:
        """Until when a server that has gone away is waited for."""
        return time.monotonic() + self.location.reconnect

    def connected(self, doing: str, deadline: float) -> psycopg.Connection:
        """The connection, made anew if it was lost. The lock is held."""
        if self._connection is not None:
            return self._connection
        while True:
            try:
                connection = connect(self.location, max(0.0, deadline - time.monotonic()), again=True)
            except psycopg.Error as error:
                raise storage_error(self.location, doing, error) from error
            try:
                self._on_return(connection, self._backend)
            except psycopg.Error as error:
                connection.close()
                if time.monotonic() > deadline:
                    raise storage_error(self.location, doing, error) from error
            else:
                self._connection, self._backend = connection, connection.info.backend_pid
                return connection

    def may_go_on(self, connection: psycopg.Connection, error: psycopg.Error, deadline: float) -> bool:
        """Clean up after an error; True when the same may be tried again."""
        if is_lost(connection, error):
            self.drop()
            return time.monotonic() < deadline
        with suppress(psycopg.Error):
            connection.execute("ROLLBACK", prepare=False)
        return passes_by_itself(error) and time.monotonic() < deadline

    def drop(self) -> None:
        """The connection is of no use any more."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def close(self) -> None:
        """Wait for what runs, then close."""
        with self._lock:
            self._open = False
            self.drop()
