"""The store contract: one log, its projections, an inbox, payloads by content hash.

Every method is synchronous and may block on the disk or the network; a runtime calls them from the thread it
keeps for that. A store is used by one writer thread and any number of reader threads of a process at a time.
Times are microseconds since 1970 UTC. JSON columns are handed over as JSON data and come back as such.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from treadle_hookspecs._events import Event
from treadle_hookspecs._json import Json


class ExecutionRow(NamedTuple):
    """The projection of one execution: table `executions`."""

    id: str
    workflow: str
    version: str
    status: str
    root: str
    trigger_type: str
    trigger_data: Json
    started_at: int
    current_step: str = ""
    """Address of the visit that started last. In an `Append` as of the last change of status; a store that is asked
    knows the steps that came since."""
    finished_at: int | None = None
    error: Json = None
    outputs: Json = None
    rollback: str = "none"
    warnings: int = 0
    definition: str = ""
    """Content hash of the definition's text (`put_definition`)."""
    plan: str = ""
    """Content hash of the compiled plan (a payload)."""
    origin: str = ""
    """The execution that this one retries or is a child of, or ""."""


class StepRow(NamedTuple):
    """The projection of one visit of a step: table `step_executions`, one row a visit."""

    execution: str
    address: str
    """`scope/step`, without the visit."""
    visit: int
    """From 1; 0 for a step that settled without one (skipped). Unique with `execution` and `address`."""
    action: str
    """`module/action`, or the kind of a step that calls none, e.g. `set`."""
    state: str
    outcome: str = ""
    attempts: int = 0
    inputs: Json = None
    outputs: Json = None
    started_at: int | None = None
    finished_at: int | None = None
    error: Json = None
    compensation: str = "none"


class StepUpdate(NamedTuple):
    """What a later event changes of a `StepRow` that stands already: the end of a visit."""

    execution: str
    address: str
    visit: int
    state: str
    outcome: str
    attempts: int
    outputs: Json
    finished_at: int | None
    error: Json
    compensation: str = "none"


class AuditEntry(NamedTuple):
    """Who did what, for the audit chain. `detail` never holds a secret."""

    at: int
    actor: str
    action: str
    execution: str = ""
    detail: Json = None


class Signal(NamedTuple):
    """Something said to an execution from outside: pause, resume, cancel, rollback, or a named signal.

    `id` is given by the store and is 0 before it has one.
    """

    execution: str
    name: str
    data: Json = None
    actor: str = ""
    at: int = 0
    id: int = 0


class Slot(NamedTuple):
    """A place in a group, which a holder waits for or has; a holder has one in each of its groups.

    `holder` is a visit, `scope/step#visit`, or "" for the execution as a whole. `limit` is how many places the group
    has as this holder sees it. `granted_at` is None while it waits.
    """

    execution: str
    holder: str
    group: str
    limit: int
    asked_at: int
    granted_at: int | None = None


class WaitRow(NamedTuple):
    """Something that an execution waits for: table `waits`. The first five fields together are unique.

    Kinds are `timer`, `signal`, `event`, `condition` and `approval`, of a step that waits; `retry` and `loop`, of a
    visit that goes on at `due`; and, with the address "", `timeout` of the execution, and `hears`: the name of an event
    that some step of it may wait for.
    """

    execution: str
    address: str
    """`scope/step`, or "" for what belongs to the execution as a whole."""
    visit: int
    kind: str
    name: str = ""
    """Of a signal or an event."""
    since: int = 0
    due: int | None = None
    """When the execution has to be driven on, whatever comes from outside."""
    detail: Json = None
    """Of an approval: `prompt, approvers, not_by, quorum, answers, form, push_back, gate`, as far as there are any."""


class BusEvent(NamedTuple):
    """A named event on the bus: `treadle emit`, an `emit:` step, the end of an execution. `id` grows.

    It is for the executions of one `root`, or for all with "".
    """

    name: str
    data: Json
    source: str = ""
    at: int = 0
    id: int = 0
    root: str = ""


class Definition(NamedTuple):
    """A definition that was run: table `workflows`. `hash` is the SHA-256 of `text`."""

    hash: str
    name: str
    version: str
    text: str
    path: str = ""
    created_at: int = 0


class Append(NamedTuple):
    """What one execution adds in one transaction.

    Args:
        execution: its id.
        epoch: the claim's; a lower one than the store knows is refused with `ClaimLostError`.
        expected_seq: the seq of the last event in the log before these; another one is refused.
        events: in order, `seq` running on from `expected_seq`.
        execution_row: the whole new projection, or None when it did not change (but for `current_step`).
        steps: rows of visits that start (inserted), in order.
        step_updates: changes of rows that stand, in order, after `steps`.
        payloads: content by its SHA-256 in hex, written if it is not there.
        taken: ids of signals that these events answer; they leave the inbox. One that is not in this execution's inbox
            (any more) is refused with `SequenceError`, so that nothing is answered twice.
        audit: entries to chain.
        published: events for the bus; see `StoreBackend.publish`.
        freed: holders of this execution that give up their places, and stop waiting for one; "" stands for all.
        slots: places that its holders wait for from now on, behind all who wait already. After `freed`. A place that
            the holder has or waits for stays as it is.
        waited: `(address, visit)` whose waits are over; `("", 0)` stands for all of the execution's.
        waits: what it waits for from now on, or in another way. After `waited`; `published` reaches it already.
    """

    execution: str
    epoch: int
    expected_seq: int
    events: Sequence[Event]
    execution_row: ExecutionRow | None = None
    steps: Sequence[StepRow] = ()
    step_updates: Sequence[StepUpdate] = ()
    payloads: Mapping[str, bytes] = {}
    taken: Sequence[int] = ()
    audit: Sequence[AuditEntry] = ()
    published: Sequence[BusEvent] = ()
    freed: Sequence[str] = ()
    slots: Sequence[Slot] = ()
    waited: Sequence[tuple[str, int]] = ()
    waits: Sequence[WaitRow] = ()


class Claim(Protocol):
    """The right to drive one execution; it vanishes with the process that holds it."""

    @property
    def execution(self) -> str:
        """The execution's id."""

    @property
    def epoch(self) -> int:
        """Larger than every earlier claim's."""

    def release(self) -> None:
        """Give it back. Harmless when it is gone already."""


@dataclass(frozen=True, slots=True)
class ExecutionQuery:
    """Which executions to list, newest first. Empty fields do not restrict."""

    root: str = ""
    statuses: tuple[str, ...] = ()
    workflow: str = ""
    id_prefix: str = ""
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """Something `check` found: an invariant's name (`I1` … `I10`), what is wrong, and how to mend it."""

    invariant: str
    message: str
    remedy: str = ""


class StoreBackend(Protocol):
    """What a state store does. The class is built with `Class(url: str, options: Mapping)`.

    `treadle_testkit.store.StoreConformance` is the test suite that a store passes by subclassing it.
    """

    @property
    def url(self) -> str:
        """Where it is, without a password."""

    def open(self) -> None:
        """Connect, create or migrate. Raises `TreadleError` (exit code 6) when state cannot be trusted."""

    def close(self) -> None:
        """Let go of everything; further calls but `open` are errors."""

    def claim(self, execution: str) -> Claim | None:
        """Claim an execution, or None while another process (or this one) holds it. The epoch is raised."""

    def claimed(self, execution: str) -> bool:
        """True while some process holds the claim."""

    def append(self, batch: Sequence[Append]) -> None:
        """Write all of it in one transaction, durable on return.

        Raises:
            ClaimLostError: an epoch is too low. Nothing was written.
            SequenceError: an `expected_seq` is not the log's. Nothing was written.
            TreadleError: the storage failed (exit code 6). Nothing was written.
        """

    def read(self, execution: str, after: int = 0, limit: int = 0) -> Sequence[Event]:
        """The log of one execution, events with `seq > after`, in order; at most `limit` if it is not 0."""

    def send(self, signals: Sequence[Signal]) -> Sequence[int]:
        """Put signals into inboxes, durable on return; their ids, growing."""

    def inbox(self, executions: Iterable[str]) -> Sequence[Signal]:
        """Signals that wait for these executions, oldest first. `Append.taken` removes them."""

    def publish(self, event: BusEvent) -> int:
        """Put an event on the bus, durable on return; its id.

        In the same transaction a signal `event` with the data `{name, data}` goes into the inbox of each execution of
        its root that has not ended and has a wait of kind `event` or `hears` by its name; the actor is the source.
        """

    def bus(self, after: int = 0, limit: int = 0) -> Sequence[BusEvent]:
        """Events on the bus with `id > after`, oldest first."""

    def watch(self, timeout: float) -> bool:
        """Block until another connection may have written (True) or `timeout` seconds passed (False).

        What counts is what was written since this thread looked last: read, then watch, and nothing is missed.
        """

    def take_slots(self, execution: str, epoch: int, holder: str, at: int) -> bool:
        """Give a holder all the places that it waits for, or none; True when it has them (also: had them before).

        It gets them when each of its groups has, for it, fewer than `limit` other places that are held, or were asked
        for earlier. Of an execution that nobody drives only what it waits for in line (status `queued`) or has or wants
        while it waits (status `waiting`) counts. What one that was cut off holds is taken from it when another gets its
        place; it keeps its own in the line.

        Raises:
            ClaimLostError: the epoch is too low.
        """

    def slots(self, *, group: str = "", execution: str = "") -> Sequence[Slot]:
        """Places that are held or waited for, in the order in which they were asked for; of a group, an execution."""

    def waits(self, executions: Iterable[str] | None = None) -> Sequence[WaitRow]:
        """What these executions wait for, or all of them, in the order in which it began."""

    def due(self, at: int) -> Sequence[str]:
        """Executions that have not ended and that somebody should drive: what has waited longest comes first.

        A wait's `due` is not after `at` and they are not paused, or something is in their inbox, or they are queued.
        """

    def next_due(self, after: int) -> int | None:
        """The earliest `due` after a time, of executions that have not ended and are not paused."""

    def put_definition(self, definition: Definition) -> None:
        """Keep a definition; one with the same hash is there already and stays."""

    def definition(self, hash: str) -> Definition | None:
        """A definition by content hash."""

    def put_payload(self, content: bytes) -> str:
        """Keep content; its SHA-256 in hex."""

    def payload(self, hash: str) -> bytes | None:
        """Content by its SHA-256 in hex."""

    def executions(self, query: ExecutionQuery) -> Sequence[ExecutionRow]:
        """Executions, newest first."""

    def execution(self, id: str) -> ExecutionRow | None:
        """One execution by its whole id."""

    def steps(self, execution: str) -> Sequence[StepRow]:
        """The visits of an execution in the order they started."""

    def audit(self, entries: Sequence[AuditEntry]) -> str:
        """Chain entries that belong to no append; the new head (SHA-256 in hex)."""

    def audit_log(self, after: int = 0) -> Sequence[tuple[int, AuditEntry, str]]:
        """`(number, entry, hash)`, oldest first, numbers from 1.

        `hash` is SHA-256 in hex over the hash before (64 zeros at the beginning), a newline, and the entry as JSON:
        its fields by name, keys sorted, no spaces, ASCII.
        """

    def prune(self, before: int) -> int:
        """Delete terminal executions that finished before that time, and what only they used; how many.

        Content that was put after that time stays, and so does the audit. Events on the bus before it go.
        """

    def check(self) -> Sequence[Finding]:
        """Look at the invariants a store can see: wholeness, version, log without gaps, audit chain."""


class ClaimLostError(Exception):
    """Another process has claimed the execution since; nothing of this append was written."""


class SequenceError(Exception):
    """The log does not end where the writer believes; nothing of this append was written."""
