"""How an execution ended: its outputs on stdout, and on stderr what failed and which commands come next."""

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from treadle_hookspecs import Json

from treadle.cli import shapes
from treadle.cli.console import printable
from treadle.cli.moments import from_iso, local
from treadle.cli.session import Session

if TYPE_CHECKING:
    from treadle.api import Status

_LAST_LINES: Final = 20
_UNDOING: Final = "!"
"""In the address of a log, before the purpose of a run that was not the step's own."""


class Ending:
    """Tells it once."""

    def __init__(self, session: Session) -> None:
        self._terminal = session.terminal
        self._session = session

    def tell(self, status: "Status", *, as_json: bool = False, events_only: bool = False, cause: bool = True) -> None:
        """Data to stdout: the whole status as JSON, or the outputs; talk to stderr."""
        if as_json:
            self._terminal.data(shapes.text(status.to_json()))
        elif not events_only:
            self._outputs(status)
        for line in [self._head(status), *(self._error(status) if cause else ()), *self.next_lines(status)]:
            self._terminal.say(line)

    def _outputs(self, status: "Status") -> None:
        for name, value in status.outputs.items():
            text = value.rstrip("\n") if isinstance(value, str) else shapes.line_of(value)
            self._terminal.data(f"{name}: {text}" if "\n" not in text else f"{name}:\n{_indented(text)}")

    def _head(self, status: "Status") -> str:
        style = {"completed": "green", "failed": "red", "cancelled": "red"}.get(status.status, "yellow")
        warned = f" with {status.warnings} warning{'s' if status.warnings > 1 else ''}" if status.warnings else ""
        undone = {"done": ", rolled back", "partial": ", rolled back in part"}.get(status.rollback, "")
        return f"{self._terminal.paint(status.status + warned + undone, 'bold', style)}: {status.workflow} {status.id}"

    def _error(self, status: "Status") -> list[str]:
        """What failed, the end of its log, and where the whole of it is."""
        if not status.error:
            return []
        step = str(status.error.get("step") or "")
        message = printable(str(status.error.get("message") or status.error.get("type") or "failed"))
        first, *more = message.splitlines() or ["failed"]
        bar = self._terminal.paint(self._terminal.marks.bar, "dim")
        lines = [f"  step `{step}`: {first}" if step else f"  {first}"]
        lines += [f"  {bar} {line}" for line in self._last_lines(status.id, step) or more]
        return [*lines, f"  log: {status.log_dir}"] if status.log_dir and step else lines

    def _last_lines(self, execution: str, step: str) -> list[str]:
        """The end of what the failed step printed, without what undoing it printed."""
        if not step:
            return []
        printed = (line for line in self._session.treadle.logs(execution, step) if _UNDOING not in line.address)
        return [printable(line.text) for line in deque(printed, maxlen=_LAST_LINES)]

    def next_lines(self, status: "Status") -> list[str]:
        """What is left to say, and the commands that a person may want now."""
        steps = {
            "paused": [("go on", f"treadle resume {status.id}")],
            "interrupted": [("go on", f"treadle resume {status.id}{self._answers(status)}")],
            "waiting": self._going_on(status),
            "queued": [("its turn", "treadle worker, treadle resume --due, or whoever gives the place up")],
            "failed": [("try again", f"treadle resume {status.id}")],
            "cancelled": [("try again", f"treadle resume {status.id}")],
        }.get(status.status, [])
        failed = str((status.error or {}).get("step") or "") if status.status == "failed" else ""
        if failed:
            steps.append(("why", f"treadle why {status.id} {failed}"))
        if status.rollback == "partial":
            steps.append(("undo the rest", f"treadle rollback {status.id} --continue"))
        elif status.status in ("failed", "cancelled") and self._session.treadle.rollback_plan(status.id):
            steps.append(("undo", f"treadle rollback {status.id}"))
        commands = [f"  {what + ':':<10} {command}" for what, command in steps]
        return [*self._questions(status), *self._waiting(status), *self._left(status), *commands]

    def _questions(self, status: "Status") -> list[str]:
        return [f"  `{question['address']}` was interrupted: may it run again?" for question in status.questions]

    def _waiting(self, status: "Status") -> list[str]:
        """What an execution that rests waits for, and what answers it."""
        from treadle.cli.describe import question_lines

        lines: list[str] = []
        for each in status.waiting if status.status in ("waiting", "queued") else ():
            who = f"`{each['step']}`" if each["step"] else "it"
            lines.append(f"  {who} waits {self._for(each)}")
            lines += [f"  {line}" for line in question_lines(each)]
            lines += [f"    {command}" for command in each["commands"]]  # type: ignore[union-attr]
        return lines

    def _for(self, waiting: Mapping[str, Json]) -> str:
        until = f"until {local(from_iso(waiting['due']))}" if waiting["due"] else ""
        name = f" `{waiting['name']}`" if waiting["name"] else ""
        what = {
            "approval": "for a person" if waiting.get("task") else "for an approval",
            "slots": f"for a place in the group{name}",
            "budget": "for more budget",
            "condition": "for its condition",
            "retry": "to try again",
            "loop": "for its next round",
            "timer": "",
        }.get(str(waiting["kind"]), f"for the {waiting['kind']}{name}")
        return " ".join(filter(None, (what, f"({until})" if what and until else until)))

    def _going_on(self, status: "Status") -> list[tuple[str, str]]:
        if any(each["due"] for each in status.waiting):
            return [("when due", "treadle resume --due, or treadle worker")]
        return [] if status.waiting else [("go on", f"treadle resume {status.id}")]

    def _left(self, status: "Status") -> list[str]:
        left = [address for address, step in status.steps.items() if step.get("compensation") == "failed"]
        notes = [f"  {printable(note)}" for note in status.undo_notes]
        return [*notes, *([f"  could not be undone: {', '.join(left)}"] if left else [])]

    def _answers(self, status: "Status") -> str:
        return " --interrupted retry|fail" if status.questions else ""


def _indented(text: str) -> str:
    return "\n".join("  " + line for line in text.splitlines())
