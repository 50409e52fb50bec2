"""The compensation log: what was done that can be undone, in the order of completion, and how far undoing has come."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from treadle_hookspecs import Event, Json, JsonObject

from treadle_engine.plan import StepPlan

CERTAIN: Final = frozenset({"failure", "rejected"})
"""Outcomes that leave nothing behind, unless the step says otherwise."""


@dataclass(slots=True)
class Entry:
    """One visit whose effect stands.

    Attributes:
        scope, step, visit: which.
        action: what undoes it; "" is a barrier: an irreversible visit.
        inputs: frozen when the visit settled; None when they could not be evaluated, `error` says why.
        rollback_action: `action` is a rollback action's type.
        timeout: seconds for one try.
        started, settled: seqs of the visit's events: who happened before whom.
        placed: seq of the event that gave it its place in the order of completion; the entries of a scope inside
            another one stand where the visit that opened the scope completed.
        state: `open`, `running`, `waiting` (for another try), `done` or `failed`.
        attempt: tries so far.
        interruptions: those of them that a crash ended.
        due: of the next try.
    """

    scope: str
    step: str
    visit: int
    action: str
    inputs: JsonObject | None
    rollback_action: bool = False
    timeout: float | None = None
    started: int = 0
    settled: int = 0
    placed: int = 0
    state: str = "open"
    attempt: int = 0
    interruptions: int = 0
    due: int = 0
    error: JsonObject | None = None

    @property
    def address(self) -> str:
        """`scope/step#visit`."""
        return f"{self.scope}/{self.step}#{self.visit}" if self.scope else f"{self.step}#{self.visit}"

    @property
    def barrier(self) -> bool:
        """An irreversible visit: nothing before it is undone."""
        return not self.action


@dataclass(slots=True)
class CompensationLog:
    """Entries in the order of completion; `undoing` holds those of the rollback under way, in the order of undoing."""

    entries: list[Entry] = field(default_factory=list)
    undoing: list[Entry] = field(default_factory=list)
    active: bool = False

    @property
    def barrier(self) -> int:
        """How many entries stand up to and with the last irreversible visit."""
        for position in range(len(self.entries), 0, -1):
            if self.entries[position - 1].barrier:
                return position
        return 0

    def undoable(self, *, again: bool = False) -> list[Entry]:
        """What a rollback would undo, in strict reverse order; `again` takes those as well that could not be undone."""
        states = {"open", "failed"} if again else {"open"}
        return [entry for entry in reversed(self.entries[self.barrier :]) if entry.state in states]

    def left(self) -> list[Entry]:
        """What is not undone, the latest first."""
        return [entry for entry in reversed(self.entries) if entry.state != "done" and not entry.barrier]

    def find(self, scope: str, step: str, visit: int) -> Entry | None:
        """The entry of a visit."""
        for entry in reversed(self.entries):
            if entry.visit == visit and entry.step == step and entry.scope == scope:
                return entry
        return None

    def dump(self) -> dict[str, Json]:
        """As JSON data."""
        return {
            "entries": [asdict(entry) for entry in self.entries],
            "undoing": [entry.address for entry in self.undoing],
            "active": self.active,
        }

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> "CompensationLog":
        """What `dump` wrote."""
        entries = [Entry(**entry) for entry in data["entries"]]
        by_address = {entry.address: entry for entry in entries}
        return cls(entries, [by_address[address] for address in data["undoing"]], data["active"])


def leaves_effect(step: StepPlan, outcome: str, error: JsonObject | None) -> bool:
    """A visit that ran may have changed something: all but clean failures."""
    if outcome not in CERTAIN or step.uncertain:
        return True
    if error is not None and error.get("type") == "interrupted":
        return True
    return step.compensate is not None and step.compensate.when == "started"


def enter(log: CompensationLog, event: Event, started: int) -> None:
    """Fold a settled visit: it enters the log if its event says so."""
    frozen: Any = event.data.get("compensation")
    if event.data.get("irreversible"):
        frozen = {"action": "", "inputs": {}}
    if frozen:
        entry = Entry(event.scope, event.step, event.visit, **frozen, started=started, settled=event.seq)
        entry.placed = event.seq
        log.entries.append(entry)


def gather(log: CompensationLog, scope: str, started: int, seq: int, end_of: Callable[[str], int]) -> None:
    """Fold the end of a visit that opened scopes: their entries stand together where it completed.

    Entries of one scope stay in their order; the scopes follow each other as they ended.

    Args:
        log: the log.
        scope: what the addresses of those scopes begin with.
        started: seq of the visit's start: none of their entries is older.
        seq: of its end.
        end_of: the seq at which the scope with an address ended.
    """
    first = len(log.entries)
    while first and log.entries[first - 1].placed > started:
        first -= 1
    inside: list[tuple[int, Entry]] = []
    outside: list[Entry] = []
    for entry in log.entries[first:]:
        child = _child_of(entry.scope, scope)
        if child is None:
            outside.append(entry)
        else:
            inside.append((end_of(child), entry))
            entry.placed = seq
    inside.sort(key=lambda found: found[0])
    log.entries[first:] = [*outside, *(entry for _, entry in inside)]


def _child_of(address: str, scope: str) -> str | None:
    """Which of the scopes that begin with `scope` an address lies in; None for another one's."""
    if not address.startswith(scope):
        return None
    rest = address[len(scope) :]
    return scope + rest.partition("/")[0] if not rest or rest[0] in "/:[." else None


def began(log: CompensationLog, addresses: Sequence[str]) -> None:
    """Fold `rollback_started`."""
    by_address = {entry.address: entry for entry in log.entries}
    log.undoing = [by_address[address] for address in addresses]
    log.active = True
    for entry in log.undoing:
        entry.state, entry.attempt, entry.interruptions = "open", 0, 0


def tried(entry: Entry, attempt: int) -> None:
    """Fold `compensation_started`."""
    if entry.state == "running":
        entry.interruptions += 1
    entry.state, entry.attempt = "running", attempt


def ended(entry: Entry, data: Mapping[str, Any]) -> None:
    """Fold `compensation_settled`: `done`, `failed`, or failed with another try due."""
    entry.error = data.get("error")
    entry.due = data.get("due", 0)
    entry.state = "waiting" if entry.due else data["state"]


def next_entries(log: CompensationLog, *, parallel: bool) -> Iterator[Entry]:
    """The entries whose turn it is: the next one, or with `parallel` all that nothing not yet undone came after."""
    unfinished = [entry for entry in log.undoing if entry.state not in {"done", "failed"}]
    if not parallel:
        unfinished = unfinished[:1]
    for entry in unfinished:
        later = any(other.started > entry.settled for other in unfinished)
        if entry.state == "open" and not (parallel and later):
            yield entry
