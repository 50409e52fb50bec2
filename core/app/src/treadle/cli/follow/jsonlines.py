"""For programs: each event as a line of JSON on stdout, as it happens."""

from collections.abc import Sequence

from treadle_hookspecs import Event

from treadle.cli import shapes
from treadle.cli.console import Terminal
from treadle.runtime.listeners import StepProgress


class JsonLines:
    """Writes `treadle/event@1`; what steps print is in their logs."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def start(self) -> None:
        """Nothing to prepare."""

    def stop(self) -> None:
        """Nothing to tidy up."""

    def event(self, event: Event) -> None:
        """Write one line."""
        self._terminal.data(shapes.line({"schema": "treadle/event@1", "id": event.execution, **shapes.event(event)}))

    def output(self, address: str, lines: Sequence[str]) -> None:
        """Left out: a line of output is no event."""

    def progress(self, told: StepProgress) -> None:
        """Left out: progress is no event."""
