"""The conformance suite is worth what it catches: stores that are wrong in one way each must fail it."""

import subprocess
import sys

import pytest

BROKEN_STORES = """
from treadle_hookspecs import BusEvent
from treadle_sqlite._store import SqliteStore


class NotAtomic(SqliteStore):
    def append(self, batch):
        for item in batch:
            super().append([item])


class IgnoresEpochs(SqliteStore):
    def append(self, batch):
        super().append([item._replace(epoch=2**62) for item in batch])


class KeepsTaken(SqliteStore):
    def append(self, batch):
        super().append([item._replace(taken=()) for item in batch])


class PublishesAlone(SqliteStore):
    def append(self, batch):
        for event in [event for item in batch for event in item.published]:
            self.publish(event)
        super().append([item._replace(published=()) for item in batch])


class AcknowledgesEarly(SqliteStore):
    waiting = ()

    def append(self, batch):
        self.waiting = (*self.waiting, *batch)
        if len(self.waiting) >= 7:
            super().append(self.waiting)
            self.waiting = ()


class LosesOrder(SqliteStore):
    def read(self, execution, after=0, limit=0):
        return list(super().read(execution, after, limit))[::-1]


class NeverNotices(SqliteStore):
    def watch(self, timeout):
        return False and super().watch(timeout)


class AlwaysNotices(SqliteStore):
    def watch(self, timeout):
        return True


class ForgetsTheBaseline(SqliteStore):
    def watch(self, timeout):
        self._reader().seen = self._reader().data_version()
        return super().watch(min(timeout, 0.01))


class OldestFirst(SqliteStore):
    def executions(self, query):
        return list(super().executions(query))[::-1]


class GuessesPrefixes(SqliteStore):
    def executions(self, query):
        wild = query.id_prefix.replace("%", "").lower()
        found = super().executions(replace(query, id_prefix="", limit=0))
        return [row for row in found if row.id.lower().startswith(wild)][: query.limit or None]


class ClaimsWithoutLock(SqliteStore):
    def claim(self, execution):
        self._claims._held.clear()
        for file in self._location.claims.iterdir():
            file.unlink()
        return super().claim(execution)


class KeepsEpochs(SqliteStore):
    def _raise_epoch(self, execution):
        return 1


class PrunesNothing(SqliteStore):
    def prune(self, before):
        return 0


class PrunesEverything(SqliteStore):
    def prune(self, before):
        return super().prune(2**62)


class RewritesDefinitions(SqliteStore):
    def put_definition(self, definition):
        with self._open_writer() as connection:
            connection.execute("DELETE FROM workflows WHERE id = ?", (definition.hash,))
        super().put_definition(definition)


class ChainsNothing(SqliteStore):
    def audit(self, entries):
        with self._open_writer() as connection:
            connection.execute("DELETE FROM meta WHERE key = 'audit_head'")
        return super().audit(entries)


class ServesWhoAsks(SqliteStore):
    def take_slots(self, execution, epoch, holder, at):
        with self._open_writer() as connection:
            connection.execute("UPDATE slots SET id = -id WHERE granted_at IS NULL AND id > 0")
        return super().take_slots(execution, epoch, holder, at)


class WaitsForTheDead(SqliteStore):
    def take_slots(self, execution, epoch, holder, at):
        claimed, self._claims.claimed = self._claims.claimed, lambda execution: True
        try:
            return super().take_slots(execution, epoch, holder, at)
        finally:
            self._claims.claimed = claimed


class GrantsWhatItRefuses(SqliteStore):
    def take_slots(self, execution, epoch, holder, at):
        from treadle_sqlite import _slots
        found = _slots.verdict(self._reader().query, execution, holder, self._claims.claimed)
        with self._open_writer() as connection:
            connection.executemany("UPDATE slots SET granted_at = ? WHERE id = ?", [(at, id) for id in found.waits])
        return found.grants
"""

CATCHES = {
    "NotAtomic": ["test_nothing_of_a_refused_batch_is_written"],
    "IgnoresEpochs": ["test_a_lower_epoch_is_refused", "test_who_lost_the_claim_can_append_nothing"],
    "KeepsTaken": ["test_a_signal_that_was_taken_is_gone", "test_a_signal_is_taken_once"],
    "PublishesAlone": ["test_nothing_of_a_refused_batch_is_written"],
    "AcknowledgesEarly": ["test_another_connection_sees_it_at_once", "test_what_was_acknowledged_survives_a_kill"],
    "LosesOrder": ["test_the_log_is_in_order_and_can_be_read_in_parts"],
    "NeverNotices": ["test_watching_notices_each_kind_of_write"],
    "AlwaysNotices": ["test_watching_ends_when_nothing_happens"],
    "ForgetsTheBaseline": ["test_a_write_between_looking_and_watching_is_noticed"],
    "OldestFirst": ["test_of_those_that_started_together_the_later_one_is_newer"],
    "GuessesPrefixes": ["test_executions_are_listed_newest_first"],
    "ClaimsWithoutLock": ["test_an_execution_is_claimed_once"],
    "KeepsEpochs": ["test_the_epoch_grows", "test_who_lost_the_claim_can_append_nothing"],
    "PrunesNothing": ["test_old_executions_are_pruned"],
    "PrunesEverything": ["test_nothing_else_is_pruned"],
    "RewritesDefinitions": ["test_a_definition_that_is_there_stays"],
    "ChainsNothing": ["test_the_audit_is_a_chain"],
    "ServesWhoAsks": ["test_first_come_first_served"],
    "WaitsForTheDead": ["test_one_that_was_cut_off_gives_way_and_keeps_its_place", "test_a_kill_frees_a_place_at_once"],
    "GrantsWhatItRefuses": ["test_all_or_none"],
}


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    """Which clauses each broken store failed, as `(store, clause)`."""
    folder = tmp_path_factory.mktemp("broken")
    (folder / "broken_stores.py").write_text(BROKEN_STORES)
    (folder / "test_broken.py").write_text(_test_module())
    wanted = [f"test_broken.py::Test{store}::{clause}" for store, clauses in CATCHES.items() for clause in clauses]
    words = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-rf", "-p", "no:cacheprovider", "-c", "/dev/null"]
    result = subprocess.run(
        [*words, f"--rootdir={folder}", *wanted],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    failed = [line.split("::") for line in result.stdout.splitlines() if line.startswith("FAILED")]
    assert failed, result.stdout + result.stderr
    return {(store.removeprefix("Test"), clause.split("[")[0].split(" ")[0]) for _, store, clause in failed}


def _test_module() -> str:
    classes = [
        f'class Test{store}(StoreConformance):\n    target = "broken_stores:{store}"\n\n'
        "    @pytest.fixture\n    def store_url(self, tmp_path):\n        return f'sqlite://{tmp_path}/state.db'\n"
        for store in CATCHES
    ]
    return "\n\n".join(["import pytest\nfrom treadle_testkit.store import StoreConformance", *classes])


@pytest.mark.parametrize(("store", "clause"), [(store, clause) for store, found in CATCHES.items() for clause in found])
def test_a_broken_store_is_caught(failures: set[tuple[str, str]], store: str, clause: str) -> None:
    assert (store, clause) in failures
