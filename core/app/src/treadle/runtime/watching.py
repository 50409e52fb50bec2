"""Noticing what other processes write."""

import asyncio
import threading
from collections.abc import Callable
from typing import Final

from treadle_hookspecs import StoreBackend

_POLL_AT_MOST_EVERY: Final = 0.05


class Watcher:
    """A thread that waits for other processes' writes and has the loop look at the inbox."""

    def __init__(self, store: StoreBackend, loop: asyncio.AbstractEventLoop, poll: Callable[[], None]) -> None:
        self._store = store
        self._loop = loop
        self._poll = poll
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="treadle-watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._closing.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._closing.is_set():
            if self._store.watch(_POLL_AT_MOST_EVERY) and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._poll)
                self._closing.wait(_POLL_AT_MOST_EVERY)
