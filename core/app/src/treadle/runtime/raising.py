"""Raising a budget: what a person writes behind `--budget`."""

import re
from collections.abc import Iterable
from typing import Final

from treadle_engine.durations import DurationError, seconds_of
from treadle_hookspecs import TreadleError

RAISE: Final = "budget"
"""Name of the signal that raises a budget; its data: `{by: [texts]}`."""

_AMOUNT: Final = re.compile(r"\+?(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[A-Za-z]+)?")
_COUNTED: Final = {"token": "tokens", "tokens": "tokens", "visit": "visits", "visits": "visits"}


def raised(words: Iterable[object]) -> dict[str, float]:
    """Amounts by kind: `+1h` is time in seconds, `+5usd` money, `+1000tokens`, `+10visits`.

    Raises `TreadleError` for a text that is none of these.
    """
    found: dict[str, float] = {}
    for word in words:
        kind, amount = _amount(str(word))
        found[kind] = found.get(kind, 0) + amount
    return found


def _amount(word: str) -> tuple[str, float]:
    try:
        return "time", seconds_of(word.removeprefix("+"))
    except DurationError:
        pass
    match = _AMOUNT.fullmatch(word)
    unit = (match["unit"] or "").lower() if match else ""
    if match is None or not (unit in _COUNTED or len(unit) == 3):
        raise TreadleError(
            f"`{word}` says no amount by which a budget can be raised",
            suggestions=("write +1h, +5usd, +1000tokens or +10visits",),
        )
    return _COUNTED.get(unit, "money"), float(match["number"])
