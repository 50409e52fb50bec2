"""Claims: the right to drive an execution, held as an advisory lock of the session that writes.

The lock vanishes with the session, and so with the process. A session that was cut off is made anew and takes its locks
again; an execution that somebody else claimed meanwhile has a higher epoch, so nothing more can be appended for it.
"""

import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import psycopg
from treadle_hookspecs import TreadleError

from treadle_postgres._process import is_gone
from treadle_postgres._sql import RAISE_EPOCH
from treadle_postgres._writer import Writer

_HOLDER: Final = """
SELECT a.application_name FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted AND l.classid = %s AND l.objid = %s
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_ENDED: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE pid = %s AND application_name = current_setting('application_name') AND pid <> pg_backend_pid()
"""
_PATIENCE: Final = 20.0
"""Seconds to wait until the server has noticed the end of a process that is known to be gone; mostly it takes none."""
_PAUSE: Final = 0.002


class SessionClaim:
    """A claim that is held; `StoreBackend.claim` gives it."""

    def __init__(self, execution: str, epoch: int, on_release: Callable[["SessionClaim"], None]) -> None:
        self._execution = execution
        self._epoch = epoch
        self._on_release: Callable[[SessionClaim], None] | None = on_release

    @property
    def execution(self) -> str:
        """The execution's id."""
        return self._execution

    @property
    def epoch(self) -> int:
        """Larger than every earlier claim's."""
        return self._epoch

    def release(self) -> None:
        """Give it back. Harmless when it is gone already."""
        on_release, self._on_release = self._on_release, None
        if on_release is not None:
            on_release(self)


class Claims:
    """The claims that this process holds, and a look at those of others."""

    def __init__(self, schema: str, forget: Callable[[str], None]) -> None:
        self._schema = schema
        self._forget = forget
        self._held: dict[str, SessionClaim] = {}
        self._writer: Writer | None = None

    def use(self, writer: Writer) -> None:
        """The session that holds the locks."""
        self._writer = writer

    def claim(self, execution: str) -> SessionClaim | None:
        """Claim an execution, or None while it is claimed."""
        writer = self._session()
        with writer:
            if execution in self._held:
                return None
            epoch = writer.look(lambda connection: self._take(connection, execution))
            if epoch is None:
                return None
            self._forget(execution)
            claim = self._held[execution] = SessionClaim(execution, epoch, self._release)
            return claim

    def _take(self, connection: psycopg.Connection, execution: str) -> int | None:
        if not _until(lambda: self._locked(connection, execution), lambda: self._is_left(connection, execution)):
            return None
        row = connection.execute(RAISE_EPOCH, (execution,)).fetchone()
        row = row or connection.execute("SELECT nextval('epochs')").fetchone()
        return int(row[0]) if row else 0

    def _locked(self, connection: psycopg.Connection, execution: str) -> bool:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", (self._key(execution),)).fetchone()
        return bool(row and row[0])

    def claimed(self, execution: str, look: Callable[[str, tuple[object, ...]], Any]) -> bool:
        """True while some process holds the claim. `look` asks the server."""
        return not _until(
            lambda: not look(_HOLDER, self._parts(execution)), lambda: self._gone(look(_HOLDER, self._parts(execution)))
        )

    def _is_left(self, connection: psycopg.Connection, execution: str) -> bool:
        return self._gone(connection.execute(_HOLDER, self._parts(execution)).fetchall())

    @staticmethod
    def _gone(holders: list[Any]) -> bool:
        return all(is_gone(name) for (name,) in holders)

    def restore(self, connection: psycopg.Connection, lost: int) -> None:
        """Take the locks of a session that was cut off, for the one that takes its place."""
        _until(lambda: not connection.execute(_ENDED, (lost,)).fetchall(), lambda: True)
        for execution in self._held:
            self._locked(connection, execution)

    def drop_all(self) -> None:
        """Give back everything that is held here, before its session ends."""
        with self._session() as writer:
            self._held.clear()
            with suppress(TreadleError):
                writer.look(lambda connection: connection.execute("SELECT pg_advisory_unlock_all()"))

    def _release(self, claim: SessionClaim) -> None:
        if self._held.get(claim.execution) is not claim:
            return
        writer = self._session()
        with writer:
            del self._held[claim.execution]
            self._forget(claim.execution)
            unlock = "SELECT pg_advisory_unlock(%s)"
            # A session that is lost meanwhile does not take this lock again: it is not among those that are held.
            writer.look(lambda connection: connection.execute(unlock, (self._key(claim.execution),)))

    def _session(self) -> Writer:
        assert self._writer is not None  # noqa: S101 - `open` has set it
        return self._writer

    def _key(self, execution: str) -> int:
        digest = hashlib.sha256(f"{self._schema}\n{execution}".encode("utf-8", "surrogatepass")).digest()
        return int.from_bytes(digest[:8], signed=True)

    def _parts(self, execution: str) -> tuple[int, int]:
        """The two halves in which `pg_locks` shows a key."""
        key = self._key(execution) & 0xFFFF_FFFF_FFFF_FFFF
        return key >> 32, key & 0xFFFF_FFFF


def _until(done: Callable[[], bool], soon: Callable[[], bool]) -> bool:
    """Whether it is done, or gets done in the moment for which it looks as if it would be."""
    deadline = time.monotonic() + _PATIENCE
    while not done():
        if time.monotonic() > deadline or not soon():
            return done()
        time.sleep(_PAUSE)
    return True
