"""Threads, watching, and letting go."""

import gc
import threading
from collections.abc import Callable

import pytest
from treadle_hookspecs import Signal, TreadleError
from treadle_sqlite._store import SqliteStore
from treadle_testkit._store_samples import noted, started

OpenStore = Callable[..., SqliteStore]


def in_thread(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_a_thread_that_ends_lets_go_of_its_connection(store: SqliteStore) -> None:
    store.append([started("e")])
    for _ in range(20):
        in_thread(lambda: store.read("e")).join()
    gc.collect()
    assert len(store._readers) == 1


def test_closing_closes_the_connections_of_all_threads(store: SqliteStore) -> None:
    reading, closed = threading.Barrier(2), threading.Event()
    errors: list[TreadleError] = []

    def work() -> None:
        store.read("e")
        reading.wait()
        closed.wait()
        try:
            store.read("e")
        except TreadleError as error:
            errors.append(error)

    thread = in_thread(work)
    reading.wait()
    store.close()
    closed.set()
    thread.join()
    assert [error.message for error in errors] == ["the state store is not open"]


def test_closing_ends_a_watch(store: SqliteStore) -> None:
    watching = threading.Event()
    answers: list[bool] = []

    def work() -> None:
        store.watch(0)
        watching.set()
        answers.append(store.watch(300))

    thread = in_thread(work)
    watching.wait()
    store.close()
    thread.join(60)
    assert answers == [False]


def test_each_thread_notices_a_write(store: SqliteStore) -> None:
    """One that looks does not take the news from another."""
    ready = threading.Barrier(4)
    answers: list[bool] = []

    def work() -> None:
        store.watch(0)
        ready.wait()
        answers.append(store.watch(60))

    threads = [in_thread(work) for _ in range(3)]
    ready.wait()
    store.send([Signal("e", "x")])
    for thread in threads:
        thread.join()
    assert answers == [True] * 3


def test_a_thread_that_has_not_looked_yet_is_told_to(store: SqliteStore) -> None:
    """What was written between another thread's look and this one's first watch would be missed otherwise."""
    answers: list[bool] = []
    in_thread(lambda: answers.extend([store.watch(0), store.watch(0)])).join()
    assert answers == [True, False]


def test_an_interrupt_while_beginning_leaves_nothing_open(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = store._open_writer()
    begin = writer._begin

    def interrupted() -> None:
        begin()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(writer, "_begin", interrupted)
        with pytest.raises(KeyboardInterrupt):
            store.append([started("e")])
    store.append([started("e")])
    assert len(store.read("e")) == 1


def test_any_thread_may_append(store: SqliteStore) -> None:
    store.append([started(f"e{number}") for number in range(4)])
    errors: list[BaseException] = []

    def work(execution: str) -> None:
        try:
            for seq in range(2, 80):
                store.append([noted(execution, seq)])
        except BaseException as error:
            errors.append(error)

    threads = [in_thread(lambda name=f"e{number}": work(name)) for number in range(4)]  # type: ignore[misc]
    for thread in threads:
        thread.join()
    assert errors == []
    assert [len(store.read(f"e{number}")) for number in range(4)] == [79] * 4


def test_opening_twice_is_harmless(store: SqliteStore) -> None:
    store.append([started("e")])
    store.open()
    assert len(store.read("e")) == 1


def test_closing_twice_is_harmless(store: SqliteStore) -> None:
    store.close()
    store.close()


def test_before_it_is_open_nothing_is_made(open_store: OpenStore, tmp_path: object) -> None:
    store = SqliteStore(f"sqlite://{tmp_path}/elsewhere/state.db")
    with pytest.raises(TreadleError, match="not open"):
        store.read("e")
    assert store.url.endswith("/elsewhere/state.db")
