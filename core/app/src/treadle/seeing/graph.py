"""A workflow as a graph, before a run or with an execution's states on it: the document that exporters are given."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from treadle_engine import events as kinds
from treadle_engine.graph import route_lists
from treadle_engine.plan import Plan, ScopePlan, StepPlan
from treadle_engine.state import State, fold
from treadle_hookspecs import Event, Json

from treadle.seeing._moment import join_text
from treadle.seeing._places import address_of, bodies_of, path_of
from treadle.seeing._record import Record

_TITLES: Final = {"": "steps", "on_failure": "on failure", "on_cancel": "on cancel", "finally": "finally"}


@dataclass(frozen=True, slots=True)
class Node:
    """A step. `state`, `outcome` and `visits` are those of the execution; `state` is None without one."""

    address: str
    name: str
    kind: str
    action: str
    join: str
    state: str | None = None
    outcome: str = ""
    visits: int = 0
    critical: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """An edge between two addresses.

    Attributes:
        kind: `need` as written, `order` for one that follows from the order written (R0), `route`.
        label: the keys of a route, or "".
        back: a route to a step that is written earlier, or to the step itself.
        taken: how often an execution took the route; 0 for the other kinds.
    """

    start: str
    end: str
    kind: str
    label: str = ""
    back: bool = False
    taken: int = 0


@dataclass(frozen=True, slots=True)
class Body:
    """A scope: the workflow's own steps under the address "", or a handler's."""

    address: str
    title: str
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class WorkflowGraph:
    """The whole of it. `execution` and `status` are "" without one."""

    workflow: str
    title: str
    version: str
    bodies: tuple[Body, ...]
    execution: str = ""
    status: str = ""

    def to_json(self) -> dict[str, Json]:
        """`treadle/graph@1`; also what an exporter is given."""
        return {
            "schema": "treadle/graph@1",
            "workflow": self.workflow,
            "title": self.title,
            "version": self.version,
            "execution": self.execution,
            "status": self.status,
            "scopes": [_body_json(body) for body in self.bodies],
        }


def graph_of_plan(plan: Plan, *, critical: Iterable[str] = ()) -> WorkflowGraph:
    """The graph of a definition; `critical` are addresses on the critical path."""
    return _graph(plan, frozenset(critical), {}, {})


def graph_of_execution(record: Record, *, critical: Iterable[str] = ()) -> WorkflowGraph:
    """The graph of what an execution pinned, with the states and the routes taken on it."""
    state, taken = State(record.plan, record.execution), dict[tuple[str, str], int]()
    for event in record.events:
        fold(state, event)
        for end in _routed(event):
            edge = (address_of(event.scope, event.step), address_of(event.scope, end))
            taken[edge] = taken.get(edge, 0) + 1
    marks = {path_of(view.address): (view.state, view.outcome, view.visits) for view in state.steps()}
    made = _graph(record.plan, frozenset(critical), marks, taken, pending=("pending", "", 0))
    rests = record.driven or state.terminal or state.paused or state.rests
    status = state.status if rests else "interrupted"
    return WorkflowGraph(made.workflow, made.title, made.version, made.bodies, record.execution, status)


def _routed(event: Event) -> Iterable[str]:
    data: Any = event.data
    return data.get("routed", ()) if event.type in {kinds.VISIT_SETTLED, kinds.VISIT_SKIPPED} else ()


_Marks = Mapping[str, tuple[str, str, int]]


def _graph(
    plan: Plan,
    critical: frozenset[str],
    marks: _Marks,
    taken: Mapping[tuple[str, str], int],
    pending: tuple[str | None, str, int] = (None, "", 0),
) -> WorkflowGraph:
    bodies = tuple(
        Body(
            address,
            _TITLES.get(address, f"inside {address}"),
            tuple(
                _node(address, step, critical, marks.get(address_of(address, step.id), pending)) for step in body.steps
            ),
            tuple(_links(address, body, taken)),
        )
        for address, body in bodies_of(plan)
    )
    return WorkflowGraph(plan.name, plan.title, plan.version, bodies)


def _node(scope: str, step: StepPlan, critical: frozenset[str], mark: tuple[str | None, str, int]) -> Node:
    address = address_of(scope, step.id)
    join = join_text(step.join).strip("`") if step.join is not None and len(step.needs or ()) > 1 else ""
    return Node(address, step.name, step.kind, step.action, join, *mark, critical=address in critical)


def _links(scope: str, body: ScopePlan, taken: Mapping[tuple[str, str], int]) -> Iterator[Link]:
    """The edges of a scope in the order of the steps they lead to, needs first: the same for the same definition."""
    written = {step.id: at for at, step in enumerate(body.steps)}
    for step in body.steps:
        for need in step.needs or ():
            kind = "order" if step.sequential else "need"
            yield Link(address_of(scope, need), address_of(scope, step.id), kind)
    for step in body.steps:
        keys: dict[str, list[str]] = {}
        for key, targets in route_lists(step):
            for target in targets:
                keys.setdefault(target, []).append(key)
        for target, found in keys.items():
            edge = (address_of(scope, step.id), address_of(scope, target))
            label = ", ".join(dict.fromkeys(found))
            yield Link(*edge, "route", label, written[target] <= written[step.id], taken.get(edge, 0))


def _body_json(body: Body) -> dict[str, Json]:
    return {
        "address": body.address,
        "title": body.title,
        "steps": [
            {
                "address": node.address,
                "name": node.name,
                "kind": node.kind,
                "action": node.action,
                "join": node.join,
                "state": node.state,
                "outcome": node.outcome,
                "visits": node.visits,
                "critical": node.critical,
            }
            for node in body.nodes
        ],
        "edges": [
            {
                "from": link.start,
                "to": link.end,
                "kind": link.kind,
                "label": link.label,
                "back": link.back,
                "taken": link.taken,
            }
            for link in body.links
        ],
    }
