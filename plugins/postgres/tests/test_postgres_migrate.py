import threading

import psycopg
import pytest
from psycopg import sql
from treadle_hookspecs import ExitCode, TreadleError
from treadle_postgres import _migrate, _schema
from treadle_postgres._location import Location, locate
from treadle_postgres._session import connect
from treadle_postgres._store import PostgresStore
from treadle_testkit._store_samples import noted, started
from treadle_testkit.postgres import PostgresServer


@pytest.fixture
def location(postgres_server: PostgresServer) -> Location:
    place = locate(postgres_server.new_url(), {})
    _migrate.prepare(place)
    return place


def ask(location: Location, statement: str) -> object:
    with connect(location, 0) as connection:
        row = connection.execute(statement.encode()).fetchone()
        return row[0] if row else None


def test_an_older_schema_is_brought_forward_step_by_step(location: Location) -> None:
    steps = {1: ("ALTER TABLE bus ADD COLUMN colour TEXT",), 2: ("UPDATE meta SET value = 'x' WHERE key = 'bus'",)}
    _migrate.prepare(location, steps, 3)
    assert ask(location, "SELECT value FROM meta WHERE key = 'version'") == "3"
    assert ask(location, "SELECT value FROM meta WHERE key = 'bus'") == "x"
    assert ask(location, "SELECT count(colour) FROM bus") == 0


def test_a_step_that_fails_leaves_everything_as_it_was(location: Location) -> None:
    steps = {1: ("ALTER TABLE bus ADD COLUMN colour TEXT", "SELECT nonsense")}
    with pytest.raises(TreadleError) as caught:
        _migrate.prepare(location, steps, 2)
    assert caught.value.exit_code is ExitCode.STORAGE
    assert ask(location, "SELECT value FROM meta WHERE key = 'version'") == str(_schema.VERSION)
    assert (
        ask(location, "SELECT count(*) FROM pg_attribute WHERE attrelid = 'bus'::regclass AND attname = 'colour'") == 0
    )


def test_a_newer_schema_is_left_alone(location: Location) -> None:
    _migrate.prepare(location, {1: ("SELECT 1",)}, 2)
    with pytest.raises(TreadleError, match="has schema 2, and this treadle knows 1"):
        _migrate.prepare(location)
    assert ask(location, "SELECT value FROM meta WHERE key = 'version'") == "2"


def test_a_step_that_nobody_knows_is_refused(location: Location) -> None:
    with pytest.raises(TreadleError, match="older than any"):
        _migrate.prepare(location, {2: ("SELECT 1",)}, 3)


def test_of_many_who_open_at_once_one_makes_the_tables(postgres_server: PostgresServer) -> None:
    stores = [PostgresStore(url) for url in [postgres_server.new_url()] * 4]
    problems: list[BaseException] = []

    def open_one(store: PostgresStore) -> None:
        try:
            store.open()
        except BaseException as error:  # a thread's error would be lost
            problems.append(error)

    threads = [threading.Thread(target=open_one, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    stores[0].append([started("e")])
    stores[1].append([noted("e", 2)])
    assert len(stores[2].read("e")) == 2
    for store in stores:
        store.close()


def test_the_views_show_ids_and_times(location: Location, postgres_server: PostgresServer) -> None:
    store = PostgresStore(postgres_server.url(schema=location.schema))
    store.open()
    store.append([started("e"), noted("e", 2, n=1)])
    store.close()
    with psycopg.connect(location.conninfo) as connection:
        query = "SELECT execution_id, seq, extract(epoch FROM timestamp)::float, data::jsonb ->> 'n' FROM {}.history"
        rows = connection.execute(sql.SQL(query).format(sql.Identifier(location.schema))).fetchall()
    assert sorted(rows) == [("e", 1, 0.001, None), ("e", 2, 0.001002, "1")]
