"""Values of documents: what counts as the same, and how they are shown."""

from collections.abc import Mapping
from typing import Final, TypeAlias

from treadle_hookspecs import Json

Value: TypeAlias = object
"""A text, number, truth value, None, date, list or mapping with text keys; what else a format has is compared by ==."""


class _Missing:
    __slots__ = ()


MISSING: Final = _Missing()
"""There is nothing at this place."""


def same(one: Value, other: Value) -> bool:
    """Equal in type and content, all the way down. The order of keys does not count; 1, 1.0 and True differ."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and (one == other or (one != one and other != other))


def missing(items: list[Value], among: list[Value]) -> list[Value]:
    """Those items that are not among the others, each once, in their order."""
    new: list[Value] = []
    for item in items:
        if not any(same(item, other) for other in (*among, *new)):
            new.append(item)
    return new


def shown(value: Value) -> Json:
    """A value as the conflict table holds it: JSON, whatever the format."""
    if isinstance(value, Mapping):
        return {str(key): shown(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [shown(item) for item in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def items(value: Value) -> list[Value]:
    """The items of a list; none of anything else."""
    return list(value) if isinstance(value, list) else []


def entries(value: Value) -> Mapping[str, Value]:
    """The entries of a mapping; none of anything else."""
    return value if isinstance(value, Mapping) else {}
