"""The state store: what the parts of this package do, with one session to write, one to read and one to listen."""

import threading
import time
from collections.abc import Iterable, Mapping, Sequence

import psycopg
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

from treadle_postgres import _audit, _check, _inbox, _listen, _migrate, _payloads, _prune, _queries, _slots, _waits
from treadle_postgres._append import Appender
from treadle_postgres._claims import Claims, SessionClaim
from treadle_postgres._errors import closed, storage_error
from treadle_postgres._location import locate
from treadle_postgres._session import Session
from treadle_postgres._writer import Statement, Writer


class PostgresStore:
    """`StoreBackend` on a schema of a Postgres database.

    Args:
        url: `postgresql://user@host:port/database`, libpq's, with `?schema=NAME` or `?reconnect=SECONDS` if wanted.
        options: `schema`, `reconnect`; what stands in the URL wins.
    """

    def __init__(self, url: str, options: Mapping[str, Json] | None = None) -> None:
        self._location = locate(url, options or {})
        self._opened: tuple[Writer, Session] | None = None
        self._listener: _listen.Listener | None = None
        self._listening = threading.Lock()

    @property
    def url(self) -> str:
        """Where it is, without a password."""
        return self._location.url

    def open(self) -> None:
        """Connect, create or migrate. Raises `TreadleError` (exit code 6) when state cannot be trusted."""
        if self._opened is not None:
            return
        _migrate.prepare(self._location)
        self._claims = Claims(self._location.schema, self._forget)
        writer: Writer | None = None
        try:
            writer = Writer(self._location, self._claims.restore)
            reader = Session(self._location)
        except psycopg.Error as error:
            if writer is not None:
                writer.close()
            raise storage_error(self._location, "open", error) from error
        self._claims.use(writer)
        self._appender = Appender(writer)
        self._opened = writer, reader

    def _forget(self, execution: str) -> None:
        self._appender.forget(execution)

    def close(self) -> None:
        """Let go of everything; further calls but `open` are errors."""
        if self._opened is None:
            return
        writer, reader = self._opened
        self._opened = None
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self._claims.drop_all()
        reader.close()
        writer.close()

    def claim(self, execution: str) -> SessionClaim | None:
        """Claim an execution, or None while another process (or this one) holds it. The epoch is raised."""
        self._sessions()
        return self._claims.claim(execution)

    def claimed(self, execution: str) -> bool:
        """True while some process holds the claim."""
        return self._claims.claimed(execution, self._reader().query)

    def append(self, batch: Sequence[Append]) -> None:
        """Write all of it in one transaction, durable on return."""
        self._sessions()
        self._appender.append(batch)

    def read(self, execution: str, after: int = 0, limit: int = 0) -> Sequence[Event]:
        """The log of one execution, events with `seq > after`, in order; at most `limit` if it is not 0."""
        return _queries.log(self._reader(), execution, after, limit)

    def send(self, signals: Sequence[Signal]) -> Sequence[int]:
        """Put signals into inboxes, durable on return; their ids, growing."""

        def work(connection: psycopg.Connection) -> list[int]:
            ids = _inbox.send(connection, signals)
            connection.execute(*self._announcement())
            return ids

        return self._writer().transact(work)

    def inbox(self, executions: Iterable[str]) -> Sequence[Signal]:
        """Signals that wait for these executions, oldest first."""
        return _inbox.signals(self._reader().query(_inbox.WAITING, (list(executions),)))

    def publish(self, event: BusEvent) -> int:
        """Put an event on the bus, durable on return; its id."""

        def work(connection: psycopg.Connection) -> int:
            row = connection.execute(*_inbox.publish(event)).fetchone()
            connection.execute(*self._announcement())
            return int(row[0]) if row else 0

        return self._writer().transact(work)

    def bus(self, after: int = 0, limit: int = 0) -> Sequence[BusEvent]:
        """Events on the bus with `id > after`, oldest first."""
        return _inbox.published(self._reader().query(_inbox.PUBLISHED, (after, limit or None)))

    def watch(self, timeout: float) -> bool:
        """Block until something may have been written since this thread's last look, or `timeout` seconds passed.

        Writes of this process count too. A thread that has not watched before is told to look at once.
        """
        writer = self._writer()
        with self._listening:
            if self._listener is None:
                self._listener = _listen.Listener(self._location, writer.mend)
        return self._listener.watch(timeout)

    def take_slots(self, execution: str, epoch: int, holder: str, at: int) -> bool:
        """Give a holder all the places that it waits for, or none; True when it has them."""
        query = self._reader().query
        verdict = _slots.verdict(query, execution, holder, self.claimed)
        if not verdict.grants or not verdict.waits:
            return verdict.grants
        return self._writer().transact(
            lambda connection: _slots.take(connection, execution, epoch, holder, at, self._claims.claimed)
        )

    def slots(self, *, group: str = "", execution: str = "") -> Sequence[Slot]:
        """Places that are held or waited for, in the order in which they were asked for."""
        rows = self._reader().query(_slots.LISTED, (group, group, execution, execution))
        return [Slot(*row) for row in rows]

    def waits(self, executions: Iterable[str] | None = None) -> Sequence[WaitRow]:
        """What these executions wait for, or all of them, in the order in which it began."""
        chosen = None if executions is None else list(executions)
        return _waits.listed(self._reader().query(_waits.LISTED, (chosen, chosen)))

    def due(self, at: int) -> Sequence[str]:
        """Executions that somebody should drive: what has waited longest comes first."""
        return [row[0] for row in self._reader().query(_waits.DUE, (at,))]

    def next_due(self, after: int) -> int | None:
        """The earliest `due` after a time, of executions that have not ended and are not paused."""
        found: int | None = self._reader().query(_waits.NEXT, (after,))[0][0]
        return found

    def put_definition(self, definition: Definition) -> None:
        """Keep a definition; one with the same hash is there already and stays."""
        now = _now()
        if not _payloads.fresh(self._reader(), "workflows", definition.hash, now):
            self._writer().transact(lambda connection: _payloads.keep_definition(connection, definition, now))

    def definition(self, hash: str) -> Definition | None:
        """A definition by content hash."""
        return _payloads.definition(self._reader(), hash)

    def put_payload(self, content: bytes) -> str:
        """Keep content; its SHA-256 in hex."""
        key, now = _payloads.hash_of(content), _now()
        if not _payloads.fresh(self._reader(), "payloads", key, now):
            self._writer().transact(
                lambda connection: [connection.execute(*one) for one in _payloads.keep({key: content}, now)]
            )
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

        def work(connection: psycopg.Connection) -> str:
            row = connection.execute(*_audit.chain(entries)).fetchone()
            return str(row[0]) if row else _audit.GENESIS

        return self._writer().transact(work)

    def audit_log(self, after: int = 0) -> Sequence[tuple[int, AuditEntry, str]]:
        """`(number, entry, hash)`, oldest first."""
        return _audit.entries(self._reader().query(_audit.SELECT, (after,)))

    def prune(self, before: int) -> int:
        """Delete terminal executions that finished before that time, and what only they used; how many."""
        writer = self._writer()
        with writer:
            self._appender.forget_all()
            return writer.transact(lambda connection: _prune.prune(connection, before))

    def check(self) -> Sequence[Finding]:
        """Look at the invariants a store can see."""
        return self._reader().look(_check.check)

    def _announcement(self) -> Statement:
        return _listen.announcement(self._location)

    def _sessions(self) -> tuple[Writer, Session]:
        if self._opened is None:
            raise closed(self._location)
        return self._opened

    def _writer(self) -> Writer:
        return self._sessions()[0]

    def _reader(self) -> Session:
        return self._sessions()[1]


def _now() -> int:
    return time.time_ns() // 1000
