"""How the events of checkpoints and of undoing change the state."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from treadle_hookspecs import Event

from treadle_engine import compensation

if TYPE_CHECKING:
    from treadle_engine.state import State


def checkpoint_taken(state: "State", event: Event) -> None:
    """`checkpoint_taken`: a point to which a rollback can go back."""
    scope = state.scopes[event.scope]
    scope.last = event.seq
    compensation.mark(state.log, event, scope.started[scope.graph.number[event.step]])


def compensation_started(state: "State", event: Event) -> None:
    """`compensation_started`: a try to undo a visit."""
    entry = state.log.find(event.scope, event.step, event.visit)
    if entry is not None:
        compensation.tried(entry, event.attempt)


def compensation_settled(state: "State", event: Event) -> None:
    """`compensation_settled`: its end."""
    data: Mapping[str, Any] = event.data
    entry = state.log.find(event.scope, event.step, event.visit)
    if entry is None:
        return
    compensation.ended(entry, data)
    scope = state.scopes.get(event.scope)
    if scope is not None and not entry.due:
        scope.compensation[scope.graph.number[event.step]] = data["state"]


def rollback_started(state: "State", event: Event) -> None:
    """`rollback_started`, of the execution or of a sub-workflow."""
    data: Mapping[str, Any] = event.data
    compensation.began(state.log, event.scope, data)
    state.scopes[event.scope].frame.undone = True
    state.attention = state.attention or any(
        entry.barrier for entry in state.log.within(event.scope, data.get("to", ""))
    )


def rollback_finished(state: "State", event: Event) -> None:
    """`rollback_finished`; what a sub-workflow could not undo is left to the execution."""
    del state.log.undoing[event.scope]
    root = state.scopes[event.scope]
    if root.parent is None or event.data["state"] == "partial":
        state.rollback = str(event.data["state"])
    if root.parent is not None:
        root.parent.attention.add(root.owner)
        state.queue(root.parent)
