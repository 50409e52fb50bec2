"""`treadle migrate`: from a file into Postgres and back, cut off anywhere, and nothing is lost."""

import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from treadle.moving import move
from treadle_hookspecs import AuditEntry, BusEvent, ExecutionQuery, Signal, Slot, StoreBackend, TreadleError, WaitRow
from treadle_postgres._store import PostgresStore
from treadle_sqlite._store import SqliteStore
from treadle_testkit._store_samples import definition, finished, noted, started, visit_settled, visit_started
from treadle_testkit.postgres import PostgresServer

SHIP = """
treadle: 1
name: ship
steps:
  - id: build
    run: for i in $(seq 1 20000); do echo "line $i"; done
  - id: ask
    approval: {prompt: Ship?}
  - id: ship
    run: echo shipped >> effects.txt
"""
GATE = """
treadle: 1
name: gate
steps:
  - id: hold
    run: echo ready > ready; read line < gate
"""


class CutError(Exception):
    """The process ends here."""


class CutOff:
    """A store whose process ends before its n-th write."""

    def __init__(self, store: StoreBackend, writes: int) -> None:
        self._store, self._left = store, writes

    def __getattr__(self, name: str) -> Any:
        if name in ("append", "send", "publish", "audit", "put_definition", "take_slots"):
            self._left -= 1
            if self._left < 0:
                raise CutError
        return getattr(self._store, name)


@pytest.fixture
def source(tmp_path: Path) -> Iterator[StoreBackend]:
    """A store with something of everything in it."""
    store = SqliteStore(f"sqlite://{tmp_path}/source.db")
    store.open()
    _fill(store)
    yield store
    store.close()


def _fill(store: StoreBackend) -> None:
    kept = definition("steps: [kept]", created_at=5)
    store.put_definition(kept)
    plan, large = store.put_payload(b"plan"), store.put_payload(b'"large"')
    store.publish(BusEvent("before", {"n": 1}, "user:ada", 3, root="/projects/one"))
    store.append([started("old", definition=kept.hash, plan=plan)._replace(audit=[AuditEntry(1, "ada", "run", "old")])])
    store.append([visit_started("old", 2, "s", inputs={"text": {"$payload": large, "size": 7}})])
    store.append([visit_settled("old", 3, "s"), finished("old", 4, 9_000, definition=kept.hash, plan=plan)])
    hears = WaitRow("waits", "", 0, "hears", "before")
    timer = WaitRow("waits", "cool", 1, "timer", due=99, detail={"a": 1})
    store.append([started("waits", status="waiting", started_at=2_000, origin="old")._replace(waits=[hears, timer])])
    store.send([Signal("waits", "go", {"n": 1}, "user:ada", 4), Signal("unknown", "early")])
    store.publish(BusEvent("before", {"n": 2}, "user:ada", 5))
    for name in ("first", "second"):
        queued = started(name, status="queued", started_at=3_000)
        store.append([queued._replace(slots=[Slot(name, "", "deploy", 1, 7)])])
    assert store.take_slots("first", 2**60, "", 8)
    store.audit([AuditEntry(2, "user:bob", "look")])


def _opened(*stores: StoreBackend) -> Sequence[StoreBackend]:
    for store in stores:
        store.open()
    return stores


def test_there_and_back_again(source: StoreBackend, postgres_server: PostgresServer, tmp_path: Path) -> None:
    there, back = _opened(PostgresStore(postgres_server.new_url()), SqliteStore(f"sqlite://{tmp_path}/back.db"))
    moved = move(source, there)
    assert (moved.executions, moved.copied, moved.events, moved.payloads, moved.definitions, moved.audit) == (
        4,
        4,
        7,
        2,
        1,
        2,
    )
    again = move(there, back)
    assert again.to_json() | {"source": "", "target": ""} == moved.to_json() | {"source": "", "target": ""}
    for store in (there, back):
        assert list(store.check()) == []
        assert [signal.data for signal in store.inbox(["waits"])] == [{"n": 1}, {"name": "before", "data": {"n": 2}}]
        assert [slot.granted_at for slot in store.slots(group="deploy")] == [8, None]
        assert store.audit_log() == source.audit_log()
        assert len(store.bus()) == 2
        claim = store.claim("waits")
        assert claim is not None
        store.append([noted("waits", 2, claim.epoch)])
        store.close()


def test_cut_off_before_any_write_it_goes_on(source: StoreBackend, tmp_path: Path) -> None:
    writes, done = 0, False
    while not done:
        (target,) = _opened(SqliteStore(f"sqlite://{tmp_path}/target-{writes}.db"))
        try:
            move(source, CutOff(target, writes))
            done = True
        except CutError:
            assert move(source, target).executions == 4
        assert list(target.check()) == []
        target.close()
        writes += 1
    assert writes > 10


def test_what_is_driven_is_refused(source: StoreBackend, tmp_path: Path) -> None:
    (target,) = _opened(SqliteStore(f"sqlite://{tmp_path}/target.db"))
    claim = source.claim("waits")
    assert claim is not None
    with pytest.raises(TreadleError, match="1 execution is being driven: waits"):
        move(source, target)
    assert list(target.executions(ExecutionQuery())) == []
    claim.release()
    move(source, target)
    target.close()


def test_a_store_with_other_things_in_it_is_refused(source: StoreBackend, tmp_path: Path) -> None:
    (target,) = _opened(SqliteStore(f"sqlite://{tmp_path}/target.db"))
    target.append([started("old"), noted("old", 2)])
    with pytest.raises(TreadleError, match="another execution old"):
        move(source, target)
    target.close()


def test_a_user_moves_and_goes_on(user, postgres_server):
    url = postgres_server.new_url()
    user.write("ship.yaml", SHIP)
    user.write("gate.yaml", GATE)
    user.treadle("run", "ship.yaml", status=7)
    id_ = user.newest()
    user.pipe("ready")
    user.pipe("gate")
    busy = user.start("run", "gate.yaml")
    user.hear(busy, "ready")
    refused = user.treadle("migrate", "sqlite:", url, status=5)
    assert "being driven" in refused.err
    user.tell("gate")
    user.ended(busy, 0)
    cut = user.start("migrate", "sqlite:", url)
    cut.send_signal(signal.SIGKILL)
    cut.wait()
    moved = user.treadle("migrate", "sqlite:", url, "--json").json
    assert moved["executions"] == 2
    before = user.events(id_)
    user.settings["TREADLE_STORE"] = url
    assert user.events(id_) == before
    user.treadle("approve", id_)
    assert user.status(id_)["status"] == "completed"
    assert user.lines("effects.txt") == ["shipped"]
    assert user.treadle("doctor", "--json").json["findings"] == []
