"""What expressions see: names over the state, looked up when they are asked for."""

from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from treadle_hookspecs import Json, JsonObject

from treadle_engine.addresses import opened_by
from treadle_engine.frames import Frame
from treadle_engine.graph import bits
from treadle_engine.scope_state import ScopeState
from treadle_engine.state import state_of
from treadle_engine.waits import person

if TYPE_CHECKING:
    from treadle_engine.state import State

Context = Mapping[str, object]


class Names(Mapping[str, object]):
    """A mapping whose values are made when they are looked up."""

    __slots__ = ("_make", "_names")

    def __init__(self, names: Mapping[str, object], make: Callable[[str], object]) -> None:
        self._names: Final = names
        self._make: Final = make

    def __getitem__(self, name: str) -> object:
        if name not in self._names:
            raise KeyError(name)
        return self._make(name)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


_NOTHING: Final[Mapping[str, object]] = {}
_LOOP_NAMES: Final = dict.fromkeys(("index", "previous"))
_ITEMS: Final = {"for_each": "item", "matrix": "matrix"}
_STEP_NAMES: Final = dict.fromkeys(("outputs", "state", "outcome", "visit", "visits", "error"))


def base_context(state: "State", frame: Frame | None = None) -> dict[str, object]:
    """The names that do not depend on a step: those of a workflow; default: the execution's own."""
    frame = frame or state
    return {
        "inputs": frame.inputs,
        "trigger": frame.trigger,
        "env": frame.env,
        "vars": frame.vars,
        "secrets": _secrets(frame),
        "execution": {
            "id": state.execution,
            "root": state.header.get("root", ""),
            "started_by": person(state.started_by),
        },
    }


def scope_context(state: "State", scope: ScopeState) -> dict[str, object]:
    """With `steps` and `workflow` as a scope sees them.

    Behind its own steps it sees those of the scopes around it; a handler sees the workflow's. A sub-workflow sees
    nothing of what is around it.
    """
    frame = scope.frame
    failure = _failure_around(scope)
    if failure is None and scope.top is not frame.root:
        failure = frame.error
    context = {**base_context(state, frame), "steps": _steps(scope), "workflow": _workflow(frame, failure)}
    return context if scope is scope.top else context | _bindings(state, scope)


def step_context(
    state: "State", scope: ScopeState, at: int, outputs: JsonObject | None = None, error: JsonObject | None = None
) -> dict[str, object]:
    """What a step's own expressions see; `outputs` and `error` are those of the attempt that has just ended."""
    context = scope_context(state, scope)
    if outputs is None:
        context["outputs"] = _declared(scope, at, scope.outputs[at] or {})
    else:
        context["outputs"] = _declared(scope, at, outputs)
        context["steps"] = _steps(scope, {scope.graph.ids[at]: context["outputs"]})
    if error is not None:
        context["error"] = error
    carried = _carried_failure(scope, at)
    if carried is not None and scope.top is scope.frame.root:
        context["workflow"] = _workflow(scope.frame, carried)
    return context


def published(scope: ScopeState) -> JsonObject:
    """The outputs of a scope: those of its steps, by id."""
    return {id_: _declared(scope, at, scope.outputs[at] or {}) for at, id_ in enumerate(scope.graph.ids)}


def _bindings(state: "State", scope: ScopeState) -> dict[str, object]:
    """What the steps around a scope give to it: `loop`, `item` and `matrix`, each of the innermost one."""
    found: dict[str, object] = {}
    for inner in scope.upward():
        if inner is not scope.top and inner.parent is not None:
            kind = inner.parent.graph.steps[inner.owner].kind
            if kind == "loop":
                found.setdefault("loop", _loop(state, inner))
            elif kind in _ITEMS:
                inputs: Mapping[str, Any] = inner.parent.requests[inner.owner].inputs
                found.setdefault(_ITEMS[kind], inputs["items"][inner.number - 1])
    return found


def _loop(state: "State", iteration: ScopeState) -> Names:
    def make(name: str) -> object:
        if name == "index":
            return iteration.number
        if iteration.number == 1:
            return None
        before = opened_by(iteration.address)._replace(which=f":{iteration.number - 1}")
        return published(state.scopes[before.address])

    return Names(_LOOP_NAMES, make)


def _failure_around(scope: ScopeState) -> JsonObject | None:
    """The failure that the innermost thread around a scope carries."""
    for inner in scope.upward():
        if inner is not scope.top and inner.parent is not None:
            carried = _carried_failure(inner.parent, inner.owner)
            if carried is not None:
                return carried
    return None


def _workflow(frame: Frame, failure: JsonObject | None) -> JsonObject:
    return {"name": frame.plan.name, "status": "running" if failure is None else "failing", "error": failure}


def _carried_failure(scope: ScopeState, at: int) -> JsonObject | None:
    """The failure that the step's thread carries: that of its live visit, or of the token it is about to take."""
    carry = scope.carried.get(at, 0) | scope.inherited.get(at, 0)
    carry |= next(iter(scope.held.get(at, ())), 0)
    failed = next((failed for failed in bits(carry) if failed in scope.failures), None)
    return None if failed is None else {"step": scope.place(failed), **scope.failures[failed]}


def _secrets(frame: Frame) -> Names:
    prefix = f"{frame.key}:" if frame.key else ""
    return Names(dict(frame.plan.secrets), lambda name: {"$secret": prefix + name})


def _steps(scope: ScopeState, published: Mapping[str, object] = _NOTHING) -> Names:
    """`steps`: the scope's own, and behind them those around it. `published` are outputs that stand in no event yet."""
    own, root = scope.graph.number, scope.frame.root
    if scope is root:
        return Names(own, lambda id_: _step(scope, id_, published.get(id_)))
    visible = (*scope.upward(), root)
    # Not one table of all of them: the scopes around may have thousands of steps, and one is looked up.
    numbers = ChainMap(*[around.graph.number for around in visible])

    def make(id_: str) -> Names:
        found = next(around for around in visible if id_ in around.graph.number)
        return _step(found, id_, published.get(id_) if found is scope else None)

    return Names(numbers, make)


def _step(scope: ScopeState, id_: str, outputs: object = None) -> Names:
    at = scope.graph.number[id_]

    def make(name: str) -> object:
        return outputs if name == "outputs" and outputs is not None else _of_step(scope, at, name)

    return Names(_STEP_NAMES, make)


def _of_step(scope: ScopeState, at: int, name: str) -> Json:
    if name == "outputs":
        return _declared(scope, at, scope.outputs[at] or {})
    if name == "state":
        return state_of(scope, at)
    if name == "outcome":
        return scope.outcomes[at]
    if name == "visit":
        return scope.visits[at]
    if name == "error":
        return scope.errors[at]
    return _visits(scope, at)


def _visits(scope: ScopeState, at: int) -> list[JsonObject]:
    """Every visit that ended, oldest first."""
    if at in scope.earlier:
        return scope.earlier[at]
    if not scope.visits[at] or not scope.outcomes[at]:
        return []
    return [scope.visit_record(at, scope.outputs[at] or {})]


def _declared(scope: ScopeState, at: int, outputs: JsonObject) -> JsonObject:
    """Outputs as expressions see them: what was declared and not published is null, or taken from its source."""
    declared = scope.graph.steps[at].outputs
    if not declared:
        return outputs
    return {**{name: _taken(spec.source, outputs) for name, spec in declared}, **outputs}


def _taken(sources: tuple[str, ...], outputs: JsonObject) -> Json:
    for source in sources:
        if source == "*" and outputs:
            return outputs
        if source in outputs:
            return outputs[source]
    return None
