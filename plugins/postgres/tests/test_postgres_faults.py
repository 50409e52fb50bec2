"""Sessions that are ended, a server that restarts or is full: nothing is lost, nothing is written twice."""

import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from treadle_hookspecs import AuditEntry, BusEvent, ClaimLostError, ExitCode, Signal, Slot, StoreBackend, TreadleError
from treadle_postgres import _writer
from treadle_postgres._store import PostgresStore
from treadle_testkit._store_samples import noted, started, visit_settled, visit_started
from treadle_testkit.postgres import PostgresServer

Admin = psycopg.Connection[tuple[Any, ...]]
OpenStore = Callable[..., PostgresStore]

_OURS = "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE application_name LIKE 'treadle/%'"


def end_sessions(admin: Admin) -> int:
    """End every session that a store of this test has; how many."""
    return len(admin.execute(_OURS).fetchall())


class LostAnswer:
    """A server that ends the session just before (or right after) it carries out a statement, and says nothing."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, admin: Admin, *, after: bool, at: str = "COMMIT") -> None:
        self._admin, self._after, self._at = admin, after, at
        self.losses = 0
        execute = psycopg.Connection.execute

        def lossy(connection: Any, query: Any, *args: Any, **options: Any) -> Any:
            if connection is self._admin or query != self._at or self.losses:
                return execute(connection, query, *args, **options)
            self.losses += 1
            if self._after:
                execute(connection, query, *args, **options)
                if connection.pgconn.pipeline_status:
                    connection._pipeline.sync()
            end_sessions(self._admin)
            raise psycopg.OperationalError("server closed the connection unexpectedly")

        monkeypatch.setattr(psycopg.Connection, "execute", lossy)


@pytest.fixture(params=[False, True], ids=["before", "after"])
def lost_answer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, admin: Admin) -> LostAnswer:
    return LostAnswer(monkeypatch, admin, after=request.param)


def test_an_append_whose_answer_was_lost_is_there_once(store: PostgresStore, lost_answer: LostAnswer) -> None:
    lost_answer.losses = 1
    store.append([started("e"), visit_started("e", 2, "s")])
    (number,) = store.send([Signal("e", "ping")])
    lost_answer.losses = 0
    add = visit_settled("e", 3, "s")._replace(
        taken=[number], audit=[AuditEntry(1, "user:ada", "x", "e")], published=[BusEvent("b", 1)]
    )
    store.append([add, noted("e", 4)])
    assert lost_answer.losses == 1
    store.append([noted("e", 5)])
    assert [event.seq for event in store.read("e")] == [1, 2, 3, 4, 5]
    assert (len(store.audit_log()), len(store.bus()), list(store.inbox(["e"]))) == (1, 1, [])
    assert list(store.check()) == []


def test_the_first_append_whose_answer_was_lost_is_there_once(store: PostgresStore, lost_answer: LostAnswer) -> None:
    store.append([started("e")])
    assert lost_answer.losses == 1
    store.append([noted("e", 2)])
    assert len(store.read("e")) == 2


@pytest.mark.parametrize(
    ("write", "count"),
    [
        (
            lambda store: store.send([Signal("e", "ping"), Signal("e", "pong")]),
            lambda store: len(store.inbox(["e"])) / 2,
        ),
        (lambda store: store.publish(BusEvent("b", {})), lambda store: len(store.bus())),
        (lambda store: store.audit([AuditEntry(1, "user:ada", "x")]), lambda store: len(store.audit_log())),
    ],
    ids=["send", "publish", "audit"],
)
def test_what_was_said_is_said_once(
    store: PostgresStore,
    lost_answer: LostAnswer,
    write: Callable[[StoreBackend], object],
    count: Callable[[StoreBackend], float],
) -> None:
    given = write(store)
    assert lost_answer.losses == 1
    assert count(store) == 1
    again = write(store)
    assert given != again
    assert count(store) == 2
    assert list(store.check()) == []


def test_places_are_taken_once(store: PostgresStore, lost_answer: LostAnswer) -> None:
    lost_answer.losses = 1
    claim = store.claim("e")
    assert claim is not None
    store.append([started("e", claim.epoch)._replace(slots=[Slot("e", "", "deploy", 1, 1_000)])])
    lost_answer.losses = 0
    assert store.take_slots("e", claim.epoch, "", 2_000)
    assert [slot.granted_at for slot in store.slots()] == [2_000]


def test_a_session_that_was_ended_comes_back_with_its_claims(open_store: OpenStore, admin: Admin) -> None:
    store, other = open_store(), open_store()
    claim = store.claim("e")
    assert claim is not None
    store.append([started("e", claim.epoch)])
    assert end_sessions(admin) >= 4
    store.append([noted("e", 2, claim.epoch)])
    assert other.claimed("e")
    assert other.claim("e") is None
    assert len(other.read("e")) == 2


def test_a_process_that_waits_takes_its_claims_again_by_itself(open_store: OpenStore, admin: Admin) -> None:
    """While a long step runs nothing is written: the thread that listens sees that the session has ended."""
    store = open_store()
    assert store.claim("e") is not None
    store.watch(0)
    end_sessions(admin)
    looker = open_store()
    while not looker.claimed("e"):
        store.watch(0.05)


def test_who_was_cut_off_while_another_claimed_can_append_nothing(open_store: OpenStore, admin: Admin) -> None:
    store, other = open_store(), open_store()
    claim = store.claim("e")
    assert claim is not None
    store.append([started("e", claim.epoch)])
    store._sessions()[0].drop()
    newer = other.claim("e")
    while newer is None:  # the server has yet to notice
        newer = other.claim("e")
    with pytest.raises(ClaimLostError):
        store.append([noted("e", 2, claim.epoch)])
    other.append([noted("e", 2, newer.epoch)])
    assert [event.seq for event in store.read("e")] == [1, 2]
    claim.release()
    assert other.claimed("e")


def test_a_claim_in_the_middle_of_an_append_wins_or_comes_after(open_store: OpenStore, admin: Admin) -> None:
    """Whatever the moment: an append is there before the epoch rises, or is refused."""
    store, other = open_store(), open_store()
    for number in range(10):
        name = f"e{number}"
        first = store.claim(name)
        assert first is not None
        store.append([started(name, first.epoch)])
        first.release()
        seen: list[int] = []
        ready = threading.Barrier(2)

        def take_over(name: str = name, seen: list[int] = seen, ready: threading.Barrier = ready) -> None:
            ready.wait()
            assert other.claim(name) is not None
            seen.append(len(other.read(name)))

        thread = threading.Thread(target=take_over)
        thread.start()
        ready.wait()
        written = 1
        try:
            for seq in range(2, 200):
                store.append([noted(name, seq, first.epoch)])
                written = seq
        except ClaimLostError:
            pass
        thread.join()
        assert seen == [written]
        assert len(other.read(name)) == written


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    """A server that other tests do not use at the same time."""
    with PostgresServer(max_connections="9") as server:
        yield server


def test_a_server_that_restarts_or_is_full_loses_nothing(own_server: PostgresServer) -> None:
    url = own_server.new_url()
    store, looker = PostgresStore(url), PostgresStore(url)
    store.open()
    looker.open()
    claim = store.claim("e")
    assert claim is not None
    store.append([started("e", claim.epoch)])
    seq = 1
    for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        own_server.restart(how)
        seq += 1
        store.append([noted("e", seq, claim.epoch)])
        store.send([Signal("e", "ping")])
        assert len(looker.read("e")) == seq
        assert looker.claimed("e")
    _exhausted(own_server, store, looker, claim.epoch, seq)
    store.close()
    looker.close()


def _connected(conninfo: str) -> "psycopg.Connection[Any] | None":
    try:
        return psycopg.connect(conninfo)
    except psycopg.OperationalError as error:
        if "connection slots" in str(error) or "too many clients" in str(error):
            return None
        raise


def _exhausted(server: PostgresServer, store: PostgresStore, looker: PostgresStore, epoch: int, seq: int) -> None:
    """Somebody takes each connection in the moment in which ours are lost, and gives them back while we wait."""
    place = PostgresStore(server.url())._location.conninfo
    admin = psycopg.connect(place, autocommit=True)
    hogs = [admin]
    end_sessions(admin)
    while (hog := _connected(place)) is not None:
        hogs.append(hog)
    impatient = PostgresStore(server.url(reconnect="0.05"))
    with pytest.raises(TreadleError, match="no connection left") as caught:
        impatient.open()
    assert caught.value.exit_code is ExitCode.STORAGE
    refused = threading.Event()
    written = threading.Thread(target=lambda: store.append([noted("e", seq + 1, epoch)]))
    server.on_line = lambda line: refused.set() if "too many clients" in line else None
    written.start()
    assert refused.wait(60)
    for hog in hogs:
        hog.close()
    written.join()
    assert len(looker.read("e")) == seq + 1
    assert list(looker.check()) == []


def test_a_server_that_stays_away_is_reported(own_server: PostgresServer) -> None:
    store = PostgresStore(own_server.new_url(reconnect="0.1"))
    store.open()
    store.append([started("e")])
    own_server.stop()
    for call in (
        lambda: store.read("e"),
        lambda: store.append([noted("e", 2)]),
        lambda: store.send([Signal("e", "x")]),
    ):
        with pytest.raises(TreadleError, match="cannot be reached") as caught:
            call()
        assert caught.value.exit_code is ExitCode.STORAGE
    own_server.start()
    store.append([noted("e", 2)])
    assert len(store.read("e")) == 2
    store.close()


@pytest.mark.parametrize("refused", [psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure])
def test_what_the_server_ended_for_another_begins_again(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch, refused: type[psycopg.Error]
) -> None:
    send, asked = _writer._send, []

    def refuse_once(connection: Any, statements: Any) -> None:
        asked.append(statements)
        if len(asked) == 1:
            connection.execute("BEGIN")
            raise refused
        send(connection, statements)

    monkeypatch.setattr(_writer, "_send", refuse_once)
    store.append([started("e")])
    assert len(asked) == 2
    assert len(store.read("e")) == 1
