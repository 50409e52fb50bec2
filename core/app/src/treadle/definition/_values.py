"""Values against types: a workflow's inputs, and literals against an action's JSON Schema."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from treadle_engine.inputs import is_type
from treadle_hookspecs import Json, JsonObject

_WORDS: Final = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "nothing",
    "any": "anything",
}


def holds_expression(value: Any) -> bool:
    """Some text in it is, or holds, an expression: what it will be is not known."""
    if isinstance(value, str):
        return "{{" in value
    if isinstance(value, Mapping):
        return any(map(holds_expression, value.values()))
    return isinstance(value, Sequence) and any(map(holds_expression, value))


def fits(value: Any, schema: JsonObject, root: JsonObject) -> bool:
    """A literal may be right for a schema. Expressions in it may become anything; what is not looked at is right."""
    if isinstance(value, str) and "{{" in value:
        return not _is_mixed(value) or _allows(schema, root, "string")
    schema = _resolved(schema, root)
    if "anyOf" in schema or "oneOf" in schema:
        options = schema.get("anyOf") or schema.get("oneOf")
        return not isinstance(options, Sequence) or any(fits(value, option, root) for option in options)  # type: ignore[arg-type]
    if not holds_expression(value) and not _is_listed(value, schema):
        return False
    types = _types(schema)
    if types and not any(is_type(value, name) for name in types):
        return False
    return _fits_inside(value, schema, root)


def _is_listed(value: Any, schema: JsonObject) -> bool:
    enum = schema.get("enum")
    listed = not isinstance(enum, Sequence) or value in enum
    return listed and ("const" not in schema or value == schema["const"])


def _fits_inside(value: Any, schema: JsonObject, root: JsonObject) -> bool:
    items, properties = schema.get("items"), schema.get("properties")
    if isinstance(value, list) and isinstance(items, Mapping):
        return all(fits(item, items, root) for item in value)
    if isinstance(value, Mapping) and isinstance(properties, Mapping):
        known = {key: found for key, found in properties.items() if isinstance(found, Mapping)}
        return all(fits(item, known[key], root) for key, item in value.items() if key in known)
    return True


def _is_mixed(text: str) -> bool:
    """Text around an expression: the result is a text."""
    text = text.strip()
    return not (text.startswith("{{") and text.endswith("}}") and text.count("{{") == 1)


def _allows(schema: JsonObject, root: JsonObject, name: str) -> bool:
    schema = _resolved(schema, root)
    options = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(options, Sequence):
        return any(_allows(option, root, name) for option in options)  # type: ignore[arg-type]
    types = _types(schema)
    return not types or name in types


def _resolved(schema: JsonObject, root: JsonObject) -> JsonObject:
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return schema
    found: Json = root
    for step in reference.removeprefix("#/").split("/"):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _types(schema: JsonObject) -> list[str]:
    named = schema.get("type")
    return [named] if isinstance(named, str) else [str(item) for item in named] if isinstance(named, Sequence) else []


def type_words(schema: JsonObject, root: JsonObject) -> str:
    """What a schema asks for, in words."""
    schema = _resolved(schema, root)
    enum, options = schema.get("enum"), schema.get("anyOf") or schema.get("oneOf")
    if isinstance(enum, Sequence):
        return "one of " + ", ".join(map(str, enum))
    if isinstance(options, Sequence):
        return " or ".join(dict.fromkeys(type_words(option, root) for option in options))  # type: ignore[arg-type]
    words = [_WORDS.get(name, name) for name in _types(schema)]
    items = schema.get("items")
    if words == ["a list"] and isinstance(items, Mapping):
        return f"a list of {type_words(items, root).removeprefix('a ').removeprefix('an ')}s"
    return " or ".join(words) or "something else"
