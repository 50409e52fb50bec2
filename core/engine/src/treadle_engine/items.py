"""What a `for_each` or a `matrix` runs for: the list of its items, from its evaluated inputs."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, Final

from treadle_hookspecs import Json

MAX_ITEMS: Final = 10_000


class ItemsError(ValueError):
    """The inputs give no list of items."""


def items_of(kind: str, inputs: Mapping[str, Any]) -> list[Json]:
    """The items in their order. Raises `ItemsError`."""
    found = _combinations(inputs) if kind == "matrix" else _listed("for_each", inputs["items"])
    if len(found) > MAX_ITEMS:
        raise ItemsError(f"{kind} gives {len(found)} items; at most {MAX_ITEMS} are run")
    return found


def _combinations(inputs: Mapping[str, Any]) -> list[Json]:
    """Every combination, the last name changing fastest, less those that an entry of `exclude` matches."""
    axes = {name: _listed(f"matrix.{name}", values) for name, values in inputs["matrix"].items()}
    size = 1
    for values in axes.values():
        size *= len(values)
    if size > MAX_ITEMS:
        raise ItemsError(f"matrix gives {size} combinations; at most {MAX_ITEMS} are run")
    found: list[Any] = [dict(zip(axes, values, strict=True)) for values in product(*axes.values())] if axes else []
    excluded = _objects("exclude", inputs.get("exclude", ()))
    kept = [item for item in found if not any(_matches(item, entry) for entry in excluded)]
    return kept + [dict(entry) for entry in _objects("include", inputs.get("include", ()))]


def _matches(item: Mapping[str, Any], entry: Mapping[str, Any]) -> bool:
    return all(name in item and item[name] == value for name, value in entry.items())


def _objects(key: str, value: Any) -> list[Mapping[str, Any]]:
    entries = _listed(key, value)
    if not all(isinstance(entry, Mapping) for entry in entries):
        raise ItemsError(f"{key} must be a list of objects")
    return entries  # type: ignore[return-value]


def _listed(key: str, value: Any) -> list[Json]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ItemsError(f"{key} must be a list, not {_WORDS.get(type(value), 'an object')}")
    return list(value)


_WORDS: Final = {str: "a text", int: "a number", float: "a number", bool: "true or false", type(None): "null"}
