"""What executions wait for, and which of them somebody should drive."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final

import orjson
from treadle_hookspecs import WaitRow

from treadle_sqlite._codec import dump, load
from treadle_sqlite._connect import Reader

_BEGIN: Final = """
INSERT INTO waits (execution, step_id, visit, kind, name, since, due_at, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (execution, step_id, visit, kind, name)
    DO UPDATE SET since = excluded.since, due_at = excluded.due_at, detail = excluded.detail
"""
_END: Final = "DELETE FROM waits WHERE execution = ? AND step_id = ? AND visit = ?"
_LISTED: Final = """
SELECT e.id, w.step_id, w.visit, w.kind, w.name, w.since, w.due_at, w.detail
FROM waits AS w JOIN executions AS e ON e.number = w.execution
WHERE (?1 IS NULL OR e.id IN (SELECT value FROM json_each(?1))) ORDER BY w.since, w.id
"""
_DUE: Final = """
SELECT id FROM (
    SELECT e.id AS id, w.due_at AS since FROM waits AS w JOIN executions AS e ON e.number = w.execution
    WHERE w.due_at <= ? AND e.status NOT IN ('completed', 'failed', 'cancelled', 'paused')
    UNION ALL
    SELECT e.id, s.timestamp FROM signals AS s JOIN executions AS e ON e.id = s.execution_id
    WHERE e.status NOT IN ('completed', 'failed', 'cancelled')
    UNION ALL
    SELECT id, started_at FROM executions WHERE status = 'queued'
) GROUP BY id ORDER BY min(since), id
"""
_NEXT: Final = """
SELECT min(w.due_at) FROM waits AS w JOIN executions AS e ON e.number = w.execution
WHERE w.due_at > ? AND e.status NOT IN ('completed', 'failed', 'cancelled', 'paused')
"""


def begin(connection: sqlite3.Connection, number: int, waits: Iterable[WaitRow]) -> None:
    """Write what an execution waits for; what it waits for already is brought up to date."""
    rows = [(number, w.address, w.visit, w.kind, w.name, w.since, w.due, dump(w.detail)) for w in waits]
    connection.executemany(_BEGIN, rows)


def end(connection: sqlite3.Connection, number: int, waited: Iterable[tuple[str, int]]) -> None:
    """Delete the waits of visits; `("", 0)` stands for all of the execution's."""
    for address, visit in waited:
        if address:
            connection.execute(_END, (number, address, visit))
        else:
            connection.execute("DELETE FROM waits WHERE execution = ?", (number,))


def listed(reader: Reader, executions: Iterable[str] | None) -> Sequence[WaitRow]:
    """Waits in the order in which they began."""
    chosen = None if executions is None else orjson.dumps(list(executions)).decode()
    return [WaitRow(*row)._replace(detail=load(row[7])) for row in reader.query(_LISTED, (chosen,))]


def due(reader: Reader, at: int) -> Sequence[str]:
    """Executions that somebody should drive."""
    return [row[0] for row in reader.query(_DUE, (at,))]


def next_due(reader: Reader, after: int) -> int | None:
    """The earliest `due` after a time."""
    found: int | None = reader.query(_NEXT, (after,))[0][0]
    return found
