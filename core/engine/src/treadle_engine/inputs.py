"""What a workflow is given, against what it declares: defaults, types, choices."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from treadle_hookspecs import Json

from treadle_engine.plan import InputSpec

_BOOLEANS: Final = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}


class UnfitError(ValueError):
    """A value that is not of its input's type."""


def fitted(
    specs: Iterable[InputSpec], given: Mapping[str, Json], *, secrets: bool = False
) -> tuple[dict[str, Json], dict[str, str]]:
    """The values of all declared inputs, and what is wrong by name: unknown, missing and unfit ones.

    A text given for an input of another type is read as that type: `3`, `true`, `[1, 2]`; for a list a text without
    brackets is its only item. With `secrets` a secret, `{"$secret": NAME}`, fits every type.
    """
    known = {spec.name: spec for spec in specs}
    problems = {name: "there is no such input" for name in given if name not in known}
    hidden = {name: given[name] for name in known if secrets and _is_secret(given.get(name))}
    shown = {name: value for name, value in given.items() if name not in hidden}
    values = {name: _value(spec, shown, problems) for name, spec in known.items() if name not in hidden}
    return {name: hidden.get(name, values.get(name)) for name in known}, problems


def is_type(value: Any, name: str) -> bool:
    """A JSON value is of a JSON Schema type; `any` takes everything."""
    if name == "boolean" or isinstance(value, bool):
        return name == "any" or (isinstance(value, bool) and name == "boolean")
    if name in ("integer", "number"):
        return isinstance(value, int) or (isinstance(value, float) and (name == "number" or value.is_integer()))
    checks: dict[str, type | tuple[type, ...]] = {"string": str, "array": (list, tuple), "object": Mapping}
    return (value is None) if name == "null" else name not in checks or isinstance(value, checks[name])


def kind_of(value: object) -> str:
    """What a value is, in the words of the language."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "a text"
    return "an object" if isinstance(value, Mapping) else "a list"


def _is_secret(value: Json) -> bool:
    return isinstance(value, Mapping) and value.keys() == {"$secret"}


def _value(spec: InputSpec, given: Mapping[str, Json], problems: dict[str, str]) -> Json:
    if spec.name not in given or (given[spec.name] is None and not spec.required):
        if spec.required and spec.name not in given:
            problems[spec.name] = "it is required"
        return spec.default
    try:
        return _fitting(spec, given[spec.name])
    except UnfitError as error:
        problems[spec.name] = str(error)
        return None


def _fitting(spec: InputSpec, value: Json) -> Json:
    if isinstance(value, str) and spec.type not in ("string", "any"):
        value = _read(spec, value)
    elif isinstance(value, (list, tuple)) and spec.type == "array":
        value = list(value)
    if not is_type(value, spec.type):
        raise UnfitError(f"must be of type {spec.type}, not {kind_of(value)}")
    if spec.enum and value not in spec.enum:
        shown = "it" if spec.sensitive else repr(value)
        raise UnfitError(f"{shown} is none of {', '.join(map(str, spec.enum))}{_meant(value, spec)}")
    return int(value) if spec.type == "integer" and isinstance(value, float) else value


def _meant(value: Json, spec: InputSpec) -> str:
    from difflib import get_close_matches

    close = get_close_matches(str(value), list(map(str, spec.enum)), n=1, cutoff=0.6)
    return f"; did you mean `{close[0]}`?" if close else ""


def _read(spec: InputSpec, text: str) -> Any:
    shown = "the text" if spec.sensitive else repr(text)
    if spec.type == "boolean":
        if text.strip().lower() in _BOOLEANS:
            return _BOOLEANS[text.strip().lower()]
        raise UnfitError(f"must be true or false, not {shown}")
    if spec.type == "array" and not text.lstrip().startswith("["):
        return [text]
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        article = "an" if spec.type[0] in "aeiou" else "a"
        raise UnfitError(f"{shown} cannot be read as {article} {spec.type}") from None


def _no_constant(word: str) -> None:
    raise ValueError(word)
