"""Projections: what the tables `executions` and `step_executions` say, computed from events as they are appended."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from treadle_engine import events as kinds
from treadle_engine.state import State
from treadle_hookspecs import Event, ExecutionRow, Json, StepRow, StepUpdate, WaitRow

from treadle.runtime.wait_rows import WaitRows

_EXECUTION_KINDS = frozenset(
    {
        kinds.EXECUTION_STARTED,
        kinds.EXECUTION_PAUSED,
        kinds.EXECUTION_RESUMED,
        kinds.EXECUTION_CANCEL_REQUESTED,
        kinds.EXECUTION_CLOSING,
        kinds.EXECUTION_COMPLETED,
        kinds.EXECUTION_FAILED,
        kinds.EXECUTION_CANCELLED,
        kinds.ROLLBACK_STARTED,
        kinds.SLOTS_GRANTED,
        kinds.BUDGET_REACHED,
        kinds.BUDGET_RAISED,
        kinds.ROLLBACK_FINISHED,
    }
)
_ENDS = frozenset({kinds.EXECUTION_COMPLETED, kinds.EXECUTION_FAILED, kinds.EXECUTION_CANCELLED})
TERMINAL = frozenset({"completed", "failed", "cancelled"})


@dataclass(slots=True)
class Rows:
    """What one append changes in the tables."""

    execution: ExecutionRow | None = None
    steps: list[StepRow] = field(default_factory=list)
    updates: list[StepUpdate] = field(default_factory=list)
    waited: list[tuple[str, int]] = field(default_factory=list)
    waits: list[WaitRow] = field(default_factory=list)


class Projector:
    """Turns an execution's events into rows. Every event passes through it once, also during recovery.

    Args:
        row: the execution's row as it stands; its status and what follows from it are kept up to date.
    """

    def __init__(self, row: ExecutionRow) -> None:
        self.row = row
        self._current = row.current_step
        self._undoable: dict[tuple[str, int], StepUpdate] = {}
        self._without_visit: set[str] = set()
        self._visited: set[str] = set()
        self._waits = WaitRows(row.id)

    def project(self, state: State, events: Sequence[Event]) -> Rows:
        """The rows that these events change; `state` has them folded already."""
        rows = Rows()
        ended_at = self.row.finished_at
        changed = False
        for event in events:
            kind = event.type
            if kind == kinds.VISIT_STARTED:
                row = _started(event)
                self._visited.add(row.address)
                rows.steps.append(row)
            elif kind in _EXECUTION_KINDS:
                changed = True
                ended_at = event.at if kind in _ENDS else ended_at
            else:
                self._step(event, rows)
        if state.waiting or state.delayed or state.broke or self.row.status == "waiting":
            changed = changed or state.status != self.row.status
        if rows.steps and rows.steps[-1].visit:
            self._current = rows.steps[-1].address
        if events and (state.waiting or state.delayed or self._waits.any or events[0].seq == 1):
            rows.waited, rows.waits = self._waits.project(state, events)
        if changed:
            rows.execution = self.row = self._followed(state, ended_at)
        return rows

    def _followed(self, state: State, ended_at: int | None) -> ExecutionRow:
        return self.row._replace(
            status=state.status,
            current_step=self._current,
            rollback=state.rollback,
            warnings=state.warnings,
            error=state.error,
            outputs=state.outputs or None,
            finished_at=ended_at,
        )

    def _step(self, event: Event, rows: Rows) -> None:
        match event.type:
            case kinds.VISIT_WAITING if event.data["for"] != "items":
                rows.updates.append(_gone_on(event, "waiting"))
            case kinds.ATTEMPT_STARTED:
                rows.updates.append(_gone_on(event, "running"))
            case kinds.VISIT_SETTLED if event.visit:
                rows.updates.append(self._settled(event))
            case kinds.VISIT_SKIPPED if _address(event) in self._visited and _passed_over(event):
                pass
            case kinds.VISIT_SETTLED | kinds.VISIT_SKIPPED:
                self._not_run(event, rows)
            case kinds.COMPENSATION_SETTLED if not event.data.get("due"):
                update = self._compensated(event)
                if update is not None:
                    rows.updates.append(update)

    def _not_run(self, event: Event, rows: Rows) -> None:
        """What settled without a visit has one row, numbered 0, however often it does."""
        row = _not_run(event)
        if row.address not in self._without_visit:
            self._without_visit.add(row.address)
            rows.steps.append(row)
        else:
            rows.updates.append(
                StepUpdate(row.execution, row.address, 0, row.state, row.outcome, 0, None, row.finished_at, row.error)
            )

    def _settled(self, event: Event) -> StepUpdate:
        data = event.data
        update = StepUpdate(
            event.execution,
            _address(event),
            event.visit,
            str(data["state"]),
            str(data["outcome"]),
            event.attempt or 1,
            data.get("outputs") or None,
            event.at,
            data.get("error"),
        )
        if data.get("compensation"):
            self._undoable[update.address, event.visit] = update
        return update

    def _compensated(self, event: Event) -> StepUpdate | None:
        settled = self._undoable.get((_address(event), event.visit))
        return None if settled is None else settled._replace(compensation=str(event.data["state"]))


def _address(event: Event) -> str:
    return f"{event.scope}/{event.step}" if event.scope else event.step


def _passed_over(event: Event) -> bool:
    """A step that was re-armed and not entered again is as its last visit left it (fine print, Threads)."""
    return event.data.get("state", "skipped") == "skipped" and event.data.get("reason") != "when"


def _started(event: Event) -> StepRow:
    action: Json = event.data.get("action", "")
    return StepRow(
        event.execution,
        _address(event),
        event.visit,
        str(action),
        "running",
        "",
        1,
        event.data.get("inputs") or None,
        None,
        event.at,
    )


def _gone_on(event: Event, state: str) -> StepUpdate:
    """A visit waits, or begins after it has waited."""
    return StepUpdate(event.execution, _address(event), event.visit, state, "", 1, None, None, None)


def _not_run(event: Event) -> StepRow:
    state = str(event.data.get("state", "skipped"))
    outcome = str(event.data.get("outcome", event.data.get("reason", "")))
    return StepRow(
        event.execution, _address(event), 0, "", state, outcome, 0, None, None, None, event.at, event.data.get("error")
    )
