"""JSON Schemas (draft 2020-12) of what commands print with `--json`, by the name that `treadle schema` takes.

A published shape only grows: keys are added, none is renamed or removed within a version.
"""

from typing import Any, Final, TypeAlias

Schema: TypeAlias = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_NUMBER: Final[Schema] = {"type": "integer", "minimum": 0}
_TRUTH: Final[Schema] = {"type": "boolean"}
_ANY: Final[Schema] = {}
_OBJECT: Final[Schema] = {"type": "object"}
_TEXTS: Final[Schema] = {"type": "array", "items": _TEXT}
_TIME: Final[Schema] = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$",
}
_TIME_OR_NULL: Final[Schema] = {"anyOf": [_TIME, {"type": "null"}]}

_EXECUTION_STATES: Final = (
    "queued",
    "running",
    "waiting",
    "paused",
    "interrupted",
    "cancelling",
    "rolling_back",
    "completed",
    "failed",
    "cancelled",
)
_STEP_STATES: Final = (
    "pending",
    "waiting",
    "running",
    "retrying",
    "succeeded",
    "failed",
    "skipped",
    "upstream_failed",
    "cancelled",
    "interrupted",
)
_STATUS: Final[Schema] = {"enum": list(_EXECUTION_STATES)}


def _closed(required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    """An object of these keys. Others may come with later versions."""
    return {"type": "object", "properties": {**required, **(optional or {})}, "required": list(required)}


def _list(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def _document(name: str, about: str, required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"treadle/{name}@1",
        "description": about,
        **_closed({"schema": {"const": f"treadle/{name}@1"}, **required}, optional),
    }


_ERROR: Final = {"anyOf": [{"type": "null"}, _closed({"message": _TEXT}, {"type": _TEXT, "step": _TEXT})]}

_STEP: Final = _closed(
    {
        "state": {"enum": list(_STEP_STATES)},
        "outcome": _TEXT,
        "visits": _NUMBER,
        "attempts": _NUMBER,
        "started_at": _TIME_OR_NULL,
        "finished_at": _TIME_OR_NULL,
        "error": _ERROR,
    }
)

_EXECUTION: Final = {
    "id": _TEXT,
    "workflow": _TEXT,
    "status": _STATUS,
    "outputs": _OBJECT,
    "error": _ERROR,
    "rollback": {"enum": ["none", "done", "partial"]},
    "steps": {"type": "object", "additionalProperties": _STEP},
}

_EVENT: Final = {"seq": _NUMBER, "type": _TEXT, "step": _TEXT, "visit": _NUMBER, "at": _TIME, "data": _OBJECT}

_PROBLEM: Final = _closed(
    {
        "code": _TEXT,
        "severity": {"enum": ["error", "warning", "note"]},
        "message": _TEXT,
        "file": _TEXT,
        "line": _NUMBER,
        "column": _NUMBER,
        "hint": {"type": ["string", "null"]},
    }
)

_PLUGIN: Final = _closed(
    {
        "name": _TEXT,
        "distribution": _TEXT,
        "version": _TEXT,
        "status": {"enum": ["active", "blocked", "broken", "incompatible", "duplicate"]},
        "reason": _TEXT,
        "provides": _TEXTS,
    }
)

_INPUT: Final = _closed({"name": _TEXT, "type": _TEXT, "required": _TRUTH, "default": _ANY, "description": _TEXT})

_WORKFLOW: Final = {
    "name": _TEXT,
    "title": _TEXT,
    "description": _TEXT,
    "version": _TEXT,
    "path": _TEXT,
    "source": _TEXT,
}

_PREVIEWED: Final = _closed(
    {
        "id": _TEXT,
        "kind": _TEXT,
        "action": _TEXT,
        "provided_by": _TEXT,
        "inputs": _ANY,
        "commands": _list(_TEXTS),
        "writes": _TEXTS,
        "notes": _TEXTS,
        "missing_tools": _TEXTS,
        "follows": _TEXTS,
    }
)

_NEIGHBOUR: Final = _closed(
    {
        "step": _TEXT,
        "edge": {"enum": ["need", "route"]},
        "state": {"enum": list(_STEP_STATES)},
        "counts_as": {"enum": ["", "open", "succeeded", "failed", "skipped"]},
        "note": _TEXT,
    }
)

_REASON: Final = _closed(
    {
        "rule": _TEXT,
        "text": _TEXT,
        "seq": _NUMBER,
        "at": _TIME_OR_NULL,
        "neighbours": _list(_NEIGHBOUR),
        "values": _OBJECT,
    }
)

_WHY: Final = {
    "id": _TEXT,
    "workflow": _TEXT,
    "step": _TEXT,
    "visit": _NUMBER,
    "state": {"enum": list(_STEP_STATES)},
    "outcome": _TEXT,
    "visits": _list(_NUMBER),
    "reasons": _list(_REASON),
}

_NODE: Final = _closed(
    {
        "address": _TEXT,
        "name": _TEXT,
        "kind": _TEXT,
        "action": _TEXT,
        "join": _TEXT,
        "state": {"enum": [*_STEP_STATES, None]},
        "outcome": _TEXT,
        "visits": _NUMBER,
        "critical": _TRUTH,
    }
)

_EDGE: Final = _closed(
    {
        "from": _TEXT,
        "to": _TEXT,
        "kind": {"enum": ["need", "order", "route"]},
        "label": _TEXT,
        "back": _TRUTH,
        "taken": _NUMBER,
    }
)

_SCOPE: Final = _closed({"address": _TEXT, "title": _TEXT, "steps": _list(_NODE), "edges": _list(_EDGE)})

_SECONDS: Final[Schema] = {"type": "number"}
_FIGURE: Final = _closed({"seconds": _SECONDS, "source": _TEXT})
_FIGURE_OR_NULL: Final = {"anyOf": [_FIGURE, {"type": "null"}]}

_PATH: Final = _closed(
    {
        "steps": _list(_closed({"address": _TEXT, "duration": _FIGURE_OR_NULL, "waited": _SECONDS})),
        "seconds": {"type": ["number", "null"]},
        "unknown": _NUMBER,
        "source": _TEXT,
    }
)

_ANALYSIS: Final = {
    "workflow": _TEXT,
    "execution": _TEXT,
    "basis": {"enum": ["structure", "history", "measured"]},
    "batches": _list(_TEXTS),
    "critical_path": _PATH,
    "durations": {"type": "object", "additionalProperties": _FIGURE},
    "opportunities": _list(
        _closed({"kind": {"enum": ["order", "places"]}, "steps": _TEXTS, "text": _TEXT, "saving": _FIGURE_OR_NULL})
    ),
    "elapsed": {"type": ["number", "null"]},
}

_MOVED: Final = dict.fromkeys(("source", "target"), _TEXT) | dict.fromkeys(
    ("executions", "events", "payloads", "definitions", "audit", "copied"), _NUMBER
)
_PRUNED: Final = _closed(
    {
        "id": _TEXT,
        "workflow": _TEXT,
        "status": _STATUS,
        "root": _TEXT,
        "finished_at": _TIME_OR_NULL,
        "bytes": _NUMBER,
    }
)

_FAILURE: Final = _closed(
    {"code": _TEXT, "message": _TEXT, "context": _OBJECT, "suggestions": _TEXTS, "exit_code": _NUMBER}
)

_TEST_CASE: Final = _closed(
    {
        "name": _TEXT,
        "line": _NUMBER,
        "passed": _TRUTH,
        "problem": _TEXT,
        "unused": _TEXTS,
        "differences": _list(_closed({"what": _TEXT, "expected": _ANY, "found": _ANY, "diff": _TEXTS})),
    },
    {
        "status": _STATUS,
        "seconds": {"type": "number", "minimum": 0},
        "path": _TEXTS,
        "undone": _TEXTS,
        "waits": _TEXTS,
        "outputs": _OBJECT,
    },
)
_TEST_FILE: Final = _closed({"file": _TEXT, "workflow": _TEXT, "problems": _list(_OBJECT), "cases": _list(_TEST_CASE)})

_FIELD: Final = _closed(
    {"name": _TEXT, "type": _TEXT, "required": _TRUTH},
    {"enum": _list(_ANY), "default": _ANY, "description": _TEXT, "sensitive": _TRUTH},
)

_WAITING: Final = _closed(
    {
        "execution": _TEXT,
        "workflow": _TEXT,
        "step": _TEXT,
        "kind": {"enum": ["approval", "signal", "event", "condition", "timer", "retry", "loop", "slots", "budget"]},
        "name": _TEXT,
        "since": _TIME_OR_NULL,
        "due": _TIME_OR_NULL,
        "commands": _TEXTS,
    },
    {
        "prompt": _TEXT,
        "approvers": _TEXTS,
        "not_by": {"anyOf": [_TEXT, _TEXTS]},
        "quorum": _NUMBER,
        "answers": _list(_closed({"by": _TEXT, "decision": _TEXT, "comment": _TEXT, "at": _TIME})),
        "form": _list(_FIELD),
        "deadline": _TIME,
        "line": _TEXT,
        "push_back": _TRUTH,
        "gate": _TRUTH,
    },
)

_SAID_LATER: Final = {"waiting": _list(_WAITING), "undo_notes": _TEXTS}
"""Of an execution, where the first version did not have it."""

SCHEMAS: Final[dict[str, Schema]] = {
    "execution": _document(
        "execution",
        "Where one execution stands: `status ID`, `run`, `resume` …",
        _EXECUTION,
        _SAID_LATER,
    ),
    "slots": _document(
        "slots",
        "Places in groups: `slots`.",
        {
            "slots": _list(
                _closed(
                    {
                        "group": _TEXT,
                        "limit": _NUMBER,
                        "execution": _TEXT,
                        "step": _TEXT,
                        "state": {"enum": ["held", "waiting"]},
                        "asked_at": _TIME,
                        "granted_at": _TIME_OR_NULL,
                    }
                )
            )
        },
    ),
    "waiting": _document("waiting", "What executions wait for: `waiting`.", {"waiting": _list(_WAITING)}),
    "driven": _document(
        "driven",
        "What came to rest or ended: `worker`, `resume --due`.",
        {"executions": _list(_closed({"schema": _TEXT, **_EXECUTION}, _SAID_LATER))},
    ),
    "executions": _document(
        "executions",
        "Executions, newest first: `status`.",
        {
            "executions": _list(
                _closed(
                    {
                        "id": _TEXT,
                        "workflow": _TEXT,
                        "status": _STATUS,
                        "started_at": _TIME_OR_NULL,
                        "finished_at": _TIME_OR_NULL,
                    }
                )
            )
        },
    ),
    "history": _document("history", "The event log of an execution: `history ID`.", {"events": _list(_closed(_EVENT))}),
    "event": _document("event", "One event, a line of `--json-lines`.", {"id": _TEXT, **_EVENT}),
    "cache": _document(
        "cache",
        "What the cache had to say of a step's attempts: `explain --cache ID STEP`.",
        {
            "id": _TEXT,
            "step": _TEXT,
            "attempts": _list(
                _closed(
                    {
                        "address": _TEXT,
                        "hit": {"type": "boolean"},
                        "key": _TEXT,
                        "origin": _TEXT,
                        "why": _list(_TEXT),
                        "kept": {"type": "boolean"},
                        "because": _TEXT,
                    }
                )
            ),
        },
    ),
    "cache-size": _document(
        "cache-size", "What the step cache holds: `cache`.", {"results": _NUMBER, "bytes": _NUMBER, "cleared": _NUMBER}
    ),
    "logs": _document(
        "logs",
        "What steps printed: `logs ID`.",
        {"id": _TEXT, "lines": _list(_closed({"address": _TEXT, "stream": _TEXT, "text": _TEXT}))},
    ),
    "problems": _document("problems", "Problems of definitions: `validate`.", {"problems": _list(_PROBLEM)}),
    "plugins": _document("plugins", "Plugins and their state: `plugins`.", {"plugins": _list(_PLUGIN)}),
    "workflows": _document("workflows", "What can be run by name: `list`.", {"workflows": _list(_closed(_WORKFLOW))}),
    "workflow-description": _document(
        "workflow-description",
        "A workflow: `show WORKFLOW`.",
        {
            **_WORKFLOW,
            "inputs": _list(_INPUT),
            "outputs": _TEXTS,
            "triggers": _list(_closed({"type": _TEXT})),
            "steps": _list(_closed({"id": _TEXT, "action": _TEXT, "needs": _TEXTS})),
        },
    ),
    "actions": _document(
        "actions",
        "What a step can use: `list --actions`.",
        {"actions": _list(_closed({"name": _TEXT, "provided_by": _TEXT, "summary": _TEXT}))},
    ),
    "action": _document(
        "action",
        "An action: `show ACTION`.",
        {
            "name": _TEXT,
            "summary": _TEXT,
            "provided_by": _TEXT,
            "aliases": _TEXTS,
            "inputs": {"type": ["object", "null"]},
            "outputs": {"type": ["object", "null"]},
            "idempotent": _TRUTH,
            "risk": {"enum": ["low", "medium", "high"]},
            "tools": _list(_closed({"name": _TEXT, "install": _TEXT})),
        },
    ),
    "dry-run": _document(
        "dry-run",
        "What a run would do: `run --dry-run`.",
        {"workflow": _TEXT, "root": _TEXT, "inputs": _OBJECT, "steps": _list(_PREVIEWED)},
    ),
    "rollback-plan": _document(
        "rollback-plan",
        "What would be undone, in order: `rollback --dry-run`.",
        {"id": _TEXT, "entries": _list(_closed({"address": _TEXT, "action": _TEXT}))},
    ),
    "why": _document("why", "Why a step stands where it stands: `why ID STEP`.", _WHY),
    "graph": _document(
        "graph",
        "A workflow or an execution as a graph: `graph`; what exporters are given.",
        {
            "workflow": _TEXT,
            "title": _TEXT,
            "version": _TEXT,
            "execution": _TEXT,
            "status": {"enum": [*_EXECUTION_STATES, ""]},
            "scopes": _list(_SCOPE),
        },
        {"analysis": _closed(_ANALYSIS)},
    ),
    "analysis": _document(
        "analysis", "Batches, critical path, what could run side by side: within `graph --critical-path`.", _ANALYSIS
    ),
    "pruning": _document(
        "pruning",
        "What was, or would be, deleted: `prune`.",
        {"before": _TIME, "deleted": _TRUTH, "bytes": _NUMBER, "executions": _list(_PRUNED)},
    ),
    "migration": _document("migration", "What is in both stores now: `migrate`.", _MOVED),
    "agents": _document(
        "agents",
        "Who can be asked: `agents`; `ok` is null when nobody looked.",
        {
            "agents": _list(
                _closed(
                    {
                        "name": _TEXT,
                        "kind": _TEXT,
                        "origin": _TEXT,
                        "default": _TRUTH,
                        "ok": {"type": ["boolean", "null"]},
                        "message": _TEXT,
                    }
                )
            )
        },
    ),
    "diff": _document(
        "diff",
        "What was changed on disk: `diff`.",
        {
            "execution": _TEXT,
            "step": _TEXT,
            "files": _list(_closed({"path": _TEXT, "how": {"enum": ["added", "deleted", "modified", "mode"]}})),
            "diff": _TEXT,
        },
    ),
    "emitted": _document(
        "emitted",
        "What an event started: `emit`.",
        {"name": _TEXT, "executions": _list(_closed(_EXECUTION))},
    ),
    "test-results": _document(
        "test-results",
        "What came of test files: `test`.",
        {"passed": _NUMBER, "failed": _NUMBER, "files": _list(_TEST_FILE)},
    ),
    "doctor": _document(
        "doctor",
        "What has to be looked after: `doctor`.",
        {
            "environment": _OBJECT,
            "settings": _list(_closed({"key": _TEXT, "value": {}, "origin": _TEXT})),
            "findings": _list(_closed({"invariant": _TEXT, "message": _TEXT, "remedy": _TEXT})),
        },
    ),
    "explanation": _document("explanation", "The page of a code: `explain CODE`.", {"code": _TEXT, "text": _TEXT}),
    "error": _document("error", "An error, in place of the answer.", {"error": _FAILURE}),
}
