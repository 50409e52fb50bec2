"""Places in groups: who has one, who waits, and whose turn it is."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from treadle_hookspecs import ClaimLostError, Slot

from treadle_sqlite._connect import Reader

Query = Callable[[str, Sequence[object]], list[Any]]
"""Runs a statement with its parameters; all rows."""

_ASK: Final = """
INSERT OR IGNORE INTO slots (execution, holder, name, places, asked_at) VALUES (?, ?, ?, ?, ?)
"""
_LISTED: Final = """
SELECT e.id, s.holder, s.name, s.places, s.asked_at, s.granted_at
FROM slots AS s JOIN executions AS e ON e.number = s.execution
WHERE (?1 = '' OR s.name = ?1) AND (?2 = '' OR e.id = ?2) ORDER BY s.id
"""
_IN_SAME_GROUPS: Final = """
SELECT s.id, s.name, s.places, s.granted_at, e.id, e.status, s.holder
FROM slots AS mine JOIN executions AS me ON me.number = mine.execution AND me.id = ?
    JOIN slots AS s ON s.name = mine.name JOIN executions AS e ON e.number = s.execution
WHERE mine.holder = ?
"""
_RESTING: Final = frozenset({"queued", "waiting"})


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


def ask(connection: sqlite3.Connection, number: int, slots: Iterable[Slot]) -> None:
    """Put holders in line; one that stands there stays where it is."""
    connection.executemany(_ASK, [(number, slot.holder, slot.group, slot.limit, slot.asked_at) for slot in slots])


def free(connection: sqlite3.Connection, number: int, holders: Iterable[str]) -> None:
    """Give up the places of holders; "" stands for all of the execution's."""
    for holder in holders:
        connection.execute("DELETE FROM slots WHERE execution = ?1 AND (?2 = '' OR holder = ?2)", (number, holder))


def listed(reader: Reader, group: str, execution: str) -> Sequence[Slot]:
    """Places in the order in which they were asked for."""
    return [Slot(*row) for row in reader.query(_LISTED, (group, execution))]


def verdict(query: Query, execution: str, holder: str, claimed: Callable[[str], bool]) -> Verdict:
    """Whether it is a holder's turn in each of its groups. `claimed` tells whether somebody drives an execution."""
    places = [_Place(*row) for row in query(_IN_SAME_GROUPS, (execution, holder))]
    own = [place for place in places if (place.execution, place.holder) == (execution, holder)]
    waits = tuple(place.id for place in own if place.granted_at is None)
    if not waits:
        return Verdict(bool(own))
    others = [place for place in places if (place.execution, place.holder) != (execution, holder)]
    driven = {one: claimed(one) for one in {place.execution for place in others if place.status not in _RESTING}}
    driven[execution] = True
    counting = [place for place in others if driven.get(place.execution, True)]
    cut_off = tuple(place.id for place in others if place.granted_at and not driven.get(place.execution, True))
    return Verdict(all(_has_room(place, counting) for place in own), waits, cut_off)


def take(
    connection: sqlite3.Connection, execution: str, epoch: int, holder: str, at: int, claimed: Callable[[str], bool]
) -> bool:
    """`StoreBackend.take_slots`, inside a transaction that writes."""
    row = connection.execute("SELECT epoch FROM executions WHERE id = ?", (execution,)).fetchone()
    if row is not None and row[0] > epoch:
        raise ClaimLostError(f"{execution} has been claimed since (epoch {row[0]}, ours is {epoch})")
    found = verdict(lambda sql, parameters: connection.execute(sql, parameters).fetchall(), execution, holder, claimed)
    if found.grants:
        # Whoever goes on with one that was cut off asks again, in its old place of the line.
        connection.executemany("UPDATE slots SET granted_at = NULL WHERE id = ?", [(id_,) for id_ in found.cut_off])
        connection.executemany("UPDATE slots SET granted_at = ? WHERE id = ?", [(at, id_) for id_ in found.waits])
    return found.grants


def _has_room(own: _Place, others: Iterable[_Place]) -> bool:
    if own.granted_at is not None:
        return True
    ahead = [place for place in others if place.group == own.group and (place.granted_at or place.id < own.id)]
    return len(ahead) < own.limit
