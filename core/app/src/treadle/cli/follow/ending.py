"""How an execution ended: its outputs on stdout, and on stderr what failed and which commands come next."""

from collections import deque
from typing import TYPE_CHECKING, Final

from treadle.cli import shapes
from treadle.cli.console import printable
from treadle.cli.session import Session

if TYPE_CHECKING:
    from treadle.api import Status

_LAST_LINES: Final = 20


class Ending:
    """Tells it once."""

    def __init__(self, session: Session) -> None:
        self._terminal = session.terminal
        self._session = session

    def tell(self, status: "Status", *, as_json: bool = False, events_only: bool = False) -> None:
        """Data to stdout: the whole status as JSON, or the outputs; talk to stderr."""
        if as_json:
            self._terminal.data(shapes.text(status.to_json()))
        elif not events_only:
            self._outputs(status)
        for line in self._lines(status):
            self._terminal.say(line)

    def _outputs(self, status: "Status") -> None:
        for name, value in status.outputs.items():
            text = value.rstrip("\n") if isinstance(value, str) else shapes.line_of(value)
            self._terminal.data(f"{name}: {text}" if "\n" not in text else f"{name}:\n{_indented(text)}")

    def _lines(self, status: "Status") -> list[str]:
        head = self._head(status)
        if status.status == "completed" and status.rollback != "partial":
            return [head]
        lines = [head]
        if status.error:
            lines += self._error(status)
        return [*lines, *self._next(status)]

    def _head(self, status: "Status") -> str:
        style = {"completed": "green", "failed": "red", "cancelled": "red"}.get(status.status, "yellow")
        warned = f" with {status.warnings} warning{'s' if status.warnings > 1 else ''}" if status.warnings else ""
        undone = {"done": ", rolled back", "partial": ", rolled back in part"}.get(status.rollback, "")
        return f"{self._terminal.paint(status.status + warned + undone, 'bold', style)}: {status.workflow} {status.id}"

    def _error(self, status: "Status") -> list[str]:
        error = status.error or {}
        step, message = str(error.get("step") or ""), printable(str(error.get("message") or error.get("type") or ""))
        lines = [f"  step `{step}`: {message}" if step else f"  {message}"]
        bar = self._terminal.paint(self._terminal.marks.bar, "dim")
        lines += [f"  {bar} {text}" for text in self._last_lines(status.id, step)]
        return [*lines, f"  log: {status.log_dir}"] if status.log_dir else lines

    def _last_lines(self, execution: str, step: str) -> list[str]:
        """The end of the failed step's log; nothing when it has none."""
        if not step:
            return []
        lines = deque(self._session.treadle.logs(execution, step), maxlen=_LAST_LINES)
        return [printable(line.text) for line in lines]

    def _next(self, status: "Status") -> list[str]:
        """The commands that a person may want now."""
        steps = {
            "paused": [("go on", f"treadle resume {status.id}")],
            "interrupted": [("go on", f"treadle resume {status.id}{self._answers(status)}")],
            "waiting": [("go on", f"treadle resume {status.id}")],
            "failed": [("try again", f"treadle resume {status.id}")],
            "cancelled": [("try again", f"treadle resume {status.id}")],
        }.get(status.status, [])
        if status.rollback == "partial":
            steps.append(("undo the rest", f"treadle rollback {status.id} --continue"))
        elif status.status in ("failed", "cancelled") and self._session.treadle.rollback_plan(status.id):
            steps.append(("undo", f"treadle rollback {status.id}"))
        return [*self._questions(status), *(f"  {what + ':':<10} {command}" for what, command in steps)]

    def _questions(self, status: "Status") -> list[str]:
        return [f"  `{question['address']}` was interrupted: may it run again?" for question in status.questions]

    def _answers(self, status: "Status") -> str:
        return " --interrupted retry|fail" if status.questions else ""


def _indented(text: str) -> str:
    return "\n".join("  " + line for line in text.splitlines())
