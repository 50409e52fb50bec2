# ruff: noqa: S101 - the suite is made of assertions
"""Clauses about what executions wait for, and about who should be driven."""

from typing import Any

from treadle_hookspecs import Append, BusEvent, Signal, StoreBackend, WaitRow

from treadle_testkit._store_samples import finished, noted, row, started
from treadle_testkit.store._fixtures import StoreFixtures


def waiting(execution: str, *waits: WaitRow, status: str = "waiting", **changes: Any) -> Append:
    """An execution that waits from its beginning."""
    return started(execution, status=status, **changes)._replace(waits=waits)


def timer(execution: str, due: int, address: str = "cool", **changes: Any) -> WaitRow:
    """A wait for a time."""
    return WaitRow(execution, address, 1, "timer", due=due, **changes)


class WaitClauses(StoreFixtures):
    """`waits`, `due`, `next_due`, and what appends and events do to them."""

    def test_a_wait_is_kept_as_it_was_written(self, store: StoreBackend, other: StoreBackend) -> None:
        asked = WaitRow("e", "group/ask", 2, "approval", "", 5, 9_000, {"prompt": "sh\u00fcp?", "quorum": 2})
        store.append([waiting("e", timer("e", 7, since=6), asked)])
        assert list(other.waits()) == [asked, timer("e", 7, since=6)]
        assert list(other.waits(["e", "f"])) == [asked, timer("e", 7, since=6)]
        assert list(other.waits(["f"])) == []

    def test_a_wait_that_changes_stays_one(self, store: StoreBackend) -> None:
        store.append([waiting("e", timer("e", 7))])
        store.append([noted("e", 2)._replace(waits=[timer("e", 9, detail={"answers": 1})])])
        assert [(wait.due, wait.detail) for wait in store.waits()] == [(9, {"answers": 1})]

    def test_waits_end_by_visit_and_all_together(self, store: StoreBackend) -> None:
        store.append([waiting("e", timer("e", 7), timer("e", 8, "hot"), WaitRow("e", "", 0, "hears", "pushed"))])
        store.append([noted("e", 2)._replace(waited=[("cool", 2), ("hot", 1)])])
        assert [wait.address for wait in store.waits()] == ["cool", ""]
        store.append([noted("e", 3)._replace(waited=[("cool", 1)], waits=[timer("e", 9)])])
        assert [wait.due for wait in store.waits()] == [None, 9]
        store.append([finished("e", 4, 5_000)._replace(waited=[("", 0)])])
        assert list(store.waits()) == []

    def test_a_refused_append_changes_no_wait(self, store: StoreBackend) -> None:
        store.append([waiting("e", timer("e", 7))])
        try:
            store.append([noted("e", 3)._replace(waited=[("", 0)])])
        except Exception:  # noqa: BLE001 - whichever error: nothing was written
            assert len(store.waits()) == 1
        else:
            raise AssertionError("an append that does not follow the log was taken")

    def test_what_is_due_comes_in_the_order_of_its_time(self, store: StoreBackend, other: StoreBackend) -> None:
        for name, due in (("late", 900), ("first", 100), ("second", 200)):
            store.append([waiting(name, timer(name, due))])
        assert list(other.due(200)) == ["first", "second"]
        assert list(other.due(99)) == []
        assert (other.next_due(200), other.next_due(0), other.next_due(900)) == (900, 100, None)

    def test_an_execution_is_due_once(self, store: StoreBackend) -> None:
        store.append([waiting("e", timer("e", 1), timer("e", 2, "hot"))])
        store.send([Signal("e", "answer", at=3), Signal("e", "answer", at=4)])
        assert list(store.due(10)) == ["e"]

    def test_what_is_paused_is_not_due_unless_somebody_spoke_to_it(self, store: StoreBackend) -> None:
        store.append([waiting("e", timer("e", 1), status="paused")])
        assert (list(store.due(10)), store.next_due(0)) == ([], None)
        store.send([Signal("e", "answer")])
        assert list(store.due(10)) == ["e"]

    def test_what_has_ended_is_never_due(self, store: StoreBackend) -> None:
        store.append([waiting("e", timer("e", 1))])
        store.append([finished("e", 2, 5_000)])
        store.send([Signal("e", "answer"), Signal("unknown", "answer")])
        assert (list(store.due(10_000)), store.next_due(0)) == ([], None)

    def test_what_is_queued_is_due(self, store: StoreBackend) -> None:
        store.append([started("e", status="queued")])
        assert list(store.due(0)) == ["e"]

    def test_an_event_reaches_those_who_wait_for_it(self, store: StoreBackend, other: StoreBackend) -> None:
        hears = WaitRow("a", "", 0, "hears", "pushed")
        store.append([waiting("a", hears, WaitRow("a", "hear", 1, "event", "pushed"))])
        store.append([waiting("b", WaitRow("b", "hear", 1, "event", "pushed"), root="/projects/two")])
        store.append([waiting("c", WaitRow("c", "hear", 1, "event", "other"))])
        store.append([waiting("d", WaitRow("d", "hear", 1, "signal", "pushed"))])
        other.publish(BusEvent("pushed", {"n": 1}, "somebody", 7_000, root="/projects/one"))
        found = store.inbox(["a", "b", "c", "d"])
        told = ("a", "event", {"name": "pushed", "data": {"n": 1}}, "somebody", 7_000)
        assert [signal[:5] for signal in found] == [told]
        other.publish(BusEvent("pushed", None))
        assert [signal.execution for signal in store.inbox(["a", "b", "c", "d"])] == ["a", "a", "b"]

    def test_an_append_that_publishes_tells_them_in_its_transaction(self, store: StoreBackend) -> None:
        store.append([waiting("a", WaitRow("a", "hear", 1, "event", "pushed"))])
        store.append([started("b")._replace(published=[BusEvent("pushed", {"n": 2}, "b", 7_000)])])
        assert [signal.data for signal in store.inbox(["a"])] == [{"name": "pushed", "data": {"n": 2}}]
        try:
            store.append([noted("b", 9)._replace(published=[BusEvent("pushed", None)])])
        except Exception:  # noqa: BLE001 - whichever error: nothing was written
            assert len(store.inbox(["a"])) == 1

    def test_what_an_append_publishes_reaches_its_own_waits(self, store: StoreBackend) -> None:
        hears = waiting("e", WaitRow("e", "", 0, "hears", "pushed"))
        store.append([hears._replace(published=[BusEvent("pushed", {"n": 3}, "e", 7_000)])])
        assert [signal.data for signal in store.inbox(["e"])] == [{"name": "pushed", "data": {"n": 3}}]

    def test_what_has_ended_hears_nothing(self, store: StoreBackend) -> None:
        store.append([waiting("a", WaitRow("a", "hear", 1, "event", "pushed"))])
        store.append([finished("a", 2, 5_000)])
        store.publish(BusEvent("pushed", None))
        assert list(store.inbox(["a"])) == []

    def test_waits_go_with_their_execution(self, store: StoreBackend) -> None:
        store.append([waiting("e", timer("e", 1))])
        store.append([noted("e", 2)._replace(execution_row=row("e", status="failed", finished_at=5_000))])
        assert store.prune(6_000) == 1
        assert list(store.waits()) == []
