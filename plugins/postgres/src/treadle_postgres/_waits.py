"""What executions wait for, and which of them somebody should drive."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from treadle_hookspecs import WaitRow

from treadle_postgres._codec import dump, load
from treadle_postgres._writer import Statement

_BEGIN: Final = """
INSERT INTO waits (execution, step_id, visit, kind, name, since, due_at, detail)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (execution, step_id, visit, kind, name)
    DO UPDATE SET since = excluded.since, due_at = excluded.due_at, detail = excluded.detail
"""
_END: Final = "DELETE FROM waits WHERE execution = %s AND step_id = %s AND visit = %s"
_END_ALL: Final = "DELETE FROM waits WHERE execution = %s"
LISTED: Final = """
SELECT e.id, w.step_id, w.visit, w.kind, w.name, w.since, w.due_at, w.detail
FROM waits AS w JOIN executions AS e ON e.number = w.execution
WHERE (%s::text[] IS NULL OR e.id = ANY (%s)) ORDER BY w.since, w.id
"""
DUE: Final = """
SELECT id FROM (
    SELECT e.id AS id, w.due_at AS since FROM waits AS w JOIN executions AS e ON e.number = w.execution
    WHERE w.due_at <= %s AND e.status NOT IN ('completed', 'failed', 'cancelled', 'paused')
    UNION ALL
    SELECT e.id, s.timestamp FROM signals AS s JOIN executions AS e ON e.id = s.execution_id
    WHERE e.status NOT IN ('completed', 'failed', 'cancelled')
    UNION ALL
    SELECT id, started_at FROM executions WHERE status = 'queued'
        AND status NOT IN ('completed', 'failed', 'cancelled')
) AS open GROUP BY id ORDER BY min(since), id
"""
NEXT: Final = """
SELECT min(w.due_at) FROM waits AS w JOIN executions AS e ON e.number = w.execution
WHERE w.due_at > %s AND e.status NOT IN ('completed', 'failed', 'cancelled', 'paused')
"""


def begin(number: int, waits: Iterable[WaitRow]) -> Iterator[Statement]:
    """Write what an execution waits for; what it waits for already is brought up to date."""
    for one in waits:
        yield _BEGIN, (number, one.address, one.visit, one.kind, one.name, one.since, one.due, dump(one.detail))


def end(number: int, waited: Iterable[tuple[str, int]]) -> Iterator[Statement]:
    """Delete the waits of visits; `("", 0)` stands for all of the execution's."""
    for address, visit in waited:
        yield (_END, (number, address, visit)) if address else (_END_ALL, (number,))


def listed(rows: Iterable[tuple[Any, ...]]) -> Sequence[WaitRow]:
    """From `LISTED`: waits in the order in which they began."""
    return [WaitRow(*row)._replace(detail=load(row[7])) for row in rows]
