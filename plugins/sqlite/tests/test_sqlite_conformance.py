from collections.abc import Mapping
from pathlib import Path

import pytest
from treadle_hookspecs import Json
from treadle_testkit.store import StoreConformance


class TestSqliteStore(StoreConformance):
    target = "treadle_sqlite._store:SqliteStore"
    kill_rounds = 12

    @pytest.fixture
    def store_url(self, tmp_path: Path) -> str:
        return f"sqlite://{tmp_path}/state/state.db"


class TestSqliteStoreAtNormal(StoreConformance):
    """The relaxed setting loses nothing while the machine is up."""

    target = "treadle_sqlite._store:SqliteStore"

    @pytest.fixture
    def store_url(self) -> str:
        return "sqlite:"

    @pytest.fixture
    def store_options(self, tmp_path: Path) -> Mapping[str, Json]:
        return {"path": str(tmp_path / "state.db"), "synchronous": "NORMAL"}
