import pytest
from treadle_testkit.store import StoreConformance


class TestPostgresStore(StoreConformance):
    target = "treadle_postgres._store:PostgresStore"
    kill_rounds = 3

    @pytest.fixture
    def store_url(self, empty_url: str) -> str:
        return empty_url
