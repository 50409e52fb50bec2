"""Moving the write-ahead log into the database, now and then, and never while anybody writes.

SQLite before 3.51.3 can corrupt a database when a connection restarts the log while another one checkpoints. So the
automatic checkpoints are off, and ours run under two locks: the file `….checkpoint` keeps other checkpoints away, the
write lock of the database keeps other writers away.
"""

import sqlite3
from contextlib import suppress
from typing import Final

from treadle_hookspecs import TreadleError

from treadle_sqlite._connect import KEPT_LOG, connect
from treadle_sqlite._location import Location
from treadle_sqlite._lock import take

_GROWTH: Final = 4 << 20
"""The bytes beyond `KEPT_LOG` with which it is time: a checkpoint costs two syncs of the disk and a write of each page
that changed, which is lost in the noise of so many commits."""

_LOOK: Final = 16
"""The log's size is asked for once in so many commits."""

_SYNCED: Final = 256
"""Where each commit waits for the disk, it is time after so many: what is written over blocks that the log has already
is synced in half the time of what makes it grow, since the file system then has no new size and blocks to note."""


class Checkpointer:
    """Counts commits of one writer and checkpoints when it is time."""

    def __init__(self, location: Location, writer: sqlite3.Connection) -> None:
        self._location = location
        self._writer = writer
        self._commits = 0
        self._log_bytes = KEPT_LOG
        self._helper: sqlite3.Connection | None = None

    def committed(self) -> None:
        """To be called after each commit, outside of a transaction."""
        self._commits += 1
        if self._commits % _LOOK == 0 and self._due():
            self.run()

    def _due(self) -> bool:
        if self._location.synchronous != "NORMAL" and self._commits % _SYNCED == 0:
            return True
        size = self._log_size()
        self._log_bytes = max(KEPT_LOG, min(self._log_bytes, size))
        return size >= self._log_bytes + _GROWTH

    def run(self) -> None:
        """Checkpoint what no reader needs any more, unless somebody else does it or writes.

        A checkpoint that fails loses nothing: what it would have moved stays in the log, so the commit before it
        stands and the next one tries again.
        """
        with suppress(sqlite3.Error, OSError, TreadleError):
            if lock := take(self._location.checkpoint_lock):
                try:
                    self._checkpoint_alone()
                finally:
                    lock.release()
        self._log_bytes = self._log_size()

    def _checkpoint_alone(self) -> None:
        if self._helper is None:
            self._helper = connect(self._location)
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            self._helper.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        finally:
            self._writer.execute("ROLLBACK")

    def _log_size(self) -> int:
        try:
            return self._location.log.stat().st_size
        except OSError:
            return 0

    def close(self) -> None:
        """Empty the log if nobody else uses the file, then close the writer.

        SQLite checkpoints by itself when the last connection closes, so that happens under the lock too. Whoever keeps
        the lock for longer is connected, and then ours is not the last one.
        """
        lock = None
        with suppress(OSError):
            lock = take(self._location.checkpoint_lock, wait=2.0)
        try:
            self._truncate()
        finally:
            self._writer.close()
            if lock:
                lock.release()

    def _truncate(self) -> None:
        if self._helper is not None:
            self._helper.close()
        self._helper = None
        with suppress(sqlite3.Error):
            self._writer.execute("PRAGMA busy_timeout = 0")
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
