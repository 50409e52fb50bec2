"""The tables, for machines and for people who query them.

Times are microseconds since 1970 UTC, JSON columns hold JSON text (`json_extract` works), "" stands for "none" in text
columns. The views `history` and `steps` show the log and the visits with execution ids and readable times:

    SELECT seq, event_type, step_id, data FROM history WHERE execution_id = '…';

Within the file an execution is a small number (`executions.number`): its id would be repeated in each row.
"""

from typing import Final

APPLICATION_ID: Final = 0x5452444C
"""`TRDL`; `file` and `PRAGMA application_id` show whose database this is."""

VERSION: Final = 3
"""The version of this schema; `_migrate.py` brings older ones here."""

NUMBER_SHIFT: Final = 32
"""Ids of events and visits are the execution's number above these bits and the event's seq (the visit's place) below.

So one b-tree holds each table in the order of reading: a second index on (execution, seq) or (execution, step, visit)
would cost a page with each commit, and WITHOUT ROWID large rows would spill to pages of their own.
"""

SEQ_MASK: Final = (1 << NUMBER_SHIFT) - 1

TABLES: Final = """
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE workflows (
    id TEXT PRIMARY KEY,           -- SHA-256 of `definition`
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    definition TEXT NOT NULL,
    path TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL    -- when it was last put here
) STRICT;

CREATE TABLE executions (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    workflow TEXT NOT NULL,
    version TEXT NOT NULL,
    workflow_id TEXT NOT NULL,     -- workflows.id
    plan TEXT NOT NULL,            -- payloads.hash
    status TEXT NOT NULL,
    current_step TEXT NOT NULL,    -- as of the last change of status; the newest row of step_executions says it now
    root TEXT NOT NULL,
    trigger_type TEXT NOT NULL,
    trigger_data TEXT,             -- JSON
    started_at INTEGER NOT NULL,
    completed_at INTEGER,
    error TEXT,                    -- JSON
    outputs TEXT,                  -- JSON
    rollback TEXT NOT NULL,
    warnings INTEGER NOT NULL,
    origin TEXT NOT NULL,          -- the execution that this one retries or is a child of
    epoch INTEGER NOT NULL,        -- of the claim that wrote last; a lower one may not write
    last_seq INTEGER NOT NULL      -- as of the last change of status
) STRICT;

CREATE INDEX executions_by_start ON executions (started_at);

CREATE TABLE execution_history (
    id INTEGER PRIMARY KEY,
    execution INTEGER AS (id >> 32) VIRTUAL,   -- executions.number
    seq INTEGER AS (id & 0xFFFFFFFF) VIRTUAL,
    event_type TEXT NOT NULL,
    scope TEXT NOT NULL,
    step_id TEXT NOT NULL,
    visit INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    actor TEXT NOT NULL,
    cause INTEGER NOT NULL,
    data TEXT NOT NULL,            -- JSON
    version INTEGER NOT NULL       -- of the event's envelope
) STRICT;

CREATE TABLE step_executions (
    id INTEGER PRIMARY KEY,
    execution INTEGER AS (id >> 32) VIRTUAL,           -- executions.number
    step_id TEXT NOT NULL,         -- scope/step
    visit INTEGER NOT NULL,        -- 0: it settled without one; unique with `execution` and `step_id`
    module TEXT NOT NULL,
    action TEXT NOT NULL,
    inputs TEXT,                   -- JSON
    outputs TEXT,                  -- JSON
    status TEXT NOT NULL,
    outcome TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    started_at INTEGER,
    completed_at INTEGER,
    error TEXT,                    -- JSON
    compensation TEXT NOT NULL
) STRICT;

CREATE TABLE payloads (
    hash TEXT PRIMARY KEY,         -- SHA-256 of `content`
    content BLOB NOT NULL,
    updated_at INTEGER NOT NULL    -- when it was last put here
) STRICT;

CREATE TABLE payload_uses (
    execution INTEGER NOT NULL REFERENCES executions (number),
    hash TEXT NOT NULL,
    PRIMARY KEY (execution, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE signals (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    execution_id TEXT NOT NULL,
    name TEXT NOT NULL,
    data TEXT,                     -- JSON
    actor TEXT NOT NULL,
    timestamp INTEGER NOT NULL
) STRICT;

CREATE TABLE slots (
    id INTEGER PRIMARY KEY,        -- the place in the line
    execution INTEGER NOT NULL REFERENCES executions (number),
    holder TEXT NOT NULL,          -- scope/step#visit, "" for the execution
    name TEXT NOT NULL,            -- of the group
    places INTEGER NOT NULL,       -- that the group has
    asked_at INTEGER NOT NULL,
    granted_at INTEGER,            -- NULL while it waits
    UNIQUE (execution, holder, name)
) STRICT;

CREATE INDEX slots_by_name ON slots (name);

CREATE TABLE waits (
    id INTEGER PRIMARY KEY,
    execution INTEGER NOT NULL REFERENCES executions (number),
    step_id TEXT NOT NULL,         -- scope/step, "" for the execution
    visit INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,            -- of a signal or an event
    since INTEGER NOT NULL,
    due_at INTEGER,                -- when the execution has to be driven on
    detail TEXT,                   -- JSON
    UNIQUE (execution, step_id, visit, kind, name)
) STRICT;

CREATE INDEX waits_by_due ON waits (due_at) WHERE due_at IS NOT NULL;

CREATE INDEX waits_by_name ON waits (name) WHERE name <> '';

CREATE TABLE bus (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    data TEXT,                     -- JSON
    source TEXT NOT NULL,
    timestamp INTEGER NOT NULL,
    root TEXT NOT NULL DEFAULT ''  -- whose executions hear it, "" for all
) STRICT;

CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    timestamp INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    execution_id TEXT NOT NULL,
    detail TEXT,                   -- JSON
    hash TEXT NOT NULL             -- SHA-256 over the hash before and this entry
) STRICT;
"""

VIEWS: Final = """
CREATE VIEW history AS
SELECT e.id AS execution_id, h.seq, h.event_type, h.scope, h.step_id, h.visit, h.attempt,
       strftime('%Y-%m-%dT%H:%M:%fZ', h.timestamp / 1000000.0, 'unixepoch') AS timestamp, h.actor, h.cause, h.data
FROM executions AS e
JOIN execution_history AS h ON h.id BETWEEN e.number << 32 AND (e.number << 32) + 0xFFFFFFFF;

CREATE VIEW steps AS
SELECT e.id AS execution_id, s.step_id, s.visit, s.module, s.action, s.status, s.outcome, s.attempts,
       strftime('%Y-%m-%dT%H:%M:%fZ', s.started_at / 1000000.0, 'unixepoch') AS started_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', s.completed_at / 1000000.0, 'unixepoch') AS completed_at,
       s.inputs, s.outputs, s.error, s.compensation
FROM executions AS e
JOIN step_executions AS s ON s.id BETWEEN e.number << 32 AND (e.number << 32) + 0xFFFFFFFF;
"""
