"""An action's function, read: its parameters, what it returns."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass
from types import SimpleNamespace, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints, is_typeddict

from treadle_hookspecs import Json, JsonObject

from treadle.plugins._shapes import ANYTHING, LOCAL_NAMES, Shape, object_schema, shape_of

CONTEXT: Final = "context"
"""The parameter through which an action gets its `ActionContext`."""
INPUT_CONTEXT: Final = "context_"
"""The parameter that takes an input called `context`."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One input."""

    name: str
    shape: Shape
    required: bool
    default: object = None


@dataclass(frozen=True, slots=True)
class Signature:
    """The inputs of a function. `rest` is the shape of what `**name` takes, or None."""

    parameters: tuple[Parameter, ...]
    rest: Shape | None
    takes_context: bool


def read_signature(function: Callable[..., object]) -> Signature:
    """The inputs of an action's function.

    Raises:
        TypeError: it has parameters that no step can give, or annotations that cannot be read.
    """
    parameters: list[Parameter] = []
    rest = None
    names = inspect.signature(function).parameters
    for name, one in names.items():
        if one.kind in (one.POSITIONAL_ONLY, one.VAR_POSITIONAL):
            raise TypeError(f"parameter `{name}` cannot be given by name")
        if one.kind is one.VAR_KEYWORD:
            rest = _shape(function, name, one.annotation)
        elif name != CONTEXT:
            required = one.default is one.empty
            called = CONTEXT if name == INPUT_CONTEXT else name
            parameters.append(Parameter(called, _shape(function, name, one.annotation), required, one.default))
    return Signature(tuple(parameters), rest, CONTEXT in names)


def argument(name: str) -> str:
    """The parameter that takes an input."""
    return INPUT_CONTEXT if name == CONTEXT else name


def input_schema(function: Callable[..., object], signature: Signature) -> JsonObject:
    """The JSON Schema of the inputs, descriptions taken from the docstring's `Args:`."""
    described = _documented(function)
    properties = {one.name: _property(one, described.get(one.name, "")) for one in signature.parameters}
    required = {one.name for one in signature.parameters if one.required}
    return object_schema(properties, required, more=signature.rest is not None)


def output_schema(function: Callable[..., object]) -> JsonObject | None:
    """The JSON Schema of the outputs as far as the return annotation tells their names, else None."""
    try:
        from treadle_hookspecs import Outcome

        annotation = _evaluated(function, "return", inspect.signature(function).return_annotation)
        members = [one for one in _members(annotation) if one not in (Outcome, type(None))]
        return shape_of(members[0]).schema if len(members) == 1 and _names_outputs(members[0]) else None
    except TypeError:
        return None


def _members(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)


def _names_outputs(annotation: Any) -> bool:
    return is_typeddict(annotation) or is_dataclass(annotation) or hasattr(annotation, "model_json_schema")


def _shape(function: Callable[..., object], name: str, annotation: Any) -> Shape:
    if annotation is inspect.Parameter.empty:
        return ANYTHING
    return shape_of(_evaluated(function, name, annotation))


def _evaluated(function: Callable[..., object], name: str, annotation: Any) -> Any:
    """One annotation, apart from the others: `ActionContext` is often imported for type checkers only."""
    if annotation is inspect.Parameter.empty:
        return Any
    namespace = getattr(inspect.unwrap(function), "__globals__", {})
    holder = SimpleNamespace(__annotations__={name: annotation})
    try:
        return get_type_hints(holder, namespace, LOCAL_NAMES, include_extras=True)[name]
    except NameError as error:
        raise TypeError(f"annotation of `{name}`: {error}; import it at run time") from error


def _property(parameter: Parameter, description: str) -> JsonObject:
    schema: dict[str, Json] = dict(parameter.shape.schema)
    if not parameter.required and _is_json(parameter.default):
        schema["default"] = parameter.default  # type: ignore[assignment]
    if description:
        schema.setdefault("description", description)
    return schema


def _is_json(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_json(one) for key, one in value.items())
    if isinstance(value, list | tuple):
        return all(_is_json(one) for one in value)
    return value is None or type(value) in (bool, int, float, str)


def _documented(function: Callable[..., object]) -> dict[str, str]:
    """What the `Args:` section of the docstring says of each parameter."""
    _, found, section = (inspect.getdoc(function) or "").partition("\nArgs:\n")
    texts: dict[str, str] = {}
    name = ""
    for line in section.splitlines() if found else ():
        if line and not line.startswith(" "):
            break
        head, colon, text = line.strip().partition(":")
        if colon and line.startswith("    ") and not line.startswith("     ") and head.isidentifier():
            name, texts[head] = head, text.strip()
        elif name and line.strip():
            texts[name] = f"{texts[name]} {line.strip()}"
    return texts
