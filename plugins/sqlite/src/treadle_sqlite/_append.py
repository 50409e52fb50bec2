"""The hot path: what several executions add, in one transaction, without a query for each event."""

import sqlite3
import time
from collections.abc import Sequence

from treadle_hookspecs import Append, ClaimLostError, ExitCode, SequenceError, TreadleError

from treadle_sqlite import _audit, _inbox, _payloads, _slots, _waits
from treadle_sqlite._rows import event_rows, execution_values, step_ids, step_values, update_values
from treadle_sqlite._schema import NUMBER_SHIFT
from treadle_sqlite._sql import (
    INSERT_EVENT,
    INSERT_EXECUTION,
    INSERT_STEP,
    SELECT_HEAD,
    SELECT_VISITS,
    UPDATE_EXECUTION,
    UPDATE_HEAD,
    UPDATE_START,
    UPDATE_STEP,
)
from treadle_sqlite._writer import Writer


class _Driven:
    """The head of an execution's log, and what else need not be asked of the database again while nobody else writes.

    Attributes:
        number, epoch, started_at, last_seq: as they stand in the database.
        seen: SQLite's `data_version` when they were read or written: another connection's commit changes it.
        visits: ids of the rows of visits, by address and visit; None before they were needed.
        last_step: the id of the newest of these rows.
    """

    __slots__ = ("epoch", "last_seq", "last_step", "number", "seen", "started_at", "visits")

    def __init__(self, number: int, epoch: int, started_at: int, last_seq: int, seen: int) -> None:
        self.number = number
        self.epoch = epoch
        self.started_at = started_at
        self.last_seq = last_seq
        self.seen = seen
        self.visits: dict[tuple[str, int], int] | None = None
        self.last_step = number << NUMBER_SHIFT

    def recall_visits(self, connection: sqlite3.Connection) -> dict[tuple[str, int], int]:
        """Read the ids of the rows that stand."""
        rows = connection.execute(SELECT_VISITS, step_ids(self.number)).fetchall()
        self.visits = {(address, visit): key for address, visit, key in rows}
        self.last_step = max((row[2] for row in rows), default=self.last_step)
        return self.visits


class Appender:
    """Appends to the logs of the executions that this process drives."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._driven: dict[str, _Driven] = {}

    def forget(self, execution: str) -> None:
        """It is not driven here any more, or somebody has claimed it."""
        self._driven.pop(execution, None)

    def forget_all(self) -> None:
        """Executions were deleted."""
        self._driven.clear()

    def append(self, batch: Sequence[Append]) -> None:
        """`StoreBackend.append`."""
        try:
            with self._writer as connection:
                self._write(connection, batch)
        except BaseException:
            for item in batch:
                self.forget(item.execution)
            raise

    def _write(self, connection: sqlite3.Connection, batch: Sequence[Append]) -> None:
        events: list[tuple[object, ...]] = []
        steps: list[tuple[object, ...]] = []
        updates: list[tuple[object, ...]] = []
        version: int = connection.execute("PRAGMA data_version").fetchone()[0]
        for item in batch:
            driven = self._advance(connection, item, version)
            events += event_rows(driven.number, item)
            if item.steps or item.step_updates:
                visits = driven.recall_visits(connection) if driven.visits is None else driven.visits
                steps += _started(driven, visits, item)
                updates += _changed(visits, item)
            _write_rare(connection, driven.number, item)
        connection.executemany(INSERT_EVENT, events)
        if steps:
            connection.executemany(INSERT_STEP, steps)
        if updates:
            connection.executemany(UPDATE_STEP, updates)

    def _advance(self, connection: sqlite3.Connection, item: Append, version: int) -> _Driven:
        """Move the head of an execution's log, if it is still ours to move."""
        driven = self._driven.get(item.execution)
        if driven is None or driven.seen != version:
            driven = _look_up(connection, item.execution, version, driven)
            if driven is None:
                driven = self._driven[item.execution] = _insert(connection, item, version)
                return driven
            self._driven[item.execution] = driven
        if item.epoch < driven.epoch:
            raise ClaimLostError(f"{item.execution} has been claimed since (epoch {driven.epoch}, not {item.epoch})")
        if item.expected_seq != driven.last_seq:
            raise SequenceError(
                f"the log of {item.execution} ends with event {driven.last_seq}, not {item.expected_seq}"
            )
        driven.last_seq += len(item.events)
        if item.execution_row is not None or item.epoch != driven.epoch:
            _update(connection, driven, item)
        return driven


def _look_up(connection: sqlite3.Connection, execution: str, version: int, known: _Driven | None) -> _Driven | None:
    """The head of a log as it is now, or None where there is none yet."""
    row = connection.execute(SELECT_HEAD, (execution,)).fetchone()
    if row is None:
        return None
    number, epoch, started_at, last_seq = row
    found = _Driven(number, epoch, started_at, last_seq, version)
    if known is not None and (known.number, known.epoch, known.last_seq) == (found.number, found.epoch, found.last_seq):
        known.seen = version
        return known
    return found


def _insert(connection: sqlite3.Connection, item: Append, version: int) -> _Driven:
    row = item.execution_row
    if item.expected_seq != 0:
        raise SequenceError(f"{item.execution} has no log, so event {item.expected_seq} cannot be its last")
    if row is None:
        raise _misused(f"the first append of execution {item.execution} has no `execution_row`")
    head = (item.execution, row.started_at, item.epoch, len(item.events))
    number = connection.execute(INSERT_EXECUTION, head + execution_values(row)).lastrowid or 0
    if row.origin:
        _payloads.inherit(connection, number, row.origin)
    driven = _Driven(number, item.epoch, row.started_at, len(item.events), version)
    driven.visits = {}
    return driven


def _update(connection: sqlite3.Connection, driven: _Driven, item: Append) -> None:
    driven.epoch = item.epoch
    head, row = (driven.epoch, driven.last_seq), item.execution_row
    if row is None:
        connection.execute(UPDATE_HEAD, (*head, driven.number))
        return
    connection.execute(UPDATE_EXECUTION, (*head, *execution_values(row), driven.number))
    if row.started_at != driven.started_at:
        driven.started_at = row.started_at
        connection.execute(UPDATE_START, (driven.started_at, driven.number))


def _started(driven: _Driven, visits: dict[tuple[str, int], int], item: Append) -> list[tuple[object, ...]]:
    """Rows of visits that start; their ids run on in the order in which they started."""
    rows: list[tuple[object, ...]] = []
    for row in item.steps:
        place = (row.address, row.visit)
        if place in visits:
            raise _misused(f"visit {row.visit} of {row.address} in {item.execution} was started before")
        driven.last_step += 1
        visits[place] = driven.last_step
        rows.append(step_values(driven.last_step, row))
    return rows


def _changed(visits: dict[tuple[str, int], int], item: Append) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for update in item.step_updates:
        key = visits.get((update.address, update.visit))
        if key is None:
            raise _misused(f"visit {update.visit} of {update.address} in {item.execution} has no row to change")
        rows.append(update_values(key, update))
    return rows


def _write_rare(connection: sqlite3.Connection, number: int, item: Append) -> None:
    """What few appends have."""
    if item.payloads:
        _payloads.keep(connection, item.payloads, now=time.time_ns() // 1000)
    used = [*item.payloads, *(str(e.data.get("payload", "")) for e in item.events if e.type == "output_blob")]
    if used:
        _payloads.use(connection, number, used)
    if item.taken:
        _inbox.take(connection, item.execution, item.taken)
    if item.audit:
        _audit.chain(connection, item.audit)
    if item.waited:
        _waits.end(connection, number, item.waited)
    if item.waits:
        _waits.begin(connection, number, item.waits)
    if item.published:
        _inbox.publish(connection, item.published)
    if item.freed:
        _slots.free(connection, number, item.freed)
    if item.slots:
        _slots.ask(connection, number, item.slots)


def _misused(message: str) -> TreadleError:
    return TreadleError(
        f"the state store refused an append: {message}",
        suggestions=("this is an error in the runtime that drives the execution; please report it",),
        exit_code=ExitCode.INTERNAL,
    )
