"""Driving an execution from the command line: follow it, answer its questions, and say how it ended."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from signal import SIGINT, Signals
from typing import TYPE_CHECKING

from treadle_hookspecs import Event, EventListener, ExitCode, Json, TreadleError

from treadle.cli import shapes
from treadle.cli.console import printable
from treadle.cli.follow import ExecutionView, Follower, follower
from treadle.cli.follow.ending import Ending
from treadle.cli.session import Session

if TYPE_CHECKING:
    from pathlib import Path

    from treadle_engine.plan import Plan

    from treadle.api import RunOptions, Status
    from treadle.cli.asking import Answer


class Driving:
    """One command that drives executions; the exit code is what it gives back."""

    def __init__(
        self,
        session: Session,
        *,
        json_output: bool,
        json_lines: bool = False,
        progress: bool = True,
        verbose: bool = False,
        reports: "Sequence[Path]" = (),
        patience: float | None = None,
    ) -> None:
        self._session = session
        self._json_output = json_output
        self._json_lines = json_lines
        self._progress = progress
        self._reports = reports
        self._patience = patience
        self._verbose = verbose or session.options.verbose

    def run(self, workflow: str, inputs: Mapping[str, Json], run_options: "RunOptions") -> int:
        """Run a workflow."""
        treadle = self._session.treadle
        plan = self._session.plan(workflow)
        view = self.view(plan.name, plan=plan)
        status = self.follow(
            view, lambda listener: treadle.run(workflow, inputs, options=run_options, listener=listener)
        )
        return self.finish(self.asked(status))

    def asked(self, status: "Status") -> "Status":
        """Ask the person at the terminal what the execution waits to be told, and go on, until nothing is left to ask.

        Elsewhere, and where it is put off, the execution stays as it is.
        """
        from treadle.cli.asking import ask

        put_off: set[str] = set()
        while question := next((each for each in self._questions(status) if each["step"] not in put_off), None):
            answer = ask(self._session.terminal, question)
            if answer is None:
                break
            try:
                status = self._answered(status.id, answer)
            except TreadleError as error:
                self._session.terminal.complain(f"error: {error}")
                if error.code != "TRD0201":  # values that do not fit can be given again
                    put_off.add(answer.step)
        return status

    def _answered(self, id: str, answer: "Answer") -> "Status":
        said = {"step": answer.step, "comment": answer.comment, "data": answer.data}
        treadle = self._session.treadle
        return self.go_on(id, lambda listener: treadle.answer(id, answer.decision, listener=listener, **said))  # type: ignore[arg-type]

    def _questions(self, status: "Status") -> list[Mapping[str, Json]]:
        if status.status != "waiting" or not self.asks:
            return []
        return [each for each in status.waiting if each["kind"] == "approval"]

    @property
    def asks(self) -> bool:
        """A person sits at the terminal, and nobody reads what is printed by a program."""
        return self._session.terminal.interactive and not self._json_output and not self._json_lines

    def accepted(self, status: "Status") -> int:
        """Something was said and nobody was asked to drive: that is all there is to tell; the exit code."""
        if self._json_output:
            self._session.terminal.data(shapes.text(status.to_json()))
        else:
            self._session.terminal.data(f"{status.id} {status.workflow}: {status.status}")
        return ExitCode.OK

    def go_on(self, id: str, act: Callable[[EventListener], "Status"]) -> "Status":
        """Drive an execution that is there already, shown as it stands."""
        status = self._session.treadle.status(id)
        view = self.view(status.workflow, status.id)
        view.expect(status.steps)
        for address, step in status.steps.items():
            view.step(address).state = str(step.get("state"))
        return self.follow(view, act)

    def view(self, workflow: str, id: str = "", plan: "Plan | None" = None) -> ExecutionView:
        """An execution's view, with what its plan and earlier executions tell where somebody sees it."""
        view = ExecutionView(workflow, id)
        if not self._seen:
            return view
        treadle = self._session.treadle
        view.plan(plan or treadle.pinned_plan(id))
        view.usual = treadle.usual_times(workflow)
        return view

    @property
    def _seen(self) -> bool:
        """A person sees a live tree."""
        return self._progress and not self._json_lines and self._session.terminal.shows_live

    def follow(self, view: ExecutionView, act: Callable[[EventListener], "Status"]) -> "Status":
        """Show what happens while `act` drives."""
        shown = self.follower(view)
        treadle = self._session.treadle
        treadle.rest_when(patience=self._patience, ask=self.asks)
        unsubscribe = (
            treadle.subscribe_progress(shown.progress),
            treadle.subscribe_stop(self._say_how_to_kill),
            treadle.subscribe_queue(self._say_where_it_stands),
        )
        shown.start()
        try:
            return act(shown.event)
        finally:
            shown.stop()
            for forget in unsubscribe:
                forget()

    def _say_how_to_kill(self, number: int) -> None:
        again = "Ctrl-C" if number == SIGINT else Signals(number).name
        self._session.terminal.say(f"stopping: running steps are being ended; {again} again kills them at once")

    def _say_where_it_stands(self, execution: str, text: str) -> None:
        self._session.terminal.say(f"{execution} waits: {printable(text)}")

    def replay(self, view: ExecutionView, events: Iterable[Event]) -> None:
        """Show events as they come."""
        shown = self.follower(view)
        shown.start()
        try:
            for event in events:
                shown.event(event)
        finally:
            shown.stop()

    def follower(self, view: ExecutionView) -> Follower:
        """The one that these options ask for."""
        silent = not self._progress or self._session.options.quiet
        shown = follower(self._session.terminal, view, json_lines=self._json_lines, silent=silent)
        if not self._verbose or self._json_lines or silent:
            return shown
        from treadle.cli.follow.output import OutputFollower

        return OutputFollower(shown, self._session.treadle.tail)

    def finish(self, status: "Status", *, cause: bool = True) -> int:
        """Print the result, the cause of a failure unless it is known, and how to go on; the exit code."""
        for warning in self._session.treadle.warnings:
            self._session.terminal.say(f"warning: {warning}")
        Ending(self._session).tell(status, as_json=self._json_output, events_only=self._json_lines, cause=cause)
        for path in self._reports:
            self._write_report(status, path)
        return status.exit_code

    def _write_report(self, status: "Status", path: "Path") -> None:
        from treadle.reports import form_of, write_report

        treadle = self._session.treadle
        written = write_report(treadle.host(), status.id, form_of(path, treadle.plugins), path)
        self._session.terminal.say(f"  report: {written}")
