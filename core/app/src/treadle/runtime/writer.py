"""Group commit without a timer: what came up during one commit rides the next.

A chain of steps has nothing else in flight: its commit is made in the loop's own thread, which costs no hand-over.
As soon as something else runs that could make use of the loop, the commit goes to the writer's thread.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from treadle_engine.events import KINDS
from treadle_hookspecs import Append, StoreBackend

from treadle.crash import armed, crash_point, declare

Durable = Callable[[BaseException | None], None]
"""Called in the loop once an append is durable, or with the error that refused it."""

_BEFORE: Final = {
    kind: declare(f"append.before.{kind}", f"a {kind} event is decided, not yet written") for kind in KINDS
}
_AFTER: Final = {
    kind: declare(f"append.after.{kind}", f"a {kind} event is durable, not yet acted upon") for kind in KINDS
}


class Writer:
    """The one writer of a store in this process.

    Args:
        store: an open store.
        alone: True when one execution is driven and none of its attempts runs: nothing could join its commit.
        others_running: True when something is in flight that a commit in the loop's thread would hold up.
    """

    def __init__(self, store: StoreBackend, alone: Callable[[], bool], others_running: Callable[[], bool]) -> None:
        self._store = store
        self._alone = alone
        self._others_running = others_running
        self._sources: dict[str, Callable[[], tuple[Append, Durable] | None]] = {}
        self._thread: ThreadPoolExecutor | None = None
        self._committing = False
        self._scheduled = False
        self.commits = 0

    def request(self, execution: str, source: Callable[[], tuple[Append, Durable] | None]) -> None:
        """Ask for a commit of what `source` gives when its turn comes; once per execution and commit."""
        self._sources[execution] = source
        if self._committing or self._scheduled:
            return
        if self._alone():
            self._commit()
        else:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._commit)

    def close(self) -> None:
        """Let go of the thread. Nothing may be in flight."""
        if self._thread is not None:
            self._thread.shutdown()
            self._thread = None

    def _commit(self) -> None:
        self._scheduled = False
        sources, self._sources = self._sources, {}
        taken = [pair for source in sources.values() if (pair := source()) is not None]
        if not taken:
            return
        batch = [append for append, _ in taken]
        self.commits += 1
        if self._others_running():
            self._commit_in_thread(batch, [durable for _, durable in taken])
        else:
            for (_, durable), error in zip(taken, self._append_all(batch), strict=True):
                durable(error)

    def _commit_in_thread(self, batch: list[Append], durables: list[Durable]) -> None:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="treadle-writer")
        self._committing = True
        future = asyncio.get_running_loop().run_in_executor(self._thread, self._append_all, batch)
        future.add_done_callback(lambda done: self._committed(done.result(), durables))

    def _committed(self, errors: list[BaseException | None], durables: list[Durable]) -> None:
        self._committing = False
        for durable, error in zip(durables, errors, strict=True):
            durable(error)
        if self._sources and not self._scheduled:
            self._commit()

    def _append_all(self, batch: list[Append]) -> list[BaseException | None]:
        """One error or None for each. A batch that was refused is tried one by one: only the culprit pays."""
        error = self._append(batch)
        if error is None or len(batch) == 1:
            return [error] * len(batch)
        return [self._append([append]) for append in batch]

    def _append(self, batch: list[Append]) -> BaseException | None:
        try:
            _pass_points(_BEFORE, batch)
            self._store.append(batch)
            _pass_points(_AFTER, batch)
        except Exception as error:  # noqa: BLE001 - handed to the executions that asked, whatever it is
            return error
        return None


def _pass_points(points: Mapping[str, str], batch: list[Append]) -> None:
    if not armed():
        return
    for append in batch:
        for event in append.events:
            crash_point(points[event.type])
