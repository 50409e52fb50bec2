"""What was made of an object, for as long as that is one of those that were used last."""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

Source = TypeVar("Source")
Made = TypeVar("Made")

_KEPT: Final = 16


class LastUsed(Generic[Source, Made]):
    """A function that answers again what it answered for the same object; equal ones are others.

    Args:
        make: what is called for an object that is new; its answer must not change, nor the object.
    """

    def __init__(self, make: Callable[[Source], Made]) -> None:
        self._make = make
        self._known: dict[int, tuple[Source, Made]] = {}

    def __call__(self, source: Source) -> Made:
        """What was made of this very object."""
        known = self._known.pop(id(source), None)
        if known is None or known[0] is not source:
            known = (source, self._make(source))
        self._known[id(source)] = known
        if len(self._known) > _KEPT:
            del self._known[next(iter(self._known))]
        return known[1]
