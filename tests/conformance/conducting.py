"""One order of completion for all runtimes: a conductor says what ends next, which timer fires, and who says what.

Every runtime is given the same plan, endings and choices, and virtual time. What it writes to its log is compared with
what the decider alone gives, ids and times aside (P10).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from treadle_engine.plan import Plan
from treadle_engine.protocol import Address, AttemptEnded, CompensationEnded, Deliver, Start, Stimulus
from treadle_engine.state import State, fold
from treadle_hookspecs import Event
from treadle_testkit.scripted import BEGIN, Choice, Ending, Script, Speech, Try

TICK: Final = 1_000
Key = tuple[Address, bool]
"""An attempt, or (True) a try to undo a visit."""


class Clock:
    """Virtual time, in microseconds."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> int:
        return self.now


class Runtime(Protocol):
    """One execution in one runtime, which moves only when it is told something."""

    def begin(self, start: Start) -> None:
        """Begin."""

    def running(self) -> Sequence[Key]:
        """What is under way, in the order in which it began."""

    def called_off(self, key: Key) -> bool:
        """It was asked to end."""

    def end(self, key: Key, ended: AttemptEnded | CompensationEnded) -> None:
        """Let it end."""

    def timers(self) -> Mapping[str, int]:
        """When timers are due."""

    def fire(self, timer: str) -> None:
        """Let a timer fire; the clock says when."""

    def say(self, stimulus: Stimulus) -> None:
        """Say something from outside."""

    def log(self) -> Sequence[Event]:
        """Every event so far, as somebody else would read it."""

    def close(self) -> None:
        """The execution is left."""


@dataclass(frozen=True)
class Score:
    """What is played: how attempts end, who says what, and in which order things happen."""

    plan: Plan
    script: Script
    speech: Speech
    choose: Choice
    interrupts: Mapping[int, Stimulus]
    """What is said from outside at which turn."""


def play(score: Score, runtime: Runtime, clock: Clock, most: int = 3_000) -> list[Event]:
    """Play it to its end or rest; the log."""
    runtime.begin(Start(clock.now, {}, {}, {}, "user:ada"))
    seen = _Seen(score.plan)
    try:
        for turn in range(most):
            clock.now += TICK
            seen.follow(runtime.log())
            if not _step(score, runtime, clock, seen, turn):
                return seen.events
    finally:
        runtime.close()
    raise AssertionError(f"it is still {seen.state.status} after {most} turns")


class _Seen:
    """What the log of a runtime tells."""

    def __init__(self, plan: Plan) -> None:
        self.state = State(plan, "conducted")
        self.events: list[Event] = []

    def follow(self, log: Sequence[Event]) -> None:
        for event in log[len(self.events) :]:
            fold(self.state, event)
            self.events.append(event)


def _step(score: Score, runtime: Runtime, clock: Clock, seen: _Seen, turn: int) -> bool:
    if turn in score.interrupts and not seen.state.terminal:
        runtime.say(_at(score.interrupts[turn], clock.now))
    elif running := runtime.running():
        key = running[score.choose([address for address, _ in running])]
        runtime.end(key, _ending(score, runtime, key, clock.now))
    elif not seen.state.paused and (said := _spoken(score, seen.state, clock.now)) is not None:
        runtime.say(said)
    elif (timers := runtime.timers()) and not seen.state.paused:
        timer = min(timers, key=lambda name: (timers[name], name))
        clock.now = max(clock.now, timers[timer])
        runtime.fire(timer)
    else:
        return any(at > turn for at in score.interrupts) and not seen.state.terminal
    return True


def _at(stimulus: Any, at: int) -> Stimulus:
    moved: Stimulus = replace(stimulus, at=at)
    return moved


def _spoken(score: Score, state: State, at: int) -> Deliver | None:
    for scope, number in state.waiting.values():
        wait, place = scope.waits[number], f"{scope.place(number)}#{scope.visits[number]}"
        sort: Any = "answer" if wait.kind == "approval" else wait.kind
        said = score.speech(place, wait) if sort in {"signal", "event", "answer"} else None
        if said is not None:
            return Deliver(at, sort, said[1], by=said[0], step=place)
    return None


def _ending(score: Score, runtime: Runtime, key: Key, at: int) -> AttemptEnded | CompensationEnded:
    address, undo = key
    ending = score.script(Try(*address, undo))
    if undo:
        error = None if ending.outcome == "success" else ending.error or {"type": "error", "message": "not undone"}
        return CompensationEnded(address, at, error, ending.draw)
    if runtime.called_off(key):
        ending = Ending("cancelled", {}, {"type": "cancelled", "message": "the step was cancelled"})
    return AttemptEnded(address, at, ending.outcome, ending.outputs, ending.error, ending.draw)


def told(log: Sequence[Event]) -> list[dict[str, Any]]:
    """A log, ids and times aside."""
    return [_told(event) for event in log]


_OWN: Final = frozenset({"definition", "plan", "language", "root", "host", "runtime", "decider", "trigger"})
"""What the first event says of where it was written."""


def _told(event: Event) -> dict[str, Any]:
    data: dict[str, Any] = {name: value for name, value in event.data.items() if name not in _OWN}
    return {**event.to_json(), "execution": "", "at": 0, "data": _timeless(data)}


def _timeless(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: None if name in _TIMES else _timeless(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_timeless(item) for item in value]
    return value


_TIMES: Final = frozenset({"due", "escalates", "since"})
