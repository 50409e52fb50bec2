"""The statements of the hot path and of reading; `_rows.py` packs and unpacks their columns in the same order."""

from typing import Final

INSERT_EVENT: Final = """
INSERT INTO execution_history
    (id, event_type, timestamp, scope, step_id, visit, attempt, actor, cause, data, version)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

SELECT_EVENTS: Final = """
SELECT id, event_type, timestamp, scope, step_id, visit, attempt, actor, cause, data, version
FROM execution_history
WHERE id > (SELECT number << 32 FROM executions WHERE id = :execution) + :after
    AND id <= (SELECT number << 32 FROM executions WHERE id = :execution) + 0xFFFFFFFF
ORDER BY id LIMIT :limit
"""

INSERT_EXECUTION: Final = """
INSERT INTO executions
    (id, started_at, epoch, last_seq,
     workflow, version, status, root, trigger_type, trigger_data, current_step, completed_at, error, outputs, rollback,
     warnings, workflow_id, plan, origin)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

SELECT_HEAD: Final = """
SELECT number, epoch, started_at, coalesce(
    (SELECT max(h.id) FROM execution_history AS h WHERE h.id BETWEEN number << 32 AND (number << 32) + 0xFFFFFFFF)
    - (number << 32), 0)
FROM executions WHERE id = ?
"""

UPDATE_EXECUTION: Final = """
UPDATE executions SET epoch = ?, last_seq = ?,
    workflow = ?, version = ?, status = ?, root = ?, trigger_type = ?, trigger_data = ?, current_step = ?,
    completed_at = ?, error = ?, outputs = ?, rollback = ?, warnings = ?, workflow_id = ?, plan = ?, origin = ?
WHERE number = ?
"""

UPDATE_HEAD: Final = "UPDATE executions SET epoch = ?, last_seq = ? WHERE number = ?"

UPDATE_START: Final = "UPDATE executions SET started_at = ? WHERE number = ?"

RAISE_EPOCH: Final = "UPDATE executions SET epoch = epoch + 1 WHERE id = ? RETURNING epoch"

SELECT_EXECUTIONS: Final = """
SELECT id, started_at,
    workflow, version, status, root, trigger_type, trigger_data, coalesce(
        (SELECT s.step_id FROM step_executions AS s
         WHERE s.id BETWEEN number << 32 AND (number << 32) + 0xFFFFFFFF AND s.visit > 0 ORDER BY s.id DESC LIMIT 1),
        current_step),
    completed_at, error, outputs, rollback, warnings, workflow_id, plan, origin
FROM executions
"""

INSERT_STEP: Final = """
INSERT INTO step_executions
    (id, step_id, visit, module, action, status, outcome, attempts, inputs, outputs, started_at, completed_at,
     error, compensation)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

UPDATE_STEP: Final = """
UPDATE step_executions
SET status = ?, outcome = ?, attempts = ?, outputs = ?, completed_at = ?, error = ?, compensation = ?
WHERE id = ?
"""

SELECT_STEPS: Final = """
SELECT step_id, visit, module, action, status, outcome, attempts, inputs, outputs, started_at, completed_at, error,
    compensation
FROM step_executions
WHERE id > (SELECT number << 32 FROM executions WHERE id = :execution)
    AND id <= (SELECT number << 32 FROM executions WHERE id = :execution) + 0xFFFFFFFF
ORDER BY id
"""

SELECT_VISITS: Final = "SELECT step_id, visit, id FROM step_executions WHERE id > ? AND id <= ?"
