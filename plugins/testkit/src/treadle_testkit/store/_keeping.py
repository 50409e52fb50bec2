# ruff: noqa: S101 - the suite is made of assertions
"""Clauses about what is kept: definitions, payloads, the audit chain; and about letting go."""

import hashlib
import json

import pytest
from treadle_hookspecs import AuditEntry, BusEvent, ExecutionQuery, Signal, StoreBackend

from treadle_testkit._store_samples import definition, finished, noted, now, row, started, visit_settled, visit_started
from treadle_testkit.store._fixtures import Opener, StoreFixtures


class KeepingClauses(StoreFixtures):
    """Definitions, payloads, `audit`, `prune`, `open` and `close`."""

    def test_a_definition_is_found_by_its_hash(self, store: StoreBackend, other: StoreBackend) -> None:
        kept = definition("name: größer\nsteps: []\n", created_at=77)
        store.put_definition(kept)
        assert other.definition(kept.hash) == kept
        assert store.definition("0" * 64) is None

    def test_a_definition_that_is_there_stays(self, store: StoreBackend, other: StoreBackend) -> None:
        kept = definition("steps: []", name="first")
        store.put_definition(kept)
        store.put_definition(kept._replace(name="second"))
        other.put_definition(kept._replace(name="third"))
        assert store.definition(kept.hash) == kept

    @pytest.mark.parametrize("content", [b"", b"\x00\xff", b"x" * 3_000_000], ids=["empty", "binary", "large"])
    def test_a_payload_is_found_by_its_hash(self, store: StoreBackend, other: StoreBackend, content: bytes) -> None:
        key = store.put_payload(content)
        assert key == hashlib.sha256(content).hexdigest()
        assert other.put_payload(content) == key
        assert other.payload(key) == content

    def test_an_unknown_payload_is_none(self, store: StoreBackend) -> None:
        assert store.payload(hashlib.sha256(b"nothing").hexdigest()) is None

    def test_an_append_brings_payloads(self, store: StoreBackend) -> None:
        content = b"large output"
        key = hashlib.sha256(content).hexdigest()
        store.append([started("e")._replace(payloads={key: content})])
        store.append([noted("e", 2)._replace(payloads={key: content})])
        assert store.payload(key) == content

    def test_the_audit_is_a_chain(self, store: StoreBackend, other: StoreBackend) -> None:
        entries = [
            AuditEntry(5, "user:ada", "trust", "", {"hash": "ä", "n": [1, 2.5, None]}),
            AuditEntry(6, "user:bob", "cancel", "e", None),
            AuditEntry(7, "signal:3", "pause", "e", {"b": 1, "a": 2}),
        ]
        store.audit(entries[:1])
        other.append([started("e")._replace(audit=entries[1:2])])
        head = store.audit(entries[2:])
        log = store.audit_log()
        assert [(number, entry) for number, entry, _ in log] == list(enumerate(entries, 1))
        expected = "0" * 64
        for _, entry, stated in log:
            text = json.dumps(entry._asdict(), sort_keys=True, separators=(",", ":"))
            expected = hashlib.sha256(f"{expected}\n{text}".encode()).hexdigest()
            assert stated == expected
        assert head == expected
        assert list(store.audit_log(after=2)) == list(log[2:])

    def test_the_audit_verifies(self, store: StoreBackend) -> None:
        store.audit([AuditEntry(number, "user:ada", "look", "", {"n": number}) for number in range(20)])
        assert list(store.check()) == []

    def test_old_executions_are_pruned(self, store: StoreBackend) -> None:
        for execution, status in (("a", "completed"), ("b", "failed"), ("c", "cancelled")):
            store.append([started(execution), finished(execution, 2, 5_000, status)])
        assert store.prune(6_000) == 3
        assert list(store.executions(ExecutionQuery())) == []
        assert store.prune(6_000) == 0

    def test_nothing_else_is_pruned(self, store: StoreBackend) -> None:
        store.append([started("running"), started("late"), finished("late", 2, 6_000)])
        store.append([started("paused"), noted("paused", 2)._replace(execution_row=row("paused", status="paused"))])
        assert store.prune(6_000) == 0
        assert [len(store.read(execution)) for execution in ("running", "late", "paused")] == [1, 2, 2]

    def test_what_belonged_to_a_pruned_execution_goes(self, store: StoreBackend) -> None:
        own, plan, blob = _kept(store, "own"), store.put_payload(b"own plan"), store.put_payload(b"large output")
        shared, common = _kept(store, "shared"), store.put_payload(b"common plan")
        ids = store.send([Signal("goes", "late"), Signal("stays", "early")])
        for execution, definition_hash, plan_hash in (("goes", own, plan), ("twin", shared, common)):
            output = noted(execution, 4, name="log", payload=blob).events[0]._replace(type="output_blob")
            end = finished(execution, 5, now(), definition=definition_hash, plan=plan_hash)
            store.append([started(execution), visit_started(execution, 2, "s"), visit_settled(execution, 3, "s")])
            store.append([noted(execution, 4)._replace(events=[output]), end._replace(published=[BusEvent("end", {})])])
        store.append([started("stays", definition=shared, plan=common)])
        assert store.prune(now() + 1) == 2
        assert store.execution("goes") is None
        assert (list(store.read("goes")), list(store.steps("goes"))) == ([], [])
        assert [signal.id for signal in store.inbox(["goes", "stays"])] == [ids[1]]
        assert [store.payload(key) for key in (plan, blob, common)] == [None, None, b"common plan"]
        assert [store.definition(key) is None for key in (own, shared)] == [True, False]
        assert list(store.bus()) == []
        assert list(store.check()) == []

    def test_a_pruned_id_can_be_used_again(self, store: StoreBackend, other: StoreBackend) -> None:
        store.append([started("e"), visit_started("e", 2, "s"), finished("e", 3, 5_000)])
        other.prune(6_000)
        other.append([started("f")])
        store.append([started("e"), visit_started("e", 2, "s")])
        assert len(store.steps("e")) == 1
        assert len(store.read("f")) == 1

    def test_content_that_was_put_since_stays(self, store: StoreBackend) -> None:
        before = now()
        fresh = definition("steps: [fresh]")
        store.put_definition(fresh)
        key = store.put_payload(b"for an execution that is about to start")
        store.prune(before)
        assert store.definition(fresh.hash) == fresh
        assert store.payload(key) is not None

    def test_a_retry_keeps_the_payloads_that_it_took_over(self, store: StoreBackend) -> None:
        content = b"output of the first try"
        key = hashlib.sha256(content).hexdigest()
        store.append([started("first")._replace(payloads={key: content}), finished("first", 2, now(), "failed")])
        store.append([started("second", origin="first")])
        assert store.prune(now() + 1) == 1
        assert store.payload(key) == content

    def test_the_audit_outlives_what_it_is_about(self, store: StoreBackend) -> None:
        store.append([started("e")._replace(audit=[AuditEntry(1, "user:ada", "run", "e")]), finished("e", 2, 5_000)])
        store.prune(6_000)
        assert len(store.audit_log()) == 1
        assert list(store.check()) == []

    def test_a_closed_store_answers_nothing(self, open_store: Opener) -> None:
        store = open_store()
        store.append([started("e")])
        store.close()
        for call in (
            lambda: store.read("e"),
            lambda: store.append([noted("e", 2)]),
            lambda: store.claim("e"),
            lambda: store.watch(0),
            lambda: store.send([Signal("e", "x")]),
        ):
            with pytest.raises(Exception, match="open"):
                call()
        store.open()
        assert len(store.read("e")) == 1

    def test_the_url_says_where_it_is(self, store: StoreBackend) -> None:
        assert ":" in store.url


def _kept(store: StoreBackend, name: str) -> str:
    kept = definition(f"steps: [{name}]")
    store.put_definition(kept)
    return kept.hash
