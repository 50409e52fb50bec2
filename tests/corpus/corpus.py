"""A corpus of recorded event logs, each with its plan and with the state that it folds to.

A log outlives the code that wrote it. What stands here was written by some version of treadle and is never changed:
`record.py` adds logs and refuses to touch those that are there.

A file is JSON, a value a line: `{"name", "plan"}`, then every event, then `{"seen", "state"}`. `seen` is what people
and programs are told of the execution; `state` is `State.dump()`, which may get further keys, and another form only
with another `STATE_VERSION`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from treadle_engine.plan import Plan, plan_from_json, plan_to_json
from treadle_engine.state import State, fold
from treadle_hookspecs import Event

LOGS: Final = Path(__file__).parent / "logs"


@dataclass(frozen=True, slots=True)
class Recorded:
    """One file of the corpus, as it stands there."""

    name: str
    plan: Any
    events: Sequence[Any]
    seen: Any
    state: Any

    def log(self) -> list[Event]:
        """The events."""
        return [Event(**event) for event in self.events]

    def folded(self, count: int | None = None) -> State:
        """The state after the first events, all by default."""
        return folded(plan_from_json(self.plan), self.log()[:count])


def folded(plan: Plan, log: Sequence[Event]) -> State:
    """The fold of a log."""
    state = State(plan, log[0].execution if log else "")
    for event in log:
        fold(state, event)
    return state


def recorded() -> Iterator[Recorded]:
    """Every file, by name."""
    for path in sorted(LOGS.glob("*.jsonl")):
        head, *events, tail = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        yield Recorded(head["name"], head["plan"], events, tail["seen"], tail["state"])


def written(name: str, plan: Plan, log: Sequence[Event]) -> str:
    """The text of a file."""
    state = folded(plan, log)
    lines: list[Any] = [{"name": name, "plan": plan_to_json(plan)}, *map(_event, log)]
    lines.append({"seen": seen(state), "state": state.dump()})
    return "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)


def seen(state: State) -> dict[str, Any]:
    """What is told of an execution: where it stands, where its steps stand, and what could be undone."""
    steps = {
        step.address: {
            "state": step.state,
            "outcome": step.outcome,
            "visits": step.visits,
            "attempts": step.attempts,
            "compensation": step.compensation,
            "outputs": step.outputs,
            "error": step.error,
        }
        for step in state.steps()
    }
    whole = ("status", "rollback", "attention", "timed_out", "warnings", "error", "outputs", "vars", "inputs")
    undoable = [f"{entry.scope}/{entry.step}#{entry.visit}" for entry in state.undoable()]
    return {**{name: getattr(state, name) for name in whole}, "steps": steps, "undoable": undoable}


def differences(old: Any, new: Any, where: str = "state") -> Iterator[str]:
    """Where the new is not the old; a key that the old does not have is no difference."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key, value in old.items():
            if key not in new:
                yield f"{where}.{key} is gone"
            else:
                yield from differences(value, new[key], f"{where}.{key}")
    elif old != new:
        yield f"{where}: it was {old!r}, and is {new!r}"


def _event(event: Event) -> dict[str, Any]:
    """Without what has its default; the first four fields have none."""
    defaults = Event._field_defaults
    return {key: value for key, value in event._asdict().items() if key not in defaults or value != defaults[key]}
