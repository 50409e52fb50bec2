"""R13a: a finished execution is continued by a new one, which takes over the results outside the region to run again.

`takeover_of` makes what travels in `Start.header["takeover"]` from the old state; `take_over` puts it into the new one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final

from treadle_hookspecs import Json, JsonObject

from treadle_engine.addresses import opened_by
from treadle_engine.compensation import Entry
from treadle_engine.graph import bits
from treadle_engine.plan import HANDLERS
from treadle_engine.scope_state import SETTLED, ScopeState

if TYPE_CHECKING:
    from treadle_engine.state import State

_AGAIN: Final = frozenset({"pending", "cancelled", "upstream_failed"})
"""A step that ended like this has to run again."""


def takeover_of(state: "State", again: Iterable[str] = ()) -> dict[str, Json]:
    """What a new execution of the same plan takes over from a finished one.

    The region that runs again: the steps `again`, the failed ones, those that did not come to their turn, visits
    that were compensated and those that used their outputs, and everything downstream of all these.

    Args:
        state: of an execution that has ended.
        again: ids of steps of the workflow that shall run again besides.

    Raises:
        ValueError: the execution has not ended, or has no such step.
    """
    if not state.terminal or state.log.active:
        raise ValueError(f"execution {state.execution} has not ended: resume it instead")
    scope = state.root
    region = _region(state, scope, again)
    kept = [at for at in range(len(scope.graph)) if at not in region]
    entries = [entry for entry in state.log.entries if entry.state != "done"]
    return {
        "execution": state.execution,
        "steps": {scope.graph.ids[at]: _record(scope, at) for at in kept},
        "tokens": [scope.graph.ids[at] for at in _tokens(scope, region)],
        "visits": _visits(state, entries),
        "vars": dict(state.vars),
        "compensations": [asdict(_moved(entry, state.last_seq)) for entry in entries],
    }


def take_over(state: "State", data: Mapping[str, Any]) -> None:
    """Fold the takeover of `execution_started`; the scope's derived part has to be rebuilt afterwards."""
    scope = state.root
    for id_, record in data["steps"].items():
        at = scope.graph.number[id_]
        scope.phase[at] = SETTLED
        scope.armed[at] = 0
        scope.credit[at] = record["credit"]
        scope.results[at], scope.outcomes[at] = record["state"], record["outcome"]
        scope.outputs[at], scope.errors[at] = record["outputs"], record["error"]
        scope.visits[at], scope.earlier[at] = record["visits"], list(record["earlier"])
        if record["routed"]:
            scope.routed[at] = [scope.graph.number[target] for target in record["routed"]]
    for id_ in data["tokens"]:
        scope.held.setdefault(scope.graph.number[id_], []).append(0)
    offset_visits(state, scope)
    state.vars = dict(data["vars"])
    state.log.entries = [Entry(**entry) for entry in data["compensations"]]


def offset_visits(state: "State", scope: ScopeState) -> None:
    """Visits go on counting where an older one can still be undone: no two visits share an address."""
    takeover: Any = state.header.get("takeover")
    if takeover:
        for at in range(len(scope.graph)):
            scope.visits[at] = max(scope.visits[at], takeover["visits"].get(scope.place(at), 0))


def _region(state: "State", scope: ScopeState, again: Iterable[str]) -> set[int]:
    graph = scope.graph
    seeds = {at for at in range(len(graph)) if scope.results[at] in _AGAIN or at in scope.passed_over}
    seeds |= scope.failures.keys()
    for id_ in again:
        if id_ not in graph.number:
            raise ValueError(f"workflow {state.plan.name} has no step {id_}")
        seeds.add(graph.number[id_])
    undone = {_outermost(entry.scope, entry.step) for entry in state.log.entries if entry.state == "done"} - {""}
    if undone:
        users = (at for at in range(len(graph)) if graph.code(at).uses(undone))
        seeds |= {graph.number[id_] for id_ in undone} | set(users)
    region = set(seeds)
    for seed in seeds:
        region.update(bits(graph.closures[seed]))
    return region


def _outermost(scope: str, step: str) -> str:
    """The workflow's own step in which a step of a scope stands; "" for one of a handler."""
    if not scope:
        return step
    first = scope.partition("/")[0]
    return "" if first in HANDLERS else opened_by(first).step


def _tokens(scope: ScopeState, region: set[int]) -> list[int]:
    """Steps of the region that start with a token: kept steps sent them one, or nothing else would reach them."""
    graph = scope.graph
    found = [
        target for at, targets in scope.routed.items() for target in targets if at not in region and target in region
    ]
    reached = {at for at in region if graph.armed[at]} | set(found)
    for at in tuple(reached):
        reached.update(bits(graph.closures[at]))
    for at in sorted(region - reached):
        if at not in reached:
            found.append(at)
            reached.update((at, *bits(graph.closures[at])))
    return found


def _record(scope: ScopeState, at: int) -> JsonObject:
    return {
        "state": scope.results[at],
        "credit": scope.credit[at],
        "outcome": scope.outcomes[at],
        "outputs": scope.outputs[at],
        "error": scope.errors[at],
        "visits": scope.visits[at],
        "earlier": scope.earlier.get(at, []),
        "routed": [scope.graph.ids[target] for target in scope.routed.get(at, ())],
    }


def _visits(state: "State", entries: Iterable[Entry]) -> dict[str, Json]:
    """By address of the step: how many visits it has had, where one of them can still be undone."""
    found: dict[str, Json] = {}
    for entry in entries:
        address = entry.address.rpartition("#")[0]
        found[address] = state.step(entry.scope, entry.step).visits if entry.scope in state.scopes else entry.visit
    return found


def _moved(entry: Entry, last_seq: int) -> Entry:
    """An entry as older than all that the new execution will do, in its old order among its like."""
    return replace(
        entry,
        state="open",
        attempt=0,
        interruptions=0,
        error=None,
        due=0,
        started=entry.started - last_seq - 1,
        settled=entry.settled - last_seq - 1,
        placed=entry.placed - last_seq - 1,
    )
