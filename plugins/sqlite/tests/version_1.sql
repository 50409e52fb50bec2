-- A state file as version 1 of the schema wrote it. Later versions must still open it: never change this file.
PRAGMA application_id = 0x5452444C;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    timestamp INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    execution_id TEXT NOT NULL,
    detail TEXT,                   -- JSON
    hash TEXT NOT NULL             -- SHA-256 over the hash before and this entry
) STRICT;
INSERT INTO "audit" VALUES(1,5,'user:ada','run','sample','{"n":1}','d45fa9ee98ddd9baa5d727046a9d02c666e2e286e086a4770a9ddee4c4ba1929');
CREATE TABLE bus (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    data TEXT,                     -- JSON
    source TEXT NOT NULL,
    timestamp INTEGER NOT NULL
) STRICT;
INSERT INTO "bus" VALUES(1,'end','{"status":"failed"}','sample',2000);
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
INSERT INTO "execution_history" VALUES(4294967297,'execution_started','','',0,0,1000,'user:ada',0,'{"inputs":{}}',1);
INSERT INTO "execution_history" VALUES(4294967298,'visit_started','group','s',1,1,1002,'',0,'{"inputs":{"n":1}}',1);
INSERT INTO "execution_history" VALUES(4294967299,'visit_settled','group','s',1,1,1003,'',0,'{"outcome":"success"}',1);
INSERT INTO "execution_history" VALUES(4294967300,'execution_failed','','',0,0,2000,'',0,'{"outputs":{}}',1);
CREATE TABLE executions (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    workflow TEXT NOT NULL,
    version TEXT NOT NULL,
    workflow_id TEXT NOT NULL,     -- workflows.id
    plan TEXT NOT NULL,            -- payloads.hash
    status TEXT NOT NULL,
    current_step TEXT NOT NULL,
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
    last_seq INTEGER NOT NULL
) STRICT;
INSERT INTO "executions" VALUES(1,'sample','chain','1.0','766fa6d9c4b24e14d611f6887fdda0592ef9a8766d06a3706c7bb30cc5714a78','be3a248d86268604de82d8c4ce2d225121c9a0761873a50b5f10a18fedf11bf7','failed','','/projects/one','cli','{"command":"chain"}',1000,2000,NULL,NULL,'none',0,'',1,4);
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "meta" VALUES('audit_head','d45fa9ee98ddd9baa5d727046a9d02c666e2e286e086a4770a9ddee4c4ba1929');
INSERT INTO "meta" VALUES('created_at','1000');
INSERT INTO "meta" VALUES('store','0123456789abcdef0123456789abcdef');
CREATE TABLE payload_uses (
    execution INTEGER NOT NULL REFERENCES executions (number),
    hash TEXT NOT NULL,
    PRIMARY KEY (execution, hash)
) STRICT, WITHOUT ROWID;
INSERT INTO "payload_uses" VALUES(1,'19ff27119fcb52fd0e76dc068c8d63550d84579c95860c75b7e99f235c01a64e');
CREATE TABLE payloads (
    hash TEXT PRIMARY KEY,         -- SHA-256 of `content`
    content BLOB NOT NULL,
    updated_at INTEGER NOT NULL    -- when it was last put here
) STRICT;
INSERT INTO "payloads" VALUES('be3a248d86268604de82d8c4ce2d225121c9a0761873a50b5f10a18fedf11bf7',X'7B22706C616E223A20317D',3000);
INSERT INTO "payloads" VALUES('19ff27119fcb52fd0e76dc068c8d63550d84579c95860c75b7e99f235c01a64e',X'61206C61726765206F7574707574',3000);
CREATE TABLE signals (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    execution_id TEXT NOT NULL,
    name TEXT NOT NULL,
    data TEXT,                     -- JSON
    actor TEXT NOT NULL,
    timestamp INTEGER NOT NULL
) STRICT;
INSERT INTO "signals" VALUES(1,'other','pause',NULL,'user:ada',2500);
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
INSERT INTO "step_executions" VALUES(4294967297,'group/s',1,'testing','run-tests','{"n":1}','{"passed":false,"text":"größer"}','succeeded','success',1,1002,1003,NULL,'none');
CREATE TABLE workflows (
    id TEXT PRIMARY KEY,           -- SHA-256 of `definition`
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    definition TEXT NOT NULL,
    path TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL    -- when it was last put here
) STRICT;
INSERT INTO "workflows" VALUES('766fa6d9c4b24e14d611f6887fdda0592ef9a8766d06a3706c7bb30cc5714a78','chain','1.0','name: chain
steps: []
','/projects/one/w.yaml',0,3000);
CREATE INDEX executions_by_start ON executions (started_at);
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
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('audit',1);
INSERT INTO "sqlite_sequence" VALUES('bus',1);
INSERT INTO "sqlite_sequence" VALUES('signals',1);
COMMIT;
