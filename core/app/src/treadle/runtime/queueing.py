"""Waiting for places: this process looks now and then whose turn it is, also for those that have no process."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Final

from treadle_hookspecs import ExecutionRow, ExitCode, TreadleError

from treadle.runtime.places import in_line

if TYPE_CHECKING:
    from treadle.runtime.driver import Driver
    from treadle.runtime.environment import Environment

EVERYTHING: Final = "treadle:executions"
"""The group of all executions, when `max_concurrent_workflows` limits it."""

_EVERY: Final = 0.1
"""Seconds between two looks: nobody tells when a process was killed."""
_RESTING: Final = frozenset({"queued", "waiting"})


class Queue:
    """Looks after the line for the executions of one runtime.

    Args:
        environment: of the runtime.
        loop: of the runtime.
        drivers: what it drives, by execution.
        adopt: drives an execution on that nobody drives.
    """

    def __init__(
        self,
        environment: "Environment",
        loop: asyncio.AbstractEventLoop,
        drivers: "Mapping[str, Driver]",
        adopt: Callable[[ExecutionRow], Awaitable[None]],
    ) -> None:
        self._store = environment.store
        self._loop = loop
        self._drivers = drivers
        self._adopt = adopt
        self._warned = environment.warned
        self._queued = environment.queued
        self._tick: asyncio.TimerHandle | None = None
        self._adopted: dict[str, asyncio.Task[None]] = {}
        self._closed = False

    @property
    def busy(self) -> bool:
        """It looks already."""
        return self._tick is not None

    def begin(self) -> None:
        """Look from now on, as long as something waits."""
        if not self._closed:
            self._tick = self._loop.call_later(_EVERY, self._looked)

    def look(self) -> None:
        """Something may have been given up: serve those whose turn it is."""
        for driver in tuple(self._drivers.values()):
            driver.seek_places()
        for row in self._next():
            self._serve(row)

    @property
    def serving(self) -> set[asyncio.Task[None]]:
        """Executions that are driven on because it is their turn."""
        return set(self._adopted.values())

    def close(self) -> None:
        """Look no more."""
        self._closed = True
        if self._tick is not None:
            self._tick.cancel()
            self._tick = None

    def _looked(self) -> None:
        self._tick = None
        if any(driver.execution.places is not None for driver in self._drivers.values()):
            self.look()
            self._tell()
            self.begin()

    def _tell(self) -> None:
        """Say where those stand that wait, as far as that has changed."""
        for driver in tuple(self._drivers.values()):
            places = driver.execution.places
            for text in places.news() if places is not None and places.waiting else ():
                self._queued(driver.execution.id, text)

    def _next(self) -> list[ExecutionRow]:
        """Executions at rest that something was said to, or whose turn it is."""
        waiting = {slot.execution: None for slot in self._store.slots() if slot.execution not in self._drivers}
        rows = (self._store.execution(id_) for id_ in waiting if id_ not in self._adopted)
        return [
            row
            for row in rows
            if row is not None and row.status in _RESTING and not self._store.claimed(row.id) and self._has_cause(row)
        ]

    def _has_cause(self, row: ExecutionRow) -> bool:
        if self._store.inbox((row.id,)):
            return True
        holders = {slot.holder for slot in self._store.slots(execution=row.id) if slot.granted_at is None}
        return any(all(found.free for found in in_line(self._store, row.id, holder)) for holder in holders)

    def _serve(self, row: ExecutionRow) -> None:
        async def serve() -> None:
            try:
                await self._adopt(row)
            except TreadleError as error:
                if error.exit_code is not ExitCode.CONFLICT:  # else somebody was quicker
                    self._warned(f"execution {row.id}, whose turn came in the queue, could not go on: {error}")
            finally:
                self._adopted.pop(row.id, None)

        self._adopted[row.id] = self._loop.create_task(serve())


async def regained(driver: "Driver") -> None:
    """Wait until an execution has the places again that another took while nobody drove it.

    Raises `TreadleError` (exit code 7) when that takes longer than this process waits.
    """
    execution = driver.execution
    places = execution.places
    if places is None:
        return
    lost = places.lost(execution.state.slots)
    loop = asyncio.get_running_loop()
    until = loop.time() + places.patience
    while lost and not driver.stopping:
        lost = [holder for holder in lost if not places.regain(holder)]
        if lost and loop.time() >= until:
            execution.claim.release()
            raise TreadleError(
                f"execution {execution.id} has lost its place to another while nobody drove it: {places.line(lost[0])}",
                exit_code=ExitCode.WAITING,
                suggestions=("treadle slots", f"treadle resume {execution.id}"),
            )
        if lost:
            await asyncio.sleep(_EVERY)
