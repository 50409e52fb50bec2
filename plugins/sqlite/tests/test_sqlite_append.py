"""The hot path: one transaction, no query for each event, little on the disk."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from treadle_hookspecs import Append, Event, Json, SequenceError, StepRow, StepUpdate
from treadle_sqlite._store import SqliteStore
from treadle_testkit._store_samples import finished, noted, row, started, visit_settled, visit_started

OpenStore = Callable[..., SqliteStore]
EXECUTION = "01k9xq2v7m4t8s6r5w3y1z0abc"


@pytest.fixture
def statements(store: SqliteStore) -> list[str]:
    """What the writer executes from now on, without comments and parameters."""
    seen: list[str] = []
    writer = store._open_writer()
    assert writer._connection is not None
    writer._connection.set_trace_callback(lambda text: seen.append(" ".join(text.split()[:3])))
    return seen


def chain_step(seq: int, number: int, epoch: int = 1) -> Append:
    """One turn of a chain: a visit ends, the next one starts."""
    at, ends, starts = 1_700_000_000_000_000 + seq, f"step_{number}", f"step_{number + 1}"
    data: dict[str, Json] = {"outcome": "success", "state": "succeeded", "outputs": {}, "attempts": 1, "routed": []}
    events = [
        Event(seq + 1, EXECUTION, "visit_settled", at, "", ends, 1, 1, data=data),
        Event(seq + 2, EXECUTION, "visit_started", at, "", starts, 1, 1, data={"inputs": {}, "action": "test/noop"}),
    ]
    return Append(
        EXECUTION,
        epoch,
        seq,
        events,
        None,
        [StepRow(EXECUTION, starts, 1, "test/noop", "running", inputs={}, started_at=at)],
        [StepUpdate(EXECUTION, ends, 1, "succeeded", "success", 1, {}, at, None)],
    )


def chain(store: SqliteStore, steps: int) -> None:
    first = StepRow(EXECUTION, "step_0", 1, "test/noop", "running", inputs={}, started_at=1_000)
    begun = Event(2, EXECUTION, "visit_started", 1_000, "", "step_0", 1, 1)
    store.append([started(EXECUTION), Append(EXECUTION, 1, 1, [begun], steps=[first])])
    for number in range(steps):
        store.append([chain_step(2 + 2 * number, number)])


def test_a_step_is_one_transaction_without_a_query(store: SqliteStore, statements: list[str]) -> None:
    chain(store, 2)
    statements.clear()
    store.append([chain_step(6, 2)])
    assert statements == [
        "BEGIN IMMEDIATE",
        "PRAGMA data_version",
        "INSERT INTO execution_history",
        "INSERT INTO execution_history",
        "INSERT INTO step_executions",
        "UPDATE step_executions SET",
        "COMMIT",
    ]


def test_many_executions_are_one_transaction(store: SqliteStore, statements: list[str]) -> None:
    store.append([started(f"e{number}") for number in range(50)])
    assert statements.count("BEGIN IMMEDIATE") == statements.count("COMMIT") == 1
    statements.clear()
    store.append([noted(f"e{number}", 2) for number in range(50)])
    assert not [text for text in statements if text.startswith("SELECT")]


def test_after_a_claim_the_execution_is_asked_about_once(open_store: OpenStore) -> None:
    open_store().append([started("e")])
    store = open_store()
    claim = store.claim("e")
    assert claim is not None
    seen: list[str] = []
    writer = store._open_writer()
    assert writer._connection is not None
    writer._connection.set_trace_callback(seen.append)
    store.append([noted("e", 2, epoch=claim.epoch)])
    store.append([noted("e", 3, epoch=claim.epoch)])
    assert len([text for text in seen if text.strip().startswith("SELECT")]) == 1


def test_what_others_write_is_noticed(open_store: OpenStore) -> None:
    store, other = open_store(), open_store()
    store.append([started("e"), started("f")])
    store.append([noted("e", 2)])
    other.append([noted("e", 3)])
    with pytest.raises(SequenceError, match="ends with event 3, not 2"):
        store.append([noted("e", 3)])
    store.append([noted("f", 2)])
    store.append([noted("e", 4)])
    assert [event.seq for event in store.read("e")] == [1, 2, 3, 4]


def test_where_an_execution_stands_is_known_without_writing_it(store: SqliteStore) -> None:
    chain(store, 3)
    found = store.execution(EXECUTION)
    assert found is not None
    assert found.current_step == "step_3"


def test_a_step_takes_less_than_a_kilobyte(open_store: OpenStore, path: Path) -> None:
    store = open_store(synchronous="NORMAL")
    chain(store, 1_000)
    store.close()
    assert path.stat().st_size / 1_000 < 500


def test_the_log_grows_past_checkpoints_and_stays_bounded(open_store: OpenStore, path: Path) -> None:
    store = open_store(synchronous="NORMAL")
    chain(store, 2_500)
    assert path.with_name("state.db-wal").stat().st_size < 24 << 20
    assert len(store.read(EXECUTION)) == 5_002
    assert list(store.check()) == []


def test_the_tables_are_those_that_people_know(store: SqliteStore, path: Path) -> None:
    store.append(
        [started("e"), visit_started("e", 2, "group/s"), visit_settled("e", 3, "group/s"), finished("e", 4, 2_000)]
    )
    connection = sqlite3.connect(path)
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables >= {"workflows", "executions", "step_executions", "execution_history"}
    settled = "SELECT step_id, json_extract(data, '$.outcome') FROM history WHERE execution_id = 'e' AND seq = 3"
    assert connection.execute(settled).fetchall() == [("s", "success")]
    steps = "SELECT step_id, module, action, started_at, outputs ->> 'passed' FROM steps WHERE execution_id = 'e'"
    assert connection.execute(steps).fetchall() == [("group/s", "testing", "run-tests", "1970-01-01T00:00:00.001Z", 1)]
    plan = [row[-1] for row in connection.execute("EXPLAIN QUERY PLAN SELECT * FROM history WHERE execution_id = 'e'")]
    assert all(step.startswith("SEARCH") for step in plan)
    connection.close()


def test_json_columns_hold_json(store: SqliteStore, path: Path) -> None:
    awkward: dict[str, Any] = {"big": 2**70, "text": "\udc80 \x00 ü"}
    first = started("e", trigger_data=awkward, error=awkward, outputs=awkward)
    store.append([first, visit_started("e", 2, "s", inputs=awkward), noted("e", 3, **awkward)])
    connection = sqlite3.connect(path)
    columns = {
        "executions": ("trigger_data", "error", "outputs"),
        "step_executions": ("inputs", "outputs", "error"),
        "execution_history": ("data",),
    }
    for table, names in columns.items():
        for name in names:
            assert connection.execute(f"SELECT min(json_valid(coalesce({name}, '0'))) FROM {table}").fetchone() == (1,)
    connection.close()


def test_a_start_that_moves_is_followed(store: SqliteStore) -> None:
    store.append([started("queued", started_at=1_000), started("other", started_at=2_000)])
    store.append([Append("queued", 1, 1, [], row("queued", started_at=3_000))])
    store.append([noted("queued", 2)])
    found = store.execution("queued")
    assert found is not None
    assert found.started_at == 3_000


def test_a_number_that_a_prune_gave_to_another_is_not_written_to(store: SqliteStore, open_store: OpenStore) -> None:
    """SQLite gives the number of a deleted last row to the next one."""
    store.append([started("old"), finished("old", 2, 5_000)])
    other = open_store()
    other.prune(6_000)
    other.append([started("new")])
    with pytest.raises(SequenceError):
        store.append([noted("old", 3)])
    assert len(store.read("new")) == 1
    assert list(store.check()) == []
