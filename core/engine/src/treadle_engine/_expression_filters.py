"""The filters, tests and functions of expressions: pure, bounded, over plain data.

Their names and arguments are Jinja's where it has them.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from treadle_hookspecs import Json

from treadle_engine._expression_text import ExpressionError
from treadle_engine._expression_values import (
    MAX_RANGE,
    Budget,
    arithmetic,
    as_text,
    bounded_list,
    bounded_text,
    join_texts,
    kind,
    number,
    plain,
)

Filter: TypeAlias = Callable[..., object]
Test: TypeAlias = Callable[..., bool]

MAX_COMPARISONS: Final = 10_000_000
_HIGHER: Final = frozenset({"map", "select", "reject", "selectattr", "rejectattr"})
"""Filters that apply others; not to be nested by name, so that work stays in proportion to the data."""


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise TypeError(f"needs a text, not {kind(value)}")


def _integer(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise TypeError(f"needs a whole number, not {kind(value)}")


def _items(value: object) -> list[object]:
    """The items of a list, the characters of a text, the keys of an object."""
    if isinstance(value, (Mapping, Sequence)):
        return list(value)
    raise TypeError(f"needs a list, not {kind(value)}")


def _object(value: object) -> Mapping[str, object]:
    if isinstance(value, Mapping):
        return value
    raise TypeError(f"needs an object, not {kind(value)}")


def _length(value: object) -> int:
    if isinstance(value, (Mapping, Sequence)):
        return len(value)
    raise TypeError(f"needs a list, a text or an object, not {kind(value)}")


def _first(value: object) -> object:
    return next(iter(_items(value)), None)


def _last(value: object) -> object:
    return next(reversed(_items(value)), None)


def _replace(value: object, old: str, new: str) -> str:
    text = _text(value)
    found = text.count(_text(old))
    bounded_text(len(text) + found * (len(_text(new)) - len(old)))
    return text.replace(old, new)


def _split(value: object, separator: str | None = None) -> list[str]:
    pieces = _text(value).split(separator)
    bounded_list(len(pieces))
    return pieces


def _lines(value: object) -> list[str]:
    pieces = _text(value).splitlines()
    bounded_list(len(pieces))
    return pieces


def _join(value: object, separator: str = "", attribute: str | None = None) -> str:
    return join_texts(_values(value, attribute), _text(separator))


def _indent(value: object, width: int = 4, first: bool = False) -> str:
    lines = _text(value).split("\n")
    bounded_text(len(_text(value)) + len(lines) * max(_integer(width), 0))
    indented = [" " * width + line if line else line for line in lines]
    return "\n".join(indented if first else [lines[0], *indented[1:]])


def _truncate(value: object, length: int = 255, end: str = "…") -> str:
    text = _text(value)
    return text if len(text) <= _integer(length) else text[: max(length - len(end), 0)] + end


def _attribute(item: object, name: str) -> object:
    """A dotted path within an item; null where it leads nowhere."""
    for key in _text(name).split("."):
        item = item.get(key) if isinstance(item, Mapping) else None
    return item


def _values(value: object, attribute: str | None) -> list[object]:
    return [item if attribute is None else _attribute(item, attribute) for item in _items(value)]


def _rank(item: object) -> tuple[str, object]:
    """A sort key: numbers among numbers, texts among texts."""
    return ("number", item) if isinstance(item, (int, float)) else (kind(item), item)


def _sort(value: object, reverse: bool = False, attribute: str | None = None) -> list[object]:
    pairs = list(zip(_values(value, attribute), _items(value), strict=True))
    pairs.sort(key=lambda pair: _rank(pair[0]), reverse=bool(reverse))
    return [item for _, item in pairs]


def _unique(value: object, attribute: str | None = None) -> list[object]:
    found: dict[str, object] = {}
    for mark, item in zip(_values(value, attribute), _items(value), strict=True):
        found.setdefault(json.dumps(plain(mark), sort_keys=True), item)
    return list(found.values())


def _reverse(value: object) -> object:
    return value[::-1] if isinstance(value, str) else _items(value)[::-1]


def _sum(value: object, attribute: str | None = None, start: float = 0) -> object:
    total: object = start
    for item in _values(value, attribute):
        total = arithmetic("+", total, item)
    return total


def _least(value: object, attribute: str | None = None) -> object:
    return _first(_sort(value, attribute=attribute))


def _greatest(value: object, attribute: str | None = None) -> object:
    return _first(_sort(value, True, attribute))


def _absolute(value: object) -> object:
    if isinstance(value, (int, float)):
        return abs(value)
    raise TypeError(f"needs a number, not {kind(value)}")


def _round(value: object, precision: int = 0) -> object:
    if not isinstance(value, (int, float)):
        raise TypeError(f"needs a number, not {kind(value)}")
    if not -18 <= _integer(precision) <= 18:
        raise ExpressionError("`round` takes at most 18 digits")
    return number(round(value, precision)) if precision else round(value)


def _to_integer(value: object, default: object = None) -> object:
    return _converted(value, default, lambda: number(int(value.strip()) if isinstance(value, str) else int(value)))  # type: ignore[call-overload]


def _to_float(value: object, default: object = None) -> object:
    return _converted(value, default, lambda: number(float(value)))  # type: ignore[arg-type]


def _converted(value: object, default: object, convert: Callable[[], object]) -> object:
    if isinstance(value, str) and len(value) > 400:
        raise ExpressionError("a number of more than 400 characters")
    try:
        return convert()
    except (TypeError, ValueError, OverflowError) as error:
        if default is not None:
            return default
        shown = repr(value) if isinstance(value, str) else kind(value)
        raise ExpressionError(f"{shown} is not a number") from error


def _to_json(value: object, indent: int | None = None) -> str:
    if indent is not None and not 0 <= _integer(indent) <= 8:
        raise ExpressionError("`tojson` indents by 0 to 8")
    text = json.dumps(plain(value), ensure_ascii=False, indent=indent)
    bounded_text(len(text))
    return text


def _from_json(value: object) -> Json:
    bounded_text(len(_text(value)))
    try:
        return plain(json.loads(_text(value)))
    except (ValueError, RecursionError) as error:
        raise ExpressionError(f"no JSON: {error}") from None


def _flatten(value: object) -> list[object]:
    flat: list[object] = []
    for item in _items(value):
        flat.extend(item if isinstance(item, Sequence) and not isinstance(item, str) else [item])
        bounded_list(len(flat))
    return flat


def _pairs(value: object) -> list[list[object]]:
    return [[key, item] for key, item in _object(value).items()]


def _map(value: object, filter_name: str | None = None, *arguments: object, attribute: str | None = None) -> object:
    if attribute is not None:
        return _values(value, attribute)
    if filter_name in _HIGHER:
        raise ExpressionError(f"`map` cannot apply `{filter_name}`")
    chosen, budget, mapped = named_filter(_text(filter_name)), Budget(), list[object]()
    for item in _items(value):
        result = chosen(item, *arguments)
        plain(result, budget)
        mapped.append(result)
    return mapped


def _select(value: object, test: str | None = None, *arguments: object) -> list[object]:
    return _kept(value, None, test, arguments, keep=True)


def _reject(value: object, test: str | None = None, *arguments: object) -> list[object]:
    return _kept(value, None, test, arguments, keep=False)


def _select_attribute(value: object, attribute: str, test: str | None = None, *arguments: object) -> list[object]:
    return _kept(value, attribute, test, arguments, keep=True)


def _reject_attribute(value: object, attribute: str, test: str | None = None, *arguments: object) -> list[object]:
    return _kept(value, attribute, test, arguments, keep=False)


def _kept(
    value: object, attribute: str | None, test: str | None, arguments: Sequence[object], *, keep: bool
) -> list[object]:
    items, holds = _items(value), named_test(test) if test else bool
    for argument in arguments:
        if isinstance(argument, (Mapping, Sequence)) and len(items) * len(argument) > MAX_COMPARISONS:
            raise ExpressionError(f"this needs more than {MAX_COMPARISONS} comparisons")
    marks = _values(items, attribute)
    return [item for item, mark in zip(items, marks, strict=True) if bool(holds(mark, *arguments)) is keep]


def named_filter(name: str) -> Filter:
    """The filter of that name. Raises `ExpressionError`."""
    if name in FILTERS:
        return FILTERS[name]
    raise ExpressionError(f"there is no filter `{name}`")


def named_test(name: str) -> Test:
    """The test of that name, or of a symbol such as `==`. Raises `ExpressionError`."""
    name = TEST_SYMBOLS.get(name, name)
    if name in TESTS:
        return TESTS[name]
    raise ExpressionError(f"there is no test `{name}`")


FILTERS: Final[dict[str, Filter]] = {
    "abs": _absolute,
    "capitalize": lambda value: _text(value).capitalize(),
    "count": _length,
    "first": _first,
    "flatten": _flatten,
    "float": _to_float,
    "fromjson": _from_json,
    "indent": _indent,
    "int": _to_integer,
    "items": _pairs,
    "join": _join,
    "keys": lambda value: list(_object(value)),
    "last": _last,
    "length": _length,
    "lines": _lines,
    "list": _items,
    "lower": lambda value: _text(value).lower(),
    "map": _map,
    "max": _greatest,
    "min": _least,
    "reject": _reject,
    "rejectattr": _reject_attribute,
    "replace": _replace,
    "reverse": _reverse,
    "round": _round,
    "select": _select,
    "selectattr": _select_attribute,
    "sort": _sort,
    "split": _split,
    "string": as_text,
    "sum": _sum,
    "title": lambda value: _text(value).title(),
    "tojson": _to_json,
    "trim": lambda value: _text(value).strip(),
    "truncate": _truncate,
    "unique": _unique,
    "upper": lambda value: _text(value).upper(),
    "values": lambda value: list(_object(value).values()),
}


def _compared(compare: Callable[[float, float], bool]) -> Test:
    def test(value: object, other: object) -> bool:
        return compare(value, other)  # type: ignore[arg-type]  # what cannot be compared raises TypeError

    return test


TEST_SYMBOLS: Final = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "equalto": "eq"}
TESTS: Final[dict[str, Test]] = {
    "boolean": lambda value: isinstance(value, bool),
    "contains": lambda value, other: other in value,
    "divisibleby": lambda value, other: arithmetic("%", value, other) == 0,
    "endswith": lambda value, other: _text(value).endswith(_text(other)),
    "eq": lambda value, other: bool(value == other),
    "even": lambda value: _integer(value) % 2 == 0,
    "false": lambda value: value is False,
    "float": lambda value: isinstance(value, float),
    "ge": _compared(lambda value, other: value >= other),
    "gt": _compared(lambda value, other: value > other),
    "in": lambda value, other: value in other,
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "le": _compared(lambda value, other: value <= other),
    "lt": _compared(lambda value, other: value < other),
    "mapping": lambda value: isinstance(value, Mapping),
    "ne": lambda value, other: bool(value != other),
    "none": lambda value: value is None,
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "odd": lambda value: _integer(value) % 2 == 1,
    "sequence": lambda value: isinstance(value, Sequence) and not isinstance(value, str),
    "startswith": lambda value, other: _text(value).startswith(_text(other)),
    "string": lambda value: isinstance(value, str),
    "true": lambda value: value is True,
}


def _range(*bounds: int) -> list[int]:
    numbers = range(*map(_integer, bounds))
    if len(numbers) > MAX_RANGE:
        raise ExpressionError(f"a range may have at most {MAX_RANGE} numbers")
    return list(numbers)


FUNCTIONS: Final[dict[str, Callable[..., object]]] = {"range": _range}
