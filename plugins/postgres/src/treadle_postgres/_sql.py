"""The statements of the hot path and of reading; `_rows.py` packs and unpacks their columns in the same order."""

from typing import Final

APPEND_LOG: Final = "SELECT append_log(%s, %s, %s, %s, %s)"

SELECT_HEADS: Final = "SELECT id, number, epoch, last_seq FROM executions WHERE id = ANY (%s)"

SELECT_NUMBERS: Final = "SELECT nextval('execution_numbers') FROM generate_series(1, %s)"

SELECT_TOKENS: Final = "SELECT count(*) FROM executions WHERE number = %s AND token = %s"

INSERT_EXECUTION: Final = """
INSERT INTO executions (number, id, epoch, last_seq, newest_step, token,
     workflow, version, status, root, trigger_type, trigger_data, started_at, current_step, completed_at, error,
     outputs, rollback, warnings, workflow_id, plan, origin)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""

UPDATE_EXECUTION: Final = """
UPDATE executions SET workflow = %s, version = %s, status = %s, root = %s, trigger_type = %s, trigger_data = %s,
    started_at = %s, current_step = %s, completed_at = %s, error = %s, outputs = %s, rollback = %s, warnings = %s,
    workflow_id = %s, plan = %s, origin = %s
WHERE number = %s
"""

RAISE_EPOCH: Final = """
UPDATE executions SET epoch = greatest(epoch + 1, nextval('epochs')) WHERE id = %s RETURNING epoch
"""

SELECT_EXECUTIONS: Final = """
SELECT id, workflow, version, status, root, trigger_type, trigger_data, started_at,
    coalesce(nullif(newest_step, ''), current_step), completed_at, error, outputs, rollback, warnings, workflow_id,
    plan, origin
FROM executions
"""

SELECT_EVENTS: Final = """
SELECT seq, event_type, timestamp, scope, step_id, visit, attempt, actor, cause, data, version
FROM execution_history
WHERE execution = (SELECT number FROM executions WHERE id = %s) AND seq > %s ORDER BY seq LIMIT %s
"""

SELECT_STEPS: Final = """
SELECT step_id, visit, module, action, status, outcome, attempts, inputs, outputs, started_at, completed_at, error,
    compensation
FROM step_executions WHERE execution = (SELECT number FROM executions WHERE id = %s) ORDER BY place
"""
