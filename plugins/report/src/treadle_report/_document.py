"""A report as data: `treadle/report@1`, with its JSON Schema."""

from typing import Final

from treadle_hookspecs import Json, JsonObject

from treadle_report._facts import Facts
from treadle_report._summary import achievements, next_steps, recommendations, totals

_TEXT: Final[JsonObject] = {"type": "string"}
_TEXT_OR_NULL: Final[JsonObject] = {"type": ["string", "null"]}
_LINE: Final[JsonObject] = {
    "type": "object",
    "properties": dict.fromkeys(("text", "rule", "figure", "step"), _TEXT),
    "required": ["text", "rule", "figure", "step"],
}
_TOTAL: Final[JsonObject] = {
    "type": "object",
    "properties": {
        "figure": _TEXT,
        "title": _TEXT,
        "value": {"type": ["number", "string"]},
        "unit": _TEXT,
        "steps": {"type": "array", "items": _TEXT, "description": "None: from the files, before and after."},
    },
    "required": ["figure", "title", "value", "unit", "steps"],
}
_GATE: Final[JsonObject] = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("gate", "rule", "verdict", "message", "step"), _TEXT),
        "figures": {"type": "object"},
    },
    "required": ["gate", "rule", "verdict", "step", "figures"],
}
_FILE: Final[JsonObject] = {
    "type": "object",
    "properties": {"path": _TEXT, "how": {"enum": ["added", "deleted", "modified", "mode"]}},
    "required": ["path", "how"],
}
_STEP: Final[JsonObject] = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("address", "action", "state", "outcome", "summary"), _TEXT),
        "attempts": {"type": "integer"},
        "seconds": {"type": ["number", "null"]},
        "waited_seconds": {"type": "number"},
        "forgiven": _TEXT_OR_NULL,
        "verdict": _TEXT_OR_NULL,
        **{name: {"type": "array", "items": {"type": "object"}} for name in ("figures", "findings", "tasks")},
    },
    "required": ["address", "state"],
}

SCHEMA: Final[JsonObject] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "treadle/report@1",
    "title": "treadle report",
    "description": "The report of an execution: `treadle report ID --format json`. Times are microseconds since 1970.",
    "type": "object",
    "properties": {
        "schema": {"const": "treadle/report@1"},
        **dict.fromkeys(("execution", "workflow", "status", "root", "rollback"), _TEXT),
        "verdict": _TEXT_OR_NULL,
        "inputs": {"type": "object"},
        "started_at": {"type": "integer"},
        "finished_at": {"type": ["integer", "null"]},
        "error": {"type": ["object", "null"]},
        "waited_seconds": {"type": "number"},
        "files": {"type": ["array", "null"], "items": _FILE},
        "summary": {"type": "array", "items": _TOTAL},
        **{name: {"type": "array", "items": _LINE} for name in ("achievements", "recommendations", "next_steps")},
        "gates": {"type": "array", "items": _GATE},
        "in_the_way": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"step": _TEXT, "reasons": {"type": "array", "items": _TEXT}},
                "required": ["step", "reasons"],
            },
        },
        "steps": {"type": "array", "items": _STEP},
    },
    "required": ["schema", "execution", "workflow", "status", "summary", "recommendations", "next_steps", "steps"],
}


def document(facts: Facts) -> dict[str, Json]:
    """`treadle/report@1`."""
    return {
        **facts.to_json(),
        "summary": [total.to_json() for total in totals(facts)],
        "achievements": [line.to_json() for line in achievements(facts)],
        "recommendations": [line.to_json() for line in recommendations(facts)],
        "next_steps": [line.to_json() for line in next_steps(facts)],
    }
