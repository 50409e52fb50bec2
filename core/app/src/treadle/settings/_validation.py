"""Values of settings, checked and converted by pydantic."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Final, get_type_hints

from pydantic import Field, TypeAdapter, ValidationError
from treadle_hookspecs import TreadleError

from treadle.settings._model import KEYS, Settings
from treadle.settings._sources import Given

_SPELLINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "log_level": {"WARN": "WARNING"},
    "sqlite.synchronous": {},
}
"""Keys whose values are written in capitals, and other spellings of them."""


def validated(given: Mapping[str, Given]) -> dict[str, Any]:
    """The values by key.

    Raises:
        TreadleError: some are wrong; all are named, with where they were given.
    """
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for key, one in given.items():
        try:
            values[key] = _adapter(key).validate_python(_spelled(key, one.value))
        except ValidationError as error:
            problems[key] = _described(error)
    if problems:
        raise TreadleError(
            "; ".join(f"{given[key].origin}: `{key}`: {text}" for key, text in problems.items()),
            context={"keys": list(problems)},
            suggestions=("docs/reference/settings.md lists every setting",),
        )
    return values


def problem_of(key: str, value: object) -> str:
    """What is wrong with a value, or ""."""
    try:
        _adapter(key).validate_python(_spelled(key, value))
    except ValidationError as error:
        return _described(error)
    return ""


@cache
def _adapter(key: str) -> TypeAdapter[Any]:
    section, _, name = key.rpartition(".")
    model = get_type_hints(Settings)[section] if section else Settings
    annotation: Any = Annotated[get_type_hints(model)[name], Field(**KEYS[key].metadata["bounds"])]
    return TypeAdapter(annotation)


def _spelled(key: str, value: object) -> object:
    spellings = _SPELLINGS.get(key)
    if spellings is None or not isinstance(value, str):
        return value
    return spellings.get(value.upper(), value.upper())


def _described(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{first['msg'][0].lower()}{first['msg'][1:]}"
