"""What is known of an execution that is being followed: a fold of its events, made for the eye."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from treadle_engine.addresses import Opened, opened_by
from treadle_engine.plan import HANDLERS, Plan, ScopePlan, bodies, steps_within
from treadle_hookspecs import Event, Json

from treadle.cli.console import printable
from treadle.runtime.listeners import StepProgress

if TYPE_CHECKING:
    from treadle.seeing.durations import UsualTimes

DONE: Final = frozenset({"succeeded"})
FAILED: Final = frozenset({"failed", "upstream_failed", "cancelled", "interrupted"})
SKIPPED: Final = frozenset({"skipped"})
ACTIVE: Final = frozenset({"running", "retrying", "waiting"})
PENDING: Final = "pending"
_NUMBERS: Final = re.compile(r"#\d+|:\d+|\[\d+\]")
"""In an address: which visit, iteration or item. Without them it is the path of a step in the definition."""


@dataclass(slots=True)
class StepView:
    """One step. Times are microseconds since 1970 UTC, `progress` is 0.0 … 1.0 or None."""

    address: str
    state: str = PENDING
    visit: int = 0
    attempt: int = 1
    started_at: int | None = None
    finished_at: int | None = None
    due: int | None = None
    routed: tuple[str, ...] = ()
    error: str = ""
    reason: str = ""
    undone: str = ""
    progress: float | None = None
    message: str = ""
    parts: dict[str, tuple[float | None, str]] = field(default_factory=dict)
    """How far the pieces of its work are that it named, each with what it is at."""
    name: str = ""
    opened: Opened | None = None
    """By which visit of which step its scope was opened; None at the top and in handlers."""
    children: "list[StepView]" = field(default_factory=list)
    """The steps of the scopes that it opened, in the order they came."""
    last: str = ""
    """The state in which its last visit left it, once it may run again."""

    def restart(self) -> None:
        """Nothing of it has happened yet."""
        self.last = ""
        self.state, self.visit, self.attempt = PENDING, 0, 1
        self.started_at = self.finished_at = self.due = None
        self.routed, self.error, self.reason, self.undone = (), "", "", ""
        self.forget_progress()

    def forget_progress(self) -> None:
        """What it told of itself is over."""
        self.progress, self.message = None, ""
        self.parts.clear()

    @property
    def settled(self) -> bool:
        """It has ended, for now."""
        return self.state != PENDING and self.state not in ACTIVE

    @property
    def title(self) -> str:
        """What people see of it: its name, else its id; which one where there are many; its handler, if it has one."""
        own = self.name or self.address.rpartition("/")[2]
        if self.opened is None:
            handler = self.address.partition("/")[0] if "/" in self.address else ""
            own = f"{handler}: {own}" if handler else own
        elif self.opened.which:
            own = f"{self.opened.which.lstrip('.:')} {own}"
        return f"{own} #{self.visit}" if self.visit > 1 else own

    @property
    def label(self) -> str:
        """The address, with the visit's number from the second one on."""
        return f"{self.address}#{self.visit}" if self.visit > 1 else self.address


@dataclass(slots=True)
class ExecutionView:
    """The whole execution; steps in the order written, then those that came by themselves."""

    workflow: str = ""
    id: str = ""
    status: str = "running"
    started_at: int | None = None
    finished_at: int | None = None
    title: str = ""
    """What people see instead of the workflow's name."""
    usual: "UsualTimes | None" = None
    """When steps usually started and how long they took, or None when nobody looked."""
    steps: dict[str, StepView] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """The steps' names by their path in the definition."""

    def expect(self, addresses: Iterable[str]) -> None:
        """Show these steps as pending."""
        for address in addresses:
            self.step(address)

    def plan(self, plan: Plan) -> None:
        """Show what the plan says will come, by the names that it gives."""
        self.title = plan.title
        handlers = (("on_failure", plan.on_failure), ("on_cancel", plan.on_cancel), ("finally", plan.finally_))
        for inside, scope in (("", plan.root), *((f"{name}/", scope) for name, scope in handlers if scope)):
            self.names |= {path: step.name for path, step in steps_within(scope, inside) if step.name}
        for step in self.steps.values():
            step.name = self._name(step.address)
        self.expect(_expected(plan.root))

    def step(self, address: str) -> StepView:
        """The view of a step, made when it was not expected."""
        return self.steps.get(address) or self._new(address)

    def _new(self, address: str) -> StepView:
        scope = address.rpartition("/")[0]
        step = self.steps[address] = StepView(address, name=self._name(address))
        if scope and scope not in HANDLERS:
            step.opened = opened_by(scope)
            around = step.opened.scope
            self.step(f"{around}/{step.opened.step}" if around else step.opened.step).children.append(step)
        return step

    def _name(self, address: str) -> str:
        return self.names.get(_NUMBERS.sub("", address), "")

    @property
    def top(self) -> list[StepView]:
        """The workflow's own steps: what its progress is counted in."""
        return [step for step in self.steps.values() if "/" not in step.address]

    def progressed(self, told: StepProgress) -> None:
        """Take over how far a step is."""
        step = self.step(told.step)
        if told.part:
            step.parts[printable(told.part)] = (told.fraction, printable(told.message))
        else:
            step.progress, step.message = told.fraction, printable(told.message)

    def apply(self, event: Event) -> None:
        """Take over one event; kinds that show nothing are passed by."""
        if is_about_execution(event):
            self.status = _EXECUTION[event.type]
            self._apply_execution(event)
        elif event.step and event.type in _STEP:
            _STEP[event.type](self.step(_address(event)), event)
        elif event.type == "region_rearmed":
            self._rearm(event)

    def _apply_execution(self, event: Event) -> None:
        if event.type == "execution_started" and self.id != event.execution:
            self._begin_again(event)
        if self.started_at is None:
            self.started_at = event.at
        if event.type in ("execution_completed", "execution_failed", "execution_cancelled", "rollback_finished"):
            self.finished_at = event.at

    def _begin_again(self, event: Event) -> None:
        """A new execution: what an earlier one finished stands, the rest is to come."""
        self.id, self.started_at, self.finished_at = event.execution, event.at, None
        for step in self.steps.values():
            if step.state not in DONE:
                step.restart()

    def _rearm(self, event: Event) -> None:
        for name in _texts(event.data.get("steps")):
            step = self.step(f"{event.scope}/{name}" if event.scope else name)
            if step.state != PENDING:
                step.last = step.state if step.visit else ""
            step.state = PENDING


_EXECUTION: Final = {
    "execution_started": "running",
    "execution_resumed": "running",
    "execution_paused": "paused",
    "execution_cancel_requested": "cancelling",
    "execution_closing": "closing",
    "execution_completed": "completed",
    "execution_failed": "failed",
    "execution_cancelled": "cancelled",
    "rollback_started": "rolling back",
    "rollback_finished": "rolled back",
}


def is_about_execution(event: Event) -> bool:
    """It changes the execution's status: not one that only closes a scope inside it."""
    return event.type in _EXECUTION and not (event.type == "execution_closing" and event.scope not in ("", *HANDLERS))


def _expected(scope: ScopePlan, inside: str = "") -> Iterator[str]:
    """The addresses of steps that come to their turn once; how often those of a loop or an item do, nobody knows."""
    for step in scope.steps:
        yield f"{inside}{step.id}"
        if step.kind in {"parallel", "steps", "race"}:
            for behind, body in bodies(step):
                yield from _expected(body, f"{inside}{step.id}{behind}/")


def _address(event: Event) -> str:
    return f"{event.scope}/{event.step}" if event.scope else event.step


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list | tuple) else ()


def message_of(error: Json) -> str:
    """The first line of an error's message; "" when there is none."""
    text = error.get("message") if isinstance(error, Mapping) else error
    return printable(str(text).strip().partition("\n")[0]) if text else ""


def _started(step: StepView, event: Event) -> None:
    step.state, step.visit, step.attempt = "running", event.visit, max(event.attempt, 1)
    step.started_at, step.finished_at, step.due = event.at, None, None
    step.routed, step.error, step.reason = (), "", ""
    step.forget_progress()


def _tried_again(step: StepView, event: Event) -> None:
    step.state, step.attempt, step.due = "running", max(event.attempt, 1), None
    step.forget_progress()


def _attempt_failed(step: StepView, event: Event) -> None:
    due = event.data.get("due")
    step.state, step.due = "retrying", due if isinstance(due, int) else None
    step.error = message_of(event.data.get("error"))


def _waiting(step: StepView, event: Event) -> None:
    if event.data.get("for") == "items":
        return  # its items are still running, and so is it
    step.state, step.reason = "waiting", str(event.data.get("for") or "")


def _settled(step: StepView, event: Event) -> None:
    step.state = str(event.data.get("state") or "succeeded")
    step.finished_at, step.due = event.at, None
    step.forget_progress()
    step.routed, step.error = _texts(event.data.get("routed")), message_of(event.data.get("error"))


def _skipped(step: StepView, event: Event) -> None:
    state, step.reason = str(event.data.get("state") or "skipped"), str(event.data.get("reason") or "")
    if step.last and state == "skipped" and step.reason != "when":
        step.state = step.last  # it was not entered again
    else:
        step.state, step.finished_at = state, event.at


def _interrupted(step: StepView, event: Event) -> None:
    step.state, step.finished_at = "interrupted", event.at


def _undoing(step: StepView, _event: Event) -> None:
    step.undone = "undoing"


def _undone(step: StepView, event: Event) -> None:
    step.undone = "undone" if event.data.get("state") == "done" else "not undone"
    step.error = message_of(event.data.get("error")) or step.error


_STEP: Final = {
    "visit_started": _started,
    "visit_waiting": _waiting,
    "visit_settled": _settled,
    "visit_skipped": _skipped,
    "visit_interrupted": _interrupted,
    "attempt_started": _tried_again,
    "attempt_failed": _attempt_failed,
    "compensation_started": _undoing,
    "compensation_settled": _undone,
}
