"""The state store: what the parts of this package do, under one lock for writing."""

import sqlite3
import threading
import time
import weakref
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from treadle_hookspecs import (
    Append,
    AuditEntry,
    BusEvent,
    Definition,
    Event,
    ExecutionQuery,
    ExecutionRow,
    Finding,
    Json,
    Signal,
    Slot,
    StepRow,
    WaitRow,
)

from treadle_sqlite import _audit, _check, _guard, _inbox, _migrate, _payloads, _prune, _queries, _slots, _waits
from treadle_sqlite._append import Appender
from treadle_sqlite._claims import Claims, FileClaim, first_epoch
from treadle_sqlite._connect import Reader, connect
from treadle_sqlite._errors import closed, storage_error
from treadle_sqlite._location import locate
from treadle_sqlite._sql import RAISE_EPOCH
from treadle_sqlite._writer import Writer

_FIRST_PAUSE: Final = 0.005
_LONGEST_PAUSE: Final = 0.05
"""Seconds between two looks of `watch`: a look costs some microseconds, and no process tells us."""


class SqliteStore:
    """`StoreBackend` on one SQLite file.

    Args:
        url: `sqlite:///absolute/path/state.db`, with `?synchronous=NORMAL` or `?busy_timeout=SECONDS` if wanted, or
            `sqlite:`, then the path is `options["path"]`.
        options: `path`, `synchronous`, `busy_timeout`; what stands in the URL wins.
    """

    def __init__(self, url: str, options: Mapping[str, Json] | None = None) -> None:
        self._location = locate(url, options or {})
        self._writer: Writer | None = None
        self._local = threading.local()
        self._readers: weakref.WeakSet[Reader] = weakref.WeakSet()
        self._closing = threading.Event()

    @property
    def url(self) -> str:
        """Where it is."""
        return self._location.url

    def open(self) -> None:
        """Connect, create or migrate. Raises `TreadleError` (exit code 6) when state cannot be trusted."""
        if self._writer is not None:
            return
        _guard.prepare(self._location)
        self._adopt()
        self._closing.clear()
        self._writer = Writer(self._location)
        self._appender = Appender(self._writer)
        self._claims = Claims(self._location, self._raise_epoch, self._appender.forget)
        try:
            self._claims.sweep()
            self._reader()
        except BaseException:
            self.close()
            raise

    def _adopt(self) -> None:
        """Look at the database before anything is done with it; bring it to this version."""
        connection = connect(self._location)
        try:
            _guard.inspect_version(self._location, connection)
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
            _migrate.migrate(self._location, connection)
            _guard.mark(self._location, connection)
        except (sqlite3.Error, OSError) as error:
            raise storage_error(self._location, "open", error) from error
        finally:
            connection.close()

    def close(self) -> None:
        """Let go of everything; further calls but `open` are errors."""
        if self._writer is None:
            return
        self._closing.set()
        self._claims.release_all()
        for reader in tuple(self._readers):
            reader.close()
        self._writer.close()
        self._writer = None

    def claim(self, execution: str) -> FileClaim | None:
        """Claim an execution, or None while another process (or this one) holds it. The epoch is raised."""
        self._open_writer()
        return self._claims.claim(execution)

    def claimed(self, execution: str) -> bool:
        """True while some process holds the claim."""
        self._open_writer()
        return self._claims.claimed(execution)

    def _raise_epoch(self, execution: str) -> int:
        if not self._reader().query("SELECT 1 FROM executions WHERE id = ?", (execution,)):
            return first_epoch()
        with self._open_writer() as connection:
            row = connection.execute(RAISE_EPOCH, (execution,)).fetchone()
        if row is None:
            return first_epoch()
        self._appender.forget(execution)
        return int(row[0])

    def append(self, batch: Sequence[Append]) -> None:
        """Write all of it in one transaction, durable on return."""
        self._open_writer()
        self._appender.append(batch)

    def read(self, execution: str, after: int = 0, limit: int = 0) -> Sequence[Event]:
        """The log of one execution, events with `seq > after`, in order; at most `limit` if it is not 0."""
        return _queries.log(self._reader(), execution, after, limit)

    def send(self, signals: Sequence[Signal]) -> Sequence[int]:
        """Put signals into inboxes, durable on return; their ids, growing."""
        with self._open_writer() as connection:
            return _inbox.send(connection, signals)

    def inbox(self, executions: Iterable[str]) -> Sequence[Signal]:
        """Signals that wait for these executions, oldest first."""
        return _inbox.waiting(self._reader(), executions)

    def publish(self, event: BusEvent) -> int:
        """Put an event on the bus, durable on return; its id."""
        with self._open_writer() as connection:
            return _inbox.publish(connection, [event])[0]

    def bus(self, after: int = 0, limit: int = 0) -> Sequence[BusEvent]:
        """Events on the bus with `id > after`, oldest first."""
        return _inbox.published(self._reader(), after, limit)

    def watch(self, timeout: float) -> bool:
        """Block until something may have been written since this thread's last look, or `timeout` seconds passed.

        Writes of this process count too. A thread that has not used the store before is told to look at once.
        """
        known = getattr(self._local, "reader", None)
        reader = self._reader()
        if reader is not known:
            return True
        deadline = time.monotonic() + timeout
        pause = _FIRST_PAUSE
        while True:
            version = reader.data_version()
            if version != reader.seen:
                reader.seen = version
                return True
            remaining = deadline - time.monotonic()
            if remaining <= 0 or self._closing.wait(min(pause, remaining)):
                return False
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def take_slots(self, execution: str, epoch: int, holder: str, at: int) -> bool:
        """Give a holder all the places that it waits for, or none; True when it has them."""
        self._open_writer()
        verdict = _slots.verdict(self._reader().query, execution, holder, self._claims.claimed)
        if not verdict.grants or not verdict.waits:
            return verdict.grants
        with self._open_writer() as connection:
            return _slots.take(connection, execution, epoch, holder, at, self._claims.claimed)

    def slots(self, *, group: str = "", execution: str = "") -> Sequence[Slot]:
        """Places that are held or waited for, in the order in which they were asked for."""
        return _slots.listed(self._reader(), group, execution)

    def waits(self, executions: Iterable[str] | None = None) -> Sequence[WaitRow]:
        """What these executions wait for, or all of them, in the order in which it began."""
        return _waits.listed(self._reader(), executions)

    def due(self, at: int) -> Sequence[str]:
        """Executions that somebody should drive: what has waited longest comes first."""
        return _waits.due(self._reader(), at)

    def next_due(self, after: int) -> int | None:
        """The earliest `due` after a time, of executions that have not ended and are not paused."""
        return _waits.next_due(self._reader(), after)

    def put_definition(self, definition: Definition) -> None:
        """Keep a definition; one with the same hash is there already and stays."""
        now = _now()
        if not _payloads.fresh(self._reader(), "workflows", definition.hash, now):
            with self._open_writer() as connection:
                _payloads.keep_definition(connection, definition, now)

    def definition(self, hash: str) -> Definition | None:
        """A definition by content hash."""
        return _payloads.definition(self._reader(), hash)

    def put_payload(self, content: bytes) -> str:
        """Keep content; its SHA-256 in hex."""
        key, now = _payloads.hash_of(content), _now()
        if not _payloads.fresh(self._reader(), "payloads", key, now):
            with self._open_writer() as connection:
                _payloads.keep(connection, {key: content}, now)
        return key

    def payload(self, hash: str) -> bytes | None:
        """Content by its SHA-256 in hex."""
        return _payloads.content(self._reader(), hash)

    def executions(self, query: ExecutionQuery) -> Sequence[ExecutionRow]:
        """Executions, newest first."""
        return _queries.executions(self._reader(), query)

    def execution(self, id: str) -> ExecutionRow | None:
        """One execution by its whole id."""
        return _queries.execution(self._reader(), id)

    def steps(self, execution: str) -> Sequence[StepRow]:
        """The visits of an execution in the order they started."""
        return _queries.steps(self._reader(), execution)

    def audit(self, entries: Sequence[AuditEntry]) -> str:
        """Chain entries that belong to no append; the new head (SHA-256 in hex)."""
        with self._open_writer() as connection:
            return _audit.chain(connection, entries)

    def audit_log(self, after: int = 0) -> Sequence[tuple[int, AuditEntry, str]]:
        """`(number, entry, hash)`, oldest first."""
        return _audit.entries(self._reader(), after)

    def prune(self, before: int) -> int:
        """Delete terminal executions that finished before that time, and what only they used; how many."""
        with self._open_writer() as connection:
            self._appender.forget_all()
            return _prune.prune(connection, before)

    def check(self) -> Sequence[Finding]:
        """Look at the invariants a store can see."""
        reader = self._reader()
        with reader.snapshot():
            return tuple(_check.check(self._location, reader))

    def _open_writer(self) -> Writer:
        if self._writer is None:
            raise closed(self._location)
        return self._writer

    def _reader(self) -> Reader:
        """The connection with which this thread reads."""
        self._open_writer()
        reader: Reader | None = getattr(self._local, "reader", None)
        if reader is None or not reader.open:
            reader = self._local.reader = Reader(self._location)
            self._readers.add(reader)
        return reader


def _now() -> int:
    return time.time_ns() // 1000
