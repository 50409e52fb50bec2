"""R13a: which steps of a scope run again when a finished execution is continued."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from treadle_engine.addresses import Opened, opened_by
from treadle_engine.graph import bits
from treadle_engine.plan import HANDLERS
from treadle_engine.scope_state import ScopeState

if TYPE_CHECKING:
    from treadle_engine.state import State

_AGAIN: Final = frozenset({"pending", "cancelled", "upstream_failed"})
"""A step that ended like this has to run again."""


@dataclass(frozen=True, slots=True)
class Region:
    """Numbers of steps.

    Attributes:
        steps: all that run again.
        inside: those of them that do so for what is inside them.
        wanted: those that a person wants to run again; `behind` what follows these.
    """

    steps: set[int]
    inside: set[int]
    wanted: set[int]
    behind: set[int]


class Again:
    """The steps that a person wants to run again, by address: `step`, `scope/step`, `scope/step#2`."""

    def __init__(self, addresses: Iterable[str]) -> None:
        self._steps: set[tuple[str, str]] = set()
        self._around: dict[tuple[str, str], Opened] = {}
        for address in addresses:
            scope, _, own = address.rpartition("/")
            self._steps.add((scope, own.partition("#")[0]))
            while scope:
                opened = opened_by(scope)
                self._around[opened.scope, opened.step] = opened
                scope = opened.scope

    def of(self, scope: str) -> set[str]:
        """Ids of the steps of a scope that are wanted themselves."""
        return {step for inside, step in self._steps if inside == scope}

    def around(self, scope: str) -> set[str]:
        """Ids of the steps of a scope inside which some are wanted."""
        return {step for inside, step in self._around if inside == scope}

    def visit_around(self, scope: str, step: str) -> int:
        """Which visit of such a step; 0 for none."""
        opened = self._around.get((scope, step))
        return 0 if opened is None else opened.visit

    def last_around(self, scope: str, step: str) -> int:
        """After which iteration nothing of such a step is kept; 0 where it is no loop's."""
        opened = self._around.get((scope, step))
        return opened.number if opened is not None and opened.which.startswith(":") else 0


def region_of(state: "State", scope: ScopeState, again: Again) -> Region:
    """What of a scope runs again. Raises `ValueError` when it has no step that is wanted."""
    graph = scope.graph
    wanted = _numbers(state, scope, again.of(scope.address))
    unfinished = {at for at in range(len(graph)) if scope.results[at] in _AGAIN or at in scope.passed_over}
    unfinished |= scope.failures.keys()
    undone = _undone(state, scope)
    users: set[int] = set()
    if undone:
        ids = {graph.ids[at] for at in undone} | {entry.step for entry in state.log.entries if entry.state == "done"}
        users = {at for at in range(len(graph)) if graph.code(at).uses(ids)}
    broken = unfinished | undone | _numbers(state, scope, again.around(scope.address))
    seeds = wanted | users | broken
    followed = {seed: graph.closures[seed] for seed in seeds}
    steps = seeds.union(*(bits(reach) for reach in followed.values()))
    inside = {
        at
        for at in broken - wanted - users
        if graph.nested[at] and scope.visits[at] and not any(followed[seed] >> at & 1 for seed in seeds - {at})
    }
    return Region(steps, inside, wanted, set().union(*(bits(followed[seed]) for seed in wanted)))


def _numbers(state: "State", scope: ScopeState, ids: Iterable[str]) -> set[int]:
    number = scope.graph.number
    for id_ in ids:
        if id_ not in number:
            raise ValueError(f"workflow {state.plan.name} has no step {id_}")
    return {number[id_] for id_ in ids}


def _undone(state: "State", scope: ScopeState) -> set[int]:
    """Steps of a scope that were compensated, or inside which something was."""
    found = set()
    for entry in state.log.entries:
        step = _inside(scope.address, entry.scope, entry.step) if entry.state == "done" and entry.undoes else ""
        if step in scope.graph.number:
            found.add(scope.graph.number[step])
    return found


def _inside(scope: str, address: str, step: str) -> str:
    """The step of a scope in which a step with a scope's address stands; "" when it is elsewhere or in a handler."""
    if address == scope:
        return step
    rest = address.removeprefix(f"{scope}/") if scope else address
    if scope and rest == address:
        return ""
    first = rest.partition("/")[0]
    return "" if first in HANDLERS else opened_by(first).step
