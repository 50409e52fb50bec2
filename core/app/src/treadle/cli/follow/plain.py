"""For logs and pipes: one line for each thing that happened, on stderr."""

from collections.abc import Sequence
from threading import Lock
from typing import Final

from treadle_hookspecs import Event

from treadle.cli.console import Terminal, printable
from treadle.cli.follow.layout import note
from treadle.cli.follow.view import DONE, FAILED, ExecutionView, StepView, is_about_execution
from treadle.cli.moments import duration
from treadle.runtime.listeners import StepProgress

_SAID: Final = ("execution_paused", "execution_closing", "execution_cancel_requested", "rollback_started")


class PlainLines:
    """Prints as events come, in the order they come."""

    def __init__(self, terminal: Terminal, view: ExecutionView) -> None:
        self._terminal = terminal
        self._view = view
        self._lock = Lock()

    def start(self) -> None:
        """Nothing to prepare."""

    def stop(self) -> None:
        """Nothing to tidy up."""

    def event(self, event: Event) -> None:
        """Print what an event means, if it means something to a reader."""
        with self._lock:
            self._view.apply(event)
            text = self._line(event)
            if text:
                self._terminal.say(text)

    def output(self, address: str, lines: Sequence[str]) -> None:
        """Print what a step printed."""
        before = self._terminal.paint(address + " |", "dim")
        self._terminal.say("\n".join(f"{before} {printable(line)}" for line in lines))

    def progress(self, told: StepProgress) -> None:
        """Print the messages; a fraction alone would fill the log."""
        if told.message:
            share = "" if told.fraction is None else f"{told.fraction:.0%} "
            part = f"{told.part}: " if told.part else ""
            self.output(told.step, [f"{part}{share}{told.message}"])

    def _line(self, event: Event) -> str:
        marks = self._terminal.marks
        if event.type == "execution_started":
            return f"{self._view.workflow or 'execution'} {event.execution}"
        if event.type in _SAID and is_about_execution(event):
            reason = event.data.get("reason")
            return f"{self._view.status}" + (f" ({reason})" if reason else "")
        if not event.step:
            return ""
        step = self._view.step(f"{event.scope}/{event.step}" if event.scope else event.step)
        if event.type in ("visit_started", "attempt_started"):
            return f"{marks.running} {step.label}" + (f" (attempt {step.attempt})" if step.attempt > 1 else "")
        return self._end(event, step)

    def _end(self, event: Event, step: StepView) -> str:
        marks, paint = self._terminal.marks, self._terminal.paint
        said = note(step, event.at, marks)
        after = (f": {said}" if step.state in FAILED else f" {said}") if said else ""
        if event.type == "visit_settled":
            mark = paint(marks.done, "green") if step.state in DONE else paint(marks.failed, "red")
            return f"{mark} {step.label} {duration(step.started_at, step.finished_at)}{after}"
        if event.type == "visit_skipped" and step.last == step.state:
            return ""  # it might have run again, and stays as its last visit left it
        if event.type == "visit_skipped":
            return f"{marks.skipped} {step.label} {step.state.replace('_', ' ')}" + (
                f" ({step.reason})" if step.reason else ""
            )
        if event.type in ("attempt_failed", "visit_waiting", "visit_interrupted"):
            return f"{marks.failed if step.state == 'interrupted' else marks.pending} {step.label}{after}"
        return f"{marks.undone} {step.label} {said}" if event.type == "compensation_settled" else ""
