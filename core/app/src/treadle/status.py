"""Where an execution stands, as people and scripts see it: made from its projections, never from memory."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from treadle_hookspecs import ExecutionRow, ExitCode, Json, JsonObject, StepRow

from treadle.runtime.clock import iso
from treadle.runtime.places import CONFLICT

TERMINAL = frozenset({"completed", "failed", "cancelled"})
RESTING = frozenset({"paused", "waiting", "interrupted", "queued"})
_ACTIVE = frozenset({"running", "retrying"})


@dataclass(frozen=True, slots=True)
class Status:
    """Where an execution stands. `to_json` is the shape of `treadle status ID --json`."""

    id: str
    workflow: str
    status: str
    rollback: str = "none"
    warnings: int = 0
    outputs: JsonObject = field(default_factory=dict)
    error: JsonObject | None = None
    steps: Mapping[str, JsonObject] = field(default_factory=dict)
    """By address: `state, outcome, visits, attempts, started_at, finished_at, error`; times are ISO 8601 UTC."""
    questions: tuple[JsonObject, ...] = ()
    """What the execution waits for a person to say: `{address, kind: interrupted, choices}`."""
    waiting: tuple[JsonObject, ...] = ()
    """What the execution waits for: entries of `treadle/waiting@1`."""
    undo_notes: tuple[str, ...] = ()
    """What a person must know of a rollback beyond that it was made: files that were left, or lie elsewhere now."""
    exit_code: int = 0
    log_dir: str = ""
    started_at: str | None = None
    finished_at: str | None = None
    origin: str = ""

    def to_json(self) -> dict[str, Json]:
        """`treadle/execution@1`."""
        return {
            "schema": "treadle/execution@1",
            "id": self.id,
            "workflow": self.workflow,
            "status": self.status,
            "started_at": self.started_at,
            "finished_at": self.finished_at,
            "outputs": self.outputs,
            "error": self.error,
            "rollback": self.rollback,
            "warnings": self.warnings,
            "origin": self.origin,
            "log_dir": self.log_dir,
            "questions": list(self.questions),
            "waiting": list(self.waiting),
            "undo_notes": list(self.undo_notes),
            "steps": dict(self.steps),
        }


def status_of(
    row: ExecutionRow,
    steps: Iterable[StepRow],
    *,
    driven: bool,
    display: Callable[[Json], Json],
    log_dir: str = "",
    waiting: Iterable[JsonObject] = (),
    undo_notes: Iterable[str] = (),
) -> Status:
    """The status of an execution.

    Args:
        row: its projection.
        steps: its visits in the order they started.
        driven: some process holds its claim.
        display: takes what is sealed out of values.
        log_dir: where its steps' logs are.
        waiting: what it waits for.
        undo_notes: what its rollbacks said.
    """
    visits, waits = list(steps), tuple(waiting)
    running = at_work(visits, waits)
    status = live_status(row.status, driven=driven, running=bool(running))
    cut = not driven and status == "interrupted"
    by_address: dict[str, JsonObject] = {}
    for step in visits:
        by_address[step.address] = _step_json(step, by_address.get(step.address), display, cut=cut)
    error, outputs = display(row.error), display(row.outputs)
    return Status(
        row.id,
        row.workflow,
        status,
        row.rollback,
        row.warnings,
        outputs if isinstance(outputs, Mapping) else {},
        error if isinstance(error, Mapping) else None,
        by_address,
        tuple(_question(step) for step in running) if status == "interrupted" else (),
        waits,
        tuple(undo_notes),
        exit_code_of(status, row.rollback, error),
        log_dir,
        iso(row.started_at),
        iso(row.finished_at),
        row.origin,
    )


def at_work(steps: Iterable[StepRow], waiting: Iterable[JsonObject]) -> list[StepRow]:
    """The visits that a dead process can have cut off.

    A step that holds others does nothing itself (only a call's action is `module/action`), and one that `waiting` names
    waits to try again.
    """
    resting = {wait.get("step") for wait in waiting}
    return [
        step
        for step in steps
        if step.state in _ACTIVE and "/" in step.action and f"{step.address}#{step.visit}" not in resting
    ]


def live_status(status: str, *, driven: bool, running: bool) -> str:
    """What the log says, corrected by whether anybody drives it: running without a driver is `interrupted`."""
    if driven or status in TERMINAL:
        return status
    if status == "paused":
        return "interrupted" if running else "paused"
    return status if status in {"waiting", "queued"} else "interrupted"


def exit_code_of(status: str, rollback: str, error: Json) -> int:
    """What `treadle run` ends with for an execution in this state."""
    if status == "completed":
        return ExitCode.FAILED if rollback == "partial" else ExitCode.OK
    if status == "failed" and isinstance(error, Mapping) and error.get("type") == "timeout" and not error.get("step"):
        return ExitCode.TIMED_OUT
    if status == "failed" and isinstance(error, Mapping) and error.get("type") == CONFLICT and not error.get("step"):
        return ExitCode.CONFLICT
    if status in TERMINAL:
        return ExitCode.FAILED
    return ExitCode.WAITING


def _step_json(step: StepRow, earlier: JsonObject | None, display: Callable[[Json], Json], *, cut: bool) -> JsonObject:
    state = "interrupted" if cut and step.state in _ACTIVE else step.state
    return {
        "state": state,
        "outcome": step.outcome,
        "action": step.action or (earlier or {}).get("action", ""),
        "visits": max(step.visit, int(str((earlier or {}).get("visits", 0)))),
        "attempts": step.attempts,
        "compensation": step.compensation,
        "started_at": iso(step.started_at),
        "finished_at": iso(step.finished_at),
        "outputs": display(step.outputs),
        "error": display(step.error),
    }


def _question(step: StepRow) -> JsonObject:
    return {"address": f"{step.address}#{step.visit}", "kind": "interrupted", "choices": ["retry", "fail"]}
