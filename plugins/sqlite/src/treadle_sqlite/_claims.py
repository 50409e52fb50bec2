"""Claims: the right to drive an execution, held as a lock on a file, so that it vanishes with its process."""

import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from treadle_sqlite._errors import storage_error
from treadle_sqlite._location import Location
from treadle_sqlite._lock import Lock, PlatformLock, take

_PROBE_WAIT: Final = 0.005
"""Seconds to try again: somebody who clears away what a killed process has left holds the lock for a moment."""


class FileClaim:
    """A claim that is held; `StoreBackend.claim` gives it."""

    def __init__(self, execution: str, epoch: int, lock: Lock, on_release: Callable[["FileClaim"], None]) -> None:
        self._execution = execution
        self._epoch = epoch
        self._lock: Lock | None = lock
        self._on_release = on_release

    @property
    def execution(self) -> str:
        """The execution's id."""
        return self._execution

    @property
    def epoch(self) -> int:
        """Larger than every earlier claim's."""
        return self._epoch

    def release(self) -> None:
        """Give it back. Harmless when it is gone already."""
        lock, self._lock = self._lock, None
        if lock is not None:
            self._on_release(self)
            lock.release()


class Claims:
    """The claims beside one database."""

    def __init__(self, location: Location, raise_epoch: Callable[[str], int], forget: Callable[[str], None]) -> None:
        self._location = location
        self._raise_epoch = raise_epoch
        self._forget = forget
        self._held: set[FileClaim] = set()

    def claim(self, execution: str) -> FileClaim | None:
        """Claim an execution, or None while it is claimed."""
        lock = self._take(execution)
        if lock is None:
            return None
        try:
            claim = FileClaim(execution, self._raise_epoch(execution), lock, self._released)
        except BaseException:
            lock.release()
            raise
        self._held.add(claim)
        return claim

    def claimed(self, execution: str) -> bool:
        """True while some process holds the claim."""
        try:
            return PlatformLock.held(self._file(execution))
        except OSError as error:
            raise storage_error(self._location, "look for a claim in", error) from error

    def sweep(self) -> None:
        """Clear away what processes that were killed have left."""
        with suppress(OSError):
            for file in self._location.claims.iterdir():
                if lock := take(file):
                    lock.release()

    def release_all(self) -> None:
        """Give back everything that is held here."""
        for claim in tuple(self._held):
            claim.release()

    def _released(self, claim: FileClaim) -> None:
        self._held.discard(claim)
        self._forget(claim.execution)

    def _take(self, execution: str) -> Lock | None:
        try:
            return take(self._file(execution), _PROBE_WAIT)
        except OSError as error:
            raise storage_error(self._location, "claim an execution in", error) from error

    def _file(self, execution: str) -> Path:
        # An id may hold what a file name cannot, and differ from another one only in case.
        return self._location.claims / hashlib.sha256(execution.encode()).hexdigest()[:32]


def first_epoch() -> int:
    """For an execution that has no log yet: the clock, so that it exceeds an earlier claim that wrote nothing."""
    return time.time_ns() // 1000
