from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from treadle_sqlite._store import SqliteStore

OpenStore = Callable[..., SqliteStore]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "state.db"


@pytest.fixture
def open_store(path: Path) -> Iterator[OpenStore]:
    """Open the store at `path`, with options if any; closed when the test ends."""
    opened: list[SqliteStore] = []

    def open_one(**options: str | float) -> SqliteStore:
        store = SqliteStore("sqlite:", {"path": str(path), **options})
        opened.append(store)
        store.open()
        return store

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: OpenStore) -> SqliteStore:
    return open_store()
