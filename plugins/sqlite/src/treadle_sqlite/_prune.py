"""Deleting what is old."""

import sqlite3
from typing import Final

_MARK_OLD: Final = """
CREATE TEMP TABLE old AS SELECT number, id FROM executions
WHERE status IN ('completed', 'failed', 'cancelled') AND completed_at < :before
"""

_DELETE_EVENTS: Final = """
DELETE FROM execution_history WHERE id IN
    (SELECT h.id FROM old JOIN execution_history AS h
     ON h.id BETWEEN old.number << 32 AND (old.number << 32) + 0xFFFFFFFF)
"""

_DELETE_VISITS: Final = """
DELETE FROM step_executions WHERE id IN
    (SELECT s.id FROM old JOIN step_executions AS s
     ON s.id BETWEEN old.number << 32 AND (old.number << 32) + 0xFFFFFFFF)
"""

# Content may have been put for an execution that has not begun yet: what was wanted since is spared.
_DELETE_PAYLOADS: Final = """
DELETE FROM payloads WHERE updated_at < :before
    AND hash NOT IN (SELECT hash FROM payload_uses UNION ALL SELECT plan FROM executions)
"""

_DELETE_DEFINITIONS: Final = """
DELETE FROM workflows WHERE updated_at < :before AND id NOT IN (SELECT workflow_id FROM executions)
"""


def prune(connection: sqlite3.Connection, before: int) -> int:
    """Delete terminal executions that finished before that time, and what only they used; how many."""
    time = {"before": before}
    connection.execute(_MARK_OLD, time)
    count = int(connection.execute("SELECT count(*) FROM old").fetchone()[0])
    connection.execute(_DELETE_EVENTS)
    connection.execute(_DELETE_VISITS)
    connection.execute("DELETE FROM payload_uses WHERE execution IN (SELECT number FROM old)")
    connection.execute("DELETE FROM waits WHERE execution IN (SELECT number FROM old)")
    connection.execute("DELETE FROM slots WHERE execution IN (SELECT number FROM old)")
    connection.execute("DELETE FROM signals WHERE execution_id IN (SELECT id FROM old)")
    connection.execute("DELETE FROM executions WHERE number IN (SELECT number FROM old)")
    connection.execute("DELETE FROM bus WHERE timestamp < :before", time)
    connection.execute(_DELETE_PAYLOADS, time)
    connection.execute(_DELETE_DEFINITIONS, time)
    connection.execute("DROP TABLE temp.old")
    return count
