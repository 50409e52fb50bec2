"""Samples of what goes into a store, for the conformance suite and the processes that it starts."""

import hashlib
import time
from collections.abc import Mapping
from importlib import import_module

from treadle_hookspecs import Append, Definition, Event, ExecutionRow, Json, StepRow, StepUpdate, StoreBackend


def load_store(target: str, url: str, options: Mapping[str, Json]) -> StoreBackend:
    """Build the store that an import string names; it is not open yet."""
    module, _, name = target.partition(":")
    store: StoreBackend = getattr(import_module(module), name)(url, options)
    return store


def row(execution: str, **changes: object) -> ExecutionRow:
    """A running execution."""
    plain = ExecutionRow(execution, "chain", "1.0", "running", "/projects/one", "cli", {"command": "chain"}, 1_000)
    return plain._replace(**changes)  # type: ignore[arg-type]


def started(execution: str, epoch: int = 1, **changes: object) -> Append:
    """The first append of an execution: its row and its first event."""
    first = Event(1, execution, "execution_started", 1_000, actor="user:ada", data={"inputs": {}})
    return Append(execution, epoch, 0, [first], row(execution, **changes))


def noted(execution: str, seq: int, epoch: int = 1, **data: Json) -> Append:
    """One more event, of a kind that changes no table."""
    return Append(execution, epoch, seq - 1, [Event(seq, execution, "timer_set", 1_000 + seq, data=data)])


def finished(execution: str, seq: int, at: int, status: str = "completed", **changes: object) -> Append:
    """The end of an execution."""
    end = Event(seq, execution, f"execution_{status}", at, data={"outputs": {}})
    return Append(execution, 1, seq - 1, [end], row(execution, status=status, finished_at=at, **changes))


def visit_started(execution: str, seq: int, address: str, visit: int = 1, **changes: object) -> Append:
    """A visit begins: its event and its row."""
    at = 1_000 + seq
    step = StepRow(execution, address, visit, "testing/run-tests", "running", inputs={"n": visit}, started_at=at)
    event = Event(seq, execution, "visit_started", at, *_place(address), visit, 1, data={"inputs": {"n": visit}})
    return Append(execution, 1, seq - 1, [event], steps=[step._replace(**changes)])  # type: ignore[arg-type]


def visit_settled(execution: str, seq: int, address: str, visit: int = 1, **changes: object) -> Append:
    """A visit ends: its event and what changes of its row."""
    at = 1_000 + seq
    update = StepUpdate(execution, address, visit, "succeeded", "success", 1, {"passed": True}, at, None)
    event = Event(seq, execution, "visit_settled", at, *_place(address), visit, 1, data={"outcome": "success"})
    changed = update._replace(**changes)  # type: ignore[arg-type]
    return Append(execution, 1, seq - 1, [event], step_updates=[changed])


def _place(address: str) -> tuple[str, str]:
    scope, _, step = address.rpartition("/")
    return scope, step


def definition(text: str, name: str = "chain", created_at: int = 0) -> Definition:
    """A definition with the hash of its text."""
    return Definition(hashlib.sha256(text.encode()).hexdigest(), name, "1.0", text, "/projects/one/w.yaml", created_at)


def now() -> int:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1000
