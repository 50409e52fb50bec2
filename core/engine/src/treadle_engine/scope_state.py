"""The state of one scope instance: flat arrays over its plan's steps, and the counters that make folding cheap.

What is *base* is written by `dump` and follows from the events alone. What is *derived* follows from the base
(`readiness.rebuild`) and is kept up to date on the way.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from treadle_hookspecs import Json, JsonObject

from treadle_engine.addresses import Opened, opened_by
from treadle_engine.frames import Frame, dump_frame, load_frame
from treadle_engine.graph import Graph
from treadle_engine.waits import Wait

IDLE: Final = 0
RUNNING: Final = 1
RETRYING: Final = 2
INTERRUPTED: Final = 3
SETTLED: Final = 4
WAITING: Final = 5
"""Phases of a step."""
EndStatus: TypeAlias = Literal["completed", "failed", "cancelled"]
LIVE: Final = frozenset({RUNNING, RETRYING, INTERRUPTED, WAITING})
"""A visit has started and not settled: R's live set, re-entries aside."""

OPEN: Final = 0
SUCCEEDED: Final = 1
FAILED: Final = 2
SKIPPED: Final = 3
"""What a step counts as for those that need it (R3)."""


class Request(NamedTuple):
    """What an attempt of a live visit is given; evaluated once."""

    action: str
    inputs: JsonObject
    env: JsonObject


@dataclass(slots=True)
class Parked:
    """A re-entry that waits for its region (R7). `carry` is the bit set of failures it carries."""

    target: int
    source: int
    carry: int
    announced: bool = False


@dataclass(frozen=True, slots=True)
class Closing:
    """Why a scope closes: `failure`, `cancelled`, `end` or `timeout`; `status` is what an `end` step said."""

    reason: str
    error: JsonObject | None = None
    status: str = ""


@dataclass(slots=True)
class Nest:
    """The scopes that a live visit has opened.

    Attributes:
        open: those that have not been seen to end, by their number.
        ended: those that have.
        failed, succeeded: how many of those.
        seen: `open` has been looked through since the log was folded.
    """

    open: "dict[int, ScopeState]" = field(default_factory=dict)
    ended: "dict[int, ScopeState]" = field(default_factory=dict)
    failed: int = 0
    succeeded: int = 0
    seen: bool = False


_ARRAYS: Final = ("phase", "credit", "armed")
_LISTS: Final = ("results", "outcomes", "errors", "outputs", "visits", "attempts", "started")
_SETS: Final = ("granted", "called_off", "passed_over", "expired", "unplaced", "cleared")
_TABLES: Final = (
    "activations",
    "inherited",
    "carried",
    "deadlines",
    "delays",
    "draining",
    "exhaustions",
    "retries",
    "interruptions",
    "compensation",
    "routed",
    "replies",
    "asked",
)


class ScopeState:
    """One scope instance.

    Attributes, base:
        phase, credit, armed: small numbers by step.
        results, outcomes, errors, outputs: of a step's last visit, as people and expressions see them.
        visits, attempts: counts; attempts of the last visit.
        started: seq of the event that started the last visit.
        activations: visits and skips by `when`, of steps that R9 bounds.
        held: tokens at idle steps, each as the failures it carries.
        inherited: failures that a thread handed on over a needs edge, by the idle step that got them.
        carried: failures that a live visit carries.
        parked: re-entries in the order of their arrival.
        granted: re-entered steps that do not wait for their needs again (R7).
        failures: open failures by step, oldest first.
        live: visits that have started and not settled, in the order they started.
        requests: what their attempts are given.
        deadlines: by step that opens scopes: when the time of its attempt is up.
        expired: those whose time is up.
        delays: by loop: when its next iteration is due, 0 when that time has come.
        retries: due times of those that wait for another attempt.
        interruptions: attempts of a live visit that a crash ended: they are no tries of `retry`.
        draining: live visits that open nothing more and wait for what they have open; the error of the condition
            that said so, empty when there was none.
        waits: what live visits wait for.
        asked: live visits that have asked people in the middle, with what was kept of their files by then.
        replies: what people said to them, by the keys of the questions.
        unplaced: live visits that take no place among `max_parallel`: they wait, or have waited and not begun.
        cleared: those of them that people have approved and that have not begun.
        called_off: live visits that were asked to end.
        earlier: the visits of steps that may have several, oldest first, as `steps.x.visits` shows them.
        compensation: `done` or `failed`, of steps with a visit that was to be undone.
        routed: the targets that a step has sent a token to.
        passed_over: steps that a closing scope did not start.
        closing: set when the scope closes; `closing_due` when it has to.
        forgiven: visits that failed under `continue_on_error`.
        closed: seq of the event that closed it.
        last: seq of its last event.
    Attributes, derived:
        parent, owner: the scope and the step whose visit opened it; None for the execution's own and its handlers'.
        frame: the workflow that it belongs to.
        top: the outermost scope of that workflow, or of its handler, that it is inside of.
        number: which of the scopes of that visit it is.
        rank: its place among the others, in the order written and opened.
        nests: what live visits have opened, by step.
        attention: live visits whose scopes have to be looked after.
        busy: live visits in it and in the scopes inside it, less those that only open scopes.
        queued: it waits in the state's agenda.
        unsettled: steps that are not SETTLED.
        open_needs, good_needs, bad_needs, soft_needs: by step: needs without an end, succeeded, failed, and those
            whose failure or skip may not be final.
        awaiting: routes into a step that may still be taken, of steps that are activated at most once.
        ready, queue: steps that may start, as a set and as a heap that may hold more.
        late: steps whose join holds by R3's patience; found anew in each turn.
        doomed: a heap of steps whose join cannot hold, or that no token will reach.
        patient: steps that wait for needs to become final.
        idle, doubtful: bit sets of the idle steps that may be activated more than once, and of those that may have
            become unreachable since they were last looked at.
        absorbed: `(target, source)` of tokens that `merge: once` absorbed in this turn.
        disturbed: something has to be closed or called off before anything else happens.
        swept: what a closing scope does not start has been settled.
        told: live visits that a command asked to end.
    """

    __slots__ = (
        *_ARRAYS,
        *_LISTS,
        *_TABLES,
        "absorbed",
        "address",
        "attention",
        "awaiting",
        "bad_needs",
        "busy",
        "called_off",
        "cleared",
        "closed",
        "closing",
        "closing_due",
        "disturbed",
        "doomed",
        "doubtful",
        "draining",
        "earlier",
        "expired",
        "failures",
        "forgiven",
        "frame",
        "good_needs",
        "granted",
        "graph",
        "held",
        "idle",
        "last",
        "late",
        "live",
        "nests",
        "number",
        "open_needs",
        "owner",
        "parent",
        "parked",
        "passed_over",
        "patient",
        "queue",
        "queued",
        "rank",
        "ready",
        "requests",
        "soft_needs",
        "swept",
        "told",
        "top",
        "unplaced",
        "unsettled",
        "waits",
    )

    def __init__(
        self,
        address: str,
        graph: Graph,
        rank: tuple[int, ...],
        frame: Frame,
        parent: "ScopeState | None" = None,
        owner: int = 0,
        number: int = 0,
    ) -> None:
        size = len(graph)
        self.frame = frame
        self.top: ScopeState = self if parent is None or parent.frame is not frame else parent.top
        self.parent = parent
        self.owner = owner
        self.number = number
        self.rank = rank
        self.address = address
        self.graph = graph
        self.phase = bytearray(size)
        self.credit = bytearray(size)
        self.armed = bytearray(graph.armed)
        self.results: list[str] = ["pending"] * size
        self.outcomes: list[str] = [""] * size
        self.errors: list[JsonObject | None] = [None] * size
        self.outputs: list[JsonObject | None] = [None] * size
        self.visits: list[int] = [0] * size
        self.attempts: list[int] = [0] * size
        self.started: list[int] = [0] * size
        self.activations: dict[int, int] = {}
        self.held: dict[int, list[int]] = {}
        self.inherited: dict[int, int] = {}
        self.carried: dict[int, int] = {}
        self.parked: list[Parked] = []
        self.granted: set[int] = set()
        self.failures: dict[int, JsonObject] = {}
        self.live: dict[int, None] = {}
        self.requests: dict[int, Request] = {}
        self.retries: dict[int, int] = {}
        self.interruptions: dict[int, int] = {}
        self.draining: dict[int, JsonObject] = {}
        self.waits: dict[int, Wait] = {}
        self.asked: dict[int, JsonObject] = {}
        self.replies: dict[int, JsonObject] = {}
        self.unplaced: set[int] = set()
        self.cleared: set[int] = set()
        self.called_off: set[int] = set()
        self.delays: dict[int, int] = {}
        self.deadlines: dict[int, int] = {}
        self.expired: set[int] = set()
        self.exhaustions: dict[int, int] = {}
        self.earlier: dict[int, list[JsonObject]] = {}
        self.compensation: dict[int, str] = {}
        self.routed: dict[int, list[int]] = {}
        self.passed_over: set[int] = set()
        self.closing: Closing | None = None
        self.closing_due: Closing | None = None
        self.forgiven = 0
        self.closed = 0
        self.last = 0
        self.nests: dict[int, Nest] = {}
        self.attention: set[int] = set()
        self.busy = 0
        self.queued = False
        self._clear_counters(size)

    def _clear_counters(self, size: int) -> None:
        """What is derived from the rest, before `readiness.rebuild` has counted it."""
        self.unsettled = size
        self.open_needs: list[int] = []
        self.good_needs: list[int] = []
        self.bad_needs: list[int] = []
        self.soft_needs: list[int] = []
        self.awaiting: list[int] = []
        self.ready: set[int] = set()
        self.queue: list[int] = []
        self.late: list[int] = []
        self.doomed: list[int] = []
        self.patient: set[int] = set()
        self.idle = 0
        self.doubtful = 0
        self.absorbed: list[tuple[int, int]] = []
        self.disturbed = False
        self.swept = False
        self.told: set[int] = set()

    @property
    def finished(self) -> bool:
        """R11: nothing is live, nothing is ready, nothing waits."""
        return not self.unsettled and not self.parked

    @property
    def error(self) -> JsonObject | None:
        """Why the scope failed or is failing: its oldest open failure, else what it closes for.

        `step` in it is the address of the step that failed, however deep inside it stands.
        """
        if self.closing is not None and self.closing.reason == "timeout":
            return self.closing.error
        for at, error in self.failures.items():
            return {"step": self.place(at), **error}
        return self.closing.error if self.closing is not None and self.closing.status == "failed" else None

    @property
    def verdict(self) -> EndStatus:
        """R11, once it is finished: `failed`, `cancelled` or `completed`."""
        if self.error is not None:
            return "failed"
        return "cancelled" if self._cut_off else "completed"

    @property
    def _cut_off(self) -> bool:
        """It was cancelled, or it closed because a scope around it did and left something out."""
        closing = self.closing
        if closing is None or closing.reason == "cancelled":
            return closing is not None
        left_out = bool(self.passed_over) or "cancelled" in self.results
        return self.parent is not None and closing.error is None and not closing.status and left_out

    @property
    def opened(self) -> Opened:
        """What its address says."""
        return opened_by(self.address)

    @property
    def is_body(self) -> bool:
        """It is no handler's."""
        return self is not self.top or self is self.frame.root

    @property
    def item(self) -> tuple[Json, ...]:
        """What it was opened for, where it is that of an item; else nothing."""
        if self.parent is None or self.parent.graph.steps[self.owner].items is None:
            return ()
        request = self.parent.requests.get(self.owner)
        items: Any = request.inputs.get("items", ()) if request is not None else ()
        return tuple(items[self.number - 1 : self.number])

    def upward(self) -> "Iterator[ScopeState]":
        """Itself and the scopes around it that belong to the same workflow, from the inside out."""
        scope = self
        yield scope
        while scope is not scope.top and scope.parent is not None:
            scope = scope.parent
            yield scope

    def around(self) -> "Iterator[ScopeState]":
        """Itself and the scopes around it, from the inside out."""
        scope: ScopeState | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    @property
    def has_room(self) -> bool:
        """Neither its own `max_parallel` nor that of a scope around it keeps a visit from starting."""
        scope: ScopeState | None = self
        while scope is not None:
            limit = scope.graph.scope.max_parallel
            if limit and scope.busy >= limit:
                return False
            scope = scope.parent
        return True

    def place(self, at: int) -> str:
        """The step's address: `scope/step`."""
        id_ = self.graph.ids[at]
        return f"{self.address}/{id_}" if self.address else id_

    def visit_record(self, at: int, outputs: JsonObject) -> JsonObject:
        """What `steps.x.visits` keeps of the visit that ended last and published `outputs`."""
        return {
            "visit": self.visits[at],
            "state": self.results[at],
            "outcome": self.outcomes[at],
            "outputs": outputs,
            "error": self.errors[at],
        }

    def activated(self, at: int) -> bool:
        """R2: an idle step is armed, or holds a token."""
        return bool(self.armed[at]) or at in self.held

    def dump(self) -> dict[str, Json]:
        """The base as JSON data."""
        data: dict[str, Any] = {name: list(getattr(self, name)) for name in (*_ARRAYS, *_LISTS)}
        data |= {name: _pairs(getattr(self, name)) for name in (*_TABLES, "held", "failures", "earlier", "requests")}
        data |= {name: sorted(getattr(self, name)) for name in _SETS}
        data |= {
            "waits": [[at, asdict(wait)] for at, wait in self.waits.items()],
            "live": list(self.live),
            "parked": [asdict(parked) for parked in self.parked],
            "closing": self.closing and asdict(self.closing),
            "closing_due": self.closing_due and asdict(self.closing_due),
            "forgiven": self.forgiven,
            "closed": self.closed,
            "last": self.last,
        }
        if self.parent is not None and self is self.frame.root:
            data["frame"] = dump_frame(self.frame)
        return data

    def load(self, data: Mapping[str, Any]) -> None:
        """Take over what `dump` wrote; the derived part is made by `readiness.rebuild`."""
        for name in _ARRAYS:
            setattr(self, name, bytearray(data[name]))
        for name in _LISTS:
            setattr(self, name, list(data[name]))
        for name in (*_TABLES, "failures"):
            setattr(self, name, dict(data.get(name, ())))
        self.held = {at: list(tokens) for at, tokens in data["held"]}
        self.earlier = {at: list(visits) for at, visits in data["earlier"]}
        self.requests = {at: Request(*request) for at, request in data["requests"]}
        for name in _SETS:
            setattr(self, name, set(data.get(name, ())))
        self.waits = {at: Wait(**wait) for at, wait in data.get("waits", ())}
        self.live = dict.fromkeys(data["live"])
        self.parked = [Parked(**parked) for parked in data["parked"]]
        self.closing = Closing(**data["closing"]) if data["closing"] else None
        self.closing_due = Closing(**data["closing_due"]) if data["closing_due"] else None
        self.forgiven = data["forgiven"]
        if "frame" in data:
            load_frame(self.frame, data["frame"])
        self.closed, self.last = data.get("closed", 0), data.get("last", 0)


def _pairs(table: Mapping[int, Any]) -> list[list[Any]]:
    """A table as pairs: the keys of a JSON object would have to be texts. The order is part of it."""
    return [[at, list(value) if isinstance(value, tuple | list) else value] for at, value in table.items()]
