"""The edges of one scope: needs and routes as numbers, and what can be known of a step before anything runs.

Steps are numbered in the order written. A set of steps is an int used as a bit set where it is a closure, else a
sequence of numbers. References to steps that do not exist are left out here; `findings` reports them.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from typing import Final

from treadle_engine.plan import WAITING_KINDS, Join, ScopePlan, StepPlan, bodies, compensates, opens_scopes
from treadle_engine.step_code import StepCode, code_of

DEFAULT_JOIN: Final = Join()
FAILURE_OUTCOMES: Final = frozenset({"failure", "timeout", "rejected", "pushed_back"})
"""What `on_failure` takes (R6); `exhausted` goes there as well, but is no end of a visit."""
ADMITS_FAILURE: Final = frozenset({"one_failed", "all_done"})
"""Joins that admit failure (R6, R12)."""


def bits(mask: int) -> Iterator[int]:
    """The numbers in a bit set, growing."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def route_lists(step: StepPlan) -> Iterator[tuple[str, tuple[str, ...]]]:
    """`(key, targets)` of every route of a step; keys are `routes.NAME`, `switch`, `on_success`, `on_failure`."""
    for outcome, targets in step.routes:
        yield f"routes.{outcome}", targets
    for case in step.switch:
        yield "switch", case.targets
    if step.on_success:
        yield "on_success", step.on_success
    if step.on_failure:
        yield "on_failure", step.on_failure


def _begins_with_a_wait(step: StepPlan) -> bool:
    return step.gate is not None or bool(step.concurrency) or step.kind in WAITING_KINDS


class Graph:
    """The edges of a linked scope and what follows from them.

    Attributes:
        needs, dependents: by number, the `needs` edges in both directions.
        targets, sources: by number, the route edges in both directions, each neighbour once.
        forward: a forward route targets the step, so it waits for a token (R2).
        armed: the start arms the step (R2).
        rearmable: re-arming may arm it again, through a need that is entered again (R7).
        once: it can be activated at most once, and so can all that leads to it.
        recoverable: a step that recovers can be reached from it over routes or needs.
        nested: its visits open scopes.
        waits: its visits begin with a wait.
    """

    def __init__(self, scope: ScopePlan) -> None:
        self.scope = scope
        self.steps: Final = scope.steps
        self.ids: Final = tuple(step.id for step in scope.steps)
        self.number: Final = {id_: number for number, id_ in enumerate(self.ids)}
        self.needs: Final = tuple(self._known(step.needs or ()) for step in scope.steps)
        self.targets: Final = tuple(
            self._known(chain.from_iterable(targets for _, targets in route_lists(step))) for step in scope.steps
        )
        self.dependents: Final = _reversed(self.needs)
        self.sources: Final = _reversed(self.targets)
        self.forward: Final = tuple(any(source < at for source in found) for at, found in enumerate(self.sources))
        self.joins: Final = tuple(step.join or DEFAULT_JOIN for step in scope.steps)
        self.nested: Final = tuple(map(opens_scopes, scope.steps))
        self.waits: Final = tuple(_begins_with_a_wait(step) for step in scope.steps)
        self._bodies: Final[dict[tuple[int, str], Graph]] = {}
        self._codes: Final[list[StepCode | None]] = [None] * len(self.ids)
        self.initial: Final = self._initial()
        starting = frozenset(self.initial)
        self.rearmable: Final = tuple(bool(found) and not self.forward[at] for at, found in enumerate(self.needs))
        self.armed: Final = tuple(able or at in starting for at, able in enumerate(self.rearmable))

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def need_counts(self) -> list[int]:
        """By number: how many needs. To be copied."""
        return [len(needs) for needs in self.needs]

    @cached_property
    def source_counts(self) -> list[int]:
        """By number: how many steps have a route to it. To be copied."""
        return [len(sources) for sources in self.sources]

    @cached_property
    def without_needs(self) -> tuple[int, ...]:
        """Steps that nothing but a token or the start itself can keep from starting."""
        return tuple(at for at, needs in enumerate(self.needs) if not needs)

    @cached_property
    def repeatable(self) -> int:
        """The steps that may be activated more than once, as a bit set."""
        return sum(1 << at for at, once in enumerate(self.once) if not once)

    @cached_property
    def order(self) -> tuple[tuple[int, ...], ...]:
        """Strongly connected components over both kinds of edges, each before those that it leads to."""
        return _components([(*self.dependents[at], *self.targets[at]) for at in range(len(self))])

    @cached_property
    def once(self) -> tuple[bool, ...]:
        """See the class. What is not `once` needs reachability (R3, R4) and a bound (R9)."""
        marks = [False] * len(self)
        for component in self.order:
            if len(component) == 1:
                marks[component[0]] = self._at_most_once(component[0], marks)
        return tuple(marks)

    @cached_property
    def all_once(self) -> bool:
        """No step can be activated twice: counters decide everything."""
        return all(self.once)

    @cached_property
    def circular(self) -> tuple[str, ...]:
        """The ids of steps that need each other in a circle; such a scope cannot run."""
        for component in self.order:
            members = frozenset(component)
            needs = {at: members.intersection(self.needs[at]) for at in component}
            try:
                TopologicalSorter(needs).prepare()
            except CycleError:
                return tuple(self.ids[at] for at in component)
        return ()

    @cached_property
    def closures(self) -> tuple[int, ...]:
        """`clo(x)` of each step: all that is reachable from it over both kinds of edges; itself only on a cycle."""
        found = [0] * len(self)
        for component in reversed(self.order):
            inside = sum(1 << at for at in component)
            reach = 0
            for at in component:
                for follower in chain(self.dependents[at], self.targets[at]):
                    if not inside >> follower & 1:
                        reach |= found[follower] | 1 << follower
            if len(component) > 1 or component[0] in self.targets[component[0]]:
                reach |= inside
            for at in component:
                found[at] = reach
        return tuple(found)

    @cached_property
    def recoverers(self) -> int:
        """The steps with `recovers: true`, as a bit set."""
        return sum(1 << at for at, step in enumerate(self.steps) if step.recovers)

    @cached_property
    def recoverable(self) -> tuple[bool, ...]:
        """See the class."""
        if not self.recoverers:
            return (False,) * len(self)
        return tuple(bool(reach & self.recoverers) for reach in self.closures)

    @cached_property
    def fails_fast(self) -> bool:
        """`fail_fast`, or its default: where something can be compensated (R12)."""
        if self.scope.fail_fast is not None:
            return self.scope.fail_fast
        return compensates(self.scope)

    def body(self, at: int, branch: str = "") -> "Graph":
        """The graph of the scope that a step opens, or of a race's branch. Raises `KeyError` when it opens none."""
        graph = self._bodies.get((at, branch))
        if graph is None:
            body = dict(bodies(self.steps[at]))[f".{branch}" if branch else ""]
            graph = self._bodies[at, branch] = Graph(body)
        return graph

    def code(self, at: int) -> StepCode:
        """A step's expressions."""
        code = self._codes[at]
        if code is None:
            code = self._codes[at] = code_of(self.steps[at], self.joins[at])
        return code

    def handled_by_join(self, failed: int) -> bool:
        """Every path of needs from a failed step ends in a step whose join admits failure (R6)."""
        seen: set[int] = set()
        waiting = [failed]
        while waiting:
            dependents = self.dependents[waiting.pop()]
            if not dependents:
                return False
            for dependent in dependents:
                if self.joins[dependent].mode not in ADMITS_FAILURE and dependent not in seen:
                    seen.add(dependent)
                    waiting.append(dependent)
        return True

    def leads_to(self, start: int, goals: int) -> bool:
        """A step of the bit set `goals` is `start` or can be reached from it."""
        return bool((self.closures[start] | 1 << start) & goals)

    def _known(self, ids: Iterable[str]) -> tuple[int, ...]:
        return tuple(dict.fromkeys(self.number[id_] for id_ in ids if id_ in self.number))

    def _initial(self) -> tuple[int, ...]:
        """R1: `start:` if given, else every step without needs that no forward route targets."""
        if self.scope.start:
            return self._known(self.scope.start)
        return tuple(at for at, needs in enumerate(self.needs) if not needs and not self.forward[at])

    def _at_most_once(self, at: int, marks: Sequence[bool]) -> bool:
        sources = self.sources[at]
        if at in sources or not all(marks[need] for need in self.needs[at]):
            return False
        return not sources or (len(sources) == 1 and marks[sources[0]] and not self.armed[at])


def _reversed(edges: Sequence[tuple[int, ...]]) -> tuple[tuple[int, ...], ...]:
    found: list[list[int]] = [[] for _ in edges]
    for start, ends in enumerate(edges):
        for end in ends:
            found[end].append(start)
    return tuple(tuple(items) for items in found)


def _components(edges: Sequence[tuple[int, ...]]) -> tuple[tuple[int, ...], ...]:
    """Strongly connected components, each before those that it leads to (Kosaraju)."""
    backwards = _reversed(edges)
    seen = bytearray(len(edges))
    found = []
    for root in reversed(_finished(edges)):
        if not seen[root]:
            seen[root] = 1
            component = [root]
            for at in component:
                fresh = {before for before in backwards[at] if not seen[before]}
                for before in fresh:
                    seen[before] = 1
                component += fresh
            found.append(tuple(sorted(component)))
    return tuple(found)


def _finished(edges: Sequence[tuple[int, ...]]) -> list[int]:
    """All steps in the order in which a depth-first walk leaves them. Iterative: a chain may have 10,000 steps."""
    seen = bytearray(len(edges))
    left: list[int] = []
    for root in range(len(edges)):
        if seen[root]:
            continue
        seen[root] = 1
        work = [(root, iter(edges[root]))]
        while work:
            at, followers = work[-1]
            follower = next((follower for follower in followers if not seen[follower]), None)
            if follower is None:
                left.append(at)
                work.pop()
            else:
                seen[follower] = 1
                work.append((follower, iter(edges[follower])))
    return left
