"""The compensation log: what was done that can be undone, in the order of completion, and how far undoing has come."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from treadle_hookspecs import Event, Json, JsonObject

from treadle_engine.plan import StepPlan

CERTAIN: Final = frozenset({"failure", "rejected"})
"""Outcomes that leave nothing behind, unless the step says otherwise."""

UNDO_CHANGES: Final = "undo-changes"
"""The action of an entry whose visit has nothing to be undone but what it changed on disk: the runtime does that."""


@dataclass(slots=True)
class Entry:
    """One visit whose effect stands.

    Attributes:
        scope, step, visit: which.
        action: what undoes it; "" is a barrier: an irreversible visit, or a checkpoint.
        checkpoint: the name of the checkpoint that the entry stands for; "" where it is none.
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
    checkpoint: str = ""

    @property
    def address(self) -> str:
        """`scope/step#visit`."""
        return f"{self.scope}/{self.step}#{self.visit}" if self.scope else f"{self.step}#{self.visit}"

    @property
    def barrier(self) -> bool:
        """An irreversible visit: nothing before it is undone."""
        return not self.action and not self.checkpoint

    @property
    def undoes(self) -> bool:
        """There is something to undo; it is neither a barrier nor a checkpoint."""
        return bool(self.action)


@dataclass(slots=True)
class CompensationLog:
    """Entries in the order of completion, and the rollbacks under way.

    A rollback undoes what belongs to one workflow: the execution's own, under "", or that of a sub-workflow, under the
    address of its scope. `undoing` holds the entries of each in the order of undoing; `to` is the checkpoint that the
    last rollback of the execution went back to.
    """

    entries: list[Entry] = field(default_factory=list)
    undoing: dict[str, list[Entry]] = field(default_factory=dict)
    to: str = ""

    @property
    def active(self) -> bool:
        """The execution itself is rolled back."""
        return "" in self.undoing

    @property
    def under_way(self) -> list[Entry]:
        """The entries of all rollbacks that have begun and not ended."""
        return [entry for entries in self.undoing.values() for entry in entries]

    def barred(self, workflow: str = "") -> bool:
        """Something irreversible has been done."""
        return any(entry.barrier for entry in self.within(workflow))

    def within(self, workflow: str = "", to: str = "") -> list[Entry]:
        """The entries of a workflow that came after a checkpoint, in the order of completion. Raises `KeyError`."""
        found = [entry for entry in self.entries if not workflow or _is_inside(entry.scope, workflow)]
        if not to:
            return found
        positions = [at for at, entry in enumerate(found) if entry.checkpoint == to and entry.state == "open"]
        if not positions:
            raise KeyError(to)
        return found[positions[-1] + 1 :]

    @property
    def checkpoints(self) -> list[str]:
        """The names of those that a rollback can go back to, oldest first."""
        names = (entry.checkpoint for entry in self.entries if entry.checkpoint and entry.state == "open")
        return list(dict.fromkeys(names))

    def undoable(self, workflow: str = "", *, again: bool = False, to: str = "") -> list[Entry]:
        """What a rollback would undo, in strict reverse order; `again` takes those as well that could not be undone.

        Nothing before an irreversible visit is undone. Raises `KeyError` when there is no checkpoint `to`.
        """
        states = {"open", "failed"} if again else {"open"}
        found = self.within(workflow, to)
        first = max((at + 1 for at, entry in enumerate(found) if entry.barrier), default=0)
        return [entry for entry in reversed(found[first:]) if entry.undoes and entry.state in states]

    def left(self, workflow: str = "", to: str = "") -> list[Entry]:
        """What is not undone, the latest first. Raises `KeyError`."""
        return [entry for entry in reversed(self.within(workflow, to)) if entry.undoes and entry.state != "done"]

    def find(self, scope: str, step: str, visit: int) -> Entry | None:
        """The entry of a visit."""
        for entry in reversed(self.entries):
            if entry.visit == visit and entry.step == step and entry.scope == scope and entry.undoes:
                return entry
        return None

    def dump(self) -> dict[str, Json]:
        """As JSON data."""
        return {
            "entries": [asdict(entry) for entry in self.entries],
            "undoing": {workflow: [entry.address for entry in entries] for workflow, entries in self.undoing.items()},
            "to": self.to,
        }

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> "CompensationLog":
        """What `dump` wrote."""
        log = cls([Entry(**entry) for entry in data["entries"]], to=data["to"])
        log.undoing = {workflow: log.named(addresses) for workflow, addresses in data["undoing"].items()}
        return log

    def named(self, addresses: Sequence[str]) -> list[Entry]:
        """The entries of these visits."""
        by_address = {entry.address: entry for entry in self.entries if entry.undoes}
        return [by_address[address] for address in addresses]


def _is_inside(scope: str, workflow: str) -> bool:
    return scope == workflow or scope.startswith(f"{workflow}/")


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


def mark(log: CompensationLog, event: Event, started: int) -> None:
    """Fold a checkpoint: a rollback can go back to it."""
    name = str(event.data["name"])
    entry = Entry(event.scope, event.step, event.visit, "", {}, started=started, settled=event.seq, checkpoint=name)
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


def began(log: CompensationLog, workflow: str, data: Mapping[str, Any]) -> None:
    """Fold `rollback_started`. The checkpoints that it goes back behind are gone."""
    to = data.get("to", "")
    for entry in log.within(workflow, to):
        if entry.checkpoint:
            entry.state = "done"
    log.undoing[workflow] = log.named(data.get("entries", ()))
    if not workflow:
        log.to = to
    for entry in log.undoing[workflow]:
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


def next_entries(undoing: Sequence[Entry], *, parallel: bool) -> Iterator[Entry]:
    """The entries whose turn it is: the next one, or with `parallel` all that nothing not yet undone came after."""
    unfinished = [entry for entry in undoing if entry.state not in {"done", "failed"}]
    if not parallel:
        unfinished = unfinished[:1]
    for entry in unfinished:
        later = any(other.started > entry.settled for other in unfinished)
        if entry.state == "open" and not (parallel and later):
            yield entry
