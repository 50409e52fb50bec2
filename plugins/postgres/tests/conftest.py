from collections.abc import Callable, Iterator

import psycopg
import pytest
from treadle_postgres._location import locate
from treadle_postgres._store import PostgresStore
from treadle_testkit.postgres import PostgresServer

OpenStore = Callable[..., PostgresStore]

_TABLES = (
    *("payload_uses", "slots", "waits", "signals", "bus", "audit"),
    *("execution_history", "step_executions", "executions", "workflows", "payloads"),
)
_EMPTY = "; ".join(f"DELETE FROM {table}" for table in _TABLES) + (
    "; UPDATE meta SET value = repeat('0', 64) WHERE key = 'audit_head'"
)


@pytest.fixture(scope="session")
def kept_url(postgres_server: PostgresServer) -> str:
    """One schema for many tests: making the tables takes longer than most tests do."""
    url = postgres_server.new_url()
    store = PostgresStore(url)
    store.open()
    store.close()
    return url


@pytest.fixture
def empty_url(kept_url: str) -> str:
    """A store without anything in it."""
    location = locate(kept_url, {})
    with psycopg.connect(location.conninfo, autocommit=True) as connection:
        connection.execute(f"SET search_path TO {location.schema}".encode())
        connection.execute(_EMPTY.encode())
    return kept_url


@pytest.fixture
def open_store(empty_url: str) -> Iterator[OpenStore]:
    """Open one more connection to the same store; closed when the test ends."""
    opened: list[PostgresStore] = []

    def open_one(url: str = "") -> PostgresStore:
        store = PostgresStore(url or empty_url)
        store.open()
        opened.append(store)
        return store

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: OpenStore) -> PostgresStore:
    return open_store()


@pytest.fixture
def admin(postgres_server: PostgresServer) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    """Somebody who may end other people's sessions, on a server that is this session's own."""
    with psycopg.connect(locate(postgres_server.url(), {}).conninfo, autocommit=True) as connection:
        yield connection
