"""What comes from outside: signals for one execution each, and events for everybody."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import psycopg
from treadle_hookspecs import BusEvent, Signal

from treadle_postgres._codec import dump, load
from treadle_postgres._writer import Statement

_SEND: Final = (
    "INSERT INTO signals (execution_id, name, data, actor, timestamp) VALUES (%s, %s, %s, %s, %s) RETURNING id"
)
WAITING: Final = (
    "SELECT execution_id, name, data, actor, timestamp, id FROM signals WHERE execution_id = ANY (%s) ORDER BY id"
)
PUBLISHED: Final = "SELECT name, data, source, timestamp, id, root FROM bus WHERE id > %s ORDER BY id LIMIT %s"


def send(connection: psycopg.Connection, signals: Iterable[Signal]) -> list[int]:
    """Put signals into inboxes; their ids."""
    ids: list[int] = []
    for one in signals:
        row = connection.execute(_SEND, (one.execution, one.name, dump(one.data), one.actor, one.at)).fetchone()
        ids += row or ()
    return ids


def signals(rows: Iterable[tuple[Any, ...]]) -> Sequence[Signal]:
    """From `WAITING`."""
    return [Signal(*row)._replace(data=load(row[2])) for row in rows]


def take(execution: str, ids: Iterable[int]) -> Statement:
    """Remove signals that were answered. One that is gone was answered before: then nothing may be written."""
    return "SELECT take_signals(%s, %s::bigint[])", (execution, list(ids))


def publish(event: BusEvent) -> Statement:
    """Put an event on the bus, and into the inboxes of the executions that wait for it; gives its id."""
    told = dump({"name": event.name, "data": event.data})
    values = (event.name, dump(event.data), event.source, event.at, event.root, told)
    return "SELECT publish(%s, %s, %s, %s, %s, %s)", values


def published(rows: Iterable[tuple[Any, ...]]) -> Sequence[BusEvent]:
    """From `PUBLISHED`."""
    return [BusEvent(*row)._replace(data=load(row[1])) for row in rows]
