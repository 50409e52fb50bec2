"""The turn in the making: what is recorded is folded at once, so that the next decision sees it."""

from typing import Any, Final

from treadle_hookspecs import Event, JsonObject

from treadle_engine import events as kinds
from treadle_engine.protocol import Command, Turn
from treadle_engine.scope_state import ScopeState
from treadle_engine.state import State, fold

_CAUSES: Final = frozenset({kinds.VISIT_SETTLED, kinds.VISIT_SKIPPED, kinds.EXECUTION_STARTED, kinds.TIMER_FIRED})


class Draft:
    """One turn, for one stimulus.

    Attributes:
        state: with every event of the turn folded.
        at: the time of its events, in microseconds; never before the last event's.
        actor: who caused the stimulus; on the first event only.
        draw: the stimulus's random number in [0, 1), 0.5 where it brought none.
        events, commands: so far.
    """

    __slots__ = ("_cause", "actor", "at", "commands", "draw", "events", "state")

    def __init__(self, state: State, at: int, actor: str = "", draw: float = 0.5) -> None:
        self.state: Final = state
        self.at: Final = max(at, state.last_at)
        self.actor = actor
        self.draw = draw
        self.events: list[Event] = []
        self.commands: list[Command] = []
        self._cause = 0

    def record(
        self,
        kind: str,
        scope: str = "",
        step: str = "",
        visit: int = 0,
        attempt: int = 0,
        data: JsonObject | None = None,
    ) -> None:
        """Add an event and fold it."""
        state = self.state
        seq = state.last_seq + 1
        event = Event(
            seq, state.execution, kind, self.at, scope, step, visit, attempt, self.actor, self._cause, data or {}
        )
        self.actor = ""
        fold(state, event)
        self.events.append(event)
        if kind in _CAUSES:
            self._cause = seq

    def command(self, command: Command) -> None:
        """Add a command."""
        self.commands.append(command)

    def skip(self, scope: ScopeState, at: int, state: str, reason: str, routed: tuple[str, ...] = ()) -> None:
        """Record that a step ends without a visit."""
        data: dict[str, Any] = {"state": state, "reason": reason}
        if routed:
            data["routed"] = list(routed)
        self.record(kinds.VISIT_SKIPPED, scope.address, scope.graph.ids[at], data=data)

    def turn(self) -> Turn:
        """What the stimulus led to."""
        return Turn(self.events, self.commands)
