"""The one place that reads the clock and draws chance for executions."""

import hashlib
import random
import secrets
import time
from functools import lru_cache
from typing import Final

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_random = random.SystemRandom()


def now() -> int:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1000


def draw() -> float:
    """One random number in [0, 1), for a retry's jitter."""
    return _random.random()


def new_id() -> str:
    """A new execution id: 12 characters, 60 random bits, no prefix shared with its neighbours."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(12))


def derived_id(key: str) -> str:
    """The execution id that belongs to a key; the same each time."""
    digest = hashlib.sha256(key.encode()).digest()
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:12])


def iso(at: int | None) -> str | None:
    """Microseconds since 1970 as ISO 8601 in UTC, e.g. `2026-01-31T12:00:00.000000Z`."""
    if at is None:
        return None
    seconds, micros = divmod(at, 1_000_000)
    return f"{_iso_seconds(seconds)}.{micros:06d}Z"


@lru_cache(maxsize=1024)
def _iso_seconds(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
