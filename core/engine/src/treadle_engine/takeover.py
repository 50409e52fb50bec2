"""R13a: a finished execution is continued by a new one, which takes over the results outside the region to run again.

`takeover_of` makes what travels in `Start.header["takeover"]` from the old state; `take_over` puts it into the new one,
and `take_over_inside` what was finished in the scopes of a step that runs again, as these open.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final

from treadle_hookspecs import Json, JsonObject

from treadle_engine.compensation import Entry
from treadle_engine.graph import bits
from treadle_engine.scope_state import SETTLED, ScopeState
from treadle_engine.takeover_region import Again, Region, region_of

if TYPE_CHECKING:
    from treadle_engine.state import State

_DECIDED_ANEW: Final = frozenset({"race"})
"""Kinds whose scopes are not taken over when they run again."""


def takeover_of(state: "State", again: Iterable[str] = (), then: "State | None" = None) -> dict[str, Json]:
    """What a new execution of the same plan takes over from a finished one.

    The region that runs again: the steps `again`, the failed ones, those that did not come to their turn, visits
    that were compensated and those that used their outputs, and everything downstream of all these. Of a step that
    runs again for what is inside it, what is outside the region there is taken over as well.

    Args:
        state: of an execution that has ended.
        again: steps that shall run again besides: `step`, `scope/step`, and a visit of it: `scope/step#2`.
        then: the state before these began, where an earlier visit is meant: what the region's steps had come to.

    Raises:
        ValueError: the execution has not ended, or has no such step.
    """
    if not state.terminal or state.log.active:
        raise ValueError(f"execution {state.execution} has not ended: resume it instead")
    entries = [entry for entry in state.log.entries if entry.state != "done"]
    visits = _visits(state, entries)
    taking = _Taking(state, then, Again(again), visits)
    return {
        "execution": state.execution,
        **taking.scope(state.root, ""),
        "scopes": taking.inside,
        "visits": visits,
        "vars": dict((then or state).vars),
        "compensations": [asdict(_moved(entry, state.last_seq)) for entry in entries],
    }


class _Taking:
    """Collects what is taken over, scope by scope.

    `inside` gets the scopes of steps that run again, by the address that they will have.
    """

    def __init__(self, state: "State", then: "State | None", again: Again, visits: Mapping[str, Any]) -> None:
        self._state = state
        self._then = then
        self._again = again
        self._visits = visits
        self.inside: dict[str, Json] = {}

    def scope(self, scope: ScopeState, address: str) -> dict[str, Json]:
        """What is taken over of one scope, which will have this address."""
        graph = scope.graph
        region = region_of(self._state, scope, self._again)
        before = {}
        for at in sorted(region.steps):
            record = self._before(scope, at, region, f"{address}/{graph.ids[at]}".lstrip("/"))
            if record is not None:
                before[graph.ids[at]] = record
        kept = [at for at in range(len(graph)) if at not in region.steps]
        earlier = self._then.scopes.get(scope.address) if self._then is not None else None
        restarted = set() if earlier is None else region.wanted | region.behind
        again = sorted(region.wanted & restarted)
        tokens = _tokens(scope, region.steps, region.steps - restarted)
        if earlier is not None:
            tokens += [at for at in sorted(restarted - region.wanted) for _ in earlier.held.get(at, ())]
        return {
            "steps": {graph.ids[at]: _record(scope, at) for at in kept},
            "tokens": [graph.ids[at] for at in tokens],
            "again": [graph.ids[at] for at in again],
            "before": before,
        }

    def _before(self, scope: ScopeState, at: int, region: Region, place: str) -> JsonObject | None:
        """What a step of the region had come to before it runs again, if that is to be known."""
        earlier = self._then.scopes.get(scope.address) if self._then is not None else None
        record = None
        if earlier is not None and at in region.wanted | region.behind:
            record = {**_record(earlier, at), "armed": earlier.armed[at]}
        if at not in region.inside or scope.graph.steps[at].kind in _DECIDED_ANEW:
            return record
        wanted = self._again.visit_around(scope.address, scope.graph.ids[at]) or scope.visits[at]
        coming = max(wanted, int(self._visits.get(place, 0)) + 1)
        self._open(scope, at, wanted, f"{place}#{coming}" if coming > 1 else place)
        return {**(record or _nothing(scope, at)), "visits": coming - 1}

    def _open(self, scope: ScopeState, at: int, visit: int, place: str) -> None:
        """Take over the scopes that the last attempt of a visit opened."""
        last = self._again.last_around(scope.address, scope.graph.ids[at])
        opened = [
            child
            for child in self._state.scopes.values()
            if child.parent is scope and child.owner == at and child.opened.visit == visit and child.is_body
        ]
        attempt = max((child.opened.attempt for child in opened), default=1)
        for child in opened:
            if child.opened.attempt == attempt and (not last or child.number <= last):
                address = f"{place}{child.opened.which}"
                self.inside[address] = {**self.scope(child, address), **self._circumstances(child)}

    def _circumstances(self, child: ScopeState) -> dict[str, Json]:
        """What has to be the same for a scope to be taken over, and the variables of a sub-workflow."""
        parent = child.parent
        if parent is None:
            return {}
        kind = parent.graph.steps[child.owner].kind
        if kind == "workflow":
            earlier = self._then.scopes.get(child.address) if self._then is not None else None
            return {"inputs": child.frame.inputs, "vars": dict((earlier or child).frame.vars)}
        item = child.item
        return {"item": item[0]} if item else {}


def take_over(state: "State", data: Mapping[str, Any]) -> None:
    """Fold the takeover of `execution_started`; the scope's derived part has to be rebuilt afterwards."""
    _settle(state.root, data)
    offset_visits(state, state.root)
    state.vars = dict(data["vars"])
    state.log.entries = [Entry(**entry) for entry in data["compensations"]]


def take_over_inside(state: "State", scope: ScopeState) -> None:
    """A scope opens: put in what was finished there, where it opens for the same as before."""
    data = taken_over(state, scope.address)
    if data is not None and _is_as_before(scope, data):
        _settle(scope, data)
        scope.frame.vars.update(data.get("vars", {}))


def _is_as_before(scope: ScopeState, data: Mapping[str, Any]) -> bool:
    """It opens for the same item, and with the same inputs, as the one whose results are there."""
    same_item = "item" not in data or scope.item == (data["item"],)
    return same_item and data.get("inputs", scope.frame.inputs) == scope.frame.inputs


def taken_over(state: "State", address: str) -> Mapping[str, Any] | None:
    """What a scope with this address takes over from an earlier execution, if it does."""
    takeover: Any = state.header.get("takeover")
    found: Mapping[str, Any] | None = takeover.get("scopes", {}).get(address) if takeover else None
    return found


def offset_visits(state: "State", scope: ScopeState) -> None:
    """Visits go on counting where an older one can still be undone: no two visits share an address."""
    takeover: Any = state.header.get("takeover")
    if takeover:
        for at in range(len(scope.graph)):
            scope.visits[at] = max(scope.visits[at], takeover["visits"].get(scope.place(at), 0))


def _settle(scope: ScopeState, data: Mapping[str, Any]) -> None:
    """Steps that do not run again have their end; those that do have what they had come to before."""
    number = scope.graph.number
    for id_, record in data.get("before", {}).items():
        _remember(scope, number[id_], record)
        scope.armed[number[id_]] = record.get("armed", scope.armed[number[id_]])
    for id_, record in data["steps"].items():
        at = number[id_]
        scope.phase[at] = SETTLED
        scope.armed[at] = 0
        scope.credit[at] = record["credit"]
        _remember(scope, at, record)
        if record["routed"]:
            scope.routed[at] = [number[target] for target in record["routed"]]
    for id_ in (*data["tokens"], *data.get("again", ())):
        scope.held.setdefault(number[id_], []).append(0)
    scope.granted.update(number[id_] for id_ in data.get("again", ()))  # it does not wait for its needs again (R7)


def _remember(scope: ScopeState, at: int, record: Mapping[str, Any]) -> None:
    scope.results[at], scope.outcomes[at] = record["state"], record["outcome"]
    scope.outputs[at], scope.errors[at] = record["outputs"], record["error"]
    scope.visits[at] = record["visits"]
    if record["earlier"]:
        scope.earlier[at] = list(record["earlier"])


def _tokens(scope: ScopeState, region: set[int], starting: set[int]) -> list[int]:
    """Steps of the region that start with a token: kept steps sent them one, or nothing else would reach them.

    `starting` are those of the region that start as they did at first.
    """
    graph = scope.graph
    routed = scope.routed.items()
    found = [target for at, targets in routed for target in targets if at not in region and target in starting]
    reached = {at for at in starting if graph.armed[at]} | set(found)
    for at in tuple(reached):
        reached.update(bits(graph.closures[at]))
    for at in sorted(starting - reached):
        if at not in reached:
            found.append(at)
            reached.update((at, *bits(graph.closures[at])))
    return found


def _nothing(scope: ScopeState, at: int) -> JsonObject:
    """A step that has come to nothing yet."""
    return {
        "state": "pending",
        "credit": 0,
        "outcome": "",
        "outputs": None,
        "error": None,
        "visits": 0,
        "earlier": scope.earlier.get(at, [])[:-1],
        "routed": [],
    }


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
