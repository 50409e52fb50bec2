"""What a store keeps of an execution that is driven elsewhere: events that were seen, and what follows from them."""

from collections.abc import Iterable, Sequence
from typing import Any

from treadle_engine import events as kinds
from treadle_engine.state import fold
from treadle_hookspecs import Append, AuditEntry, Claim, Event, ExecutionRow, Json, StoreBackend

from treadle.runtime.codec import Codec
from treadle.runtime.making import read_state
from treadle.runtime.projection import Projector
from treadle.runtime.protecting import protected_row, protected_waits
from treadle.runtime.sealed import given_secretly, inner_sensitive_inputs, sensitive_inputs, sensitive_outputs


class Mirror:
    """One execution's.

    Args:
        store: an open store.
        row: as it stands there.
        codec: seals what is written.
    """

    def __init__(self, store: StoreBackend, row: ExecutionRow, codec: Codec) -> None:
        self._store = store
        self._codec = codec
        self._projector = Projector(row)
        self.state, events = read_state(store, row, codec)
        self._projector.project(self.state, events)
        self._secret_inputs = inner_sensitive_inputs(self.state.plan)
        self._secret_outputs = sensitive_outputs(self.state.plan)

    @property
    def codec(self) -> Codec:
        """What stands between the execution and the store."""
        return self._codec

    def keep(
        self, claim: Claim, events: Iterable[Event], taken: Sequence[int] = (), audit: Sequence[AuditEntry] = ()
    ) -> ExecutionRow:
        """Append what was seen, in one transaction, and what of the inbox was handed on; the row as it stands then.

        Raises:
            SequenceError: another process has kept some of it meanwhile.
        """
        batch = [self._append(claim, event) for event in events if event.seq > self.state.last_seq]
        if taken or audit:
            batch.append(Append(claim.execution, claim.epoch, self.state.last_seq, (), taken=taken, audit=audit))
        if batch:
            self._store.append(batch)
        return self._projector.row

    def _append(self, claim: Claim, event: Event) -> Append:
        fold(self.state, event)
        self._learn(event)
        stored, before = self._codec.protect(event), event.seq - 1
        rows = self._projector.project(self.state, [stored])
        if self._projector.row.status != self.state.status:  # `interrupted`: here nobody's being there says it
            rows.execution = self._projector.row = self._projector.row._replace(status=self.state.status)
        return Append(
            claim.execution,
            claim.epoch,
            before,
            [stored],
            protected_row(self._projector.row, self._codec) if rows.execution is not None else None,
            rows.steps,
            rows.updates,
            self._codec.take_payloads(),
            waited=rows.waited,
            waits=protected_waits(rows.waits, self._codec),
        )

    def _learn(self, event: Event) -> None:
        """What in an event has to be sealed, here and wherever it turns up later."""
        data: Any = event.data
        found: list[Json] = list(given_secretly([event], self._secret_inputs))
        if event.type == kinds.EXECUTION_STARTED:
            found += sensitive_inputs(self.state.plan, data.get("inputs", {}))
        elif event.type == kinds.VISIT_SETTLED:
            found += [data.get("outputs", {}).get(name) for name in self._secret_outputs.get(event.step, ())]
        for value in found:
            self._codec.add_sensitive(value)
