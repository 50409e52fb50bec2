# ruff: noqa: S101 - the suite is made of assertions
"""Clauses about what comes from outside: signals, the bus, and noticing that something came."""

import pytest
from treadle_hookspecs import BusEvent, SequenceError, Signal, StoreBackend

from treadle_testkit._store_samples import noted, started
from treadle_testkit.store._fixtures import StoreFixtures


class InboxClauses(StoreFixtures):
    """`send`, `inbox`, `publish`, `bus`, `watch`."""

    def test_a_signal_waits_as_it_was_sent(self, store: StoreBackend, other: StoreBackend) -> None:
        sent = Signal("e", "approve", {"by": "ada", "form": [1, None, "ü"]}, "user:ada", 5_000)
        (number,) = other.send([sent])
        assert list(store.inbox(["e"])) == [sent._replace(id=number)]
        assert list(store.inbox(["e"])) == [sent._replace(id=number)]

    def test_signals_wait_in_the_order_of_their_ids(self, store: StoreBackend, other: StoreBackend) -> None:
        ids = [*store.send([Signal("a", "x"), Signal("b", "y")]), *other.send([Signal("a", "z")])]
        assert ids == sorted(set(ids))
        assert [signal.name for signal in store.inbox(["a", "b"])] == ["x", "y", "z"]
        assert [signal.name for signal in store.inbox(["b"])] == ["y"]
        assert list(store.inbox([])) == []

    def test_many_inboxes_can_be_asked_for_at_once(self, store: StoreBackend) -> None:
        store.send([Signal(f"e{number}", "x") for number in range(0, 3_000, 100)])
        assert len(store.inbox(f"e{number}" for number in range(3_000))) == 30

    def test_a_signal_may_come_before_its_execution(self, store: StoreBackend) -> None:
        ids = store.send([Signal("e", "cancel")])
        store.append([started("e")])
        assert [signal.id for signal in store.inbox(["e"])] == list(ids)

    def test_a_signal_that_was_taken_is_gone(self, store: StoreBackend, other: StoreBackend) -> None:
        first, second = store.send([Signal("e", "x"), Signal("e", "y")])
        store.append([started("e")._replace(taken=[first])])
        assert [signal.id for signal in other.inbox(["e"])] == [second]

    def test_a_signal_is_taken_once(self, store: StoreBackend, other: StoreBackend) -> None:
        ids = store.send([Signal("e", "x")])
        store.append([started("e")._replace(taken=ids)])
        with pytest.raises(SequenceError):
            other.append([noted("e", 2)._replace(taken=ids)])
        assert len(store.read("e")) == 1

    def test_nobody_takes_another_ones_signal(self, store: StoreBackend) -> None:
        ids = store.send([Signal("other", "x")])
        with pytest.raises(SequenceError):
            store.append([started("e")._replace(taken=ids)])
        assert store.execution("e") is None
        assert len(store.inbox(["other"])) == 1

    def test_an_id_is_never_given_twice(self, store: StoreBackend) -> None:
        first = store.send([Signal("e", "x")])
        store.append([started("e")._replace(taken=first)])
        assert store.send([Signal("e", "y")])[0] > first[0]

    def test_the_bus_keeps_events_in_order(self, store: StoreBackend, other: StoreBackend) -> None:
        first = BusEvent("deployed", {"to": "staging", "ok": True}, "user:ada", 7_000)
        ids = [store.publish(first), other.publish(BusEvent("b", None)), store.publish(BusEvent("c", []))]
        assert ids == sorted(set(ids))
        assert store.bus()[0] == first._replace(id=ids[0])
        assert [event.name for event in other.bus(after=ids[0])] == ["b", "c"]
        assert [event.name for event in other.bus(limit=2)] == ["deployed", "b"]
        assert list(store.bus(after=ids[-1])) == []

    def test_an_append_publishes(self, store: StoreBackend) -> None:
        before = store.publish(BusEvent("before", {}))
        published = [BusEvent("one", {"n": 1}, "e", 8_000), BusEvent("two", {})]
        store.append([started("e")._replace(published=published)])
        after = store.bus(after=before)
        assert [event._replace(id=0) for event in after] == published
        assert after[0].id < after[1].id

    def test_watching_ends_when_nothing_happens(self, store: StoreBackend) -> None:
        store.watch(0)
        assert store.watch(0.02) is False

    def test_watching_notices_each_kind_of_write(self, store: StoreBackend, other: StoreBackend) -> None:
        store.watch(0)
        other.append([started("e")])
        assert store.watch(30)
        other.send([Signal("e", "x")])
        assert store.watch(30)
        other.publish(BusEvent("b", {}))
        assert store.watch(30)

    def test_a_write_between_looking_and_watching_is_noticed(self, store: StoreBackend, other: StoreBackend) -> None:
        store.watch(0)
        assert list(store.inbox(["e"])) == []
        other.send([Signal("e", "x")])
        assert store.watch(30)
        assert len(store.inbox(["e"])) == 1
