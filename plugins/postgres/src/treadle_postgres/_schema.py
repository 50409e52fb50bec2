"""The tables, for machines and for people who query them.

Times are microseconds since 1970 UTC, JSON columns hold JSON text (`data::jsonb` works), "" stands for "none" in text
columns. The views `history` and `steps` show the log and the visits with execution ids and readable times:

    SELECT seq, event_type, step_id, data FROM treadle.history WHERE execution_id = '…';

Within the schema an execution is a number (`executions.number`): its id would be repeated in each row and index.
"""

from typing import Final

VERSION: Final = 1
"""The version of this schema; `_migrate.py` brings older ones here."""

TABLES: Final = """
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE workflows (
    id TEXT PRIMARY KEY,           -- SHA-256 of `definition`
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    definition TEXT NOT NULL,
    path TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL     -- when it was last put here
);

CREATE SEQUENCE execution_numbers;
CREATE SEQUENCE epochs;            -- of claims: each is larger than all before

CREATE TABLE executions (
    number BIGINT PRIMARY KEY,
    id TEXT COLLATE "C" NOT NULL UNIQUE,
    workflow TEXT NOT NULL,
    version TEXT NOT NULL,
    workflow_id TEXT NOT NULL,     -- workflows.id
    plan TEXT NOT NULL,            -- payloads.hash
    status TEXT NOT NULL,
    current_step TEXT NOT NULL,    -- as of the last change of status; `newest_step` is newer if there is one
    root TEXT NOT NULL,
    trigger_type TEXT NOT NULL,
    trigger_data TEXT,             -- JSON
    started_at BIGINT NOT NULL,
    completed_at BIGINT,
    error TEXT,                    -- JSON
    outputs TEXT,                  -- JSON
    rollback TEXT NOT NULL,
    warnings INTEGER NOT NULL,
    origin TEXT NOT NULL,          -- the execution that this one retries or is a child of
    epoch BIGINT NOT NULL,         -- of the claim that wrote last; a lower one may not write
    last_seq BIGINT NOT NULL,      -- of the log
    newest_step TEXT NOT NULL DEFAULT '',
    token BIGINT NOT NULL DEFAULT 0  -- of the append that wrote last: says whether one whose answer was lost is there
) WITH (fillfactor = 80);

CREATE INDEX executions_by_start ON executions (started_at);
CREATE INDEX executions_open ON executions (number) WHERE status NOT IN ('completed', 'failed', 'cancelled');

CREATE TABLE execution_history (
    execution BIGINT NOT NULL,     -- executions.number
    seq BIGINT NOT NULL,
    event_type TEXT NOT NULL,
    scope TEXT NOT NULL,
    step_id TEXT NOT NULL,
    visit INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    timestamp BIGINT NOT NULL,
    actor TEXT NOT NULL,
    cause BIGINT NOT NULL,
    data TEXT NOT NULL,            -- JSON
    version INTEGER NOT NULL,      -- of the event's envelope
    PRIMARY KEY (execution, seq)
);

CREATE TABLE step_executions (
    execution BIGINT NOT NULL,     -- executions.number
    step_id TEXT COLLATE "C" NOT NULL,  -- scope/step
    visit INTEGER NOT NULL,        -- 0: it settled without one
    place BIGINT GENERATED ALWAYS AS IDENTITY,  -- the order in which they started
    module TEXT NOT NULL,
    action TEXT NOT NULL,
    status TEXT NOT NULL,
    outcome TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    inputs TEXT,                   -- JSON
    outputs TEXT,                  -- JSON
    started_at BIGINT,
    completed_at BIGINT,
    error TEXT,                    -- JSON
    compensation TEXT NOT NULL,
    PRIMARY KEY (execution, step_id, visit)
) WITH (fillfactor = 80);

CREATE TABLE payloads (
    hash TEXT PRIMARY KEY,         -- SHA-256 of `content`
    content BYTEA NOT NULL,
    updated_at BIGINT NOT NULL     -- when it was last put here
);

CREATE TABLE payload_uses (
    execution BIGINT NOT NULL REFERENCES executions (number),
    hash TEXT NOT NULL,
    PRIMARY KEY (execution, hash)
);

CREATE TABLE signals (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    execution_id TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    data TEXT,                     -- JSON
    actor TEXT NOT NULL,
    timestamp BIGINT NOT NULL
);

CREATE INDEX signals_by_execution ON signals (execution_id);

CREATE TABLE slots (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,  -- the place in the line
    execution BIGINT NOT NULL REFERENCES executions (number),
    holder TEXT NOT NULL,          -- scope/step#visit, "" for the execution
    name TEXT NOT NULL,            -- of the group
    places BIGINT NOT NULL,        -- that the group has
    asked_at BIGINT NOT NULL,
    granted_at BIGINT,             -- NULL while it waits
    UNIQUE (execution, holder, name)
);

CREATE INDEX slots_by_name ON slots (name);

CREATE TABLE waits (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    execution BIGINT NOT NULL REFERENCES executions (number),
    step_id TEXT NOT NULL,         -- scope/step, "" for the execution
    visit INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,            -- of a signal or an event
    since BIGINT NOT NULL,
    due_at BIGINT,                 -- when the execution has to be driven on
    detail TEXT,                   -- JSON
    UNIQUE (execution, step_id, visit, kind, name)
);

CREATE INDEX waits_by_due ON waits (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX waits_by_name ON waits (name) WHERE name <> '';

CREATE TABLE bus (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT NOT NULL,
    data TEXT,                     -- JSON
    source TEXT NOT NULL,
    timestamp BIGINT NOT NULL,
    root TEXT NOT NULL DEFAULT ''  -- whose executions hear it, "" for all
);

CREATE TABLE audit (
    number BIGINT PRIMARY KEY,
    timestamp BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    execution_id TEXT NOT NULL,
    detail TEXT,                   -- JSON
    hash TEXT NOT NULL             -- SHA-256 over the hash before and this entry
);
"""

VIEWS: Final = """
CREATE VIEW history AS
SELECT e.id AS execution_id, h.seq, h.event_type, h.scope, h.step_id, h.visit, h.attempt,
       to_timestamp(h.timestamp / 1000000.0) AS timestamp, h.actor, h.cause, h.data
FROM executions AS e JOIN execution_history AS h ON h.execution = e.number;

CREATE VIEW steps AS
SELECT e.id AS execution_id, s.step_id, s.visit, s.module, s.action, s.status, s.outcome, s.attempts,
       to_timestamp(s.started_at / 1000000.0) AS started_at, to_timestamp(s.completed_at / 1000000.0) AS completed_at,
       s.inputs, s.outputs, s.error, s.compensation
FROM executions AS e JOIN step_executions AS s ON s.execution = e.number;
"""

FUNCTIONS: Final = """
-- Several executions' events and visits in one call. A head that is not where its writer believes refuses all of it.
-- The loops find each row by its key whatever the planner has learnt of the tables.
CREATE FUNCTION append_log(heads JSON, events JSON, started JSON, changed JSON, token BIGINT) RETURNS VOID
LANGUAGE plpgsql AS $$
DECLARE
    head RECORD;
    visit_change RECORD;
BEGIN
    FOR head IN SELECT * FROM json_to_recordset(heads)
        AS h (number BIGINT, epoch BIGINT, expected BIGINT, last_seq BIGINT, step TEXT)
    LOOP
        UPDATE executions AS e SET epoch = head.epoch, last_seq = head.last_seq, token = append_log.token,
            newest_step = coalesce(head.step, e.newest_step)
        WHERE e.number = head.number AND e.epoch <= head.epoch AND e.last_seq = head.expected;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'the head of execution % is elsewhere', head.number USING ERRCODE = 'TR001';
        END IF;
    END LOOP;
    INSERT INTO execution_history
        (execution, seq, event_type, timestamp, scope, step_id, visit, attempt, actor, cause, data, version)
    SELECT execution, seq, kind, at, scope, step, visit, attempt, actor, cause, data, version
    FROM json_to_recordset(events) AS x (execution BIGINT, seq BIGINT, kind TEXT, at BIGINT, scope TEXT, step TEXT,
        visit INTEGER, attempt INTEGER, actor TEXT, cause BIGINT, data TEXT, version INTEGER);
    IF started IS NOT NULL THEN
        INSERT INTO step_executions (execution, step_id, visit, module, action, status, outcome, attempts, inputs,
            outputs, started_at, completed_at, error, compensation)
        SELECT * FROM json_to_recordset(started) AS s (execution BIGINT, step_id TEXT, visit INTEGER, module TEXT,
            action TEXT, status TEXT, outcome TEXT, attempts INTEGER, inputs TEXT, outputs TEXT, started_at BIGINT,
            completed_at BIGINT, error TEXT, compensation TEXT);
    END IF;
    IF changed IS NOT NULL THEN
        FOR visit_change IN SELECT * FROM json_to_recordset(changed) AS c (execution BIGINT, step_id TEXT,
            visit INTEGER, status TEXT, outcome TEXT, attempts INTEGER, outputs TEXT, completed_at BIGINT, error TEXT,
            compensation TEXT)
        LOOP
            UPDATE step_executions AS s SET status = visit_change.status, outcome = visit_change.outcome,
                attempts = visit_change.attempts, outputs = visit_change.outputs,
                completed_at = visit_change.completed_at, error = visit_change.error,
                compensation = visit_change.compensation
            WHERE s.execution = visit_change.execution AND s.step_id = visit_change.step_id
                AND s.visit = visit_change.visit;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'visit % of % has no row to change', visit_change.visit, visit_change.step_id
                    USING ERRCODE = 'TR002';
            END IF;
        END LOOP;
    END IF;
END
$$;

CREATE FUNCTION take_signals(owner TEXT, ids BIGINT[]) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    gone BIGINT;
BEGIN
    DELETE FROM signals WHERE id = ANY (ids) AND execution_id = owner;
    GET DIAGNOSTICS gone = ROW_COUNT;
    IF gone <> cardinality(ids) THEN
        RAISE EXCEPTION 'a signal is not in the inbox of %; it was taken before', owner USING ERRCODE = 'TR003';
    END IF;
END
$$;

-- Each entry comes with its text: the hash covers the hash before, a newline, and that. Writers queue for the head.
CREATE FUNCTION chain_audit(entries JSON) RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE
    entry RECORD;
    head TEXT;
    place BIGINT;
BEGIN
    SELECT value INTO head FROM meta WHERE key = 'audit_head' FOR UPDATE;
    SELECT coalesce(max(a.number), 0) INTO place FROM audit AS a;
    FOR entry IN SELECT * FROM json_to_recordset(entries)
        AS e (at BIGINT, actor TEXT, action TEXT, execution TEXT, detail TEXT, written TEXT)
    LOOP
        place := place + 1;
        head := encode(sha256(convert_to(head || E'\\n' || entry.written, 'UTF8')), 'hex');
        INSERT INTO audit VALUES
            (place, entry.at, entry.actor, entry.action, entry.execution, entry.detail, head);
    END LOOP;
    UPDATE meta SET value = head WHERE key = 'audit_head';
    RETURN head;
END
$$;

-- Ids of the bus grow in the order of commits, so that nobody who reads on from the last id misses one.
CREATE FUNCTION publish(name TEXT, data TEXT, source TEXT, at BIGINT, root TEXT, told TEXT) RETURNS BIGINT
LANGUAGE plpgsql AS $$
DECLARE
    given BIGINT;
BEGIN
    PERFORM 1 FROM meta WHERE key = 'bus' FOR UPDATE;
    INSERT INTO signals (execution_id, name, data, actor, timestamp)
    SELECT DISTINCT e.id, 'event', publish.told, publish.source, publish.at
    FROM waits AS w JOIN executions AS e ON e.number = w.execution
    WHERE w.name = publish.name AND w.kind IN ('event', 'hears') AND publish.root IN ('', e.root)
        AND e.status NOT IN ('completed', 'failed', 'cancelled');
    INSERT INTO bus (name, data, source, timestamp, root)
    VALUES (publish.name, publish.data, publish.source, publish.at, publish.root) RETURNING id INTO given;
    RETURN given;
END
$$;
"""

FIRST_ROWS: Final = """
INSERT INTO meta (key, value) VALUES ('audit_head', repeat('0', 64)), ('bus', ''), ('slots', '');
"""
