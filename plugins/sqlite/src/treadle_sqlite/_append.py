"""The hot path: what several executions add, in one transaction, without a query for each event."""

import sqlite3
import time
from collections.abc import Iterator, Sequence

from treadle_hookspecs import Append, ClaimLostError, ExecutionRow, ExitCode, SequenceError, TreadleError

from treadle_sqlite import _audit, _inbox, _payloads, _slots
from treadle_sqlite._rows import event_rows, execution_values, step_ids, step_values, update_values
from treadle_sqlite._schema import NUMBER_SHIFT
from treadle_sqlite._sql import (
    INSERT_EVENT,
    INSERT_EXECUTION,
    INSERT_STEP,
    SELECT_VISITS,
    UPDATE_EXECUTION,
    UPDATE_HEAD,
    UPDATE_START,
    UPDATE_STEP,
    UPDATE_STEP_OF_EXECUTION,
)
from treadle_sqlite._writer import Writer


class _Driven:
    """What need not be asked of the database again about an execution that this process drives.

    It holds as long as the head of the log is where this process has left it, which every append verifies.
    """

    __slots__ = ("last_step", "number", "row", "started_at", "visits")

    def __init__(self, number: int, started_at: int, visits: dict[tuple[str, int], int] | None = None) -> None:
        self.number = number
        self.started_at = started_at
        self.row: ExecutionRow | None = None
        """The last row that was written whole: the next one of a chain differs from it in one column."""
        self.visits = visits
        """Ids of the rows of visits, by address and visit; None before they were needed."""
        self.last_step = number << NUMBER_SHIFT
        """The id of the newest of these rows."""

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

    def learn(self, execution: str, number: int, started_at: int) -> None:
        """Remember what a claim has found out about an execution."""
        self._driven[execution] = _Driven(number, started_at)

    def forget(self, execution: str) -> None:
        """It is not driven here any more."""
        self._driven.pop(execution, None)

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
            driven = self._advance(connection, item)
            events.extend(event_rows(driven.number, item))
            if item.steps or item.step_updates:
                visits = driven.recall_visits(connection) if driven.visits is None else driven.visits
                steps.extend(_started(driven, visits, item))
                updates.extend(_changed(visits, item))
            _write_rare(connection, driven.number, item)
        connection.executemany(INSERT_EVENT, events)
        if steps:
            connection.executemany(INSERT_STEP, steps)
        if updates:
            connection.executemany(UPDATE_STEP, updates)

    def _advance(self, connection: sqlite3.Connection, item: Append) -> _Driven:
        """Move the head of an execution's log, if it is still ours to move."""
        driven = self._driven.get(item.execution) or _look_up(connection, item.execution)
        if driven is None:
            driven = _insert(connection, item)
        elif not _update(connection, driven, item):
            driven = _advance_afresh(connection, driven, item)
        if item.execution_row and item.execution_row.started_at != driven.started_at:
            driven.started_at = item.execution_row.started_at
            connection.execute(UPDATE_START, (driven.started_at, driven.number))
        self._driven[item.execution] = driven
        return driven


def _look_up(connection: sqlite3.Connection, execution: str) -> _Driven | None:
    row = connection.execute("SELECT number, started_at FROM executions WHERE id = ?", (execution,)).fetchone()
    return _Driven(*row) if row else None


def _advance_afresh(connection: sqlite3.Connection, remembered: _Driven, item: Append) -> _Driven:
    """What was remembered does not hold: the execution was pruned, and is new or has another number; or raise."""
    found = _look_up(connection, item.execution)
    if found is None:
        return _insert(connection, item)
    if found.number == remembered.number or not _update(connection, found, item):
        raise _refused(connection, item)
    return found


def _insert(connection: sqlite3.Connection, item: Append) -> _Driven:
    row = item.execution_row
    if item.expected_seq != 0:
        raise SequenceError(f"{item.execution} has no log, so event {item.expected_seq} cannot be its last")
    if row is None:
        raise _misused(f"the first append of execution {item.execution} has no `execution_row`")
    head = (item.execution, row.started_at, item.epoch, _last_seq(item))
    number = connection.execute(INSERT_EXECUTION, head + execution_values(row)).lastrowid or 0
    if row.origin:
        _payloads.inherit(connection, number, row.origin)
    return _Driven(number, row.started_at, visits={})


def _update(connection: sqlite3.Connection, driven: _Driven, item: Append) -> bool:
    head = (item.epoch, _last_seq(item))
    mine = (driven.number, item.execution, item.epoch, item.expected_seq)
    row, known = item.execution_row, driven.row
    if row is None:
        return connection.execute(UPDATE_HEAD, head + mine).rowcount == 1
    if known is not None and row._replace(current_step=known.current_step) == known:
        changed = (*head, row.current_step, *mine)
        return connection.execute(UPDATE_STEP_OF_EXECUTION, changed).rowcount == 1
    driven.row = row
    return connection.execute(UPDATE_EXECUTION, head + execution_values(row) + mine).rowcount == 1


def _last_seq(item: Append) -> int:
    return item.expected_seq + len(item.events)


def _refused(connection: sqlite3.Connection, item: Append) -> Exception:
    row = connection.execute("SELECT epoch, last_seq FROM executions WHERE id = ?", (item.execution,)).fetchone()
    if row[0] > item.epoch:
        return ClaimLostError(f"{item.execution} has been claimed since (epoch {row[0]}, ours is {item.epoch})")
    return SequenceError(f"the log of {item.execution} ends with event {row[1]}, not {item.expected_seq}")


def _started(driven: _Driven, visits: dict[tuple[str, int], int], item: Append) -> Iterator[tuple[object, ...]]:
    """Rows of visits that start; their ids run on in the order in which they started."""
    for row in item.steps:
        place = (row.address, row.visit)
        if place in visits:
            raise _misused(f"visit {row.visit} of {row.address} in {item.execution} was started before")
        driven.last_step += 1
        visits[place] = driven.last_step
        yield step_values(driven.last_step, row)


def _changed(visits: dict[tuple[str, int], int], item: Append) -> Iterator[tuple[object, ...]]:
    for update in item.step_updates:
        key = visits.get((update.address, update.visit))
        if key is None:
            raise _misused(f"visit {update.visit} of {update.address} in {item.execution} has no row to change")
        yield update_values(key, update)


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
