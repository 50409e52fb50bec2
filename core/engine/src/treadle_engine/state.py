"""What an execution is: the fold of its events. A tree of scope instances, and what belongs to the whole.

`State` is for reading; `fold` is the only way to change one.
"""

from collections.abc import Iterator, Mapping
from heapq import heappop, heappush
from typing import Any, Final

from treadle_hookspecs import Event, Json, JsonObject

from treadle_engine import budget_folding
from treadle_engine.addresses import Opened, child_of, handler_of, opened_by, scope_at
from treadle_engine.compensation import CompensationLog, Entry
from treadle_engine.folding import FOLDS
from treadle_engine.frames import Frame
from treadle_engine.graph import Graph
from treadle_engine.plan import HANDLERS, Cache, Limits, Plan, ScopePlan, StepPlan
from treadle_engine.readiness import begin, rebuild
from treadle_engine.scope_state import INTERRUPTED, LIVE, RETRYING, RUNNING, WAITING, Nest, ScopeState
from treadle_engine.takeover import offset_visits, take_over_inside

STATE_VERSION: Final = 1
TERMINAL: Final = frozenset({"completed", "failed", "cancelled"})
_RESULTS: Final = {RUNNING: "running", RETRYING: "retrying", WAITING: "waiting"}
_UNDER_WAY: Final = frozenset({RUNNING, RETRYING})
_FIELDS: Final = (
    "last_seq",
    "last_at",
    "started_at",
    "started_by",
    "header",
    "inputs",
    "trigger",
    "env",
    "vars",
    "paused",
    "cancelled",
    "cancel_reason",
    "spared",
    "ended",
    "end_error",
    "outputs",
    "timed_out",
    "attention",
    "rollback",
    "undone",
    "begun_at",
    "queued_for",
    "slots",
    "unbegun",
    "spent",
    "raised",
    "begun",
    "broke",
)
_GRAPHS: dict[int, Graph] = {}
_GRAPHS_KEPT: Final = 64


def graph_of(scope: ScopePlan) -> Graph:
    """The edges of a scope's plan; made once for the plans that were used last."""
    graph = _GRAPHS.get(id(scope))
    if graph is None or graph.scope is not scope:
        while len(_GRAPHS) >= _GRAPHS_KEPT:
            _GRAPHS.pop(next(iter(_GRAPHS)), None)
        graph = _GRAPHS[id(scope)] = Graph(scope)
    return graph


class StepView:
    """One step of one scope instance, as it stands now. Reads from the state, copies nothing."""

    __slots__ = ("_at", "_scope")

    def __init__(self, scope: ScopeState, at: int) -> None:
        self._scope = scope
        self._at = at

    @property
    def scope(self) -> str:
        """Address of the scope instance."""
        return self._scope.address

    @property
    def step(self) -> str:
        """The step's id."""
        return self._scope.graph.ids[self._at]

    @property
    def address(self) -> str:
        """`scope/step`."""
        return self._scope.place(self._at)

    @property
    def state(self) -> str:
        """R "States": pending, waiting, running, retrying, interrupted, or the last end: succeeded, failed, skipped."""
        return state_of(self._scope, self._at)

    @property
    def outcome(self) -> str:
        """Of the last visit that ended, or ""."""
        return self._scope.outcomes[self._at]

    @property
    def visits(self) -> int:
        """Visits started."""
        return self._scope.visits[self._at]

    @property
    def attempts(self) -> int:
        """Attempts of the last visit."""
        return self._scope.attempts[self._at]

    @property
    def compensation(self) -> str:
        """`none`, or `done` or `failed` when a visit was to be undone."""
        return self._scope.compensation.get(self._at, "none")

    @property
    def error(self) -> JsonObject | None:
        """`{type, message, …}` of the last visit, if it failed."""
        return self._scope.errors[self._at]

    @property
    def outputs(self) -> JsonObject:
        """What it published last."""
        return self._scope.outputs[self._at] or {}


class State(Frame):
    """An execution's state. Starts empty (`queued`); `fold` moves it on.

    Attributes, beside those of its workflow:
        execution: the id.
        last_seq, last_at: of the last event, 0 before the first.
        started_at, started_by: time and actor of `execution_started`.
        header: its data.
        paused: nothing new starts.
        cancelled, cancel_reason: a cancel was asked for; `spared`: nothing is to be undone after it.
        outputs: of the workflow, once it has ended.
        timed_out: it ended because its time was up.
        attention: a person has to look: undoing stopped at an irreversible step.
        rollback: `none`, `done` or `partial`.
        log: the compensation log.
        scopes: the scope instances by address, in the order they opened; "" is the workflow itself.
        unanswered: visits that a crash interrupted and a person has to decide about.
        starved: scopes in which something is ready and has no place to run.
        waiting: the open waits, the oldest first, by the seq of the event that opened them: scope and step.
        delayed: scope and step of what goes on by itself at some time: retries, and loops between two iterations.
        begun_at: when it began: when it started, or had what it was queued for.
        queued_for: groups in which it waits for a place before it begins, `{group, limit, on_conflict}`.
        slots: names of the groups in which it has places, by holder: a visit `scope/step#visit`, or "" for itself.
        unbegun: it ended while it was queued.
        spent, raised: by `scope/step`, "" for the whole, and kind: what was used of budgets, and added to them.
        begun: when attempts under way began, where there are budgets.
        broke: the budget that is used up, `{place, budget, limit, spent}`: nothing new starts.
        kept: signals and events that nobody waited for yet, by the seq of their event: `{sort, name, data, by}`.
    """

    def __init__(self, plan: Plan, execution: str) -> None:
        super().__init__(plan)
        self.execution: Final = execution
        self.last_seq = 0
        self.last_at = 0
        self.started_at = 0
        self.started_by = ""
        self.header: JsonObject = {}
        self.paused = False
        self.cancelled = False
        self.cancel_reason = ""
        self.spared = False
        self.ended = ""
        self.end_error: JsonObject | None = None
        self.outputs: JsonObject = {}
        self.timed_out = False
        self.attention = False
        self.rollback = "none"
        self.log = CompensationLog()
        self.scopes: dict[str, ScopeState] = {}
        self.unanswered = 0
        self.starved: dict[str, ScopeState] = {}
        self.waiting: dict[int, tuple[ScopeState, int]] = {}
        self.kept: dict[int, JsonObject] = {}
        self.delayed: set[tuple[str, int]] = set()
        self.begun_at = 0
        self.queued_for: list[JsonObject] = []
        self.slots: dict[str, list[str]] = {}
        self.unbegun = False
        self.spent: dict[str, dict[str, float]] = {}
        self.raised: dict[str, dict[str, float]] = {}
        self.begun: dict[str, int] = {}
        self.broke: JsonObject = {}
        self._agenda: list[tuple[tuple[int, ...], str]] = []

    @property
    def status(self) -> str:
        """R "States": queued, running, waiting, paused, interrupted, cancelling, rolling_back, or how it ended."""
        if self.log.active:
            return "rolling_back"
        if self.ended:
            return self.ended
        if not self.last_seq:
            return "queued"
        if self.paused:
            return "paused"
        if self.queued_for:
            return "queued"
        if self.interrupted and not self.running:
            return "interrupted"
        if self.cancelled:
            return "cancelling"
        return "waiting" if self.rests or (self.broke and not self.running) else "running"

    @property
    def rests(self) -> bool:
        """Visits are live, and none goes on but by time or by what comes from outside."""
        if not self.waiting and not self.delayed:
            return False
        return not any(
            scope.phase[at] == RUNNING and not scope.graph.nested[at]
            for scope in self.scopes.values()
            for at in scope.live
        )

    @property
    def held_back(self) -> bool:
        """Nothing new starts: it is paused, or a budget is used up."""
        return self.paused or bool(self.broke)

    @property
    def terminal(self) -> bool:
        """It has ended; only a rollback can still happen (R13)."""
        return bool(self.ended)

    @property
    def warnings(self) -> int:
        """Visits that failed under `continue_on_error`, and gates that were not met and only warn."""
        frames = {id(scope.frame): scope.frame for scope in self.scopes.values()}
        return sum(scope.forgiven for scope in self.scopes.values()) + sum(frame.warned for frame in frames.values())

    @property
    def error(self) -> JsonObject | None:
        """`{step, type, message, …}`: why it failed, or is failing."""
        if self.end_error is not None:
            return self.end_error
        return super().error

    @property
    def running(self) -> int:
        """Visits with an attempt under way or another one due."""
        return sum(
            1
            for scope in self.scopes.values()
            for at in scope.live
            if scope.phase[at] in _UNDER_WAY and at not in scope.cleared
        )

    @property
    def interrupted(self) -> bool:
        """A person has to say what becomes of a visit that a crash interrupted."""
        return self.unanswered > 0

    def steps(self) -> Iterator[StepView]:
        """Every step of every scope instance that has opened, in the order written."""
        for scope in self.scopes.values():
            for at in range(len(scope.graph)):
                yield StepView(scope, at)

    def step(self, scope: str, step: str) -> StepView:
        """One step. Raises `KeyError`."""
        instance = self.scopes[scope]
        return StepView(instance, instance.graph.number[step])

    def limits_of(self, scope: str, step: str) -> Limits | None:
        """What an attempt of a step may use."""
        return self.step_plan(scope, step).limits

    def step_plan(self, scope: str, step: str) -> StepPlan:
        """A step of a scope that has opened."""
        graph = self.scopes[scope].graph
        return graph.steps[graph.number[step]]

    def cache_of(self, scope: str, step: str) -> Cache | None:
        """What makes two attempts of a step the same, if one may be reused."""
        graph = self.scopes[scope].graph
        return graph.steps[graph.number[step]].cache

    def undoable(self, *, again: bool = False, to: str = "") -> list[Entry]:
        """What a rollback would undo now, in the order of undoing. Raises `KeyError` without a checkpoint `to`."""
        return self.log.undoable(again=again, to=to)

    def open_scope(self, address: str) -> ScopeState:
        """The scope instance at an address; it opens, and arms its first steps, when it is asked for first (R1, R2)."""
        scope = self.scopes.get(address)
        if scope is None:
            scope = self._instance(address)
            graph = scope.graph
            if not graph.all_once and graph.circular:
                raise ValueError(f"the needs of {', '.join(graph.circular)} go in a circle: validate the definition")
            self.scopes[address] = scope
            if "takeover" in self.header:
                offset_visits(self, scope)
                take_over_inside(self, scope)
                rebuild(scope)
            else:
                begin(scope)
            self.queue(scope)
        return scope

    def _instance(self, address: str) -> ScopeState:
        """A new scope instance, known to the visit that opened it."""
        if not address or address in HANDLERS:
            place = ("", *HANDLERS).index(address)
            return self._top(ScopeState(address, graph_of(self.scope_plan(address)), (place,), self))
        opened = opened_by(address)
        parent = self.scopes[opened.scope]
        if opened.step in HANDLERS and parent is parent.top:
            return self._handler(address, opened.step, parent)
        at = parent.graph.number[opened.step]
        number = opened.number
        if opened.branch:
            number = [name for name, _ in parent.graph.steps[at].branches].index(opened.branch)
        rank: tuple[int, ...] = (*parent.rank, at, opened.visit, opened.attempt, number)
        if parent.graph.steps[at].kind == "workflow":
            scope = self._child(address, parent, at, rank)
        else:
            scope = ScopeState(address, parent.graph.body(at, opened.branch), rank, parent.frame, parent, at, number)
        return self._known(scope, opened)

    def _child(self, address: str, parent: ScopeState, at: int, rank: tuple[int, ...]) -> ScopeState:
        """The scope of a sub-workflow."""
        key = parent.graph.steps[at].workflow
        frame = Frame(child_of(self.plan, key), address, key, parent.frame.depth + 1)
        frame.trigger = {"type": "workflow", "step": parent.place(at)}
        if at in parent.requests:
            frame.inputs = parent.requests[at].inputs
        return self._top(ScopeState(address, graph_of(frame.plan.root), rank, frame, parent, at))

    def _handler(self, address: str, name: str, root: ScopeState) -> ScopeState:
        """The scope of a sub-workflow's handler: it belongs to the visit that runs the workflow."""
        plan, number = handler_of(root.frame.plan, name), HANDLERS.index(name) + 1
        if plan is None or root.parent is None:
            raise KeyError(address)
        rank = (*root.rank[:-1], number)
        scope = ScopeState(address, graph_of(plan), rank, root.frame, root.parent, root.owner, number)
        return self._known(self._top(scope), opened_by(root.address))

    def _top(self, scope: ScopeState) -> ScopeState:
        scope.frame.tops.append(scope)
        return scope

    def _known(self, scope: ScopeState, opened: Opened) -> ScopeState:
        """The scope, which the visit that opened it now knows of, if it is live."""
        parent, at = scope.parent, scope.owner
        nest = parent.nests.get(at) if parent is not None else None
        now = (opened.visit, opened.attempt)
        if nest is not None and parent is not None and now == (parent.visits[at], parent.attempts[at]):
            nest.open[scope.number] = scope
        return scope

    def scope_plan(self, address: str) -> ScopePlan:
        """The plan of the scope at an address. Raises `KeyError`."""
        return scope_at(self.plan, address)

    def queue(self, scope: ScopeState) -> None:
        """The scope has to be looked at before the turn ends."""
        if not scope.queued:
            scope.queued = True
            heappush(self._agenda, (scope.rank, scope.address))

    def queue_all(self) -> None:
        """Every scope that has not finished has to be looked at."""
        for scope in self.scopes.values():
            if not scope.finished:
                self.queue(scope)

    def queue_starved(self) -> None:
        """A place has become free."""
        for scope in self.starved.values():
            self.queue(scope)
        self.starved.clear()

    def next_queued(self) -> ScopeState | None:
        """The outermost and first written of the scopes to look at; it counts as queued until that is done."""
        return self.scopes[heappop(self._agenda)[1]] if self._agenda else None

    def handler(self, name: str) -> ScopePlan | None:
        """`on_failure`, `on_cancel` or `finally`, if the workflow has it."""
        return handler_of(self.plan, name)

    def dump(self) -> dict[str, Json]:
        """All of it as JSON data, in one order for one state."""
        return {
            "v": STATE_VERSION,
            "execution": self.execution,
            **{name: getattr(self, name) for name in _FIELDS},
            "vars": dict(self.vars),
            "kept": [[seq, dict(said)] for seq, said in self.kept.items()],
            "log": self.log.dump(),
            "scopes": {address: scope.dump() for address, scope in self.scopes.items()},
        }

    @classmethod
    def load(cls, plan: Plan, data: Mapping[str, Any]) -> "State":
        """What `dump` wrote. Raises `ValueError` for another version."""
        if data.get("v") != STATE_VERSION:
            raise ValueError(f"state of version {data.get('v')!r} cannot be read; this treadle reads {STATE_VERSION}")
        state = cls(plan, data["execution"])
        for name in _FIELDS:
            setattr(state, name, data.get(name, getattr(state, name)))
        state.vars = dict(data["vars"])
        state.spent, state.raised = ({k: dict(v) for k, v in table.items()} for table in (state.spent, state.raised))
        state.begun = dict(state.begun)
        state.slots = {holder: list(groups) for holder, groups in state.slots.items()}
        state.log = CompensationLog.load(data["log"])
        for address, scope in data["scopes"].items():
            instance = state.open_scope(address)
            instance.load(scope)
            rebuild(instance)
            state._count_live(instance)
        state.kept = dict(data.get("kept", ()))
        state.waiting = dict(sorted(_open_waits(state)))
        return state

    def _count_live(self, scope: ScopeState) -> None:
        """What follows from the live visits of a scope that was loaded."""
        for at in scope.live:
            self.unanswered += scope.phase[at] == INTERRUPTED
            if at in scope.retries or scope.delays.get(at):
                self.delayed.add((scope.address, at))
            if scope.graph.nested[at]:
                scope.nests[at] = Nest()
                scope.attention.add(at)
            elif at not in scope.unplaced:
                for around in scope.around():
                    around.busy += 1


def _open_waits(state: State) -> Iterator[tuple[int, tuple[ScopeState, int]]]:
    for scope in state.scopes.values():
        for at, wait in scope.waits.items():
            yield wait.seq, (scope, at)


def fold(state: State, event: Event) -> None:
    """Apply one event. Raises `ValueError` when it does not follow the last one."""
    if event.seq != state.last_seq + 1:
        raise ValueError(f"event {event.seq} of {event.execution} follows event {state.last_seq}: the log has a gap")
    apply = FOLDS.get(event.type)
    if apply is not None:
        apply(state, event)
    if state.plan.budget is not None:
        budget_folding.follow(state, event)
    state.last_seq = event.seq
    state.last_at = event.at


def state_of(scope: ScopeState, at: int) -> str:
    """A step's state; a live visit hides what the last one left."""
    phase = scope.phase[at]
    if phase in LIVE:
        return _RESULTS.get(phase, "interrupted")
    return scope.results[at]
