"""An execution's plan and log, read without driving it: values are plain inside, and hidden again where shown."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from treadle_engine.plan import Plan, plan_from_json
from treadle_hookspecs import Event, ExecutionRow, ExitCode, Json, StoreBackend, TreadleError

if TYPE_CHECKING:
    from treadle.settings import Settings


def _as_it_is(value: Json) -> Json:
    return value


@dataclass(frozen=True, slots=True)
class Record:
    """What an execution has left.

    Attributes:
        execution: its id.
        plan: the plan that it pinned.
        events: its whole log, with plain values.
        driven: some process drives it at this moment.
        lines: where visits `scope/step#visit` that wait for places in groups stand.
        hide: JSON without what is sensitive, for everything that leaves this package.
    """

    execution: str
    plan: Plan
    events: Sequence[Event]
    driven: bool = True
    hide: Callable[[Json], Json] = field(default=_as_it_is)
    lines: Mapping[str, str] = field(default_factory=dict)


def plan_of(store: StoreBackend, row: ExecutionRow) -> Plan:
    """The plan that an execution pinned. Raises `TreadleError` (6) when it is missing."""
    content = store.payload(row.plan)
    if content is None:
        raise TreadleError(f"the plan of execution {row.id} is missing", exit_code=ExitCode.STORAGE)
    return plan_from_json(orjson.loads(content))


def read_record(store: StoreBackend, settings: "Settings", row: ExecutionRow, *, driven: bool) -> Record:
    """The record of an execution. Raises `TreadleError` (6) when its plan is missing, or what is sealed has no key."""
    from treadle.runtime.codec import Codec
    from treadle.secrets import Masker, Vault

    plan = plan_of(store, row)
    vault, masker = Vault(Path(settings.home), os.environ, settings.secrets.key_source), Masker()
    codec = Codec(lambda *_: "", vault.unseal, store.payload, sys.maxsize, masker.add)
    events = [codec.reveal(event) for event in store.read(row.id)]

    def hide(value: Json) -> Json:
        return masker.mask_json(codec.display(codec.protect_json(value, row.id)))

    return Record(row.id, plan, events, driven, hide, _lines(store, row))


def _lines(store: StoreBackend, row: ExecutionRow) -> dict[str, str]:
    from treadle.runtime.places import line_of

    holders = dict.fromkeys(slot.holder for slot in store.slots(execution=row.id) if slot.granted_at is None)
    return {holder: line_of(store, row.id, holder) for holder in holders}
