"""One event of the log with the state as it was before, seen from one step."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from treadle_engine.graph import Graph, route_lists
from treadle_engine.plan import Join, StepPlan
from treadle_engine.scope_state import FAILED, OPEN, SETTLED, SKIPPED, SUCCEEDED, ScopeState
from treadle_engine.state import State, state_of
from treadle_hookspecs import Event, Json

from treadle.seeing.explanation import Neighbour, Reason

_COUNTS = {OPEN: "open", SUCCEEDED: "succeeded", FAILED: "failed", SKIPPED: "skipped"}


@dataclass(frozen=True, slots=True)
class Arrival:
    """A token that came to the step: how, in a sentence, and by which rule."""

    text: str
    rule: str = "R2"


@dataclass(frozen=True, slots=True)
class Moment:
    """The state before an event, and the step that the explanation is about.

    `event` is None at the log's end. `went` has by step id where each step's latest end sent its token.
    """

    state: State
    scope: ScopeState
    at: int
    went: Mapping[str, tuple[str, ...]]
    event: Event | None = None

    @property
    def data(self) -> Any:
        """What the event carries."""
        return self.event.data if self.event is not None else {}

    @property
    def visit(self) -> int:
        """The event's visit, or 0."""
        return self.event.visit if self.event is not None else 0

    @property
    def attempt(self) -> int:
        """The event's attempt, or 0."""
        return self.event.attempt if self.event is not None else 0

    @property
    def graph(self) -> Graph:
        """The edges of the step's scope."""
        return self.scope.graph

    @property
    def step(self) -> StepPlan:
        """The step as it was compiled."""
        return self.graph.steps[self.at]

    def reason(
        self, rule: str, text: str, neighbours: tuple[Neighbour, ...] = (), values: Mapping[str, Json] | None = None
    ) -> Reason:
        """A reason that this event gives."""
        seq, at = (self.event.seq, self.event.at) if self.event is not None else (0, 0)
        return Reason(rule, text, seq, at, neighbours, values or {})

    def needs(self) -> tuple[Neighbour, ...]:
        """The steps it needs, and what each counts as for its join."""
        return tuple(
            Neighbour(
                self.scope.place(need),
                "need",
                state_of(self.scope, need),
                _COUNTS[self.scope.credit[need]],
                self._forgiven(need),
            )
            for need in self.graph.needs[self.at]
        )

    def sources(self) -> tuple[Neighbour, ...]:
        """The steps that can route to it, and where they went."""
        return tuple(
            Neighbour(self.scope.place(source), "route", state_of(self.scope, source), note=self._went(source))
            for source in self.graph.sources[self.at]
        )

    def _forgiven(self, need: int) -> str:
        failed = state_of(self.scope, need) == "failed" and self.scope.credit[need] == SUCCEEDED
        if not failed:
            return ""
        return "continue_on_error" if self.graph.steps[need].continue_on_error else "recovered"

    def _went(self, source: int) -> str:
        keys = [key for key, ids in route_lists(self.graph.steps[source]) if self.step.id in ids]
        leads = f"leads here by {', '.join(f'`{key}`' for key in dict.fromkeys(keys))}"
        if self.scope.phase[source] != SETTLED:
            return leads
        taken = ", ".join(self.went.get(self.graph.ids[source], ()))
        return f"{leads}, went to {taken}" if taken else f"{leads}, took no route"


def join_text(join: Join) -> str:
    """A join as the definition has it."""
    if join.mode == "at_least":
        return f"`at_least: {join.threshold}`"
    return f"`{join.expression}`" if join.mode == "expression" else f"`{join.mode}`"
