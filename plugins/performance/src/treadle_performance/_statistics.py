"""A median with an interval that it lies in, whatever the values are distributed like."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from statistics import median
from typing import Final

from treadle_hookspecs import Json

LEVEL: Final = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """The median of a sample, and where the true one lies with at least 95 % confidence."""

    low: float
    median: float
    high: float

    def to_json(self) -> dict[str, Json]:
        """All of it by name."""
        return {"low": self.low, "median": self.median, "high": self.high}


def interval(values: Sequence[float]) -> Interval:
    """Between the k-th smallest and the k-th largest value, by the binomial distribution (the sign test's interval).

    With fewer than six values it is the whole range, and the confidence is lower.
    """
    ordered = sorted(values)
    count = len(ordered)
    beyond = 0.0
    k = 0
    while k < (count - 1) // 2:
        beyond += comb(count, k) / 2**count
        if 1 - 2 * beyond < LEVEL:
            break
        k += 1
    first = max(k - 1, 0)
    return Interval(ordered[first], median(ordered), ordered[-1 - first])
