"""The JSON Schema of definitions, for editors: from the model."""

from typing import Any, Final

from treadle.definition._model import CALLS, KINDS, Workflow

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a definition. What the loader accepts, the schema accepts."""
    schema = Workflow.model_json_schema(by_alias=True)
    definitions = schema["$defs"]
    definitions["Step"]["oneOf"] = [{"required": [kind]} for kind in KINDS]
    for key in ("Compensate",):
        definitions[key]["oneOf"] = [{"required": [kind]} for kind in (*CALLS, "action")]
    definitions["WaitFor"]["oneOf"] = [{"required": [key]} for key in ("signal", "event", "condition")]
    definitions["Escalate"]["anyOf"] = [{"required": [key]} for key in ("approvers", "event")]
    definitions["Loop"]["oneOf"] = [{"required": [key]} for key in ("until", "while")]
    _strip_titles(schema)
    return {"$schema": DIALECT, "$id": "treadle/workflow@1", **schema}


def _strip_titles(schema: Any) -> None:
    """Pydantic titles every property with its own name: noise in an editor's tooltip."""
    if isinstance(schema, list):
        for item in schema:
            _strip_titles(item)
    elif isinstance(schema, dict):
        for found in schema.get("properties", {}).values():
            found.pop("title", None)
        for value in schema.values():
            _strip_titles(value)
