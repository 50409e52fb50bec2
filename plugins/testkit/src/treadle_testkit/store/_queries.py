# ruff: noqa: S101 - the suite is made of assertions
"""Clauses about listing executions."""

import pytest
from treadle_hookspecs import ExecutionQuery, StoreBackend

from treadle_testkit._store_samples import started
from treadle_testkit.store._fixtures import StoreFixtures

_SAMPLES = {
    "aa-1": {"started_at": 3_000, "status": "completed"},
    "aa-2": {"started_at": 1_000, "status": "running", "root": "/projects/two"},
    "Ab-3": {"started_at": 5_000, "status": "failed", "workflow": "other"},
    "a%_4": {"started_at": 2_000, "status": "paused", "root": "/projects/two", "workflow": "other"},
    "b-5": {"started_at": 4_000, "status": "running"},
}


class QueryClauses(StoreFixtures):
    """`executions` and `execution`."""

    @pytest.fixture
    def filled(self, store: StoreBackend) -> StoreBackend:
        """A store with the samples."""
        store.append([started(execution, **changes) for execution, changes in _SAMPLES.items()])  # type: ignore[arg-type]
        return store

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            (ExecutionQuery(), ["Ab-3", "b-5", "aa-1", "a%_4", "aa-2"]),
            (ExecutionQuery(limit=2), ["Ab-3", "b-5"]),
            (ExecutionQuery(limit=99), ["Ab-3", "b-5", "aa-1", "a%_4", "aa-2"]),
            (ExecutionQuery(root="/projects/two"), ["a%_4", "aa-2"]),
            (ExecutionQuery(root="/projects"), []),
            (ExecutionQuery(workflow="other"), ["Ab-3", "a%_4"]),
            (ExecutionQuery(statuses=("running",)), ["b-5", "aa-2"]),
            (ExecutionQuery(statuses=("completed", "paused")), ["aa-1", "a%_4"]),
            (ExecutionQuery(statuses=("nonsense",)), []),
            (ExecutionQuery(id_prefix="aa-"), ["aa-1", "aa-2"]),
            (ExecutionQuery(id_prefix="a%"), ["a%_4"]),
            (ExecutionQuery(id_prefix="A"), ["Ab-3"]),
            (ExecutionQuery(id_prefix="aa-1"), ["aa-1"]),
            (ExecutionQuery(id_prefix="aa-11"), []),
            (ExecutionQuery(root="/projects/two", statuses=("running", "paused"), id_prefix="a", limit=1), ["a%_4"]),
        ],
        ids=repr,
    )
    def test_executions_are_listed_newest_first(
        self, filled: StoreBackend, query: ExecutionQuery, expected: list[str]
    ) -> None:
        assert [execution.id for execution in filled.executions(query)] == expected

    def test_of_those_that_started_together_the_later_one_is_newer(self, store: StoreBackend) -> None:
        for execution in ("m", "a", "z"):
            store.append([started(execution)])
        assert [execution.id for execution in store.executions(ExecutionQuery())] == ["z", "a", "m"]

    def test_an_execution_is_found_by_its_whole_id(self, filled: StoreBackend) -> None:
        found = filled.execution("aa-1")
        assert found is not None
        assert found.id == "aa-1"
        assert filled.execution("aa-") is None
        assert filled.execution("AA-1") is None
