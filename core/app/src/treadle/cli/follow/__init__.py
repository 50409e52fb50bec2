"""Following an execution: as a live tree, as plain lines, as JSON lines, or not at all."""

from collections.abc import Sequence
from typing import Protocol

from treadle_hookspecs import Event

from treadle.cli.console import Terminal
from treadle.cli.follow.view import ExecutionView
from treadle.runtime.listeners import StepProgress

__all__ = ["ExecutionView", "Follower", "Silence", "follower"]


class Follower(Protocol):
    """Told of what happens while an execution is driven or watched. Any thread may call it."""

    def start(self) -> None:
        """The execution is about to run."""

    def stop(self) -> None:
        """It has ended or rests; harmless when `start` was not called."""

    def event(self, event: Event) -> None:
        """An event is in the log."""

    def output(self, address: str, lines: Sequence[str]) -> None:
        """A step printed lines."""

    def progress(self, told: StepProgress) -> None:
        """A step told how far it is."""


class Silence:
    """Shows nothing."""

    def start(self) -> None:
        """Nothing."""

    def stop(self) -> None:
        """Nothing."""

    def event(self, event: Event) -> None:
        """Nothing."""

    def output(self, address: str, lines: Sequence[str]) -> None:
        """Nothing."""

    def progress(self, told: StepProgress) -> None:
        """Nothing."""


def follower(
    terminal: Terminal, view: ExecutionView, *, json_lines: bool = False, silent: bool = False, live: bool = True
) -> Follower:
    """The one that fits: JSON lines when asked for, a tree where a person sees it, plain lines elsewhere."""
    if json_lines:
        from treadle.cli.follow.jsonlines import JsonLines

        return JsonLines(terminal)
    if silent:
        return Silence()
    if live and terminal.shows_live:
        from treadle.cli.follow.live import LiveTree

        return LiveTree(terminal, view)
    from treadle.cli.follow.plain import PlainLines

    return PlainLines(terminal, view)
