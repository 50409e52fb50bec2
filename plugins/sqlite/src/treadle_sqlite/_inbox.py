"""What comes from outside: signals for one execution each, and events for everybody."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final

import orjson
from treadle_hookspecs import BusEvent, SequenceError, Signal

from treadle_sqlite._codec import dump, load
from treadle_sqlite._connect import Reader

_SEND: Final = "INSERT INTO signals (execution_id, name, data, actor, timestamp) VALUES (?, ?, ?, ?, ?) RETURNING id"
_PUBLISH: Final = "INSERT INTO bus (name, data, source, timestamp, root) VALUES (?, ?, ?, ?, ?) RETURNING id"
_TELL: Final = """
INSERT INTO signals (execution_id, name, data, actor, timestamp)
SELECT DISTINCT e.id, 'event', ?, ?, ? FROM waits AS w JOIN executions AS e ON e.number = w.execution
WHERE w.name = ? AND w.kind IN ('event', 'hears') AND (? IN ('', e.root))
    AND e.status NOT IN ('completed', 'failed', 'cancelled')
"""
_WAITING: Final = (
    "SELECT execution_id, name, data, actor, timestamp, id FROM signals "
    "WHERE execution_id IN (SELECT value FROM json_each(?)) ORDER BY id"
)


def send(connection: sqlite3.Connection, signals: Iterable[Signal]) -> list[int]:
    """Put signals into inboxes; their ids."""
    return [
        int(connection.execute(_SEND, (s.execution, s.name, dump(s.data), s.actor, s.at)).fetchone()[0])
        for s in signals
    ]


def waiting(reader: Reader, executions: Iterable[str]) -> Sequence[Signal]:
    """Signals for these executions, oldest first."""
    rows = reader.query(_WAITING, (orjson.dumps(list(executions)).decode(),))
    return [Signal(execution, name, load(data), actor, at, number) for execution, name, data, actor, at, number in rows]


def take(connection: sqlite3.Connection, execution: str, ids: Iterable[int]) -> None:
    """Remove signals that were answered. One that is gone was answered before: then nothing may be written."""
    for number in ids:
        sql = "DELETE FROM signals WHERE id = ? AND execution_id = ?"
        if connection.execute(sql, (number, execution)).rowcount != 1:
            raise SequenceError(f"signal {number} is not in the inbox of {execution}; it was taken before")


def publish(connection: sqlite3.Connection, events: Iterable[BusEvent]) -> list[int]:
    """Put events on the bus, and into the inboxes of the executions that wait for them; their ids."""
    return [_publish(connection, event) for event in events]


def _publish(connection: sqlite3.Connection, event: BusEvent) -> int:
    told = dump({"name": event.name, "data": event.data})
    connection.execute(_TELL, (told, event.source, event.at, event.name, event.root))
    values = (event.name, dump(event.data), event.source, event.at, event.root)
    return int(connection.execute(_PUBLISH, values).fetchone()[0])


def published(reader: Reader, after: int, limit: int) -> Sequence[BusEvent]:
    """Events on the bus after an id, oldest first."""
    sql = "SELECT name, data, source, timestamp, id, root FROM bus WHERE id > ? ORDER BY id LIMIT ?"
    return [
        BusEvent(name, load(data), source, at, number, root)
        for name, data, source, at, number, root in reader.query(sql, (after, limit or -1))
    ]
