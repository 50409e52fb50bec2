"""The worker: drives whatever is due, until it is told to stop or nothing is left."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from treadle_hookspecs import ExecutionQuery, ExecutionRow, ExitCode, TreadleError

from treadle.binding import host_of
from treadle.runtime.again import wake
from treadle.runtime.clock import now
from treadle.status import Status

if TYPE_CHECKING:
    from treadle.api import Treadle

_PATIENCE: Final = 2.0
"""Seconds that a worker stays with an execution for a timer; later ones it finds in the store."""
_LONGEST_LOOK: Final = 1.0
"""Seconds after which a worker looks at the store again, whatever happened."""
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 60.0
"""Seconds until an execution is tried again that is due still, having been driven."""
_PRUNE_EVERY: Final = 3600.0
"""Seconds between two times that a worker deletes what is kept long enough (setting `retention_days`)."""
_CUT_OFF: Final = ("running", "cancelling", "rolling_back")
"""What the log says of an execution whose process is gone."""


@contextmanager
def until_told() -> Iterator[Callable[[], bool]]:
    """While inside: whether SIGINT or SIGTERM came. The second one kills what runs, and this process.

    For the main thread.
    """
    told: list[int] = []

    def hear(number: int, _: object) -> None:
        if told:
            from treadle.runtime.processes import kill_all

            kill_all()
            os._exit(128 + number)
        told.append(number)

    numbers = [number for name in ("SIGINT", "SIGTERM") if (number := getattr(signal, name, None)) is not None]
    before = {number: signal.signal(number, hear) for number in numbers}
    try:
        yield lambda: bool(told)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Worker:
    """One process's share of the work.

    Args:
        treadle: of this process's project; other projects' executions are driven with their own settings.
        at_once: executions at a time.
        told: called with each execution that has come to rest or ended.
        all_roots: also those of other projects.
    """

    def __init__(
        self, treadle: "Treadle", at_once: int, told: Callable[[Status], None], *, all_roots: bool = True
    ) -> None:
        self._treadle = treadle
        self._at_once = at_once
        self._told = told
        self._all_roots = all_roots
        self._active: dict[str, asyncio.Task[None]] = {}
        self._pauses: dict[str, tuple[float, float]] = {}
        self._elsewhere: set[str] = set()
        self._others: dict[str, Treadle] = {}
        self._driven: list[Status] = []
        self._draining = asyncio.Event()
        self._next_pruning = 0.0

    async def work(self, *, once: bool = False) -> Sequence[Status]:
        """Drive what is due; every execution that came to rest, in the order in which it did."""
        self._treadle.rest_when(patience=_PATIENCE)
        stop_listening = self._obey_signals()
        try:
            while not self._draining.is_set():
                self._prune_now_and_then()
                started = self._take_up()
                if once and not started and not self._active:
                    break
                await self._pause(once=once)
            if self._active:
                await asyncio.wait(self._active.values())
        finally:
            stop_listening()
            for other in self._others.values():
                other.close()
        return tuple(self._driven)

    def _prune_now_and_then(self) -> None:
        days, clock = self._treadle.settings.retention_days, asyncio.get_running_loop().time()
        if days and clock >= self._next_pruning:
            self._next_pruning = clock + _PRUNE_EVERY
            self._treadle.prune(now() - days * 86_400_000_000)

    def _obey_signals(self) -> Callable[[], None]:
        """The first signal lets what runs come to rest, the second one ends it there."""
        loop = asyncio.get_running_loop()
        numbers = [number for name in ("SIGINT", "SIGTERM") if (number := getattr(signal, name, None)) is not None]
        try:
            for number in numbers:
                loop.add_signal_handler(number, self._stop)
        except (NotImplementedError, RuntimeError, ValueError):  # Windows, or not in the main thread
            return lambda: None

        def stop_listening() -> None:
            for number in numbers:
                loop.remove_signal_handler(number)

        return stop_listening

    def _stop(self) -> None:
        if self._draining.is_set():
            for facade in (self._treadle, *self._others.values()):
                facade.stop_all("worker")
        self._draining.set()

    def _take_up(self) -> int:
        """Begin to drive what is due and nobody drives; how many."""
        started = 0
        for row in self._due():
            if len(self._active) >= self._at_once:
                break
            self._active[row.id] = asyncio.get_running_loop().create_task(self._drive(row))
            started += 1
        return started

    def _due(self) -> Iterable[ExecutionRow]:
        store = self._treadle.store
        cut_off = store.executions(ExecutionQuery(statuses=_CUT_OFF)) if self._treadle.settings.recovery else ()
        for id_ in dict.fromkeys((*store.due(now()), *(row.id for row in reversed(cut_off)))):
            row = store.execution(id_) if id_ not in self._active and not self._is_paused(id_) else None
            wanted = row is not None and (self._all_roots or row.root == str(self._treadle.root))
            if row is not None and wanted and not self._treadle.driven(id_) and not self._is_elsewhere(row):
                yield row

    def _is_elsewhere(self, row: ExecutionRow) -> bool:
        """Its files are on another machine; that is said once."""
        if row.id in self._elsewhere:
            return True
        host = host_of(self._treadle.store, row, self._treadle.settings.host_name)
        if host:
            self._elsewhere.add(row.id)
            self._treadle.warn(f"execution {row.id} is left to a worker on {host}: its files are there")
        return bool(host)

    def _is_paused(self, id_: str) -> bool:
        """It was driven a moment ago, and is due still."""
        return self._pauses.get(id_, (0.0, 0.0))[0] > asyncio.get_running_loop().time()

    async def _drive(self, row: ExecutionRow) -> None:
        try:
            status = await self._facade(row).drive_on(row, wake)
        except TreadleError as error:
            if error.exit_code not in (ExitCode.CONFLICT, ExitCode.WAITING):  # another was quicker, or has its place
                self._treadle.warn(f"execution {row.id} could not be driven: {error}")
        else:
            self._driven.append(status)
            self._told(status)
        finally:
            del self._active[row.id]
            self._look_after(row.id)

    def _look_after(self, id_: str) -> None:
        """What is due still is left alone for a while, longer each time."""
        last = self._pauses.pop(id_, (0.0, _FIRST_PAUSE / 2))[1]
        if id_ in self._treadle.store.due(now()):
            pause = min(2 * last, _LONGEST_PAUSE)
            self._pauses[id_] = (asyncio.get_running_loop().time() + pause, pause)

    def _facade(self, row: ExecutionRow) -> "Treadle":
        """Whose settings an execution is driven with: those of its own project."""
        treadle = self._treadle
        if row.root == str(treadle.root):
            return treadle
        if row.root not in self._others:
            self._others[row.root] = treadle.beside(Path(row.root))
        return self._others[row.root]

    async def _pause(self, *, once: bool) -> None:
        """Until something has been written, a time has come, what runs has ended, or it is to stop."""
        told = asyncio.ensure_future(self._draining.wait())
        written = asyncio.ensure_future(asyncio.to_thread(self._treadle.store.watch, self._longest_look()))
        running = list(self._active.values()) if once else []
        await asyncio.wait([told, written, *running], return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        await asyncio.wait([told, written])

    def _longest_look(self) -> float:
        due = self._treadle.store.next_due(now())
        return _LONGEST_LOOK if due is None else max(0.01, min(_LONGEST_LOOK, (due - now()) / 1_000_000))
