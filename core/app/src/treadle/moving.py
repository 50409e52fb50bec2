"""Moving everything from one state store to another, whatever they are; begun again, it goes on where it stopped.

What belongs to one execution is written in one append, so a copy of it is there or is not. What is there already must
be the same; the end of it all is a comparison of both stores.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final

from treadle_hookspecs import (
    Append,
    Claim,
    ExecutionQuery,
    ExecutionRow,
    ExitCode,
    Json,
    Slot,
    StoreBackend,
    TreadleError,
)

from treadle.status import TERMINAL

Told = Callable[[int, int], object]
"""Called with how many executions are there and how many there are in all."""

_MIGRATION: Final = "a migration into this store"
"""What is claimed in the target; no execution has such an id."""
_AT_ONCE: Final = 500
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Moved:
    """What is in both stores now, having been compared.

    Attributes:
        source, target: the stores' URLs, without passwords.
        executions, events, payloads, definitions, audit: how many there are.
        copied: executions that were not there before.
    """

    source: str
    target: str
    executions: int
    events: int
    payloads: int
    definitions: int
    audit: int
    copied: int

    def to_json(self) -> dict[str, Json]:
        """`treadle/migration@1`."""
        return {"schema": "treadle/migration@1", **{name: getattr(self, name) for name in self.__slots__}}


def move(source: StoreBackend, target: StoreBackend, told: Told = lambda *_: None) -> Moved:
    """Copy all of an open store into another one, and compare.

    Raises:
        TreadleError: an execution is being driven (exit code 5); the target has other things in it (exit code 5); the
            copy is not the same (exit code 6). Nothing of the source changes.
    """
    rows = tuple(reversed(source.executions(ExecutionQuery())))
    with ExitStack() as claims:
        _hold(source, [row.id for row in rows if row.status not in TERMINAL], claims)
        # One that was cut off a moment ago may still be writing: when its claim is gone, so is it.
        _hold(target, [_MIGRATION], claims)
        _copy_audit(source, target)
        _copy_bus(source, target)
        copied = 0
        for number, row in enumerate(rows, 1):
            copied += _copy_execution(source, target, row)
            told(number, len(rows))
        _copy_slots(source, target)
        return _compared(source, target, rows, copied)


def _hold(store: StoreBackend, ids: Sequence[str], claims: ExitStack) -> None:
    """Nobody may go on with what is being copied."""
    driven: list[str] = []
    for id_ in ids:
        claim = store.claim(id_)
        if claim is None:
            driven.append(id_)
        else:
            claims.callback(claim.release)
    if driven:
        count = f"{len(driven)} executions are" if len(driven) > 1 else "1 execution is"
        raise TreadleError(
            f"{count} being driven: {', '.join(driven[:_SHOWN])}",
            context={"executions": list(driven)},
            suggestions=("end the workers, or treadle pause them, and migrate again",),
            exit_code=ExitCode.CONFLICT,
        )


def _copy_audit(source: StoreBackend, target: StoreBackend) -> None:
    there = target.audit_log()
    log = source.audit_log()
    if list(there) != list(log[: len(there)]):
        raise _other(target, "an audit of its own")
    entries = [entry for _, entry, _ in log[len(there) :]]
    for start in range(0, len(entries), _AT_ONCE):
        target.audit(entries[start : start + _AT_ONCE])


def _copy_bus(source: StoreBackend, target: StoreBackend) -> None:
    """Before the executions: nobody there waits yet for what was published long ago."""
    there, events = ([event._replace(id=0) for event in store.bus()] for store in (target, source))
    if there != events[: len(there)]:
        raise _other(target, "events of its own")
    for event in events[len(there) :]:
        target.publish(event)


def _copy_execution(source: StoreBackend, target: StoreBackend, row: ExecutionRow) -> bool:
    """True when it was not there."""
    known = target.execution(row.id)
    if known is None:
        claim = target.claim(row.id)
        if claim is None:
            raise _other(target, f"somebody who drives execution {row.id}")
        try:
            _write(source, target, row, claim)
        finally:
            claim.release()
    elif list(target.read(row.id)) != list(source.read(row.id)):
        raise _other(target, f"another execution {row.id}")
    there, waiting = target.inbox([row.id]), source.inbox([row.id])
    if len(waiting) > len(there):
        target.send(waiting[len(there) :])
    return known is None


def _write(source: StoreBackend, target: StoreBackend, row: ExecutionRow, claim: Claim) -> None:
    for digest in _definitions(source, row):
        if definition := source.definition(digest):
            target.put_definition(definition)
    payloads = {digest: content for digest in _payloads(source, row) if (content := source.payload(digest)) is not None}
    append = Append(
        row.id,
        claim.epoch,
        0,
        source.read(row.id),
        row,
        source.steps(row.id),
        payloads=payloads,
        waits=source.waits([row.id]),
    )
    target.append([append])


def _copy_slots(source: StoreBackend, target: StoreBackend) -> None:
    """In the order of the line, which is one for all executions."""
    slots = source.slots()
    there = {slot[:3] for slot in target.slots()}
    for slot in slots:
        if slot[:3] not in there:
            _ask(target, slot)
    for slot in slots:
        if slot.granted_at is not None:
            _take(target, slot, slot.granted_at)


def _ask(target: StoreBackend, slot: Slot) -> None:
    with _Claimed(target, slot.execution) as claim:
        last = len(target.read(slot.execution))
        target.append([Append(slot.execution, claim.epoch, last, [], slots=[slot])])


def _take(target: StoreBackend, slot: Slot, at: int) -> None:
    with _Claimed(target, slot.execution) as claim:
        target.take_slots(slot.execution, claim.epoch, slot.holder, at)


class _Claimed:
    """A claim for a moment."""

    def __init__(self, store: StoreBackend, execution: str) -> None:
        self._store, self._execution = store, execution

    def __enter__(self) -> Claim:
        claim = self._store.claim(self._execution)
        if claim is None:
            raise _other(self._store, f"somebody who drives execution {self._execution}")
        self._claim = claim
        return claim

    def __exit__(self, *_: object) -> None:
        self._claim.release()


def _compared(source: StoreBackend, target: StoreBackend, rows: Sequence[ExecutionRow], copied: int) -> Moved:
    """Both say the same of everything. Raises `TreadleError` (exit code 6)."""
    payloads: set[str] = set()
    definitions: set[str] = set()
    events = 0
    for row in rows:
        events += len(source.read(row.id))
        payloads |= _payloads(source, row)
        definitions |= _definitions(source, row)
        for what, look in _LOOKS.items():
            _same(f"{what} of execution {row.id}", look(source, row.id), look(target, row.id))
    for digest in payloads:
        _same(f"payload {digest}", source.payload(digest), target.payload(digest))
    for digest in definitions:
        _same(f"definition {digest}", source.definition(digest), target.definition(digest))
    _same("the audit", list(source.audit_log()), list(target.audit_log()))
    _same("the line for places", [slot[:4] for slot in source.slots()], [slot[:4] for slot in target.slots()])
    ids = [row.id for row in reversed(rows)]
    for store in (source, target):
        _same("the list of executions", ids, [row.id for row in store.executions(ExecutionQuery())])
    counts = (len(rows), events, len(payloads), len(definitions), len(source.audit_log()))
    return Moved(source.url, target.url, *counts, copied)


_LOOKS: Final[Mapping[str, Callable[[StoreBackend, str], object]]] = {
    "the row": lambda store, id_: store.execution(id_),
    "the log": lambda store, id_: list(store.read(id_)),
    "the steps": lambda store, id_: list(store.steps(id_)),
    "the waits": lambda store, id_: list(store.waits([id_])),
    "the inbox": lambda store, id_: [signal._replace(id=0) for signal in store.inbox([id_])],
}


def _same(what: str, ours: object, theirs: object) -> None:
    if ours != theirs:
        raise TreadleError(
            f"after the copy {what} differs between the stores",
            suggestions=("end whatever uses one of them, and migrate again into an empty store",),
            exit_code=ExitCode.STORAGE,
        )


def _definitions(store: StoreBackend, row: ExecutionRow) -> set[str]:
    """Its own, and those of the workflows that its steps start."""
    first = store.read(row.id, limit=1)
    children: Any = first[0].data.get("children") if first else None
    found = {row.definition, *(map(str, children.values()) if isinstance(children, Mapping) else ())}
    return {digest for digest in found if store.definition(digest) is not None}


def _payloads(store: StoreBackend, row: ExecutionRow) -> set[str]:
    """What its log, its rows and its inbox refer to, as far as it is kept."""
    found = {row.plan}
    for event in store.read(row.id):
        found |= {*_marked(event.data)}
        if event.type == "output_blob":
            found.add(str(event.data.get("payload", "")))
    for step in store.steps(row.id):
        found |= {*_marked([step.inputs, step.outputs, step.error])}
    rest: list[Any] = [row.trigger_data, row.error, row.outputs]
    rest += [wait.detail for wait in store.waits([row.id])]
    rest += [signal.data for signal in store.inbox([row.id])]
    found |= {*_marked(rest)}
    return {digest for digest in found if digest and store.payload(digest) is not None}


def _marked(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if "$payload" in value:
            yield str(value["$payload"])
        for item in value.values():
            yield from _marked(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _marked(item)


def _other(target: StoreBackend, what: str) -> TreadleError:
    return TreadleError(
        f"the target store has {what}",
        context={"target": target.url},
        suggestions=("migrate into an empty store: another database, or another `?schema=`",),
        exit_code=ExitCode.CONFLICT,
    )
