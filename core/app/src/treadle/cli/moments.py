"""Times and durations as people and scripts read them. Times are microseconds since 1970 UTC."""

import time
from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE: Final = 60
_HOUR: Final = 3600


def now() -> int:
    """The present moment."""
    return time.time_ns() // 1000


def iso(at: int | None) -> str | None:
    """ISO 8601 in UTC, `2026-05-01T12:00:00.123456Z`; None stays None."""
    if at is None:
        return None
    return (_EPOCH + timedelta(microseconds=at)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def local(at: int | None) -> str:
    """The local time to the second; "" for None."""
    return "" if at is None else (_EPOCH + timedelta(microseconds=at)).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def from_iso(text: object) -> int | None:
    """The moment of an ISO text; None for anything else."""
    if not isinstance(text, str):
        return None
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(microseconds=1)


def duration(start: int | None, end: int | None) -> str:
    """`0.3s`, `12s`, `1m05s`, `2h03m`; "" when one end is unknown."""
    if start is None or end is None:
        return ""
    seconds = max(0.0, (end - start) / 1_000_000)
    if seconds < 10:
        return f"{seconds:.1f}s"
    if seconds < _MINUTE:
        return f"{seconds:.0f}s"
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)}m{int(seconds % _MINUTE):02}s"
    return f"{int(seconds // _HOUR)}h{int(seconds % _HOUR // _MINUTE):02}m"
