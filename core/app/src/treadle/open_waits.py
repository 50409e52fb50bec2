"""What executions wait for, as people and scripts see it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from treadle_engine import events as kinds
from treadle_engine.waits import person
from treadle_hookspecs import ExecutionRow, Json, JsonObject, StoreBackend, WaitRow

from treadle.runtime.circles import circle, told
from treadle.runtime.clock import iso
from treadle.runtime.places import InLine, in_line

_OUTSIDE: Final = ("approval", "signal", "event", "condition")
"""Kinds that wait for something else than time."""
_BUDGETS: Final = frozenset({kinds.BUDGET_REACHED, kinds.BUDGET_RAISED})
_EXAMPLES: Final = {"time": "1h", "money": "5usd", "tokens": "100000tokens", "visits": "10visits"}
_SHOWN: Final = (*_OUTSIDE, "timer", "retry", "loop")


@dataclass(frozen=True, slots=True)
class Waiting:
    """One open wait. `to_json` is an entry of `treadle waiting --json`.

    Attributes:
        execution, workflow: whose.
        address: `scope/step#visit`.
        kind: `approval`, `signal`, `event`, `condition`, `timer`, `retry`, `loop`, `slots` or `budget`.
        name: of the signal or event, or of the group in which it waits for a place.
        since, due: when it began, and when time goes on by itself, in ISO 8601 UTC; None: never.
        asked: of an approval: `prompt, approvers, not_by, quorum, answers, form, push_back, gate`, where there are any;
            of a task for a person `task` (a file), `place` (a folder), `expect` and `tried` besides.
            Of `slots`: `line`, where it stands and who has the places.
        commands: what answers it.
    """

    execution: str
    workflow: str
    address: str
    kind: str
    name: str = ""
    since: str | None = None
    due: str | None = None
    asked: JsonObject = field(default_factory=dict)
    commands: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """An entry of `treadle/waiting@1`."""
        found: dict[str, Json] = {
            "execution": self.execution,
            "workflow": self.workflow,
            "step": self.address,
            "kind": self.kind,
            "name": self.name,
            "since": self.since,
            "due": self.due,
            "commands": list(self.commands),
        }
        return {**found, **self.asked}


def waiting_of(
    workflow: str, rows: Iterable[WaitRow], display: Callable[[Json], Json], *, alone: bool = False
) -> tuple[Waiting, ...]:
    """The waits of one execution, the oldest first.

    Args:
        workflow: its name.
        rows: of the store.
        display: takes what is sealed out of values.
        alone: its waits for people are told apart by their steps even where there is but one.
    """
    shown = [row for row in rows if row.kind in _SHOWN]
    several = alone or sum(row.kind == "approval" for row in shown) > 1
    return tuple(_waiting(workflow, row, display(row.detail), several=several) for row in shown)


def slots_of(store: StoreBackend, row: ExecutionRow) -> tuple[Waiting, ...]:
    """The places that an execution waits for."""
    holders = dict.fromkeys(slot.holder for slot in store.slots(execution=row.id) if slot.granted_at is None)
    return tuple(
        _for_place(store, row, holder, found) for holder in holders for found in in_line(store, row.id, holder)
    )


def _for_place(store: StoreBackend, row: ExecutionRow, holder: str, found: InLine) -> Waiting:
    """A place that is waited for; where that goes in a circle, who waits for whom, and what ends it."""
    round_ = circle(store, row.id, holder)
    asked = {"line": "; ".join(filter(None, (found.text, told(round_))))}
    commands = tuple(f"treadle cancel {id_}" for id_ in dict.fromkeys(slot.execution for slot in round_))
    return Waiting(row.id, row.workflow, holder, "slots", found.group, iso(found.since), None, asked, commands)


def budget_of(store: StoreBackend, row: ExecutionRow) -> tuple[Waiting, ...]:
    """The budget that an execution has used up and that has not been raised since."""
    if row.status != "waiting" or b'"budget"' not in (store.payload(row.plan) or b""):
        return ()  # without a budget in the plan there is nothing to be looked for in a log that may be long
    told = [event for event in store.read(row.id) if event.type in _BUDGETS]
    if not told or told[-1].type != kinds.BUDGET_REACHED:
        return ()
    event = told[-1]
    data: Mapping[str, Any] = event.data
    kind = str(data["budget"])
    line = f"the budget of {data['limit']:g} for {kind} is used up: {data['spent']:.6g}"
    place = f"{event.scope}/{event.step}".strip("/") if event.step else ""
    command = f"treadle resume {row.id} --budget +{_EXAMPLES[kind]}"
    return (Waiting(row.id, row.workflow, place, "budget", kind, iso(event.at), None, {"line": line}, (command,)),)


def _waiting(workflow: str, row: WaitRow, detail: Any, *, several: bool) -> Waiting:
    address = f"{row.address}#{row.visit}"
    asked: dict[str, Any] = dict(detail) if isinstance(detail, Mapping) else {}
    if "answers" in asked:
        asked["answers"] = [_answer(given) for given in asked["answers"]]
    if "deadline" in asked:
        asked["deadline"] = iso(asked["deadline"])
    commands = _commands(row, asked, f" --step {row.address}" if several else "")
    return Waiting(
        row.execution, workflow, address, row.kind, row.name, iso(row.since), iso(row.due), asked, tuple(commands)
    )


def _answer(given: Mapping[str, Any]) -> JsonObject:
    return {**given, "by": person(str(given["by"])), "at": iso(given["at"])}


def _commands(row: WaitRow, asked: Mapping[str, Any], step: str) -> list[str]:
    """The commands that end a wait; what only time or another system ends has none."""
    if row.kind == "signal":
        return [f"treadle signal {row.execution} {row.name}"]
    if row.kind == "event":
        return [f"treadle emit {row.name}"]
    if row.kind != "approval":
        return []
    if asked.get("task"):
        text = " --data text=…" if asked.get("expect") == "text" else ""
        return [f"treadle answer {row.execution} done{step}{text}", f"treadle reject {row.execution}{step} --comment …"]
    required = [spec["name"] for spec in asked.get("form", ()) if spec["required"] and "default" not in spec]
    values = "".join(f" --data {name}=…" for name in required)
    found = [f"treadle approve {row.execution}{step}{values}", f"treadle reject {row.execution}{step}"]
    back = f"treadle reject {row.execution}{step} --push-back --comment …"
    return [*found, back] if asked.get("push_back") else found
