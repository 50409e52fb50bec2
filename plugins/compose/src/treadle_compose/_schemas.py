"""The JSON Schemas that `treadle schema` prints for compositions."""

from typing import Any

from treadle_compose._model import json_schema

_TEXT: dict[str, Any] = {"type": "string"}
_TEXTS: dict[str, Any] = {"type": "array", "items": _TEXT}


def composition() -> dict[str, Any]:
    """`template.yaml` and `composition.v1.json`."""
    return json_schema("composition")


def hooks() -> dict[str, Any]:
    """`hooks.v1.json`."""
    return json_schema("hooks")


def trust() -> dict[str, Any]:
    """`trust.json` in treadle's state folder: what was allowed for which content."""
    answer = _object(
        {
            "digest": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "SHA-256 of the code"},
            "level": {"enum": ["none", "sandboxed", "full"]},
            "title": {"type": "string", "description": "What it was, as it was shown"},
            "at": {"type": "integer", "description": "Microseconds since the epoch"},
        }
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "treadle/trust@1",
        **_object({"trusted": {"type": "array", "items": answer}}),
    }


def check() -> dict[str, Any]:
    """What `treadle template check --json` prints: `treadle/template-check@1`."""
    from treadle_compose._check import PROMISES

    finding = _object({"promise": {"enum": list(PROMISES)}, "path": _TEXT, "detail": _TEXT})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "treadle/template-check@1",
        **_object(
            {
                "schema": {"const": "treadle/template-check@1"},
                "templates": _TEXTS,
                "paths": {"type": "integer"},
                "shared": {"type": "integer"},
                "merged": {"type": "integer"},
                "decided": _TEXTS,
                "findings": {"type": "array", "items": finding},
            }
        ),
    }


def project() -> dict[str, Any]:
    """What `treadle template list --project --json` prints: `treadle/project-templates@1`."""
    template = _object(
        {
            **dict.fromkeys(("id", "version", "source", "commit", "digest"), _TEXT),
            "answers": {"type": "object"},
            "paths": {"type": "integer"},
            "changed": {"type": "integer"},
        }
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "treadle/project-templates@1",
        **_object(
            {
                "schema": {"const": "treadle/project-templates@1"},
                "project_name": _TEXT,
                "templates": {"type": "array", "items": template},
            }
        ),
    }


def result() -> dict[str, Any]:
    """What `treadle compose --json` prints: `treadle/composition@1`."""
    row = _object(
        {
            "kind": {
                "enum": ["content", "type", "case", "alias", "mode", "user", "ignored", "variable", "hook", "semantic"]
            },
            "path": _TEXT,
            "key": _TEXT,
            "contributors": _TEXTS,
            "values": {"type": "array"},
            "strategy": _TEXT,
            "by": _TEXT,
            "resolved": {"type": "boolean"},
            "hint": _TEXT,
            "strategies": _TEXTS,
            "flag": _TEXT,
        }
    )
    operation = _object(
        {
            "path": _TEXT,
            "operation": {"enum": ["create", "replace", "keep", "delete"]},
            "templates": _TEXTS,
            "strategy": _TEXT,
        }
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "treadle/composition@1",
        **_object(
            {
                "schema": {"const": "treadle/composition@1"},
                "execution": _TEXT,
                "status": _TEXT,
                "target": _TEXT,
                "created": {"type": "boolean"},
                "written": _TEXTS,
                "removed": _TEXTS,
                "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
                "operations": {"type": "array", "items": operation},
                "conflicts": {"type": "array", "items": row},
                "hooks": {"type": "array", "items": {"type": "object"}},
                "notes": _TEXTS,
                "diff": _TEXT,
                "error": {"type": ["object", "null"]},
            }
        ),
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
