"""Each rule that `check` knows is broken once, by hand, and found."""

import hashlib
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from treadle_hookspecs import AuditEntry
from treadle_sqlite._store import SqliteStore
from treadle_testkit._store_samples import definition, finished, noted, started, visit_settled, visit_started

OpenStore = Callable[..., SqliteStore]
OUTPUT = hashlib.sha256(b"output").hexdigest()


@pytest.fixture
def filled(store: SqliteStore) -> SqliteStore:
    """A store with a whole execution, one that runs, and an audit."""
    kept = definition("steps: []")
    store.put_definition(kept)
    used: dict[str, Any] = {"definition": kept.hash, "plan": store.put_payload(b"plan")}
    store.append(
        [
            started("whole", **used),
            visit_started("whole", 2, "group/s"),
            visit_settled("whole", 3, "group/s"),
            visit_started("whole", 4, "t"),
            visit_settled("whole", 5, "t"),
            finished("whole", 6, 9_000, **used)._replace(payloads={OUTPUT: b"output"}),
            started("runs"),
            visit_started("runs", 2, "s"),
        ]
    )
    store.audit([AuditEntry(number, "user:ada", "look", "whole", {"n": number}) for number in range(4)])
    return store


def test_a_whole_store_has_no_findings(filled: SqliteStore) -> None:
    assert list(filled.check()) == []


@pytest.mark.parametrize(
    ("invariant", "words", "tampering"),
    [
        ("I1", "refers to a row", "INSERT INTO payload_uses VALUES (77, 'x')"),
        ("I1", "has schema 0", "PRAGMA user_version = 0"),
        ("I2", "definition that is not kept", "DELETE FROM workflows"),
        ("I3", "log of execution whole has gaps", "DELETE FROM execution_history WHERE event_type = 'visit_settled'"),
        ("I3", "log of execution runs has gaps", "UPDATE executions SET last_seq = 9 WHERE id = 'runs'"),
        ("I3", "an execution that does not exist", "DELETE FROM executions WHERE id = 'runs'"),
        (
            "I3",
            "goes back in time at event 6",
            "UPDATE execution_history SET timestamp = 1 WHERE data = '{\"outputs\":{}}'",
        ),
        (
            "I3",
            "visit group/s#1 has more than one event",
            "UPDATE execution_history SET step_id = 's', scope = 'group'",
        ),
        ("I3", "visit group/s#1 has more than one row", "UPDATE step_executions SET step_id = 'group/s'"),
        ("I4", "is completed, but its log has no such end", "UPDATE executions SET status = 'completed'"),
        ("I4", "visit t#1 is over in the log and open in", "UPDATE step_executions SET completed_at = NULL"),
        ("I4", "visit s#1 is open in the log and over in", "UPDATE step_executions SET completed_at = 1"),
        ("I4", "visit t#1 is over in the log and missing in", "DELETE FROM step_executions WHERE step_id = 't'"),
        ("I4", "refers to a payload that is not kept (", "DELETE FROM payloads WHERE content = x'6f7574707574'"),
        ("I1", "payload", "UPDATE payloads SET content = x'00' WHERE content = x'6f7574707574'"),
        ("I1", "definition", "UPDATE workflows SET definition = 'steps: [other]'"),
        ("I7", "audit entry 2 is not what was written", "UPDATE audit SET actor = 'nobody' WHERE number = 2"),
        ("I7", "audit entry 2 is missing", "DELETE FROM audit WHERE number = 2"),
        ("I7", "does not end where it was left", "DELETE FROM audit WHERE number = 4"),
        (
            "I7",
            "audit entry 3 is not what was written",
            "UPDATE audit SET detail = json_set(detail, '$.n', 9) WHERE number = 3",
        ),
    ],
)
def test_what_is_broken_is_found(filled: SqliteStore, path: Path, invariant: str, words: str, tampering: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(tampering)
    connection.close()
    findings = filled.check()
    assert [finding for finding in findings if finding.invariant == invariant and words in finding.message], findings
    assert all(finding.remedy for finding in findings)


def test_two_compensations_of_one_visit_are_found(filled: SqliteStore) -> None:
    for seq in (7, 8):
        done = (
            noted("whole", seq, state="done")
            .events[0]
            ._replace(type="compensation_settled", step="t", visit=1, at=9_001)
        )
        filled.append([noted("whole", seq)._replace(events=[done])])
    assert "compensated more than once" in filled.check()[0].message


def test_two_failures_of_one_attempt_are_found(filled: SqliteStore) -> None:
    for seq in (3, 4):
        failed = noted("runs", seq).events[0]._replace(type="attempt_failed", step="s", visit=1, attempt=1)
        filled.append([noted("runs", seq)._replace(events=[failed])])
    assert "attempt s#1.1 has more than one event attempt_failed" in filled.check()[0].message


@pytest.mark.parametrize("name", ["state.db", "state.db-wal", "state.db.marker", "state.db.claims"])
def test_what_is_open_to_others_is_found(filled: SqliteStore, path: Path, name: str) -> None:
    path.with_name(name).chmod(0o755)
    (finding,) = filled.check()
    assert finding.invariant == "I10"
    assert finding.remedy.startswith("chmod")


@pytest.mark.parametrize("content", ["", "{}", '{"store": "another"}'])
def test_a_marker_of_another_store_is_found(filled: SqliteStore, path: Path, content: str) -> None:
    path.with_name("state.db.marker").write_text(content)
    (finding,) = filled.check()
    assert (finding.invariant, "does not belong" in finding.message) == ("I1", True)


def test_it_sees_one_state_while_others_write(filled: SqliteStore, open_store: OpenStore) -> None:
    done = threading.Event()
    other = open_store()

    def work() -> None:
        seq = 3
        while not done.is_set():
            other.append([noted("runs", seq)._replace(audit=[AuditEntry(seq, "user:ada", "look")])])
            seq += 1

    thread = threading.Thread(target=work)
    thread.start()
    findings = [finding for _ in range(30) for finding in filled.check()]
    done.set()
    thread.join()
    assert findings == []


def test_a_broken_file_is_not_listed_without_end(filled: SqliteStore, path: Path) -> None:
    filled.append([started(f"e{number}", definition="gone") for number in range(100)])
    assert len(filled.check()) == 20
