"""A runtime without a world: it drives the decider with given outcomes, a given order and a given clock.

    runtime = ScriptedRuntime(plan, {"test": ["failure", "success"]})
    runtime.start()
    assert runtime.run() == "completed"
    assert runtime.trace() == ["test#1 failure", "fix#1 success", "test#2 success"]

It can lose its process after any event (`crash`), be paused at any point (`send(Pause(…))`), and remembers every event
and command.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from treadle_engine import events as kinds
from treadle_engine.decide import decide
from treadle_engine.link import link
from treadle_engine.plan import OnInterrupt, Plan, ScopePlan, StepPlan
from treadle_engine.protocol import (
    AcquireSlots,
    Address,
    AttemptAsks,
    AttemptEnded,
    CancelAttempt,
    CancelTimer,
    Command,
    Compensate,
    CompensationEnded,
    Deliver,
    Publish,
    Recover,
    SlotsTaken,
    Start,
    StartAttempt,
    StartTimer,
    StartWorkflow,
    Stimulus,
    TimerFired,
    Turn,
)
from treadle_engine.slots import holder_of
from treadle_engine.state import State, fold
from treadle_engine.waits import Wait
from treadle_hookspecs import Event, JsonObject

BEGIN: Final = 1_700_000_000_000_000
"""The clock's first time, in microseconds since 1970 UTC."""
SECOND: Final = 1_000_000
ASKS: Final = "asks"


_ENDS: Final = frozenset({kinds.ATTEMPT_FAILED, kinds.COMPENSATION_SETTLED, kinds.VISIT_SETTLED})


class Ending(NamedTuple):
    """How an attempt, or a try to undo a visit, ends. A compensation fails when `outcome` is not `success`.

    With the outcome `asks` an attempt asks people; `outputs` is what they have to know, `{key, …}`.
    """

    outcome: str = "success"
    outputs: JsonObject = {}  # noqa: RUF012 - a JSON object is never changed
    error: JsonObject | None = None
    draw: float = 0.5


class Try(NamedTuple):
    """Which attempt a script is asked about. `number` counts from 1 and leaves out attempts that a crash ended."""

    scope: str
    step: str
    visit: int
    number: int
    undo: bool = False


Script: TypeAlias = Callable[[Try], Ending]
Speech: TypeAlias = "Callable[[str, Wait], tuple[str, str] | None]"
"""What is said to a wait for a signal, an event or people: given its `scope/step#visit` and itself, who says which name
(of the signal or event, or a decision); None: nothing, so that its time-out ends it if it has one."""
Choice: TypeAlias = Callable[[Sequence[Address]], int]
"""Which of the running attempts ends next."""


def workflow(*steps: StepPlan, name: str = "scripted", scope: Mapping[str, Any] | None = None, **fields: Any) -> Plan:
    """A linked plan of these steps. `scope` are further fields of its `ScopePlan`, `fields` of the `Plan`.

    Handlers (`on_failure`, `on_cancel`, `finally_`) may be given as sequences of steps; `children` as a mapping.
    """
    if isinstance(fields.get("children"), Mapping):
        fields["children"] = tuple(fields["children"].items())
    for handler in ("on_failure", "on_cancel", "finally_"):
        if handler in fields:
            fields[handler] = link(ScopePlan(tuple(fields[handler])))
    return Plan(name, link(ScopePlan(steps, **(scope or {}))), **fields)


class ScriptedRuntime:
    """Drives one execution.

    Args:
        plan: linked.
        script: how attempts end: a function, or by step id the outcomes of its tries in order, the last one for all
            further ones; a step that is not named succeeds.
        speech: what is said to waits, when nothing runs; default: nothing.
        choose: which running attempt ends next; default: the one that started first.
        tick: microseconds between two stimuli.
        execution: the id.
        actor: who starts it.

    Attributes:
        state: as the decider left it.
        log: every event.
        commands: every command since the last crash.
        running: attempts and compensations under way.
        timers: due times of the timers that are set.
        asked: who waits for places in groups; the execution is the only one there is.
    """

    def __init__(
        self,
        plan: Plan,
        script: Script | Mapping[str, Sequence[str | Ending]] | None = None,
        *,
        speech: Speech = lambda *_: None,
        choose: Choice = lambda _: 0,
        tick: int = 1_000,
        execution: str = "scripted",
        actor: str = "",
    ) -> None:
        self.plan = plan
        self.state = State(plan, execution)
        self.log: list[Event] = []
        self.commands: list[Command] = []
        self.running: dict[tuple[Address, bool], StartAttempt | StartWorkflow | Compensate] = {}
        self.timers: dict[str, int] = {}
        self.asked: dict[str, AcquireSlots] = {}
        self.now = BEGIN
        self._script = script if callable(script) else _by_step(script or {})
        self._speech = speech
        self._choose = choose
        self._tick = tick
        self._actor = actor
        self._called_off: set[Address] = set()
        self._interrupted: dict[tuple[str, str, int, bool], int] = {}

    def start(self, inputs: JsonObject | None = None, header: JsonObject | None = None) -> Turn:
        """Begin the execution."""
        return self.send(Start(self.now, inputs or {}, {}, header or {}, self._actor))

    def run(self, *, turns: int = 100_000) -> str:
        """Go on until the execution ends or rests; its status. Raises `AssertionError` when it does neither."""
        for _ in range(turns):
            if not self.step():
                return self.state.status
        raise AssertionError(f"the execution is still {self.state.status} after {turns} turns")

    def run_what_runs(self) -> str:
        """Let every attempt end, and what follows from that, but no time pass; the status."""
        while self.running:
            self.step()
        return self.state.status

    def step(self) -> bool:
        """Give places to who can have them, let one attempt end, or let the next timer fire; False when nothing can."""
        if self._give_places():
            return True
        if self.running:
            addresses = [address for address, _ in self.running]
            self._end(list(self.running)[self._choose(addresses)])
            return True
        if not self.state.paused and self._speak():
            return True
        if self.timers and not self.state.paused:
            timer = min(self.timers, key=lambda name: (self.timers[name], name))
            self.now = max(self.now, self.timers.pop(timer))
            self.send(TimerFired(timer, self.now))
            return True
        return False

    def _speak(self) -> bool:
        """Say something to the oldest wait to which anything is said; False when there is none."""
        for scope, at in self.state.waiting.values():
            wait, place = scope.waits[at], f"{scope.place(at)}#{scope.visits[at]}"
            sort = "answer" if wait.kind == "approval" else wait.kind
            said = self._speech(place, wait) if sort in {"signal", "event", "answer"} else None
            if said is not None:
                self.send(Deliver(self.now, sort, said[1], by=said[0], step=place))  # type: ignore[arg-type]
                return True
        return False

    def _give_places(self) -> bool:
        """Hand out the places of the first that can have them all. The line is as the log has it."""
        held = [group for groups in self.state.slots.values() for group in groups]
        line = [holder_of(scope, at) for scope, at in self.state.waiting.values() if scope.waits[at].kind == "slots"]
        for holder in ["", *line]:
            groups = self.asked[holder].groups if holder in self.asked else ()
            if groups and all(held.count(str(group["group"])) < int(str(group["limit"])) for group in groups):
                del self.asked[holder]
                self.send(SlotsTaken(self.now, holder))
                return True
        return False

    def send(self, stimulus: Stimulus) -> Turn:
        """Hand a stimulus to the decider and obey its commands."""
        turn = decide(self.state, stimulus)
        self.log += turn.events
        for command in turn.commands:
            self._obey(command)
        self.now += self._tick
        return turn

    def crash(self, keep: int | None = None, interrupted: OnInterrupt = "retry") -> Turn:
        """Lose the process, with all events after the first `keep`, and recover from the log."""
        self.log = self.log[:keep]
        self.commands.clear()
        self.running.clear()
        self.timers.clear()
        self.asked.clear()
        self._called_off.clear()
        self.state = State(self.plan, self.state.execution)
        for event in self.log:
            fold(self.state, event)
        self._recount()
        if not self.log:
            return self.start()
        return self.send(Recover(self.now, {"": interrupted}))

    def trace(self) -> list[str]:
        """Every end of a step in the order of the log: `step#visit outcome`, `step skipped`."""
        found = []
        for event in self.log:
            place = f"{event.scope}/{event.step}" if event.scope else event.step
            if event.type == kinds.VISIT_SETTLED:
                visit = f"#{event.visit}" if event.visit else ""
                found.append(f"{place}{visit} {event.data['outcome']}")
            elif event.type == kinds.VISIT_SKIPPED:
                found.append(f"{place} {event.data['state']}")
        return found

    def undone(self) -> list[str]:
        """The visits that were undone, in order."""
        return [
            event._replace(attempt=0).address
            for event in self.log
            if event.type == kinds.COMPENSATION_SETTLED and event.data["state"] == "done"
        ]

    def states(self) -> dict[str, str]:
        """The state of each step by address."""
        return {step.address: step.state for step in self.state.steps()}

    def _obey(self, command: Command) -> None:
        match command:
            case StartAttempt() | StartWorkflow() | Compensate():
                self.running[command.address, isinstance(command, Compensate)] = command
            case CancelAttempt():
                self._called_off.add(command.address)
            case StartTimer():
                self.timers[command.timer] = command.due
            case CancelTimer():
                self.timers.pop(command.timer, None)
            case AcquireSlots():
                self.asked[command.holder] = command
        self.commands.append(command)

    def _end(self, key: tuple[Address, bool]) -> None:
        address, undo = key
        del self.running[key]
        ending = self._ending(address, undo=undo)
        if undo:
            error = ending.error or {"type": "error", "message": "could not be undone"}
            failed = None if ending.outcome == "success" else error
            self.send(CompensationEnded(address, self.now, failed, ending.draw))
        elif ending.outcome == ASKS:
            self.send(AttemptAsks(address, self.now, ending.outputs))
        else:
            self.send(AttemptEnded(address, self.now, ending.outcome, ending.outputs, ending.error, ending.draw))

    def _ending(self, address: Address, *, undo: bool) -> Ending:
        if address in self._called_off and not undo:
            self._called_off.discard(address)
            return Ending("cancelled")
        lost = self._interrupted.get((*address[:3], undo), 0)
        return self._script(Try(address.scope, address.step, address.visit, address.attempt - lost, undo))

    def _recount(self) -> None:
        """Which attempts in the log a crash ended; those that ran when the log was cut are among them."""
        ended: dict[tuple[str, str, int, bool], int] = {}
        begun: dict[tuple[str, str, int, bool], int] = {}
        for event in self.log:
            undo = event.type in {kinds.COMPENSATION_STARTED, kinds.COMPENSATION_SETTLED}
            key = (event.scope, event.step, event.visit, undo)
            if event.type == kinds.VISIT_STARTED and self._waits_first(event):
                begun[key] = 0  # its first attempt begins when people have approved it and it has its places
            elif event.type in {kinds.VISIT_STARTED, kinds.ATTEMPT_STARTED, kinds.COMPENSATION_STARTED}:
                begun[key] = begun.get(key, 0) + 1
            elif event.type in _ENDS or event.data.get("asks"):
                ended[key] = ended.get(key, 0) + 1
        self._interrupted = {key: count - ended.get(key, 0) for key, count in begun.items()}

    def _waits_first(self, event: Event) -> bool:
        graph = self.state.scopes[event.scope].graph
        return graph.waits[graph.number[event.step]]

    @property
    def published(self) -> list[Publish]:
        """What `emit` steps put on the bus."""
        return [command for command in self.commands if isinstance(command, Publish)]


def _by_step(endings: Mapping[str, Sequence[str | Ending]]) -> Script:
    """A script from lists: the n-th end of a step, counted over its visits and tries, is the n-th in its list."""
    given: dict[tuple[str, bool], int] = {}

    def script(attempt: Try) -> Ending:
        key = (f"undo:{attempt.step}" if attempt.undo else attempt.step, attempt.undo)
        listed = endings.get(key[0])
        if not listed:
            return Ending()
        position = min(given.get(key, 0), len(listed) - 1)
        given[key] = position + 1
        ending = listed[position]
        return ending if isinstance(ending, Ending) else Ending(ending)

    return script
