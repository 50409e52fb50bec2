"""The hot path: what several executions add, in one transaction, without a query for each event."""

import sqlite3
import time
from collections.abc import Sequence
from typing import NamedTuple

from treadle_hookspecs import Append, ClaimLostError, Event, ExitCode, SequenceError, TreadleError

from treadle_sqlite import _audit, _inbox, _payloads
from treadle_sqlite._rows import event_rows, execution_values, step_values, update_values
from treadle_sqlite._sql import (
    INSERT_EVENT,
    INSERT_EXECUTION,
    INSERT_STEP,
    UPDATE_EXECUTION,
    UPDATE_HEAD,
    UPDATE_START,
    UPDATE_STEP,
)
from treadle_sqlite._writer import Writer


class _Known(NamedTuple):
    """What need not be asked of the database again."""

    number: int
    started_at: int


class Appender:
    """Appends to the logs of the executions that this process drives."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._known: dict[str, _Known] = {}

    def learn(self, execution: str, number: int, started_at: int) -> None:
        """Remember where an execution stands, as a claim has found it."""
        self._known[execution] = _Known(number, started_at)

    def forget(self, execution: str) -> None:
        """It is not driven here any more."""
        self._known.pop(execution, None)

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
        for item in batch:
            number = self._advance(connection, item)
            events.extend(event_rows(number, item))
            steps.extend([step_values(number, row) for row in item.steps])
            updates.extend([update_values(number, update) for update in item.step_updates])
            _write_rare(connection, number, item)
        connection.executemany(INSERT_EVENT, events)
        if steps:
            _insert_steps(connection, steps)
        if updates and connection.executemany(UPDATE_STEP, updates).rowcount != len(updates):
            raise _not_standing(batch)

    def _advance(self, connection: sqlite3.Connection, item: Append) -> int:
        """Move the head of an execution's log, if it is still ours to move; the execution's number."""
        known = self._known.get(item.execution) or _look_up(connection, item.execution)
        if known is None:
            known = _insert(connection, item)
        elif not _update(connection, known, item):
            # The number that we remember may be another's since a prune: look once, for this or for the reason.
            found = _look_up(connection, item.execution)
            if found is None or found.number == known.number or not _update(connection, found, item):
                raise _refused(connection, item)
            known = found
        if item.execution_row and item.execution_row.started_at != known.started_at:
            known = _Known(known.number, item.execution_row.started_at)
            connection.execute(UPDATE_START, (known.started_at, known.number))
        self._known[item.execution] = known
        return known.number


def _look_up(connection: sqlite3.Connection, execution: str) -> _Known | None:
    row = connection.execute("SELECT number, started_at FROM executions WHERE id = ?", (execution,)).fetchone()
    return _Known(*row) if row else None


def _insert(connection: sqlite3.Connection, item: Append) -> _Known:
    row = item.execution_row
    if item.expected_seq != 0:
        raise SequenceError(f"{item.execution} has no log, so event {item.expected_seq} cannot be its last")
    if row is None:
        raise _misused(f"the first append of execution {item.execution} has no `execution_row`")
    cursor = connection.execute(
        INSERT_EXECUTION, (item.execution, row.started_at, item.epoch, _last_seq(item), *execution_values(row))
    )
    if row.origin:
        _payloads.inherit(connection, int(cursor.lastrowid or 0), row.origin)
    return _Known(int(cursor.lastrowid or 0), row.started_at)


def _update(connection: sqlite3.Connection, known: _Known, item: Append) -> bool:
    head = (item.epoch, _last_seq(item))
    mine = (known.number, item.execution, item.epoch, item.expected_seq)
    if item.execution_row is None:
        return connection.execute(UPDATE_HEAD, head + mine).rowcount == 1
    return connection.execute(UPDATE_EXECUTION, head + execution_values(item.execution_row) + mine).rowcount == 1


def _last_seq(item: Append) -> int:
    return item.expected_seq + len(item.events)


def _refused(connection: sqlite3.Connection, item: Append) -> Exception:
    row = connection.execute("SELECT epoch, last_seq FROM executions WHERE id = ?", (item.execution,)).fetchone()
    if row is None:
        return SequenceError(f"{item.execution} is not in the store any more")
    if row[0] > item.epoch:
        return ClaimLostError(f"{item.execution} has been claimed since (epoch {row[0]}, ours is {item.epoch})")
    return SequenceError(f"the log of {item.execution} ends with event {row[1]}, not {item.expected_seq}")


def _insert_steps(connection: sqlite3.Connection, rows: list[tuple[object, ...]]) -> None:
    try:
        connection.executemany(INSERT_STEP, rows)
    except sqlite3.IntegrityError as error:
        raise _misused(f"a visit was started twice ({error})") from error


def _write_rare(connection: sqlite3.Connection, number: int, item: Append) -> None:
    """What few appends have."""
    if item.payloads:
        _payloads.keep(connection, item.payloads, now=time.time_ns() // 1000)
    blobs = [_payload_of(event) for event in item.events if event.type == "output_blob"]
    if item.payloads or blobs:
        _payloads.use(connection, number, [*item.payloads, *blobs])
    if item.taken:
        _inbox.take(connection, item.execution, item.taken)
    if item.audit:
        _audit.chain(connection, item.audit)
    if item.published:
        _inbox.publish(connection, item.published)


def _payload_of(event: Event) -> str:
    return str(event.data.get("payload", ""))


def _not_standing(batch: Sequence[Append]) -> TreadleError:
    addresses = ", ".join(f"{u.execution} {u.address}#{u.visit}" for item in batch for u in item.step_updates[:3])
    return _misused(f"a `StepUpdate` names a visit that has no row (one of {addresses})")


def _misused(message: str) -> TreadleError:
    return TreadleError(
        f"the state store refused an append: {message}",
        suggestions=("this is an error in the runtime that drives the execution; please report it",),
        exit_code=ExitCode.INTERNAL,
    )
