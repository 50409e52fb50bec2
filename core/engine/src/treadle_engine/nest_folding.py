"""How the events of steps that open scopes change the state."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from treadle_hookspecs import Event

from treadle_engine import compensation
from treadle_engine.addresses import Opened
from treadle_engine.scope_state import Nest, ScopeState

if TYPE_CHECKING:
    from treadle_engine.state import State


def opened(state: "State", event: Event) -> None:
    """`scope_opened`; that of a sub-workflow brings its environment and its variables."""
    scope = state.open_scope(event.scope)
    scope.last = event.seq
    if scope.parent is not None:
        scope.parent.delays.pop(scope.owner, None)
    data: Mapping[str, Any] = event.data
    if data:
        scope.frame.env, scope.frame.vars = data.get("env", {}), {**data.get("vars", {}), **scope.frame.vars}


def begin(scope: ScopeState, at: int, began: int) -> None:
    """An attempt of a step that opens scopes begins."""
    scope.nests[at] = Nest()
    scope.attention.add(at)
    limit = scope.graph.steps[at].timeout
    if limit is not None and at not in scope.unplaced:
        scope.deadlines[at] = began + round(limit * 1_000_000)


def gather(state: "State", scope: ScopeState, at: int, seq: int) -> None:
    """What the visit's scopes did stands where it completed."""
    end(scope, at)
    address = Opened(scope.address, scope.graph.ids[at], scope.visits[at]).address
    compensation.gather(state.log, address, scope.started[at], seq, lambda child: state.scopes[child].last)


def end(scope: ScopeState, at: int) -> None:
    """The attempt under way has no open scopes any more."""
    scope.attention.discard(at)
    scope.draining.pop(at, None)
    scope.delays.pop(at, None)
    scope.deadlines.pop(at, None)
    scope.expired.discard(at)
    scope.nests.pop(at, None)
