"""How the events of waiting change the state."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from treadle_hookspecs import Event, JsonObject

from treadle_engine.scope_state import RUNNING, WAITING, ScopeState
from treadle_engine.waits import Wait, answer_of

if TYPE_CHECKING:
    from treadle_engine.state import State


def opened(state: "State", scope: ScopeState, at: int, event: Event) -> None:
    """`visit_waiting`."""
    data: Mapping[str, Any] = event.data
    scope.phase[at] = WAITING
    scope.attention.discard(at)
    scope.cleared.discard(at)
    asks = data.get("asks", False)
    if asks:
        scope.asked[at] = data.get("snapshot", {})
        _give_place_back(state, scope, at)
    scope.waits[at] = Wait(
        data["for"],
        event.seq,
        event.at,
        data.get("due", 0),
        data.get("name", ""),
        data.get("gate", False),
        asks,
        data.get("ask", {}),
        escalates=data.get("escalates", 0),
    )
    state.waiting[event.seq] = (scope, at)


def fired(scope: ScopeState, at: int, event: Event) -> bool:
    """`timer_fired` of a wait; False when the timer is another one's. What its end leads to is an event of its own."""
    wait = scope.waits.get(at)
    if wait is None:
        return False
    if str(event.data["timer"]).startswith("escalate:"):
        wait.escalates, wait.escalated = 0, True
    else:
        wait.expired = True
    return True


def received(state: "State", event: Event) -> None:
    """`signal_received`."""
    data: Mapping[str, Any] = event.data
    if data.get("refused"):
        return
    kept = state.kept.pop(data["kept"], None) if "kept" in data else None
    if not event.step:
        state.kept[event.seq] = {name: data[name] for name in ("sort", "name", "data", "by") if name in data}
        return
    scope = state.scopes[event.scope]
    wait = scope.waits[scope.graph.number[event.step]]
    if data["sort"] == "answer":
        wait.answers.append(answer_of(data, event.at))
    else:
        wait.said = {"data": (data if kept is None else kept).get("data")}


def _give_place_back(state: "State", scope: ScopeState, at: int) -> None:
    """A visit that had begun waits: what waits takes no place."""
    scope.unplaced.add(at)
    for around in scope.around():
        around.busy -= 1
    if state.starved:
        state.queue_starved()


def clear(state: "State", scope: ScopeState, at: int) -> None:
    """People have approved what the visit is to do, or it has its slots: it may begin as soon as there is room.

    One that asked in the middle goes on with another attempt, which is no further try of `retry`.
    """
    wait = scope.waits.get(at)
    if wait is not None and wait.asks:
        scope.replies[at] = {**scope.replies.get(at, {}), str(wait.ask.get("key", "")): _reply(wait)}
        scope.attempts[at] += 1
        scope.interruptions[at] = scope.interruptions.get(at, 0) + 1
    close(state, scope, at)
    scope.phase[at] = RUNNING
    scope.cleared.add(at)


def _reply(wait: Wait) -> JsonObject:
    """The answer, without its time: what a run leads to does not depend on when it ran."""
    if not wait.answers:
        return {"decision": "timeout", **({"budget": True} if wait.ask.get("budget") else {})}
    return {name: value for name, value in wait.answers[-1].items() if name != "at"}


def place(scope: ScopeState, at: int) -> None:
    """A visit begins what people have approved: it takes a place from now on."""
    scope.unplaced.discard(at)
    scope.cleared.discard(at)
    if scope.graph.nested[at]:
        scope.attention.add(at)
    else:
        for around in scope.around():
            around.busy += 1


def close(state: "State", scope: ScopeState, at: int) -> None:
    """The wait of a visit is over, if it has one."""
    wait = scope.waits.pop(at, None)
    if wait is not None:
        del state.waiting[wait.seq]
