"""Which item of a text's list becomes which item of the merged list."""

from collections.abc import Callable, Sequence

from treadle_merging._unite import IDENTITIES
from treadle_merging._values import Value, entries, same


def align(
    intended: Sequence[Value], there: Sequence[Value], identity: Callable[[Value], str] | None = None
) -> list[int | None]:
    """For each intended item the index of the one that stands there and is kept or edited; None for a new one.

    Items that are the same go first; then maps that are one thing by their identity.
    """
    free = dict(enumerate(there))
    found = [_take(free, lambda other, item=item: same(item, other)) for item in intended]  # type: ignore[misc]
    return [
        index if index is not None else _take(free, lambda other, item=item: _is_one(item, other, identity))  # type: ignore[misc]
        for index, item in zip(found, intended, strict=True)
    ]


def called(value: Value, identity: Callable[[Value], str] | None = None) -> str:
    """The part of a key that means this item of a list; "" when nothing tells it apart."""
    if identity:
        return identity(value)
    return next((str(entries(value)[key]) for key in IDENTITIES if key in entries(value)), "")


def _take(free: dict[int, Value], fits: Callable[[Value], bool]) -> int | None:
    index = next((index for index, value in free.items() if fits(value)), None)
    if index is not None:
        del free[index]
    return index


def _is_one(one: Value, other: Value, identity: Callable[[Value], str] | None) -> bool:
    if identity:
        return identity(one) == identity(other) != ""
    return any(key in entries(one) and entries(one)[key] == entries(other).get(key) for key in IDENTITIES)
