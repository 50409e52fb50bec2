"""A runtime in virtual time: attempts last as long as their mocks say, timers fire when they are due, nobody waits."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Final, TypeAlias

from treadle_engine import events as kinds
from treadle_engine.decide import decide
from treadle_engine.plan import Plan
from treadle_engine.protocol import (
    AcquireSlots,
    Address,
    AttemptEnded,
    CancelAttempt,
    CancelTimer,
    Command,
    Compensate,
    CompensationEnded,
    SlotsTaken,
    Start,
    StartAttempt,
    StartTimer,
    StartWorkflow,
    Stimulus,
    TimerFired,
)
from treadle_engine.state import State
from treadle_hookspecs import Event, JsonObject

from treadle.rehearsal._places import Places

BEGIN: Final = 1_700_000_000_000_000
"""When every rehearsal begins, in microseconds since 1970 UTC."""
MOST_TURNS: Final = 1_000_000
EXECUTION: Final = "rehearsal"


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt, or a try to undo a visit, ends; `after` microseconds."""

    outcome: str = "success"
    outputs: JsonObject = field(default_factory=dict)
    error: JsonObject | None = None
    after: int = 0


Asked: TypeAlias = StartAttempt | StartWorkflow | Compensate
"""What is played."""
Actor: TypeAlias = Callable[[Asked], Ending]
"""Says how what was commanded ends."""


class EndlessError(Exception):
    """The rehearsal did not come to rest."""


class Stage:
    """Plays one execution.

    Args:
        plan: linked.
        actor: plays the steps.
        timeline: what else happens: microseconds from the start on, and what makes the stimulus for that time.

    Attributes:
        state: as the decider left it.
        log: every event.
        now: the virtual time.
    """

    def __init__(
        self, plan: Plan, actor: Actor, timeline: Iterable[tuple[int, Callable[[int], Stimulus]]] = ()
    ) -> None:
        self.state = State(plan, EXECUTION)
        self.log: list[Event] = []
        self.now = BEGIN
        self._actor = actor
        self._order = 0
        self._due: list[tuple[int, int, Callable[[int], Stimulus | None]]] = []
        self._timers: dict[str, int] = {}
        self._places = Places(self.state)
        self._running: dict[tuple[Address, bool], int] = {}
        for after, make in timeline:
            self._plan_for(BEGIN + after, make)

    def play(self, inputs: JsonObject, trigger: JsonObject, header: JsonObject) -> None:
        """From the start until nothing more happens. Raises `EndlessError` when that never comes."""
        self._send(Start(self.now, inputs, trigger, header))
        for _ in range(MOST_TURNS):
            if not self._due:
                return
            due, _, make = heappop(self._due)
            at = max(self.now, due)
            stimulus = make(at)
            if stimulus is not None:
                self.now = at
                self._send(stimulus)
        raise EndlessError(f"it is still {self.state.status} after {MOST_TURNS:,} turns")

    def _plan_for(self, due: int, make: Callable[[int], Stimulus | None]) -> int:
        self._order += 1
        heappush(self._due, (due, self._order, make))
        return self._order

    def _send(self, stimulus: Stimulus | None) -> None:
        """Hand a stimulus to the decider, obey its commands, and then give the places that have become free."""
        while stimulus is not None:
            turn = decide(self.state, stimulus)
            self.log += turn.events
            for command in turn.commands:
                self._obey(command)
            stimulus = self._places.next(self.now)

    def _obey(self, command: Command) -> None:
        match command:
            case StartAttempt() | StartWorkflow():
                self._attempt(command)
            case Compensate():
                self._undo(command)
            case CancelAttempt():
                self._call_off(command.address)
            case StartTimer():
                self._set_timer(command)
            case CancelTimer():
                self._timers.pop(command.timer, None)
            case AcquireSlots():
                self._places.ask(command)
            case AcquireSlots(holder):
                self._plan_for(self.now, lambda at: SlotsTaken(at, holder))  # nobody else is there

    def _attempt(self, command: StartAttempt | StartWorkflow) -> None:
        ending, address = self._actor(command), command.address
        timeout = command.timeout if isinstance(command, StartAttempt) else None
        if timeout is not None and ending.after > timeout * 1_000_000:
            message = f"no result after {timeout:g} s; the attempt was ended"
            ending = Ending("timeout", {}, {"type": "timeout", "message": message}, round(timeout * 1_000_000))

        def end(at: int) -> Stimulus:
            return AttemptEnded(address, at, ending.outcome, ending.outputs, ending.error, 0.5)

        self._begin((address, False), ending.after, end)

    def _undo(self, command: Compensate) -> None:
        ending, address = self._actor(command), command.address

        def end(at: int) -> Stimulus:
            failed = ending.error or {"type": "error", "message": "it could not be undone"}
            return CompensationEnded(address, at, None if ending.outcome == "success" else failed, 0.5)

        self._begin((address, True), ending.after, end)

    def _begin(self, key: tuple[Address, bool], after: int, end: Callable[[int], Stimulus]) -> None:
        """What runs may be called off meanwhile; then its end is heard of earlier, and not again."""

        def ended(at: int) -> Stimulus | None:
            return end(at) if self._running.pop(key, 0) else None

        self._running[key] = self._plan_for(self.now + after, ended)

    def _call_off(self, address: Address) -> None:
        if self._running.pop((address, False), 0):
            error: JsonObject = {"type": "cancelled", "message": "the step was cancelled"}
            self._plan_for(self.now, lambda at: AttemptEnded(address, at, "cancelled", {}, error))

    def _set_timer(self, command: StartTimer) -> None:
        timer = command.timer

        def fire(at: int) -> Stimulus | None:
            if self._timers.get(timer) != order:
                return None
            del self._timers[timer]
            return TimerFired(timer, at)

        order = self._timers[timer] = self._plan_for(command.due, fire)


def place_of(event: Event) -> str:
    """`scope/step` of an event."""
    return f"{event.scope}/{event.step}" if event.scope else event.step


def path_of(log: Iterable[Event]) -> list[str]:
    """Every visit in the order of their ends: `scope/step#visit outcome`."""
    return [
        f"{place_of(event)}#{event.visit} {event.data['outcome']}"
        for event in log
        if event.type == kinds.VISIT_SETTLED and event.visit
    ]


def undone_of(log: Iterable[Event]) -> list[str]:
    """The visits that were undone, in order: `scope/step#visit`."""
    return [
        f"{place_of(event)}#{event.visit}"
        for event in log
        if event.type == kinds.COMPENSATION_SETTLED and event.data["state"] == "done"
    ]


def waits_of(log: Iterable[Event]) -> list[str]:
    """The visits that waited for the outside, in the order in which they began to: `scope/step#visit`."""
    found = (f"{place_of(event)}#{event.visit}" for event in log if _waits(event))
    return list(dict.fromkeys(found))


def _waits(event: Event) -> bool:
    return event.type == kinds.VISIT_WAITING and bool(event.step) and event.data.get("for") not in {"items", "slots"}
