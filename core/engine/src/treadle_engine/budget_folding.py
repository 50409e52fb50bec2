"""What events tell of budgets: what was used, by the execution, each step and the steps around it."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from treadle_hookspecs import Event

from treadle_engine import events as kinds
from treadle_engine.scope_state import ScopeState

if TYPE_CHECKING:
    from treadle_engine.state import State


def follow(state: "State", event: Event) -> None:
    """Take note of an event; `state` has it folded otherwise."""
    note = _NOTES.get(event.type)
    if note is not None:
        note(state, event)


def _started(state: "State", event: Event) -> None:
    scope = state.scopes[event.scope]
    at = scope.graph.number[event.step]
    _spend(state, scope, at, "visits", 1)
    if not scope.graph.waits[at]:
        _tried(state, event)


def _tried(state: "State", event: Event) -> None:
    scope = state.scopes[event.scope]
    at = scope.graph.number[event.step]
    if not scope.graph.nested[at]:
        state.begun[scope.place(at)] = event.at


def _ended(state: "State", event: Event) -> None:
    scope = state.scopes[event.scope]
    at = scope.graph.number[event.step]
    began = state.begun.pop(scope.place(at), None)
    if began is not None:
        _spend(state, scope, at, "time", (event.at - began) / 1_000_000)
    facts: Any = event.data.get("facts", {})
    usage: Mapping[str, Any] = facts.get("usage", {})
    for kind in ("tokens", "money"):
        if usage.get(kind):
            _spend(state, scope, at, kind, usage[kind])


def _spend(state: "State", scope: ScopeState, at: int, kind: str, amount: float) -> None:
    places = {"", scope.place(at)}
    places.update(inner.parent.place(inner.owner) for inner in scope.around() if inner.parent is not None)
    for place in places:
        spent = state.spent.setdefault(place, {})
        spent[kind] = spent.get(kind, 0) + amount


def _reached(state: "State", event: Event) -> None:
    place = f"{event.scope}/{event.step}".strip("/") if event.step else ""
    state.broke = {"place": place, **event.data}


def _raised(state: "State", event: Event) -> None:
    data: Mapping[str, Any] = event.data
    given = state.raised.setdefault(data["place"], {})
    for kind, amount in data["by"].items():
        given[kind] = given.get(kind, 0) + amount
    state.broke = {}
    state.queue_all()


def _cancelled(state: "State", _: Event) -> None:
    state.broke = {}


_NOTES: Final[Mapping[str, "Callable[[State, Event], None]"]] = {
    kinds.VISIT_STARTED: _started,
    kinds.ATTEMPT_STARTED: _tried,
    kinds.ATTEMPT_FAILED: _ended,
    kinds.VISIT_WAITING: _ended,
    kinds.VISIT_SETTLED: _ended,
    kinds.BUDGET_REACHED: _reached,
    kinds.BUDGET_RAISED: _raised,
    kinds.EXECUTION_CANCEL_REQUESTED: _cancelled,
}
