"""What a strategy for one key means: which side it picks."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from treadle_merging._values import MISSING, Value

UNITE: Final = frozenset({"merge", "combine", "union", "union-lines", "three-way"})
"""Strategies that say what is done anyway: unite what can be united."""
UNDECIDED: Final = frozenset({"ask", "fail"})


@dataclass(frozen=True, slots=True)
class Side:
    """What one contributor says at one place: its template's id, and the value it has there."""

    id: str
    value: Value


def choose(strategy: str, sides: Sequence[Side], offers: Mapping[str, Value]) -> Value:
    """The value that a strategy picks, or MISSING when it picks none of these.

    `first`, `last`, `template:ID` or the bare ID; `value:JSON`; or an offer by its name.
    """
    if strategy in {"first", "last"}:
        return sides[0 if strategy == "first" else -1].value
    if strategy in offers:
        return offers[strategy]
    if strategy.startswith("value:"):
        return _literal(strategy.removeprefix("value:"))
    wanted = strategy.removeprefix("template:")
    return next((side.value for side in sides if side.id == wanted), MISSING)


def _literal(text: str) -> Value:
    """JSON, or else the text itself, so that `value:MIT` needs no quotes."""
    try:
        value: Value = json.loads(text)
    except ValueError:
        return text
    return value
