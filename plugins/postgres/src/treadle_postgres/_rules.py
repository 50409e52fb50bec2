"""The invariants that can be asked of the tables: each row that a query gives breaks its rule."""

from typing import Final, NamedTuple


class Rule(NamedTuple):
    """An invariant's name, a message with a place for each column, and the query for what breaks it."""

    invariant: str
    message: str
    query: str


DEFINITIONS: Final = Rule(
    "I2",
    "execution {} was started from a definition that is not kept",
    """
    SELECT id FROM executions AS e
    WHERE workflow_id <> '' AND NOT EXISTS (SELECT 1 FROM workflows AS w WHERE w.id = e.workflow_id)
    """,
)

GAPS: Final = Rule(
    "I3",
    "the log of execution {} has gaps, or does not end where the execution says",
    """
    SELECT e.id FROM executions AS e LEFT JOIN
        (SELECT execution, min(seq) AS low, max(seq) AS high, count(*) AS many FROM execution_history GROUP BY 1) AS h
        ON h.execution = e.number
    WHERE coalesce(h.many, 0) <> coalesce(h.high, 0) OR coalesce(h.high, 0) <> e.last_seq OR coalesce(h.low, 1) <> 1
    """,
)

ORPHANS: Final = Rule(
    "I3",
    "there are events or visits of an execution that does not exist (number {})",
    """
    SELECT execution FROM (SELECT execution FROM execution_history UNION SELECT execution FROM step_executions) AS x
    WHERE NOT EXISTS (SELECT 1 FROM executions AS e WHERE e.number = x.execution)
    """,
)

TIME: Final = Rule(
    "I3",
    "the log of execution {} goes back in time at event {}",
    """
    SELECT e.id, h.seq FROM
        (SELECT execution, seq, timestamp, lag(timestamp) OVER (PARTITION BY execution ORDER BY seq) AS before
         FROM execution_history) AS h
        JOIN executions AS e ON e.number = h.execution
    WHERE h.timestamp < h.before
    """,
)

VISITS_ONCE: Final = Rule(
    "I3",
    "in execution {} the visit {}#{} has more than one event {}",
    """
    SELECT e.id, trim(BOTH '/' FROM h.scope || '/' || h.step_id), h.visit, h.event_type
    FROM execution_history AS h JOIN executions AS e ON e.number = h.execution
    WHERE h.event_type IN ('visit_started', 'visit_settled') AND h.visit > 0
    GROUP BY e.id, h.scope, h.step_id, h.visit, h.event_type HAVING count(*) > 1
    """,
)

ATTEMPTS_ONCE: Final = Rule(
    "I3",
    "in execution {} the attempt {}#{}.{} has more than one event {}",
    """
    SELECT e.id, trim(BOTH '/' FROM h.scope || '/' || h.step_id), h.visit, h.attempt, h.event_type
    FROM execution_history AS h JOIN executions AS e ON e.number = h.execution
    WHERE h.event_type IN ('attempt_started', 'attempt_failed')
    GROUP BY e.id, h.scope, h.step_id, h.visit, h.attempt, h.event_type HAVING count(*) > 1
    """,
)

COMPENSATED_ONCE: Final = Rule(
    "I3",
    "in execution {} the visit {}#{} was compensated more than once",
    """
    SELECT e.id, trim(BOTH '/' FROM h.scope || '/' || h.step_id), h.visit
    FROM execution_history AS h JOIN executions AS e ON e.number = h.execution
    WHERE h.event_type = 'compensation_settled' AND h.data::json ->> 'state' = 'done'
    GROUP BY e.id, h.scope, h.step_id, h.visit HAVING count(*) > 1
    """,
)

ENDS: Final = Rule(
    "I4",
    "execution {} is {}, but its log has no such end",
    """
    SELECT e.id, e.status FROM executions AS e
    WHERE e.status IN ('completed', 'failed', 'cancelled') AND e.last_seq > 0 AND NOT EXISTS
        (SELECT 1 FROM execution_history AS h
         WHERE h.execution = e.number AND h.event_type = 'execution_' || e.status)
    """,
)

VISITS: Final = Rule(
    "I4",
    "in execution {} the visit {}#{} is {} in the log and {} in the table of steps",
    """
    SELECT e.id, v.step_id, v.visit,
        CASE WHEN bool_or(v.settled) THEN 'over' WHEN bool_or(v.started) THEN 'open' ELSE 'missing' END,
        CASE WHEN bool_or(v.over) THEN 'over' WHEN bool_or(v.stands) THEN 'open' ELSE 'missing' END
    FROM
        (SELECT execution, trim(BOTH '/' FROM scope || '/' || step_id) COLLATE "C" AS step_id, visit,
             event_type = 'visit_started' AS started, event_type = 'visit_settled' AS settled,
             false AS stands, false AS over
         FROM execution_history WHERE event_type IN ('visit_started', 'visit_settled') AND visit > 0
         UNION ALL
         SELECT execution, step_id, visit, false, false, true, completed_at IS NOT NULL
         FROM step_executions WHERE visit > 0) AS v
        JOIN executions AS e ON e.number = v.execution
    GROUP BY e.id, v.step_id, v.visit
    HAVING bool_or(v.started) <> bool_or(v.stands) OR bool_or(v.settled) <> bool_or(v.over)
        OR bool_or(v.settled) > bool_or(v.started)
    """,
)

PAYLOADS: Final = Rule(
    "I4",
    "execution {} refers to a payload that is not kept ({})",
    """
    SELECT e.id, u.hash FROM payload_uses AS u JOIN executions AS e ON e.number = u.execution
    WHERE NOT EXISTS (SELECT 1 FROM payloads AS p WHERE p.hash = u.hash)
    """,
)

SLOTS: Final = Rule(
    "I8",
    "execution {} has ended and still has or wants a place in the group {}",
    """
    SELECT e.id, s.name FROM slots AS s JOIN executions AS e ON e.number = s.execution
    WHERE e.status IN ('completed', 'failed', 'cancelled')
    """,
)

SLOTS_OF_ENDED: Final = Rule(
    "I8",
    "in execution {} the visit {} has ended and still has or wants a place in the group {}",
    """
    SELECT e.id, s.holder, s.name FROM slots AS s JOIN executions AS e ON e.number = s.execution
        JOIN step_executions AS v ON v.execution = s.execution AND s.holder = v.step_id || '#' || v.visit
    WHERE v.completed_at IS NOT NULL
    """,
)

RULES: Final = (
    DEFINITIONS,
    GAPS,
    ORPHANS,
    TIME,
    VISITS_ONCE,
    ATTEMPTS_ONCE,
    COMPENSATED_ONCE,
    ENDS,
    VISITS,
    PAYLOADS,
    SLOTS,
    SLOTS_OF_ENDED,
)
