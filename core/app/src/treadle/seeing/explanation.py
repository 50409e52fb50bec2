"""What `treadle why` answers: for one visit of one step, what happened, and by which rule of the language."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias

from treadle_hookspecs import Json

from treadle.runtime.clock import iso

Edge: TypeAlias = Literal["need", "route"]

_LONGEST: Final = 400
"""Characters of a text that are shown."""

TITLES: Final[Mapping[str, str]] = {
    "R0": "order",
    "R1": "start",
    "R2": "ready",
    "R3": "needs",
    "R4": "dead path",
    "R5": "join",
    "R6": "outcome and route",
    "R7": "re-entry",
    "R8": "arrivals",
    "R9": "bounds",
    "R11": "completion",
    "R12": "failing",
    "R13": "pause and cancel",
    "R13a": "again",
    "R14": "recovery",
}
"""The rules of the language by number."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another step that the explanation speaks of, as it stood at that moment.

    Attributes:
        step: its address.
        edge: it is needed, or it can route to the step.
        state: its state.
        counts_as: what it counts as for the join: `open`, `succeeded`, `failed`, `skipped`; "" for a route.
        note: what else matters, e.g. where it went instead.
    """

    step: str
    edge: Edge
    state: str
    counts_as: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """One fact.

    Attributes:
        rule: `R0` … `R14` of the language, or the heading there that it falls under.
        text: what happened, one sentence.
        seq: the event of the log that says so; 0 for what has not happened yet.
        at: its time in microseconds, 0 without an event.
        neighbours: the steps that it depends on.
        values: what the expressions saw, by name.
    """

    rule: str
    text: str
    seq: int = 0
    at: int = 0
    neighbours: tuple[Neighbour, ...] = ()
    values: Mapping[str, Json] = field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        """All fields; the time is ISO 8601 UTC, or null."""
        return {
            "rule": self.rule,
            "text": self.text,
            "seq": self.seq,
            "at": iso(self.at) if self.at else None,
            "neighbours": [
                {"step": one.step, "edge": one.edge, "state": one.state, "counts_as": one.counts_as, "note": one.note}
                for one in self.neighbours
            ],
            "values": dict(self.values),
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a step stands where it stands.

    Attributes:
        execution, workflow: which.
        step: its address, `scope/step`.
        visit: the visit that is explained; 0 when none was counted (skipped, exhausted, not started yet).
        state: of that visit, or of the step when it has not come to its turn: see "States" of the language.
        outcome: of that visit, or "".
        reasons: in the order in which they came about.
        visits: the numbers of all visits of the step.
    """

    execution: str
    workflow: str
    step: str
    visit: int
    state: str
    outcome: str
    reasons: tuple[Reason, ...]
    visits: tuple[int, ...] = ()

    @property
    def label(self) -> str:
        """`step#visit`, or the step alone where no visit was counted."""
        return f"{self.step}#{self.visit}" if self.visit else self.step

    def hidden(self, hide: Callable[[Json], Json]) -> "Explanation":
        """The same with texts and values as `hide` shows them."""
        return replace(self, reasons=tuple(_hidden(reason, hide) for reason in self.reasons))

    def to_json(self) -> dict[str, Json]:
        """`treadle/why@1`."""
        return {
            "schema": "treadle/why@1",
            "id": self.execution,
            "workflow": self.workflow,
            "step": self.step,
            "visit": self.visit,
            "state": self.state,
            "outcome": self.outcome,
            "visits": list(self.visits),
            "reasons": [reason.to_json() for reason in self.reasons],
        }


def _hidden(reason: Reason, hide: Callable[[Json], Json]) -> Reason:
    values = {name: hide({"value": value}) for name, value in reason.values.items()}
    shown = {name: _cut(value["value"] if isinstance(value, Mapping) else value) for name, value in values.items()}
    return replace(reason, text=str(hide(reason.text)), values=shown)


def _cut(value: Json) -> Json:
    """Long texts end where nobody would read on. Done last: half a secret cannot be told from other text."""
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}… ({len(value)} characters)"
    if isinstance(value, Mapping):
        return {key: _cut(item) for key, item in value.items()}
    return [_cut(item) for item in value] if isinstance(value, list | tuple) else value
