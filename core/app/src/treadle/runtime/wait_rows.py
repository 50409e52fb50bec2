"""What the table `waits` says of an execution: rows that begin, change and end as events are appended."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from treadle_engine import events as kinds
from treadle_engine.addresses import opened_by
from treadle_engine.plan import Approval, InputSpec
from treadle_engine.state import State
from treadle_engine.waiting import approval_of, awaited
from treadle_engine.waits import Wait
from treadle_hookspecs import Event, Json, WaitRow

_BEGINS: Final = frozenset(
    {kinds.VISIT_WAITING, kinds.SIGNAL_RECEIVED, kinds.TIMER_SET, kinds.TIMER_FIRED, kinds.ATTEMPT_FAILED}
)
"""Events after which a visit may wait, or wait for something else."""
_ENDS: Final = frozenset({kinds.ATTEMPT_STARTED, kinds.VISIT_SETTLED, kinds.SCOPE_OPENED})
"""Events after which a visit may wait no longer."""
_WHOLE: Final = ("", 0)
_INSIDE: Final = frozenset({"further", "key"})
"""Of what is asked: nobody has to know these to answer."""


class WaitRows:
    """The rows of one execution. Every event passes through it once, also during recovery."""

    def __init__(self, execution: str) -> None:
        self._execution = execution
        self._open: dict[tuple[str, str], WaitRow] = {}
        self._whole = False
        self._timed = False

    @property
    def any(self) -> bool:
        """There are rows of the execution."""
        return self._whole

    def project(self, state: State, events: Sequence[Event]) -> tuple[list[tuple[str, int]], list[WaitRow]]:
        """`(address, visit)` of waits that are over, and rows that begin or change."""
        waited: list[tuple[str, int]] = []
        rows: list[WaitRow] = []
        for place in dict.fromkeys(place for event in events if (place := self._touched(event)) is not None):
            self._follow(state, place, waited, rows)
        if events[0].type == kinds.EXECUTION_STARTED:
            rows += [WaitRow(self._execution, *_WHOLE, "hears", name) for name in sorted(awaited(state, "event"))]
        if self._open and not self._timed and state.plan.timeout is not None:
            self._timed = True
            due = state.started_at + round(state.plan.timeout * 1_000_000)
            rows.append(WaitRow(self._execution, *_WHOLE, "timeout", since=state.started_at, due=due))
        self._whole = self._whole or bool(rows)
        if self._whole and state.terminal:
            self._whole = False
            return [_WHOLE], []
        return waited, rows

    def _touched(self, event: Event) -> tuple[str, str] | None:
        """The scope and the step of a visit that an event lets wait, or wait no longer."""
        if event.type in _BEGINS:
            return (event.scope, event.step) if event.step else None
        if event.type not in _ENDS:
            return None
        return opened_by(event.scope)[:2] if event.type == kinds.SCOPE_OPENED else (event.scope, event.step)

    def _follow(self, state: State, place: tuple[str, str], waited: list[tuple[str, int]], rows: list[WaitRow]) -> None:
        known, found = self._open.get(place), _row(state, *place)
        if known == found:
            return
        if known is not None and (found is None or (known.visit, known.kind) != (found.visit, found.kind)):
            waited.append((known.address, known.visit))
        if found is None:
            del self._open[place]
        else:
            self._open[place] = found
            rows.append(found)


def _row(state: State, address: str, step: str) -> WaitRow | None:
    """What the live visit of a step waits for now."""
    scope = state.scopes[address]
    at = scope.graph.number.get(step, -1)
    if at < 0:
        return None  # a handler's scope has opened
    place = (state.execution, scope.place(at), scope.visits[at])
    wait = scope.waits.get(at)
    if wait is not None:
        due = min((time for time in (wait.due, wait.escalates) if time), default=None)
        detail = _asked(wait, approval_of(scope, at)) if wait.kind == "approval" else None
        return WaitRow(*place, wait.kind, wait.name, wait.since, due, detail)
    if at in scope.retries:
        return WaitRow(*place, "retry", "", state.last_at, scope.retries[at])
    due = scope.delays.get(at)
    return WaitRow(*place, "loop", "", state.last_at, due) if due else None


def _asked(wait: Wait, approval: Approval) -> Mapping[str, Json]:
    """What people have to know to answer."""
    found: dict[str, Any] = {key: value for key, value in wait.ask.items() if key not in _INSIDE}
    if wait.approvers:
        found["approvers"] = list(wait.approvers)
    if wait.answers:
        names = ("by", "decision", "comment", "at")
        found["answers"] = [{name: answer[name] for name in names} for answer in wait.answers]
    if approval.form:
        found["form"] = [_field(spec) for spec in approval.form]
    if wait.due:
        found["deadline"] = wait.due
    if approval.push_back:
        found["push_back"] = True
    return {**found, "gate": True} if wait.gate else found


def _field(spec: InputSpec) -> Mapping[str, Json]:
    found: dict[str, Json] = {"name": spec.name, "type": spec.type, "required": spec.required}
    if spec.enum:
        found["enum"] = list(spec.enum)
    if spec.has_default:
        found["default"] = spec.default
    if spec.description:
        found["description"] = spec.description
    return found | ({"sensitive": True} if spec.sensitive else {})
