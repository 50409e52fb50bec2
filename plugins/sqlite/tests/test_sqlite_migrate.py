"""Older files are brought to this version: whole or not at all, and with a copy of what was."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from treadle_hookspecs import ExitCode, TreadleError
from treadle_sqlite import _migrate, _schema
from treadle_sqlite._location import Location
from treadle_sqlite._store import SqliteStore

OpenStore = Callable[..., SqliteStore]
VERSION_1 = Path(__file__).with_name("version_1.sql")

TO_2 = (
    "ALTER TABLE executions ADD COLUMN priority INTEGER NOT NULL DEFAULT 0",
    "UPDATE executions SET priority = 5 WHERE status = 'failed'",
)
TO_3 = ("CREATE TABLE labels (execution INTEGER NOT NULL REFERENCES executions (number), label TEXT NOT NULL) STRICT",)


@pytest.fixture
def old(path: Path) -> Path:
    """A file as version 1 of the schema wrote it."""
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.executescript(VERSION_1.read_text(encoding="utf-8"))
    connection.close()
    return path


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A treadle two schemas ahead."""
    version = _schema.VERSION
    migrations = {**_migrate.MIGRATIONS, version: TO_2, version + 1: TO_3}
    monkeypatch.setattr(_schema, "VERSION", version + 2)
    monkeypatch.setattr(_migrate.migrate, "__defaults__", (migrations, version + 2))


def backup(path: Path) -> Path:
    return path.with_name("state.db.v1.backup")


def test_a_version_1_file_opens(old: Path, open_store: OpenStore) -> None:
    store = open_store()
    assert [event.type for event in store.read("sample")] == [
        "execution_started",
        "visit_started",
        "visit_settled",
        "execution_failed",
    ]
    assert store.steps("sample")[0].outputs == {"passed": False, "text": "größer"}
    assert list(store.check()) == []


def test_what_is_current_is_left_alone(old: Path, open_store: OpenStore) -> None:
    open_store().close()
    backup(old).unlink()
    open_store()
    assert not backup(old).exists()


def columns(store: SqliteStore) -> dict[str, object]:
    """Every table with its columns, and every index with its own."""
    found: dict[str, object] = {}
    query = store._reader().query
    for kind, name in query("SELECT type, name FROM sqlite_schema WHERE type IN ('table', 'index')"):
        found[name] = query(f"PRAGMA {'table_xinfo' if kind == 'table' else 'index_xinfo'}({name})")
    return found


def test_a_migrated_file_has_the_tables_of_a_new_one(old: Path, open_store: OpenStore, tmp_path: Path) -> None:
    new = SqliteStore("sqlite:", {"path": str(tmp_path / "new/state.db")})
    new.open()
    assert columns(open_store()) == columns(new)
    new.close()


@pytest.mark.usefixtures("newer")
def test_an_older_file_is_migrated(old: Path, open_store: OpenStore) -> None:
    store = open_store()
    assert store._reader().query("PRAGMA user_version") == [(_schema.VERSION,)]
    assert store._reader().query("SELECT id, priority FROM executions") == [("sample", 5)]
    assert store._reader().query("SELECT * FROM labels") == []
    assert list(store.check()) == []


@pytest.mark.usefixtures("newer")
def test_a_copy_of_the_older_file_is_kept(old: Path, open_store: OpenStore) -> None:
    open_store()
    copy = sqlite3.connect(f"{backup(old).as_uri()}?mode=ro", uri=True)
    assert copy.execute("PRAGMA user_version").fetchone() == (1,)
    assert copy.execute("SELECT count(*) FROM execution_history").fetchone() == (4,)
    assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    copy.close()
    assert backup(old).stat().st_mode & 0o777 == 0o600
    assert {entry.name for entry in old.parent.iterdir() if "backup" in entry.name} == {backup(old).name}


@pytest.mark.usefixtures("newer")
def test_a_new_file_is_not_migrated(path: Path, open_store: OpenStore) -> None:
    open_store()
    assert not backup(path).exists()


def migrate(path: Path, migrations: dict[int, tuple[str, ...]], target: int) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        _migrate.migrate(Location(path), connection, migrations, target)
    finally:
        connection.close()


def dumped(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    lines = [f"version {connection.execute('PRAGMA user_version').fetchone()}", *connection.iterdump()]
    connection.close()
    return lines


def test_a_migration_that_fails_changes_nothing(old: Path) -> None:
    before = dumped(old)
    with pytest.raises(sqlite3.OperationalError):
        migrate(old, {1: TO_2, 2: ("INSERT INTO nowhere VALUES (1)",)}, 3)
    assert dumped(old) == before
    assert dumped(backup(old)) == before


def test_a_migration_that_breaks_references_changes_nothing(old: Path) -> None:
    before = dumped(old)
    with pytest.raises(TreadleError, match="references") as caught:
        migrate(old, {1: ("DELETE FROM executions",)}, 2)
    assert caught.value.exit_code is ExitCode.STORAGE
    assert dumped(old) == before


def test_a_version_without_a_way_is_refused(old: Path) -> None:
    with pytest.raises(TreadleError, match="older than any"):
        migrate(old, {2: TO_3}, 3)
    assert not backup(old).exists()


def test_references_are_enforced_again_afterwards(old: Path) -> None:
    connection = sqlite3.connect(old, isolation_level=None)
    _migrate.migrate(Location(old), connection, {1: TO_2}, 2)
    assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
    connection.close()
