"""Durations as people write them: seconds, or `500ms`, `30s`, `5m`, `1h30m`, `3d`."""

import re
from typing import Final

MAX_SECONDS: Final = 31 * 86_400
DURATION: Final = r"^(?=.)(?:\d{1,4}d)?(?:\d{1,5}h)?(?:\d{1,6}m)?(?:\d{1,8}(?:\.\d{1,6})?s)?(?:\d{1,9}ms)?$"
_FACTORS: Final = {"d": 86_400, "h": 3_600, "m": 60, "s": 1, "ms": 0.001}


class DurationError(ValueError):
    """A value is no duration, or one that is too long; `too_long` says which."""

    def __init__(self, message: str, *, too_long: bool = False) -> None:
        super().__init__(message)
        self.too_long = too_long


def seconds_of(value: object) -> float:
    """A duration in seconds. Raises `DurationError`."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise DurationError("must be a duration: seconds as a number, or a text such as 30s, 5m, 1h30m, 3d")
    amount = _spelled(value) if isinstance(value, str) else float(value)
    if not 0 <= amount <= MAX_SECONDS:
        raise DurationError("must lie between 0 and 31 days", too_long=True)
    return amount


def _spelled(text: str) -> float:
    if not re.fullmatch(DURATION, text):
        raise DurationError("is not a duration: write 30s, 5m, 1h30m or 3d, or seconds as a number")
    return sum(float(number) * _FACTORS[unit] for number, unit in re.findall(r"([\d.]+)(ms|[dhms])", text))
