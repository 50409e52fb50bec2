"""Noticing what others write: at once what is announced by NOTIFY, a moment later everything else.

An append that only moves a log on is not announced: commits with a NOTIFY queue for one lock of the server. Whoever
follows a log sees by the position in the server's write-ahead log that something was written.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

import psycopg
from psycopg import sql
from treadle_hookspecs import TreadleError

from treadle_postgres._location import Location
from treadle_postgres._session import connect
from treadle_postgres._writer import Statement

_LOOK_EVERY: Final = 0.2
"""Seconds between two looks at the write-ahead log's position."""
_PATIENCE: Final = 10.0
"""Seconds until a thread that watches for the first time goes on although nobody listens yet."""


def announcement(location: Location) -> Statement:
    """Tell all who listen, once the transaction is committed."""
    return "SELECT pg_notify(%s, '')", (location.channel,)


class Listener:
    """One session of the process that listens, for all of its threads.

    Args:
        location: the database.
        mend: called now and then; looks whether another session of the process has ended.
    """

    def __init__(self, location: Location, mend: Callable[[], None]) -> None:
        self._location = location
        self._mend = mend
        self._changed = threading.Condition()
        self._count = 0
        self._closing = False
        self._missed = False
        self._seen = threading.local()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._work, name="treadle-listen", daemon=True)
        self._thread.start()

    def watch(self, timeout: float) -> bool:
        """`StoreBackend.watch`."""
        if not hasattr(self._seen, "count"):
            # What is written from now on has to be noticed, so the server has to know that this process listens.
            self._missed = not self._ready.wait(_PATIENCE)
            self._seen.count = self._count
            return True
        with self._changed:
            told = self._changed.wait_for(lambda: self._closing or self._count != self._seen.count, timeout)
            told = told and not self._closing
            self._seen.count = self._count
            return told

    def close(self) -> None:
        """End the thread and its session."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()

    def _tell(self) -> None:
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def _work(self) -> None:
        while not self._closing:
            try:
                connection = connect(self._location, 0)
            except (psycopg.Error, TreadleError):
                self._mend()
                with self._changed:
                    self._changed.wait_for(lambda: self._closing, _LOOK_EVERY)
                continue
            try:
                self._listen(connection)
            except psycopg.Error:
                self._tell()  # what was announced meanwhile is not known
            finally:
                connection.close()

    def _listen(self, connection: psycopg.Connection) -> None:
        connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._location.channel)), prepare=False)
        position = _position(connection)
        if self._missed or self._ready.is_set():
            self._tell()
        self._ready.set()
        looked = time.monotonic()
        while not self._closing:
            for _ in connection.notifies(timeout=_LOOK_EVERY / 4, stop_after=1):
                self._tell()
            if time.monotonic() - looked < _LOOK_EVERY:
                continue
            looked = time.monotonic()
            self._mend()
            before, position = position, _position(connection)
            if position != before:
                self._tell()


def _position(connection: psycopg.Connection) -> str:
    row = connection.execute("SELECT pg_current_wal_insert_lsn()::text", prepare=True).fetchone()
    return str(row[0]) if row else ""
