"""From a type annotation to its JSON Schema and a converter, without pydantic where the type is plain.

A converter takes a value, where it stands (for messages) and a list of problems; it returns the converted value or
adds to the list. Values never appear in problems: an input may hold a secret, and a cut-off one escapes the masking.
"""

import types
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import Enum
from pathlib import Path, PurePath
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    NewType,
    NotRequired,
    Required,
    TypeAlias,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from treadle_hookspecs import Json, JsonObject

from treadle.suggestions import did_you_mean

Convert: TypeAlias = Callable[[Any, str, list[str]], Any]

_ARRAYS: Final = (list, Sequence, Iterable, Collection)
_OBJECTS: Final = (dict, Mapping)
_JSON: Final = None | bool | int | float | str | Sequence[Any] | Mapping[str, Any]
"""`Json` once its forward references are replaced by `LOCAL_NAMES`."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a type accepts (`schema`) and how a value becomes one (`convert`)."""

    schema: JsonObject
    convert: Convert


_Outer: TypeAlias = Mapping[Any, list[Shape]]
"""The types that a type stands in, each with its shape once that is made."""


def shape_of(annotation: Any) -> Shape:
    """The shape of a type.

    Raises:
        TypeError: no JSON value can become one.
    """
    return _shape(annotation, {})


def kind_of(value: object) -> str:
    """What a JSON value is, in a person's words."""
    names = {bool: "a boolean", int: "an integer", float: "a number", str: "a text", type(None): "null"}
    if type(value) in names:
        return names[type(value)]
    if isinstance(value, Mapping):
        return "an object"
    return "an array" if isinstance(value, list | tuple) else f"a {type(value).__name__}"


def _shape(annotation: Any, outer: _Outer) -> Shape:
    return _simple(annotation) or _composed(annotation, outer) or _declared(annotation, outer) or _foreign(annotation)


def _simple(annotation: Any) -> Shape | None:
    if annotation in (Any, object, Json, _JSON):
        return ANYTHING
    try:
        return _PLAIN.get(annotation)
    except TypeError:  # unhashable
        return None


def _composed(annotation: Any, outer: _Outer) -> Shape | None:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in _ARRAYS:
        return _array(_shape(arguments[0], outer))
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return _array(_shape(arguments[0], outer), tuple)
    if origin in _OBJECTS and arguments[0] is str:
        return _object_of(_shape(arguments[1], outer))
    if origin is Literal:
        return _choice({value: value for value in arguments})
    if origin in (Union, types.UnionType):
        return _union([_shape(member, outer) for member in arguments])
    return None


def _declared(annotation: Any, outer: _Outer) -> Shape | None:
    if is_typeddict(annotation) or _is_plain_dataclass(annotation):
        return _of_members(annotation, outer)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return _choice({member.value: member for member in annotation})
    if isinstance(annotation, NewType):
        return _shape(annotation.__supertype__, outer)
    if get_origin(annotation) is Annotated and all(isinstance(note, str) for note in annotation.__metadata__):
        inner = _shape(annotation.__origin__, outer)
        return Shape({**inner.schema, "description": " ".join(annotation.__metadata__)}, inner.convert)
    return None


def _is_plain_dataclass(annotation: Any) -> bool:
    return isinstance(annotation, type) and is_dataclass(annotation) and not hasattr(annotation, "__pydantic_fields__")


# Plain values


def _exactly(accepted: type, words: str) -> Convert:
    def convert(value: Any, where: str, problems: list[str]) -> Any:
        if type(value) is not accepted:
            problems.append(f"{where}: expected {words}, got {kind_of(value)}")
        return value

    return convert


def _integer(value: Any, where: str, problems: list[str]) -> Any:
    if type(value) is int:
        return value
    if type(value) is float and value.is_integer():
        return int(value)
    problems.append(f"{where}: expected an integer, got {kind_of(value)}")
    return value


def _number(value: Any, where: str, problems: list[str]) -> Any:
    if type(value) in (int, float):
        return float(value)
    problems.append(f"{where}: expected a number, got {kind_of(value)}")
    return value


def _path(value: Any, where: str, problems: list[str]) -> Any:
    if isinstance(value, str) and "\0" not in value:
        return Path(value)
    problems.append(f"{where}: expected a path, got {kind_of(value)}")
    return value


def _sequence(value: Any, where: str, problems: list[str]) -> Any:
    if isinstance(value, list | tuple):
        return list(value)
    problems.append(f"{where}: expected an array, got {kind_of(value)}")
    return value


def _mapping(value: Any, where: str, problems: list[str]) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    problems.append(f"{where}: expected an object, got {kind_of(value)}")
    return value


ANYTHING: Final = Shape({}, lambda value, _where, _problems: value)
_ARRAY: Final = Shape({"type": "array"}, _sequence)
_OBJECT: Final = Shape({"type": "object"}, _mapping)
_PATH: Final = Shape({"type": "string", "format": "path"}, _path)
_PLAIN: Final[dict[Any, Shape]] = {
    bool: Shape({"type": "boolean"}, _exactly(bool, "true or false")),
    int: Shape({"type": "integer"}, _integer),
    float: Shape({"type": "number"}, _number),
    str: Shape({"type": "string"}, _exactly(str, "a text")),
    None: Shape({"type": "null"}, _exactly(type(None), "null")),
    type(None): Shape({"type": "null"}, _exactly(type(None), "null")),
    list: _ARRAY,
    Sequence: _ARRAY,
    dict: _OBJECT,
    Mapping: _OBJECT,
    Path: _PATH,
    PurePath: _PATH,
}


# Composed values


def _array(item: Shape, build: Callable[[list[Any]], Any] = list) -> Shape:
    def convert(value: Any, where: str, problems: list[str]) -> Any:
        if not isinstance(value, list | tuple):
            return _sequence(value, where, problems)
        return build([item.convert(one, f"{where}[{at}]", problems) for at, one in enumerate(value)])

    return Shape({"type": "array", "items": item.schema} if item.schema else {"type": "array"}, convert)


def _object_of(item: Shape) -> Shape:
    def convert(value: Any, where: str, problems: list[str]) -> Any:
        if not isinstance(value, Mapping):
            return _mapping(value, where, problems)
        return {key: item.convert(one, f"{where}.{key}", problems) for key, one in value.items()}

    schema: JsonObject = {"type": "object", "additionalProperties": item.schema} if item.schema else {"type": "object"}
    return Shape(schema, convert)


def _choice(choices: Mapping[Any, Any]) -> Shape:
    listed = ", ".join(repr(choice) for choice in choices)

    def convert(value: Any, where: str, problems: list[str]) -> Any:
        for choice, result in choices.items():
            if type(choice) is type(value) and choice == value:
                return result
        hint = did_you_mean(value, [one for one in choices if isinstance(one, str)]) if isinstance(value, str) else ""
        problems.append(f"{where}: expected one of {listed}" + (f"; {hint}" if hint else ""))
        return value

    return Shape({"enum": list(choices)}, convert)


def _union(members: Sequence[Shape]) -> Shape:
    def convert(value: Any, where: str, problems: list[str]) -> Any:
        tried: list[list[str]] = []
        for member in members:
            wrong: list[str] = []
            result = member.convert(value, where, wrong)
            if not wrong:
                return result
            tried.append(wrong)
        problems.append(_of_union(where, value, tried))
        return value

    if all(set(member.schema) == {"type"} for member in members):
        return Shape({"type": [member.schema["type"] for member in members]}, convert)
    return Shape({"anyOf": [member.schema for member in members]}, convert)


def _of_union(where: str, value: object, tried: Sequence[Sequence[str]]) -> str:
    expected = [wrong[0].removeprefix(f"{where}: expected ").partition(", got ")[0] for wrong in tried]
    return f"{where}: expected {' or '.join(expected)}, got {kind_of(value)}"


def _of_members(annotation: Any, outer: _Outer) -> Shape:
    """A TypedDict or dataclass. Where it contains itself it refers to the shape that is being made."""
    if annotation in outer:
        return Shape(
            {"type": "object"}, lambda value, where, problems: outer[annotation][0].convert(value, where, problems)
        )
    made: list[Shape] = []
    inside = {**outer, annotation: made}
    made.append(_typed_dict(annotation, inside) if is_typeddict(annotation) else _data_class(annotation, inside))
    return made[0]


def _typed_dict(annotation: Any, outer: _Outer) -> Shape:
    hints = get_type_hints(annotation, localns=LOCAL_NAMES)
    members = {name: _shape(_unqualified(hint), outer) for name, hint in hints.items()}
    return _members(members, annotation.__required_keys__, dict)


def _unqualified(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) in (Required, NotRequired) else hint


def _data_class(annotation: type[Any], outer: _Outer) -> Shape:
    hints = get_type_hints(annotation, localns=LOCAL_NAMES, include_extras=True)
    taken = [one for one in fields(annotation) if one.init]
    members = {one.name: _shape(hints[one.name], outer) for one in taken}
    required = {one.name for one in taken if one.default is MISSING and one.default_factory is MISSING}
    return _members(members, required, lambda values: annotation(**values))


def _members(members: Mapping[str, Shape], required: Collection[str], build: Callable[[dict[str, Any]], Any]) -> Shape:
    def convert(value: Any, where: str, problems: list[str]) -> Any:
        if not isinstance(value, Mapping):
            return _mapping(value, where, problems)
        before = len(problems)
        problems.extend(f"{where}.{name}: missing" for name in members if name in required and name not in value)
        problems.extend(unknown_names(value, members, f"{where}."))
        taken = {
            name: members[name].convert(one, f"{where}.{name}", problems)
            for name, one in value.items()
            if name in members
        }
        return _built(build, taken, where, problems) if len(problems) == before else value

    return Shape(object_schema({name: one.schema for name, one in members.items()}, required), convert)


def _built(build: Callable[[dict[str, Any]], Any], taken: dict[str, Any], where: str, problems: list[str]) -> Any:
    try:
        return build(taken)
    except (TypeError, ValueError) as error:  # what a dataclass checks itself
        problems.append(f"{where}: {error}")
        return taken


def object_schema(properties: Mapping[str, JsonObject], required: Collection[str], *, more: bool = False) -> JsonObject:
    """A JSON Schema of type object; `more` allows properties that are not listed."""
    schema: dict[str, Json] = {"type": "object", "properties": dict(properties), "additionalProperties": more}
    listed = [name for name in properties if name in required]
    return {**schema, "required": listed} if listed else schema


def unknown_names(given: Iterable[str], known: Collection[str], prefix: str = "") -> list[str]:
    """A problem for each name that is not known, with the one that was meant."""
    hints = {name: did_you_mean(name, known) for name in given if name not in known}
    return [f"{prefix}{name}: unknown" + (f"; {hint}" if hint else "") for name, hint in hints.items()]


# Everything else


def _foreign(annotation: Any) -> Shape:
    """Models, dates, constraints and the like, by pydantic."""
    from pydantic import PydanticUserError, TypeAdapter, ValidationError

    try:
        adapter: TypeAdapter[Any] = TypeAdapter(annotation)
        schema = adapter.json_schema()
    except (PydanticUserError, TypeError, ValueError, NameError) as error:
        raise TypeError(f"{annotation!r} cannot be made from JSON data") from error

    def convert(value: Any, where: str, problems: list[str]) -> Any:
        try:
            return adapter.validate_python(value)
        except ValidationError as error:
            for one in error.errors(include_input=False, include_url=False, include_context=False):
                place = ".".join((where, *(str(part) for part in one["loc"])))
                problems.append(f"{place}: {one['msg'][0].lower()}{one['msg'][1:]}")
            return value

    return Shape(schema, convert)


LOCAL_NAMES: Final[dict[str, Any]] = {"Json": Any, "JsonObject": Mapping[str, Any]}
"""Names that stand as forward references inside the aliases of `treadle_hookspecs`."""
