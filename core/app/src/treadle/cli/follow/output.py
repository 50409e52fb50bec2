"""What steps print, shown while they print it."""

from collections.abc import Callable, Sequence
from itertools import groupby
from operator import itemgetter
from threading import Event as Flag
from threading import Lock, Thread
from typing import TYPE_CHECKING, Final

from treadle_hookspecs import Event

from treadle.cli.follow import Follower
from treadle.runtime.listeners import StepProgress

if TYPE_CHECKING:
    from treadle.tailing import LogTail

_EVERY: Final = 0.1
"""Seconds between two looks at the logs."""
_BEGINS: Final = frozenset({"visit_started", "attempt_started"})
_ENDS: Final = frozenset({"visit_settled", "attempt_failed", "visit_interrupted"})


class OutputFollower:
    """Another follower, told of each line that steps print as well: before it hears of the attempt's end.

    Args:
        shown: the follower.
        tail: makes the tail of an execution's logs, by its id.
    """

    def __init__(self, shown: Follower, tail: "Callable[[str], LogTail]") -> None:
        self._shown = shown
        self._tail = tail
        self._tails: dict[str, LogTail] = {}
        self._lock = Lock()
        self._stopped = Flag()
        self._thread = Thread(target=self._look, name="treadle-output", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._shown.start()
        self._thread.start()

    def stop(self) -> None:
        """Show what is left."""
        self._stopped.set()
        self._thread.join()
        self._show()
        self._shown.stop()

    def event(self, event: Event) -> None:
        """Take an attempt's log up or put it down."""
        if event.type in _ENDS:
            self._show(event.execution, _visit(event))
        self._shown.event(event)
        if event.type in _BEGINS:
            self._follow(event.execution, f"{_visit(event)}.{event.attempt or 1}")

    def output(self, address: str, lines: Sequence[str]) -> None:
        """Pass them on."""
        self._shown.output(address, lines)

    def progress(self, told: StepProgress) -> None:
        """Pass it on."""
        self._shown.progress(told)

    def _follow(self, execution: str, address: str) -> None:
        with self._lock:
            tail = self._tails.get(execution) or self._tails.setdefault(execution, self._tail(execution))
            tail.follow(address)

    def _look(self) -> None:
        while not self._stopped.wait(_EVERY):
            self._show()

    def _show(self, execution: str = "", ended: str = "") -> None:
        """Show what was added: to all logs, or at its end to those of one visit."""
        with self._lock:
            for each, tail in self._tails.items():
                if execution in ("", each):
                    for address, lines in groupby(tail.new(ended), key=itemgetter(0)):
                        self._shown.output(address.rpartition("#")[0], [line for _, line in lines])
            if ended and execution in self._tails:
                self._tails[execution].forget(ended)


def _visit(event: Event) -> str:
    return event.address.rpartition(".")[0] if event.attempt else event.address
