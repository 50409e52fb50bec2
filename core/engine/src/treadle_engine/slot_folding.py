"""How the events of places in groups change the state."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from treadle_hookspecs import Event

from treadle_engine import wait_folding
from treadle_engine.readiness import rebuild
from treadle_engine.scope_state import ScopeState
from treadle_engine.takeover import take_over

if TYPE_CHECKING:
    from treadle_engine.state import State


def granted(state: "State", event: Event) -> None:
    """`slots_granted` of the execution: its first steps may start."""
    data: Mapping[str, Any] = event.data
    state.slots[""] = list(data["groups"])
    begin(state, event.at)


def granted_to(state: "State", scope: ScopeState, at: int, event: Event) -> None:
    """`slots_granted` of a visit: it may begin where there is room."""
    data: Mapping[str, Any] = event.data
    state.slots[f"{scope.place(at)}#{event.visit}"] = list(data["groups"])
    wait_folding.clear(state, scope, at)


def begin(state: "State", at: int) -> None:
    """The execution has what it was queued for, or was not queued: its first steps are armed."""
    state.queued_for = []
    state.begun_at = at
    root = state.open_scope("")
    if state.header.get("takeover"):
        take_over(state, state.header["takeover"])  # type: ignore[arg-type]
        rebuild(root)


def give_up(state: "State") -> None:
    """An execution that is queued ends without having begun: nothing is armed, no handler runs."""
    if state.queued_for:
        state.queued_for = []
        state.unbegun = True
        state.open_scope("")
