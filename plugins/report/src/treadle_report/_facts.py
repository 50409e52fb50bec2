"""What a report is made of: an execution and its steps, as the store has them.

Any action may publish these outputs, and every report shows them (docs of the plugin: README):
`verdict` (pass, fail, not-checked), `summary`, `reasons`, `figures`, `findings`, `tasks`, `notes`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from treadle_hookspecs import Event, ExecutionRow, Figure, FileChange, Host, Json, StepRow

VERDICTS: Final = ("pass", "fail", "not-checked")
BAD_STATES: Final = ("failed", "upstream_failed", "interrupted")
MICROSECONDS: Final = 1_000_000
_OPENED: Final = re.compile(r"[#.:\[][^/]*$")
"""What an opened scope's address has behind that of its step."""


@dataclass(frozen=True, slots=True)
class StepFacts:
    """One visit of a step."""

    row: StepRow
    forgiven: str = ""
    """Why its failure counts no more, or ""."""
    waited: float = 0.0
    """Seconds of its time in which it waited for a person, a signal, or a time."""

    @property
    def address(self) -> str:
        """Where its figures come from: `scope/step`, with `#n` from the second visit on."""
        return self.row.address if self.row.visit <= 1 else f"{self.row.address}#{self.row.visit}"

    @property
    def seconds(self) -> float | None:
        """How long it took; None when it did not run or has not ended."""
        if self.row.started_at is None or self.row.finished_at is None or not self.row.visit:
            return None
        return (self.row.finished_at - self.row.started_at) / MICROSECONDS

    @property
    def worked(self) -> float | None:
        """Seconds in which it did something."""
        return None if self.seconds is None else max(0.0, self.seconds - self.waited)

    @property
    def broke(self) -> bool:
        """It failed or could not run, and nothing made up for it."""
        return self.row.state in BAD_STATES and not self.forgiven

    @property
    def verdict(self) -> str:
        """What it says of its subject, or ""."""
        value = self._output("verdict")
        return value if isinstance(value, str) and value in VERDICTS else ""

    @property
    def error(self) -> str:
        """Why it failed, or ""."""
        error = self.row.error
        return str(error.get("message") or error.get("type") or "") if isinstance(error, Mapping) else ""

    @property
    def summary(self) -> str:
        """One line about it: its own, else the error's first."""
        own = self._output("summary")
        return own if isinstance(own, str) else self.error.split("\n", 1)[0]

    @property
    def reasons(self) -> list[str]:
        """Why its verdict is not pass, or why it failed."""
        own = [str(reason) for reason in self._list("reasons")]
        return own or [self.summary or f"it is {self.row.state.replace('_', ' ')}"]

    @property
    def stands_in_the_way(self) -> bool:
        """True when it broke, or says anything but pass."""
        return self.broke or self.verdict in ("fail", "not-checked")

    @property
    def figures(self) -> list[Mapping[str, Any]]:
        """Each `{name, value}` and, where they apply, `unit`, `limit`, `note`."""
        return [item for item in self._mappings("figures") if "name" in item and "value" in item]

    @property
    def findings(self) -> list[Mapping[str, Any]]:
        """Each `{rule, message}` and, where known, `severity`, `file`, `line`, `new`."""
        return [item for item in self._mappings("findings") if "message" in item]

    @property
    def tasks(self) -> list[Mapping[str, Any]]:
        """Each `{title}` and, where known, `id`, `file`, `lines`, `rule`, `severity`, `evidence`."""
        return [item for item in self._mappings("tasks") if "title" in item]

    @property
    def notes(self) -> list[str]:
        """What a reader of its figures should know."""
        return [str(note) for note in self._list("notes")]

    def to_json(self) -> dict[str, Json]:
        """All of it by name."""
        return {
            "address": self.address,
            "action": self.row.action,
            "state": self.row.state,
            "outcome": self.row.outcome,
            "attempts": self.row.attempts,
            "seconds": self.seconds,
            "waited_seconds": self.waited,
            "forgiven": self.forgiven or None,
            "verdict": self.verdict or None,
            "summary": self.summary,
            "error": self.row.error,
            "figures": self.figures,
            "findings": self.findings,
            "tasks": self.tasks,
        }

    def _output(self, name: str) -> Json:
        return self.row.outputs.get(name) if isinstance(self.row.outputs, Mapping) else None

    def _list(self, name: str) -> Sequence[Json]:
        value = self._output(name)
        return value if isinstance(value, list | tuple) else ()

    def _mappings(self, name: str) -> list[Mapping[str, Any]]:
        return [item for item in self._list(name) if isinstance(item, Mapping)]


@dataclass(frozen=True, slots=True)
class Facts:
    """One execution with the visits of its steps, in the order they started."""

    execution: ExecutionRow
    inputs: Mapping[str, Json]
    visits: tuple[StepFacts, ...]
    measured: tuple[Figure, ...] = ()
    """The figures that outputs are marked as."""
    files: tuple[FileChange, ...] | None = None
    """The files that it changed; None when nobody knows."""
    gates: tuple[Mapping[str, Any], ...] = ()
    """The verdicts of gates: `{gate, rule, figures, verdict, message, step}` each."""

    @classmethod
    def collect(cls, host: Host, id: str, without: str = "") -> "Facts":
        """Read an execution by a prefix of its id; the step `without` is left out, for it is still writing."""
        execution = host.execution(id)
        events = host.history(execution.id)
        inputs = events[0].data.get("inputs") if events else None
        rows = [row for row in host.steps(execution.id) if row.address != without]
        return cls(
            execution,
            inputs if isinstance(inputs, Mapping) else {},
            _visits(rows, host.forgiven(execution.id), _waits(events)),
            tuple(figure for figure in host.figures(execution.id) if figure.step != without),
            None if (files := host.file_changes(execution.id)) is None else tuple(files),
            tuple(verdict for event in events for verdict in _verdicts(event)),
        )

    @property
    def steps(self) -> list[StepFacts]:
        """The last visit of each step: what counts."""
        last = {visit.row.address: visit for visit in self.visits}
        return [visit for visit in self.visits if last[visit.row.address] is visit]

    @property
    def verdict(self) -> str:
        """The worst of the steps' verdicts, a step that broke counting as fail; "" when no step has one."""
        given = {step.verdict for step in self.steps}
        if not given - {""}:
            return ""
        broke = any(step.broke and not step.verdict for step in self.steps)
        if "fail" in given or broke:
            return "fail"
        return "not-checked" if "not-checked" in given else "pass"

    @property
    def in_the_way(self) -> list[StepFacts]:
        """The steps that failed or do not say pass."""
        return [step for step in self.steps if step.stands_in_the_way]

    @property
    def slowest(self) -> list[StepFacts]:
        """Every visit that did something itself, the longest first; not those that only held others."""
        holders = {visit.row.address.rpartition("/")[0] for visit in self.visits} - {""}
        opened = {_OPENED.sub("", holder) for holder in holders}
        ran = [visit for visit in self.visits if visit.worked and visit.row.address not in opened]
        return sorted(ran, key=lambda visit: -(visit.worked or 0.0))

    @property
    def waited(self) -> float:
        """Seconds that its steps waited for people, signals and times."""
        return sum(visit.waited for visit in self.visits)

    def to_json(self) -> dict[str, Json]:
        """The part of `treadle/report@1` that is read and not concluded."""
        execution = self.execution
        return {
            "schema": "treadle/report@1",
            "execution": execution.id,
            "workflow": execution.workflow,
            "status": execution.status,
            "verdict": self.verdict or None,
            "root": execution.root,
            "inputs": dict(self.inputs),
            "started_at": execution.started_at,
            "finished_at": execution.finished_at,
            "error": execution.error,
            "rollback": execution.rollback,
            "waited_seconds": self.waited,
            "files": None if self.files is None else [{"path": it.path, "how": it.how} for it in self.files],
            "in_the_way": [{"step": step.address, "reasons": step.reasons} for step in self.in_the_way],
            "gates": [dict(gate) for gate in self.gates],
            "steps": [visit.to_json() for visit in self.visits],
        }


def _visits(rows: Sequence[StepRow], forgiven: Mapping[str, str], waits: Mapping[str, float]) -> tuple[StepFacts, ...]:
    labels = [(row, f"{row.address}#{row.visit}") for row in rows]
    return tuple(StepFacts(row, forgiven.get(label, ""), waits.get(label, 0.0)) for row, label in labels)


def _waits(events: Sequence[Event]) -> dict[str, float]:
    """Seconds by `scope/step#visit` from when a visit began to wait to its end."""
    since: dict[str, int] = {}
    waited: dict[str, float] = {}
    for event in events:
        if event.type == "visit_waiting":
            since.setdefault(_label(event), event.at)
        elif event.type == "visit_settled" and (began := since.pop(_label(event), None)) is not None:
            waited[_label(event)] = (event.at - began) / MICROSECONDS
    return waited


def _label(event: Event) -> str:
    return f"{event.scope}/{event.step}#{event.visit}" if event.scope else f"{event.step}#{event.visit}"


def _verdicts(event: Event) -> list[Mapping[str, Any]]:
    """What gates said when a visit ended."""
    found = event.data.get("gates") if event.type == "visit_settled" else None
    verdicts = found if isinstance(found, list | tuple) else ()
    step = f"{event.scope}/{event.step}" if event.scope else event.step
    address = step if event.visit <= 1 else f"{step}#{event.visit}"
    return [{**verdict, "step": address} for verdict in verdicts if isinstance(verdict, Mapping)]
