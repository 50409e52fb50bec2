"""Frozen dataclasses to JSON data and back, led by their annotations. Strict: nothing is guessed."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Literal, TypeAlias, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from treadle_hookspecs import Json

Read: TypeAlias = Callable[[Json, str], Any]
Record = TypeVar("Record")


class PlanFormatError(ValueError):
    """Stored data is not what this version writes. `where` is a path such as `plan.root.steps[2].join`."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where = where


def to_json(record: Any, keep: tuple[str, ...] = ()) -> dict[str, Json]:
    """A dataclass as a JSON object; fields that have their default are left out, but those in `keep`."""
    written = {}
    values, defaults = _defaults(cast("Hashable", type(record)))
    for (name, default), value in zip(defaults, values(record), strict=True):
        if name in keep or (value is not default and value != default):
            written[name] = _written(value)
    return written


def from_json(cls: type[Record], data: Json, where: str) -> Record:
    """The dataclass that `to_json` wrote. Raises `PlanFormatError`.

    Places are put together only for data that turned out to be wrong: a plan of thousands of steps is read at each
    recovery.
    """
    read = _record(cast("Hashable", cls))
    try:
        return cast("Record", read(data, ""))
    except PlanFormatError:
        return cast("Record", read(data, where))


@cache
def _defaults(cls: type) -> tuple[Callable[[object], tuple[object, ...]], tuple[tuple[str, object], ...]]:
    """What takes all fields' values from a record of the class, and their names with their defaults."""
    names = tuple(found.name for found in fields(cls))
    values = attrgetter(*names) if len(names) > 1 else lambda record: (getattr(record, names[0]),)
    return values, tuple((found.name, _default(found)) for found in fields(cls))


def _default(found: "Field[Any]") -> object:
    return found.default if found.default_factory is MISSING else found.default_factory()


def _written(value: Any) -> Json:
    if is_dataclass(value):
        return to_json(value)
    if isinstance(value, tuple):
        return [_written(item) for item in value]
    return cast("Json", value)


@cache
def _record(cls: type) -> Read:
    readers = {name: _reader(hint) for name, hint in get_type_hints(cls).items()}
    required = {found.name for found in fields(cls) if _default(found) is MISSING}

    def read(data: Json, where: str) -> Any:
        if not isinstance(data, Mapping):
            raise PlanFormatError(where, f"an object was expected, not {type(data).__name__}")
        if not data.keys() <= readers.keys():
            raise PlanFormatError(f"{where}.{min(data.keys() - readers.keys())}", "this field is not known")
        if not required <= data.keys():
            raise PlanFormatError(f"{where}.{min(required - data.keys())}", "this field is missing")
        if not where:
            return cls(**{name: readers[name](value, "") for name, value in data.items()})
        return cls(**{name: readers[name](value, f"{where}.{name}") for name, value in data.items()})

    return read


def _reader(hint: Any) -> Read:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in {Union, UnionType}:
        kinds = [argument for argument in arguments if argument is not NoneType]
        return _optional(kinds[0]) if len(kinds) == 1 else _plain(object)  # the other unions are Json: anything
    if origin is Literal:
        return _literal(arguments)
    if origin is tuple:
        return _many(arguments[0]) if arguments[-1] is Ellipsis else _several(arguments)
    if origin is Mapping:
        return _plain(Mapping)
    if is_dataclass(hint):
        return lambda data, where: _record(cast("type", hint))(data, where)
    return _plain({float: (int, float)}.get(hint, hint))


def _optional(hint: Any) -> Read:
    read = _reader(hint)
    return lambda data, where: None if data is None else read(data, where)


def _literal(choices: tuple[Any, ...]) -> Read:
    def read(data: Json, where: str) -> Json:
        if data not in choices:
            raise PlanFormatError(where, f"{data!r} is none of {', '.join(map(str, choices))}")
        return data

    return read


def _many(hint: Any) -> Read:
    read = _reader(hint)

    def read_all(data: Json, where: str) -> tuple[Any, ...]:
        items = _sequence(data, where)
        if not where:
            return tuple([read(item, "") for item in items])
        return tuple(read(item, f"{where}[{number}]") for number, item in enumerate(items))

    return read_all


def _several(hints: tuple[Any, ...]) -> Read:
    readers = [_reader(hint) for hint in hints]

    def read_all(data: Json, where: str) -> tuple[Any, ...]:
        items = _sequence(data, where)
        if len(items) != len(readers):
            raise PlanFormatError(where, f"{len(readers)} items were expected, not {len(items)}")
        return tuple(read(item, f"{where}[{n}]") for n, (read, item) in enumerate(zip(readers, items, strict=True)))

    return read_all


def _plain(kinds: Any) -> Read:
    def read(data: Json, where: str) -> Any:
        if not isinstance(data, kinds) or (isinstance(data, bool) and kinds not in {bool, object}):
            raise PlanFormatError(where, f"{type(data).__name__} is the wrong type")
        return data

    return read


def _sequence(data: Json, where: str) -> Sequence[Json]:
    if isinstance(data, list | tuple):
        return data
    raise PlanFormatError(where, f"a list was expected, not {type(data).__name__}")
