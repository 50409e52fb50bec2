"""The timers of one execution, by the clock on the wall."""

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple

from treadle.runtime.clock import now

_LONGEST_SLEEP: Final = 30.0
"""Seconds after which a timer looks at the clock again: it may have been set, or the machine have slept."""
_AWAITED: Final = ("wait:", "until:", "retry:", "loop:")
"""How the ids of timers begin that a process stays for: their steps go on by them. The others only end, or tell."""


class _Timer(NamedTuple):
    due: int
    handle: asyncio.TimerHandle


class Timers:
    """Calls `fire` with a timer's id when its time has come. Times are microseconds since 1970 UTC."""

    def __init__(self, fire: Callable[[str], None]) -> None:
        self._fire = fire
        self._set: dict[str, _Timer] = {}

    def __bool__(self) -> bool:
        return bool(self._set)

    def set(self, timer: str, due: int) -> None:
        """Fire at `due`, at once when that is past; one with the same id is replaced."""
        self.cancel(timer)
        seconds = min(_LONGEST_SLEEP, max(0.0, (due - now()) / 1_000_000))
        handle = asyncio.get_running_loop().call_later(seconds, self._wake, timer, due)
        self._set[timer] = _Timer(due, handle)

    def cancel(self, timer: str) -> None:
        """Forget a timer. Harmless when there is none."""
        found = self._set.pop(timer, None)
        if found is not None:
            found.handle.cancel()

    def clear(self) -> None:
        """Forget all of them."""
        for timer in tuple(self._set):
            self.cancel(timer)

    def any_before(self, until: float) -> bool:
        """Something goes on by itself before that time, or is due by now."""
        present = now()
        return any(timer.due <= (until if name.startswith(_AWAITED) else present) for name, timer in self._set.items())

    def _wake(self, timer: str, due: int) -> None:
        del self._set[timer]
        if due > now():
            self.set(timer, due)
        else:
            self._fire(timer)
