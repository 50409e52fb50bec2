"""Checks a value against a JSON Schema that a plugin declared: the keywords that such schemas use."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from treadle_hookspecs import JsonObject

from treadle.plugins._shapes import kind_of, unknown_names

_TYPES: Final[dict[str, Callable[[Any], bool]]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: type(value) is int or (type(value) is float and value.is_integer()),
    "number": lambda value: type(value) in (int, float),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list | tuple),
    "object": lambda value: isinstance(value, Mapping),
}


def violations(value: Any, schema: JsonObject, where: str = "") -> Iterator[str]:
    """What is wrong with a value, one sentence each; the value itself is not in them."""
    wrong = next(_of_any_type(value, schema, where), "")
    if wrong:
        yield wrong
    elif isinstance(value, Mapping):
        yield from _of_object(value, schema, where)
    elif isinstance(value, list | tuple):
        yield from _of_array(value, schema, where)
    elif isinstance(value, str):
        yield from _of_text(value, schema, where)
    elif type(value) in (int, float):
        yield from _of_number(value, schema, where)


def _of_any_type(value: Any, schema: JsonObject, where: str) -> Iterator[str]:
    accepted = schema.get("type")
    types = [accepted] if isinstance(accepted, str) else list(_listed(accepted))
    if types and not any(_TYPES.get(one, lambda _: True)(value) for one in types):
        yield f"{where}: expected {' or '.join(types)}, got {kind_of(value)}"
    if "const" in schema and not _same(value, schema["const"]):
        yield f"{where}: expected {schema['const']!r}"
    if "enum" in schema and not any(_same(value, one) for one in _listed(schema["enum"])):
        yield f"{where}: expected one of {', '.join(repr(one) for one in _listed(schema['enum']))}"
    for part in _listed(schema.get("allOf")):
        yield from violations(value, part, where)
    for key in ("anyOf", "oneOf"):
        options = _listed(schema.get(key))
        if options and all(next(violations(value, option, where), "") for option in options):
            yield f"{where}: matches none of the {len(options)} forms it may have"


def _of_object(value: Mapping[str, Any], schema: JsonObject, where: str) -> Iterator[str]:
    prefix = f"{where}." if where else ""
    properties: Mapping[str, Any] = schema.get("properties") or {}  # type: ignore[assignment]
    yield from (f"{prefix}{name}: missing" for name in _listed(schema.get("required")) if name not in value)
    if schema.get("additionalProperties") is False:
        yield from unknown_names(value, properties, prefix)
    for name, one in value.items():
        part = properties.get(name, schema.get("additionalProperties"))
        if isinstance(part, Mapping):
            yield from violations(one, part, f"{prefix}{name}")


def _of_array(value: Sequence[Any], schema: JsonObject, where: str) -> Iterator[str]:
    yield from _within(len(value), schema, where, ("minItems", "maxItems"), "items")
    items = schema.get("items")
    if isinstance(items, Mapping):
        for at, one in enumerate(value):
            yield from violations(one, items, f"{where}[{at}]")


def _of_text(value: str, schema: JsonObject, where: str) -> Iterator[str]:
    yield from _within(len(value), schema, where, ("minLength", "maxLength"), "characters")
    pattern = schema.get("pattern")
    if isinstance(pattern, str) and not re.search(pattern, value):
        yield f"{where}: does not match the pattern {pattern}"


def _of_number(value: float, schema: JsonObject, where: str) -> Iterator[str]:
    yield from _within(value, schema, where, ("minimum", "maximum"), "")
    low, high = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if isinstance(low, int | float) and value <= low:
        yield f"{where}: must be more than {low}"
    if isinstance(high, int | float) and value >= high:
        yield f"{where}: must be less than {high}"


def _within(amount: float, schema: JsonObject, where: str, keys: tuple[str, str], unit: str) -> Iterator[str]:
    low, high = (schema.get(key) for key in keys)
    if isinstance(low, int | float) and amount < low:
        yield f"{where}: must be at least {low} {unit}".rstrip()
    if isinstance(high, int | float) and amount > high:
        yield f"{where}: must be at most {high} {unit}".rstrip()


def _same(value: object, other: object) -> bool:
    """JSON's equality: `true` is not 1."""
    return value == other and isinstance(value, bool) == isinstance(other, bool)


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()
