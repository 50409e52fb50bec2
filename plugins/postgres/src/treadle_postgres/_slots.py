"""Places in groups: who has one, who waits, and whose turn it is."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import psycopg
from treadle_hookspecs import ClaimLostError, Slot

from treadle_postgres._writer import Statement

Query: TypeAlias = Callable[[str, tuple[object, ...]], list[Any]]
"""Runs a statement with its parameters; all rows."""

_ASK: Final = """
INSERT INTO slots (execution, holder, name, places, asked_at) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (execution, holder, name) DO NOTHING
"""
_FREE: Final = "DELETE FROM slots WHERE execution = %s AND (%s = '' OR holder = %s)"
LISTED: Final = """
SELECT e.id, s.holder, s.name, s.places, s.asked_at, s.granted_at
FROM slots AS s JOIN executions AS e ON e.number = s.execution
WHERE (%s = '' OR s.name = %s) AND (%s = '' OR e.id = %s) ORDER BY s.id
"""
_NEIGHBOURS: Final = """
SELECT s.id, s.name, s.places, s.granted_at, e.id, e.status, s.holder
FROM slots AS mine JOIN executions AS me ON me.number = mine.execution AND me.id = %s
    JOIN slots AS s ON s.name = mine.name JOIN executions AS e ON e.number = s.execution
WHERE mine.holder = %s
"""
_RESTING: Final = ("queued", "waiting")


class Verdict(NamedTuple):
    """What `take_slots` would do.

    Attributes:
        grants: the holder has all of its places, or gets them.
        waits: ids of those that it does not have yet.
        cut_off: ids of places in its groups that are held by executions whose process is gone.
    """

    grants: bool
    waits: tuple[int, ...] = ()
    cut_off: tuple[int, ...] = ()


class _Place(NamedTuple):
    id: int
    group: str
    limit: int
    granted_at: int | None
    execution: str
    status: str
    holder: str


def ask(number: int, slots: Iterable[Slot]) -> Iterator[Statement]:
    """Put holders in line; one that stands there stays where it is."""
    for slot in slots:
        yield _ASK, (number, slot.holder, slot.group, slot.limit, slot.asked_at)


def free(number: int, holders: Iterable[str]) -> Iterator[Statement]:
    """Give up the places of holders; "" stands for all of the execution's."""
    for holder in holders:
        yield _FREE, (number, holder, holder)


def verdict(query: Query, execution: str, holder: str, claimed: Callable[[str], bool]) -> Verdict:
    """Whether it is a holder's turn in each of its groups. `claimed` tells whether somebody drives an execution."""
    places = [_Place(*row) for row in query(_NEIGHBOURS, (execution, holder))]
    own = [place for place in places if (place.execution, place.holder) == (execution, holder)]
    wanted = tuple(place.id for place in own if place.granted_at is None)
    if not wanted:
        return Verdict(bool(own))
    others = [place for place in places if (place.execution, place.holder) != (execution, holder)]
    driven = {execution: True}
    for place in others:
        if place.execution not in driven:
            driven[place.execution] = place.status in _RESTING or claimed(place.execution)
    counting = [place for place in others if driven[place.execution]]
    cut_off = tuple(place.id for place in others if place.granted_at and not driven[place.execution])
    return Verdict(all(_has_room(place, counting) for place in own), wanted, cut_off)


def take(
    connection: psycopg.Connection,
    execution: str,
    epoch: int,
    holder: str,
    at: int,
    claimed: Callable[[str, Query], bool],
) -> bool:
    """`StoreBackend.take_slots`, inside a transaction that writes. Those who take queue for the row of `meta`."""

    def query(statement: str, parameters: tuple[object, ...]) -> list[Any]:
        return connection.execute(statement, parameters).fetchall()

    query("SELECT 1 FROM meta WHERE key = 'slots' FOR UPDATE", ())
    rows = query("SELECT epoch FROM executions WHERE id = %s FOR SHARE", (execution,))
    if rows and rows[0][0] > epoch:
        raise ClaimLostError(f"{execution} has been claimed since (epoch {rows[0][0]}, ours is {epoch})")
    found = verdict(query, execution, holder, lambda other: claimed(other, query))
    if found.grants:
        # Whoever goes on with one that was cut off asks again, in its old place of the line.
        _set(connection, None, found.cut_off)
        _set(connection, at, found.waits)
    return found.grants


def _set(connection: psycopg.Connection, at: int | None, ids: Sequence[int]) -> None:
    connection.execute("UPDATE slots SET granted_at = %s WHERE id = ANY (%s::bigint[])", (at, list(ids)))


def _has_room(own: _Place, others: Iterable[_Place]) -> bool:
    if own.granted_at is not None:
        return True
    ahead = [place for place in others if place.group == own.group and (place.granted_at or place.id < own.id)]
    return len(ahead) < own.limit
