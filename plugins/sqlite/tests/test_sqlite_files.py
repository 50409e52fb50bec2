"""What stands on the disk, and what is not trusted."""

import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from treadle_hookspecs import ExitCode, TreadleError
from treadle_sqlite import _guard, _schema
from treadle_sqlite._store import SqliteStore
from treadle_testkit._store_samples import noted, started

OpenStore = Callable[..., SqliteStore]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def refused(path: Path, message: str) -> TreadleError:
    with pytest.raises(TreadleError, match=message) as caught:
        SqliteStore(f"sqlite://{path}").open()
    assert caught.value.exit_code is ExitCode.STORAGE
    assert caught.value.context["file"] == str(path)
    assert caught.value.suggestions
    return caught.value


def filled(path: Path) -> None:
    store = SqliteStore(f"sqlite://{path}")
    store.open()
    store.append([started("e"), *(noted("e", seq) for seq in range(2, 200))])
    store.close()


def test_nothing_is_open_to_other_people(store: SqliteStore, path: Path) -> None:
    store.append([started("e")])
    claim = store.claim("e")
    files = [entry for entry in path.parent.rglob("*") if entry.is_file()]
    assert claim is not None
    assert {mode(file) for file in files} == {0o600}
    assert mode(path.parent) == mode(path.parent / "state.db.claims") == 0o700
    assert names(path.parent) >= {"state.db", "state.db-wal", "state.db-shm", "state.db.marker"}


def test_a_file_that_was_opened_up_is_closed_again(path: Path) -> None:
    filled(path)
    path.chmod(0o644)
    filled_again = SqliteStore(f"sqlite://{path}")
    filled_again.open()
    filled_again.close()
    assert mode(path) == 0o600


def test_closing_leaves_the_database_and_its_marker(store: SqliteStore, path: Path) -> None:
    claim = store.claim("e")
    assert claim is not None
    store.append([started("e", epoch=claim.epoch)])
    store.close()
    assert names(path.parent) == {"state.db", "state.db.marker", "state.db.claims"}
    assert names(path.parent / "state.db.claims") == set()


def test_the_pragmas_are_in_force(store: SqliteStore) -> None:
    with store._open_writer() as connection:
        expected = {
            "journal_mode": "wal",
            "synchronous": 2,
            "foreign_keys": 1,
            "trusted_schema": 0,
            "cell_size_check": 1,
            "wal_autocheckpoint": 0,
            "busy_timeout": 10_000,
            "application_id": 0x5452444C,
            "user_version": _schema.VERSION,
        }
        assert {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in expected} == expected


def test_a_reader_cannot_write(store: SqliteStore) -> None:
    with pytest.raises(TreadleError, match="cannot be written"):
        store._reader().query("DELETE FROM executions")


def test_normal_can_be_asked_for(open_store: OpenStore) -> None:
    with open_store(synchronous="NORMAL")._open_writer() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (1,)


def test_an_empty_file_is_not_taken_for_a_new_store(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    refused(path, "is empty")
    assert path.stat().st_size == 0


def test_a_file_emptied_later_is_noticed(path: Path) -> None:
    filled(path)
    path.write_bytes(b"")
    refused(path, "is empty")


@pytest.mark.parametrize("content", [b"x", b"SQLite format 3\x00", b"not a database" * 1000])
def test_a_file_that_is_no_database_is_refused(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    refused(path, "is not a SQLite database")
    assert path.read_bytes() == content


@pytest.mark.parametrize("left", [0.3, 0.99])
def test_a_file_that_was_cut_off_is_refused(path: Path, left: float) -> None:
    filled(path)
    with path.open("r+b") as file:
        file.truncate(int(path.stat().st_size * left))
    refused(path, "cut off")


def test_another_programs_database_is_refused_and_stays_as_it_is(path: Path) -> None:
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    assert "0x0" in str(refused(path, "another program").context["reason"])
    assert path.read_bytes() == before
    assert "state.db.marker" not in names(path.parent)


def test_a_newer_schema_is_refused(path: Path) -> None:
    filled(path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert "upgrade" in refused(path, "newer treadle").suggestions[0]


def test_a_damaged_database_is_refused(path: Path) -> None:
    filled(path)
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 3000)
    refused(path, "damaged")


def test_a_store_that_vanished_is_not_begun_anew(path: Path) -> None:
    filled(path)
    path.unlink()
    error = refused(path, "is gone")
    assert any("backup" in suggestion for suggestion in error.suggestions)
    assert not path.exists()
    (path.parent / "state.db.marker").unlink()
    filled(path)


def test_a_log_without_its_database_is_not_mixed_into_a_new_one(store: SqliteStore, path: Path, tmp_path: Path) -> None:
    store.append([started("e")])
    elsewhere = tmp_path / "elsewhere" / "state.db"
    elsewhere.parent.mkdir()
    shutil.copy(path.with_name("state.db-wal"), elsewhere.with_name("state.db-wal"))
    refused(elsewhere, "is gone")


def test_a_store_that_was_moved_gets_a_marker(path: Path, tmp_path: Path) -> None:
    filled(path)
    moved = tmp_path / "moved.db"
    path.rename(moved)
    store = SqliteStore(f"sqlite://{moved}")
    store.open()
    assert len(store.read("e")) == 199
    store.close()
    assert (tmp_path / "moved.db.marker").exists()


def test_a_crash_while_the_store_is_made_leaves_no_half(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(_: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(_guard, "create_schema", crash)
    with pytest.raises(KeyboardInterrupt):
        SqliteStore(f"sqlite://{path}").open()
    assert not path.exists()
    monkeypatch.undo()
    filled(path)
    assert names(path.parent) == {"state.db", "state.db.marker", "state.db.claims"}


def test_what_a_crash_left_of_a_store_in_the_making_does_no_harm(path: Path, tmp_path: Path) -> None:
    """A log that stands beside a new file would be taken for its own."""
    busy = SqliteStore(f"sqlite://{tmp_path}/busy/state.db")
    busy.open()
    busy.append([started("stale")])
    path.parent.mkdir()
    for suffix in ("", "-wal", "-shm"):
        shutil.copy(tmp_path / "busy" / f"state.db{suffix}", path.with_name(f"state.db.new{suffix}"))
    busy.close()
    store = SqliteStore(f"sqlite://{path}")
    store.open()
    assert store.execution("stale") is None
    store.close()
    assert names(path.parent) == {"state.db", "state.db.marker", "state.db.claims"}


def test_a_marker_that_was_not_finished_is_written_again(path: Path) -> None:
    filled(path)
    path.with_name("state.db.marker").write_bytes(b"")
    store = SqliteStore(f"sqlite://{path}")
    store.open()
    assert list(store.check()) == []
    store.close()


def test_many_processes_make_one_store(path: Path) -> None:
    code = (
        "import sys; from treadle_sqlite._store import SqliteStore; from treadle_testkit._store_samples import started;"
        "s = SqliteStore('sqlite://' + sys.argv[1]); s.open(); s.append([started(sys.argv[2])]); s.close()"
    )
    children = [subprocess.Popen([sys.executable, "-c", code, str(path), f"e{number}"]) for number in range(4)]
    assert [child.wait() for child in children] == [0] * 4
    store = SqliteStore(f"sqlite://{path}")
    store.open()
    assert all(store.execution(f"e{number}") for number in range(4))
    assert list(store.check()) == []
    store.close()


def test_the_remains_of_killed_processes_are_swept(store: SqliteStore, path: Path, open_store: OpenStore) -> None:
    held = store.claim("held")
    (path.parent / "state.db.claims" / "0123456789abcdef").write_text("      4711\n")
    other = open_store()
    assert held is not None
    assert len(names(path.parent / "state.db.claims")) == 1
    assert other.claimed("held")
