"""Deleting what is old."""

from typing import Final

import psycopg

_MARK_OLD: Final = """
CREATE TEMP TABLE old ON COMMIT DROP AS SELECT number, id FROM executions
WHERE status IN ('completed', 'failed', 'cancelled') AND completed_at < %s
"""
_OF_EXECUTIONS: Final = tuple(
    f"DELETE FROM {table} WHERE execution IN (SELECT number FROM old)"  # noqa: S608 - fixed names
    for table in ("execution_history", "step_executions", "payload_uses", "waits", "slots")
)
# Content may have been put for an execution that has not begun yet: what was wanted since is spared.
_PAYLOADS: Final = """
DELETE FROM payloads AS p WHERE updated_at < %s
    AND NOT EXISTS (SELECT 1 FROM payload_uses AS u WHERE u.hash = p.hash)
    AND NOT EXISTS (SELECT 1 FROM executions AS e WHERE e.plan = p.hash)
"""
_DEFINITIONS: Final = """
DELETE FROM workflows AS w WHERE updated_at < %s
    AND NOT EXISTS (SELECT 1 FROM executions AS e WHERE e.workflow_id = w.id)
"""


def prune(connection: psycopg.Connection, before: int) -> int:
    """Delete terminal executions that finished before that time, and what only they used; how many."""
    # Who appends or ends an execution meanwhile waits for the end of this transaction, and not the other way round.
    connection.execute("LOCK TABLE executions IN SHARE ROW EXCLUSIVE MODE")
    connection.execute(_MARK_OLD.replace("%s", str(int(before))))
    row = connection.execute("SELECT count(*) FROM old").fetchone()
    for statement in _OF_EXECUTIONS:
        connection.execute(statement)
    connection.execute("DELETE FROM signals WHERE execution_id IN (SELECT id FROM old)")
    connection.execute("DELETE FROM executions WHERE number IN (SELECT number FROM old)")
    connection.execute("DELETE FROM bus WHERE timestamp < %s", (before,))
    connection.execute(_PAYLOADS, (before,))
    connection.execute(_DEFINITIONS, (before,))
    return int(row[0]) if row else 0
