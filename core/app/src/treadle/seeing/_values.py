"""What an expression saw: the values of its names."""

from collections.abc import Iterable, Mapping
from typing import Final

from treadle_engine.expression_errors import ExpressionError
from treadle_engine.expressions import CompiledValue
from treadle_hookspecs import Json

_DEPTH: Final = 6


def values_of(names: Iterable[tuple[str, ...]], context: Mapping[str, object]) -> dict[str, Json]:
    """The value of each path, by its text; of one that leads nowhere, that of its longest part that does."""
    found: dict[str, Json] = {}
    for path in sorted(names):
        known, value = _followed(path, context)
        found[".".join(known) or path[0]] = _plain(value)
    return found


def judged(code: CompiledValue, context: Mapping[str, object]) -> tuple[bool | None, str]:
    """Whether a condition holds, or None with the message of why it cannot be evaluated."""
    try:
        return bool(code.evaluate(context)), ""
    except ExpressionError as error:
        return None, error.message


def _followed(path: tuple[str, ...], context: Mapping[str, object]) -> tuple[tuple[str, ...], object]:
    value: object = context
    for depth, name in enumerate(path):
        if not isinstance(value, Mapping) or name not in value:
            return path[:depth], value if depth else None
        value = value[name]
    return path, value


def _plain(value: object, depth: int = 0) -> Json:
    """A copy as JSON data."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if depth > _DEPTH:
        return "…"
    if isinstance(value, Mapping):
        return {str(key): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, Iterable):
        return [_plain(item, depth + 1) for item in value]
    return str(value)
