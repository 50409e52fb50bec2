"""For a terminal: a tree that is drawn again in place. Rich is imported when this is, and not before."""

import sys
from collections.abc import Sequence
from threading import Lock
from typing import Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.segment import ControlType, Segment
from rich.text import Text
from treadle_hookspecs import Event

from treadle.cli import first_sign
from treadle.cli.console import Terminal, printable
from treadle.cli.follow import layout
from treadle.cli.follow.view import ExecutionView
from treadle.cli.moments import now
from treadle.runtime.listeners import StepProgress

_MANY: Final = 1000
"""Steps from which on a picture costs enough to be drawn less often."""


class LiveTree:
    """Draws the view some times a second from a thread of its own; events only change it."""

    def __init__(self, terminal: Terminal, view: ExecutionView) -> None:
        self._marks = terminal.marks  # asked now: while it draws, rich stands in for the streams
        self._styled = terminal.talk_color
        self._view = view
        self._lock = Lock()
        self._width = 0
        self._drawn: list[int] = []
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

    def output(self, address: str, lines: Sequence[str]) -> None:
        """Print what a step printed above the tree, all at once: rich draws the tree anew after each time."""
        before = (f"{address} {self._marks.bar} ", "dim" if self._styled else "")
        shown = Text("\n").join(Text.assemble(before, printable(line)) for line in lines)
        self._live.console.print(shown, soft_wrap=True)

    def progress(self, told: StepProgress) -> None:
        """Show how far a step is."""
        with self._lock:
            self._view.progressed(told)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        with self._lock:
            rows = layout.lines(self._view, now(), options.max_width, console.size.height, self._marks)
        lines = [
            Text.assemble(
                *((span.text, span.style if self._styled else "") for span in row), no_wrap=True, overflow="crop"
            )
            for row in rows
        ]
        yield from self._after_resize(options.max_width)
        self._width, self._drawn = options.max_width, [line.cell_len for line in lines]
        yield from lines

    def _after_resize(self, width: int) -> RenderResult:
        """A terminal that became narrower has wrapped the last picture: it stands on more rows than rich goes back."""
        wrapped = sum((cells - 1) // width for cells in self._drawn if cells) if width < self._width else 0
        if wrapped:
            yield Segment(f"\x1b[{wrapped}A\x1b[J", control=[(ControlType.CURSOR_UP, wrapped)])
