"""The hot path: what several executions add, in one transaction that is sent in one go."""

import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import psycopg
from treadle_hookspecs import Append, ClaimLostError, ExecutionRow, ExitCode, SequenceError, TreadleError

from treadle_postgres import _audit, _inbox, _listen, _payloads, _slots, _waits
from treadle_postgres._codec import pack
from treadle_postgres._errors import storage_error
from treadle_postgres._rows import Row, event_rows, execution_values, step_row, update_row
from treadle_postgres._sql import (
    APPEND_LOG,
    INSERT_EXECUTION,
    SELECT_HEADS,
    SELECT_NUMBERS,
    SELECT_TOKENS,
    UPDATE_EXECUTION,
)
from treadle_postgres._writer import Statement, Writer


@dataclass(slots=True)
class _Head:
    """Where an execution's log ends, as far as this process knows; the server refuses what does not follow it."""

    number: int
    epoch: int
    last_seq: int
    is_new: bool = False


@dataclass(slots=True)
class _Draft:
    """What a batch adds to one execution."""

    head: _Head
    expected: int
    row: ExecutionRow | None = None
    newest_step: str | None = None


@dataclass(slots=True)
class _Batch:
    """What a batch adds."""

    drafts: dict[str, _Draft] = field(default_factory=dict)
    events: list[Row] = field(default_factory=list)
    started: list[Row] = field(default_factory=list)
    changed: dict[tuple[int, str, int], Row] = field(default_factory=dict)
    """The last change of each visit: it says all that can change."""
    rare: list[Statement] = field(default_factory=list)
    tells: bool = False
    """Others may wait for it: it is announced."""


class Appender:
    """Appends to the logs of the executions that this process drives."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._heads: dict[str, _Head] = {}

    def forget(self, execution: str) -> None:
        """It is not driven here any more, or somebody has claimed it."""
        self._heads.pop(execution, None)

    def forget_all(self) -> None:
        """Executions were deleted."""
        self._heads.clear()

    def append(self, batch: Sequence[Append]) -> None:
        """`StoreBackend.append`."""
        with self._writer:
            try:
                self._append(batch)
            except BaseException:
                for item in batch:
                    self.forget(item.execution)
                raise

    def _append(self, batch: Sequence[Append]) -> None:
        self._meet(batch)
        draft = self._draft(batch)
        token = secrets.randbits(62)
        witness = next(iter(draft.drafts.values())).head.number if draft.drafts else 0

        def landed(connection: psycopg.Connection) -> bool:
            row = connection.execute(SELECT_TOKENS, (witness, token)).fetchone()
            return bool(row and row[0])

        try:
            self._writer.pipeline([*self._statements(draft, token)], landed)
        except (psycopg.Error, UnicodeError) as error:
            raise self._refusal(batch, error) from error
        for execution, one in draft.drafts.items():
            one.head.is_new = False
            self._heads[execution] = one.head

    def _meet(self, batch: Iterable[Append]) -> None:
        """Look up where the logs end that are not known, or seem to end elsewhere than the writer believes."""
        unknown, ends = [], dict[str, int]()
        for item in batch:
            head = self._heads.get(item.execution)
            end = ends.get(item.execution, head.last_seq if head else -1)
            if head is None or item.epoch < head.epoch or item.expected_seq != end:
                unknown.append(item.execution)
            ends[item.execution] = item.expected_seq + len(item.events)
        if not unknown:
            return
        found = self._writer.query(SELECT_HEADS, (unknown,))
        self._heads |= {id_: _Head(number, epoch, seq) for id_, number, epoch, seq in found}
        new = [id_ for id_ in dict.fromkeys(unknown) if id_ not in {row[0] for row in found}]
        if new:
            numbers = self._writer.query(SELECT_NUMBERS, (len(new),))
            self._heads |= {id_: _Head(row[0], 0, 0, is_new=True) for id_, row in zip(new, numbers, strict=True)}

    def _draft(self, batch: Sequence[Append]) -> _Batch:
        drafted = _Batch()
        now = time.time_ns() // 1000
        for item in batch:
            draft = drafted.drafts.get(item.execution)
            if draft is None:
                head = self._heads[item.execution]
                draft = drafted.drafts[item.execution] = _Draft(head, head.last_seq)
            _advance(draft, item)
            number = draft.head.number
            drafted.events += event_rows(number, item)
            drafted.started += [step_row(number, row) for row in item.steps]
            drafted.changed |= {(number, one.address, one.visit): update_row(number, one) for one in item.step_updates}
            drafted.rare += _rare(number, item, now)
            drafted.tells = drafted.tells or bool(item.execution_row or item.published or item.freed or item.slots)
        return drafted

    def _statements(self, batch: _Batch, token: int) -> Iterator[Statement]:
        heads: list[Row] = []
        for execution, draft in batch.drafts.items():
            head = draft.head
            if head.is_new and draft.row is not None:
                values = (head.number, execution, head.epoch, head.last_seq, draft.newest_step or "", token)
                yield INSERT_EXECUTION, (*values, *execution_values(draft.row))
                continue
            heads.append({
                "number": head.number, "epoch": head.epoch, "expected": draft.expected, "last_seq": head.last_seq,
                "step": draft.newest_step,
            })  # fmt: skip
        lists = (heads, batch.events, batch.started, list(batch.changed.values()))
        yield APPEND_LOG, (*(pack(rows) for rows in lists), token)
        for draft in batch.drafts.values():
            if draft.row is not None and not draft.head.is_new:
                yield UPDATE_EXECUTION, (*execution_values(draft.row), draft.head.number)
        yield from batch.rare
        if batch.tells:
            yield _listen.announcement(self._writer.location)

    def _refusal(self, batch: Sequence[Append], error: psycopg.Error | UnicodeError) -> Exception:
        """Say which rule the server saw broken."""
        code = error.sqlstate if isinstance(error, psycopg.Error) else ""
        constraint = error.diag.constraint_name if isinstance(error, psycopg.Error) else ""
        if code == "TR002" or constraint == "step_executions_pkey":
            return misused(_told(error))
        if code == "TR003":
            return SequenceError(_told(error))
        if code == "TR001" or constraint in ("executions_id_key", "execution_history_pkey"):
            return self._who_moved(batch)
        return storage_error(self._writer.location, "write", error)

    def _who_moved(self, batch: Sequence[Append]) -> Exception:
        epochs = {row[0]: row[2] for row in self._writer.query(SELECT_HEADS, ([item.execution for item in batch],))}
        for item in batch:
            if item.epoch < epochs.get(item.execution, 0):
                return _claim_lost(item, epochs[item.execution])
        return SequenceError(f"the log of {batch[0].execution} does not end where its writer believes")


def _advance(draft: _Draft, item: Append) -> None:
    """Move the head of an execution's log, as far as this process can tell."""
    head = draft.head
    if item.epoch < head.epoch:
        raise _claim_lost(item, head.epoch)
    if item.expected_seq != head.last_seq:
        raise SequenceError(f"the log of {item.execution} ends with event {head.last_seq}, not {item.expected_seq}")
    if head.is_new and draft.row is None and item.execution_row is None:
        raise misused(f"the first append of execution {item.execution} has no `execution_row`")
    head.epoch = item.epoch
    head.last_seq += len(item.events)
    draft.row = item.execution_row or draft.row
    draft.newest_step = next((row.address for row in reversed(item.steps) if row.visit), draft.newest_step)


def _rare(number: int, item: Append, now: int) -> Iterator[Statement]:
    """What few appends have."""
    row = item.execution_row
    if row is not None and row.origin and item.expected_seq == 0:
        yield _payloads.inherit(number, row.origin)
    yield from _payloads.keep(item.payloads, now)
    used = {*item.payloads, *(str(e.data.get("payload", "")) for e in item.events if e.type == "output_blob")}
    if used:
        yield _payloads.use(number, sorted(used))
    if item.taken:
        yield _inbox.take(item.execution, item.taken)
    if item.audit:
        yield _audit.chain(item.audit)
    yield from _waits.end(number, item.waited)
    yield from _waits.begin(number, item.waits)
    yield from (_inbox.publish(event) for event in item.published)
    yield from _slots.free(number, item.freed)
    yield from _slots.ask(number, item.slots)


def _claim_lost(item: Append, epoch: int) -> ClaimLostError:
    return ClaimLostError(f"{item.execution} has been claimed since (epoch {epoch}, not {item.epoch})")


def _told(error: BaseException) -> str:
    return str(error).partition("\n")[0]


def misused(message: str) -> TreadleError:
    """The runtime that drives an execution has made an error."""
    return TreadleError(
        f"the state store refused an append: {message}",
        suggestions=("this is an error in the runtime that drives the execution; please report it",),
        exit_code=ExitCode.INTERNAL,
    )
