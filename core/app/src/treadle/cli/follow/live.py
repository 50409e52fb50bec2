"""For a terminal: a tree that is drawn again in place. Rich is imported when this is, and not before."""

import sys
from threading import Lock
from typing import Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text
from treadle_hookspecs import Event

from treadle.cli import first_sign
from treadle.cli.console import Terminal, printable
from treadle.cli.follow import layout
from treadle.cli.follow.view import ExecutionView
from treadle.cli.moments import now

_MANY: Final = 1000
"""Steps from which on a picture costs enough to be drawn less often."""


class LiveTree:
    """Draws the view some times a second from a thread of its own; events only change it."""

    def __init__(self, terminal: Terminal, view: ExecutionView) -> None:
        self._marks = terminal.marks  # asked now: while it draws, rich stands in for the streams
        self._styled = terminal.talk_color
        self._view = view
        self._lock = Lock()
        console = Console(
            file=sys.stderr,
            force_terminal=True,
            no_color=not self._styled,
            highlight=False,
            legacy_windows=False,
        )
        frames = 8 if len(view.steps) < _MANY else 2
        self._live = Live(self, console=console, refresh_per_second=frames, vertical_overflow="crop")

    def start(self) -> None:
        """Begin to draw."""
        first_sign.clear()
        self._live.start(refresh=True)

    def stop(self) -> None:
        """Draw the last picture and leave it standing."""
        self._live.stop()

    def event(self, event: Event) -> None:
        """Take an event into the picture."""
        with self._lock:
            self._view.apply(event)

    def output(self, address: str, text: str) -> None:
        """Print a line that a step printed, above the tree."""
        line = Text.assemble((f"{address} {self._marks.bar} ", "dim" if self._styled else ""), printable(text))
        self._live.console.print(line, soft_wrap=True)

    def progress(self, address: str, fraction: float | None, message: str) -> None:
        """Show how far a step is."""
        with self._lock:
            step = self._view.step(address)
            step.progress, step.message = fraction, printable(message)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        with self._lock:
            rows = layout.lines(self._view, now(), options.max_width, console.size.height, self._marks)
        for row in rows:
            yield Text.assemble(
                *((span.text, span.style if self._styled else "") for span in row), no_wrap=True, overflow="crop"
            )
