# ruff: noqa: S101 - the suite is made of assertions
"""Clauses about the log: what is appended is there, in order, whole or not at all."""

import hashlib
import threading

import pytest
from treadle_hookspecs import (
    Append,
    AuditEntry,
    BusEvent,
    ClaimLostError,
    Event,
    Json,
    SequenceError,
    Signal,
    StepRow,
    StoreBackend,
    TreadleError,
)

from treadle_testkit._store_samples import finished, noted, row, started, visit_settled, visit_started
from treadle_testkit.store._fixtures import Opener, StoreFixtures

_AWKWARD: dict[str, Json] = {
    "text": "naïve 漢字 \N{OLD PERSIAN SIGN A} \x00 \t 'quoted' \"twice\" \\ {{ x }}",
    "numbers": [0, -1, 2**53 + 1, -(2**63), 2**64, 10**40, 0.1, -1e-300, 1e300],
    "nested": {"": [[], {}, [None, True, False]], "ключ": {"a b": "c/d"}},
    "lone surrogate": "\udc80",
}


class AppendClauses(StoreFixtures):
    """`append` and `read`."""

    def test_an_event_is_read_back_as_it_was(self, store: StoreBackend) -> None:
        store.append([started("e")])
        event = Event(2, "e", "visit_settled", 2_000, "loop:3", "fix-tests", 7, 2, "signal:9", 1, _AWKWARD, 1)
        store.append([Append("e", 1, 1, [event])])
        assert store.read("e")[1] == event

    def test_the_log_is_in_order_and_can_be_read_in_parts(self, store: StoreBackend) -> None:
        store.append([started("e")])
        for seq in range(2, 30):
            store.append([noted("e", seq)])
        assert [event.seq for event in store.read("e")] == list(range(1, 30))
        assert [event.seq for event in store.read("e", after=10, limit=3)] == [11, 12, 13]
        assert list(store.read("e", after=29)) == []

    def test_the_log_of_an_unknown_execution_is_empty(self, store: StoreBackend) -> None:
        assert list(store.read("nobody")) == []
        assert list(store.steps("nobody")) == []
        assert store.execution("nobody") is None

    def test_many_events_in_one_append(self, store: StoreBackend) -> None:
        events = [Event(seq, "e", "timer_set", 1_000 + seq, data={"timer": str(seq)}) for seq in range(2, 5_002)]
        store.append([started("e"), Append("e", 1, 1, events)])
        assert list(store.read("e", after=1)) == events

    def test_logs_do_not_mix(self, store: StoreBackend) -> None:
        store.append([started("a"), started("b")])
        store.append([noted("b", 2, of="b"), noted("a", 2, of="a")])
        for execution in ("a", "b"):
            assert [event.execution for event in store.read(execution)] == [execution] * 2
            assert store.read(execution)[1].data == {"of": execution}

    def test_large_values_are_kept_whole(self, store: StoreBackend) -> None:
        large = "äöü" * 500_000
        store.append([started("e"), visit_started("e", 2, "s", inputs={"text": large})])
        store.append([noted("e", 3, text=large)])
        assert store.read("e")[2].data == {"text": large}
        assert store.steps("e")[0].inputs == {"text": large}

    def test_another_connection_sees_it_at_once(self, store: StoreBackend, other: StoreBackend) -> None:
        for seq in range(1, 20):
            store.append([started("e") if seq == 1 else noted("e", seq)])
            assert len(other.read("e")) == seq

    def test_it_is_there_after_closing_and_opening(self, open_store: Opener) -> None:
        first = open_store()
        first.append([started("e"), visit_started("e", 2, "s")])
        first.close()
        again = open_store()
        assert len(again.read("e")) == 2
        again.append([visit_settled("e", 3, "s")])
        assert again.steps("e")[0].state == "succeeded"

    @pytest.mark.parametrize("expected", [0, 1, 3, 99])
    def test_a_wrong_expected_seq_is_refused(self, store: StoreBackend, expected: int) -> None:
        store.append([started("e"), noted("e", 2)])
        event = Event(expected + 1, "e", "timer_set", 9_000)
        with pytest.raises(SequenceError):
            store.append([Append("e", 1, expected, [event], row("e", status="paused"))])
        assert len(store.read("e")) == 2
        assert _status(store, "e") == "running"

    def test_a_log_begins_at_its_beginning(self, store: StoreBackend) -> None:
        with pytest.raises(SequenceError):
            store.append([noted("e", 5)._replace(execution_row=row("e"))])
        assert store.execution("e") is None

    def test_events_that_do_not_run_on_are_refused(self, store: StoreBackend) -> None:
        store.append([started("e")])
        gap = [Event(2, "e", "timer_set", 2_000), Event(4, "e", "timer_set", 2_000)]
        with pytest.raises(SequenceError):
            store.append([Append("e", 1, 1, gap)])
        assert len(store.read("e")) == 1

    def test_an_event_of_another_execution_is_refused(self, store: StoreBackend) -> None:
        store.append([started("e"), started("f")])
        with pytest.raises(SequenceError):
            store.append([Append("e", 1, 1, [Event(2, "f", "timer_set", 2_000)])])
        assert len(store.read("e")) == len(store.read("f")) == 1

    def test_a_lower_epoch_is_refused(self, store: StoreBackend) -> None:
        store.append([started("e", epoch=4)])
        store.append([noted("e", 2, epoch=5)])
        with pytest.raises(ClaimLostError):
            store.append([noted("e", 3, epoch=4)])
        assert len(store.read("e")) == 2
        store.append([noted("e", 3, epoch=5)])

    def test_the_same_first_append_twice_is_refused(self, store: StoreBackend, other: StoreBackend) -> None:
        store.append([started("e")])
        for connection in (store, other):
            with pytest.raises(SequenceError):
                connection.append([started("e")])
        assert len(store.read("e")) == 1

    def test_two_connections_notice_each_other(self, store: StoreBackend, other: StoreBackend) -> None:
        store.append([started("e")])
        other.append([noted("e", 2)])
        with pytest.raises(SequenceError):
            store.append([noted("e", 2)])
        store.append([noted("e", 3)])
        assert len(other.read("e")) == 3

    def test_nothing_of_a_refused_batch_is_written(self, store: StoreBackend) -> None:
        """One bad append undoes all of it: events, rows, payloads, signals, audit, bus."""
        store.append([started("a"), started("b")])
        (signal,) = store.send([Signal("a", "pause")])
        payload = b"of a refused append"
        good = visit_started("a", 2, "s")._replace(
            execution_row=row("a", status="paused"),
            payloads={hashlib.sha256(payload).hexdigest(): payload},
            taken=[signal],
            audit=[AuditEntry(1, "user:ada", "pause", "a")],
            published=[BusEvent("paused", {})],
        )
        with pytest.raises(SequenceError):
            store.append([started("c"), good, noted("b", 9)])
        assert store.execution("c") is None
        assert len(store.read("a")) == 1
        assert list(store.steps("a")) == []
        assert _status(store, "a") == "running"
        assert store.payload(hashlib.sha256(payload).hexdigest()) is None
        assert [waiting.id for waiting in store.inbox(["a"])] == [signal]
        assert list(store.audit_log()) == []
        assert list(store.bus()) == []

    def test_after_a_refusal_the_store_goes_on(self, store: StoreBackend) -> None:
        store.append([started("e"), visit_started("e", 2, "s")])
        with pytest.raises(SequenceError):
            store.append([visit_started("e", 9, "t")])
        store.append([visit_settled("e", 3, "s")])
        store.append([visit_started("e", 4, "t")])
        assert [(step.address, step.state) for step in store.steps("e")] == [("s", "succeeded"), ("t", "running")]

    def test_an_append_without_events_changes_rows_only(self, store: StoreBackend) -> None:
        store.append([started("e")])
        store.append([Append("e", 1, 1, [], row("e", status="paused"))])
        store.append([noted("e", 2)])
        assert _status(store, "e") == "paused"

    def test_a_row_is_replaced_whole_and_stays_when_none_is_given(self, store: StoreBackend) -> None:
        store.append([started("e")])
        every_field = row(
            "e",
            workflow="other",
            version="2",
            status="failed",
            root="/projects/two",
            trigger_type="event",
            trigger_data=[1],
            started_at=5_000,
            current_step="группа/шаг",
            finished_at=6_000,
            error={"type": "boom", "message": "é"},
            outputs={"x": None},
            rollback="partial",
            warnings=3,
            definition="d" * 64,
            plan="p" * 64,
            origin="earlier",
        )
        store.append([Append("e", 1, 1, [Event(2, "e", "execution_failed", 6_000)], every_field)])
        assert store.execution("e") == every_field
        store.append([noted("e", 3)])
        assert store.execution("e") == every_field

    def test_a_step_row_is_read_back_as_it_was(self, store: StoreBackend) -> None:
        plain = StepRow("e", "set-it", 1, "set", "running")
        skipped = StepRow("e", "items[2]/s", 0, "", "skipped", "dead", finished_at=9)
        full = StepRow(
            "e", "loop:3/s", 2, "a/b/c", "failed", "timeout", 3, _AWKWARD, [1], 5, 6, {"type": "x"}, "failed"
        )  # fmt: skip
        store.append([started("e")._replace(steps=[plain, skipped, full])])
        assert list(store.steps("e")) == [plain, skipped, full]

    def test_visits_are_listed_in_the_order_they_started(self, store: StoreBackend) -> None:
        store.append([started("e"), visit_started("e", 2, "z"), visit_started("e", 3, "a")])
        store.append([visit_settled("e", 4, "z"), visit_started("e", 5, "z", visit=2)])
        assert [(step.address, step.visit) for step in store.steps("e")] == [("z", 1), ("a", 1), ("z", 2)]

    def test_an_update_changes_its_visit_only(self, store: StoreBackend) -> None:
        store.append([started("e"), visit_started("e", 2, "s"), visit_settled("e", 3, "s")])
        store.append([visit_started("e", 4, "s", visit=2)])
        first, second = store.steps("e")
        assert (first.state, first.outcome, first.outputs, first.finished_at) == (
            "succeeded",
            "success",
            {"passed": True},
            1_003,
        )
        assert (first.inputs, first.started_at, first.action) == ({"n": 1}, 1_002, "testing/run-tests")
        assert (second.state, second.outputs, second.finished_at) == ("running", None, None)

    def test_a_later_update_wins(self, store: StoreBackend, other: StoreBackend) -> None:
        store.append([started("e"), visit_started("e", 2, "s"), visit_settled("e", 3, "s")])
        undone = visit_settled("e", 4, "s", compensation="done").step_updates
        other.append([noted("e", 4)._replace(step_updates=undone)])
        assert store.steps("e")[0].compensation == "done"

    def test_a_visit_starts_once(self, store: StoreBackend, other: StoreBackend) -> None:
        store.append([started("e"), visit_started("e", 2, "s")])
        for connection in (store, other):
            with pytest.raises(TreadleError):
                connection.append([visit_started("e", 3, "s")])
        assert len(store.read("e")) == 2
        assert len(store.steps("e")) == 1

    def test_an_update_of_nothing_is_refused(self, store: StoreBackend) -> None:
        store.append([started("e")])
        with pytest.raises(TreadleError):
            store.append([visit_settled("e", 2, "s")])
        assert len(store.read("e")) == 1

    def test_readers_see_whole_appends_while_one_thread_writes(self, store: StoreBackend) -> None:
        """A reader never sees an event without what was written with it."""
        store.append([started("e")])
        done = threading.Event()
        problems: list[str] = []

        def look() -> None:
            while not done.is_set():
                steps = len(store.steps("e"))
                seqs = [event.seq for event in store.read("e")]
                if seqs != list(range(1, len(seqs) + 1)) or len(seqs) - 1 < steps:
                    problems.append(f"{steps} visits beside the log {seqs}")

        readers = [threading.Thread(target=look) for _ in range(3)]
        for reader in readers:
            reader.start()
        for seq in range(2, 150):
            store.append([visit_started("e", seq, f"s{seq}")])
        done.set()
        for reader in readers:
            reader.join()
        assert problems == []

    def test_a_store_that_was_written_to_checks_clean(self, store: StoreBackend) -> None:
        store.append([started("e"), visit_started("e", 2, "s"), visit_settled("e", 3, "s"), finished("e", 4, 2_000)])
        assert list(store.check()) == []


def _status(store: StoreBackend, execution: str) -> str:
    found = store.execution(execution)
    return found.status if found else ""
