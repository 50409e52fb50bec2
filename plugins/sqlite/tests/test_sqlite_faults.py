"""Full disks, errors of the disk, locks that are not given back, damage: nothing half-written, and words for it."""

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from treadle_hookspecs import Append, ExitCode, Signal, TreadleError
from treadle_sqlite import _checkpoint, _connect
from treadle_sqlite._errors import storage_error
from treadle_sqlite._location import locate
from treadle_sqlite._lock import take
from treadle_sqlite._store import SqliteStore
from treadle_testkit._store_samples import noted, started, visit_settled, visit_started

OpenStore = Callable[..., SqliteStore]
LARGE = "x" * 200_000


def pragma(store: SqliteStore, text: str) -> None:
    writer = store._open_writer()
    assert writer._connection is not None
    writer._connection.execute(f"PRAGMA {text}").fetchall()


def pages(store: SqliteStore) -> int:
    return int(store._reader().query("PRAGMA page_count")[0][0])


def storage_errors(message: str) -> "pytest.RaisesExc[TreadleError]":
    return pytest.raises(TreadleError, match=message, check=lambda error: error.exit_code is ExitCode.STORAGE)


def test_a_full_disk_stops_an_append_and_leaves_nothing_of_it(store: SqliteStore, path: Path) -> None:
    store.append([started("e"), visit_started("e", 2, "s")])
    pragma(store, f"max_page_count = {pages(store) + 2}")
    with storage_errors("no space left") as caught:
        store.append([visit_settled("e", 3, "s"), visit_started("e", 4, "t"), noted("e", 5, text=LARGE)])
    assert caught.value.context["file"] == str(path)
    assert any("resume" in suggestion for suggestion in caught.value.suggestions)
    assert [event.seq for event in store.read("e")] == [1, 2]
    assert [step.state for step in store.steps("e")] == ["running"]
    assert list(store.check()) == []
    pragma(store, "max_page_count = 1000000")
    store.append([visit_settled("e", 3, "s"), noted("e", 4, text=LARGE)])
    assert len(store.read("e")) == 4


def test_a_full_disk_stops_everything_that_writes(store: SqliteStore) -> None:
    store.append([started("e")])
    pragma(store, f"max_page_count = {pages(store)}")
    with storage_errors("no space left"):
        store.put_payload(LARGE.encode())
    with storage_errors("no space left"):
        store.send([Signal("e", "ping", LARGE)])
    assert list(store.inbox(["e"])) == []
    assert list(store.check()) == []


_FILL = """
import resource, sys
from treadle_hookspecs import TreadleError
from treadle_sqlite._store import SqliteStore
from treadle_testkit._store_samples import noted, started
store = SqliteStore(f"sqlite://{sys.argv[1]}")
store.open()
store.append([started("e")])
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))
seq = 1
try:
    while True:
        store.append([noted("e", seq + 1, text="x" * 20_000)])
        seq += 1
except TreadleError as error:
    print(seq, int(error.exit_code), len(store.read("e")))
"""


def test_a_file_that_cannot_grow_stops_an_append_and_loses_nothing(path: Path, open_store: OpenStore) -> None:
    """The limit of a real process, met in the middle of writing the log's pages."""
    child = subprocess.run([sys.executable, "-c", _FILL, str(path)], capture_output=True, text=True, check=True)
    seq, code, seen = map(int, child.stdout.split())
    assert code == ExitCode.STORAGE
    assert seen == seq > 5
    store = open_store()
    assert len(store.read("e")) == seq
    assert list(store.check()) == []
    store.append([noted("e", seq + 1)])


def no_strace() -> str:
    """Why strace cannot be used here; "" when it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(["strace", "-qq", "-e", "trace=none", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "strace may not trace here"


NO_STRACE = no_strace()
_APPEND = """
import sys
from treadle_hookspecs import TreadleError
from treadle_sqlite._store import SqliteStore
from treadle_testkit._store_samples import noted, started
store = SqliteStore(f"sqlite://{sys.argv[1]}")
try:
    store.open()
    for seq in range(1, 8):
        store.append([started("e") if seq == 1 else noted("e", seq, text="x" * 5000)])
        print(seq, flush=True)
    store.close()
except TreadleError as error:
    print("refused", int(error.exit_code), error.context["file"])
"""


@pytest.mark.skipif(bool(NO_STRACE), reason=NO_STRACE)
@pytest.mark.parametrize(
    "fault",
    [
        f"{call}:{effect}:when={number}"
        for call, effect, numbers in [
            ("pwrite64", "error=ENOSPC", (1, 12, 40, 61)),
            ("pwrite64", "error=EIO", (20, 50)),
            ("fdatasync", "error=EIO", (1, 4)),
            ("pwrite64", "signal=KILL", (5, 33, 47, 60)),
            ("fdatasync", "signal=KILL", (2, 5)),
            ("unlink", "signal=KILL", (2,)),
            ("rename", "signal=KILL", (1,)),
        ]
        for number in numbers
    ],
)
def test_an_error_of_the_system_at_any_moment_loses_nothing(path: Path, open_store: OpenStore, fault: str) -> None:
    """Each fault hits one system call of a real writer; what it was told is durable is there afterwards."""
    path.parent.mkdir()
    words = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"inject={fault}"]
    child = subprocess.run(
        [*words, sys.executable, "-c", _APPEND, str(path)], capture_output=True, text=True, check=False
    )
    lines = child.stdout.splitlines()
    acknowledged = [int(line) for line in lines if not line.startswith("refused")]
    assert not child.stderr, child.stderr
    assert not [line for line in lines if line.startswith("refused") and line != f"refused 6 {path}"]
    store = open_store()
    seqs = [event.seq for event in store.read("e")]
    assert seqs == list(range(1, len(seqs) + 1))
    assert len(seqs) >= len(acknowledged)
    assert list(store.check()) == []
    store.append([noted("e", len(seqs) + 1) if seqs else started("e")])


def test_a_write_lock_that_is_not_given_back_is_reported(open_store: OpenStore, path: Path) -> None:
    store = open_store(busy_timeout=0.05)
    hog = sqlite3.connect(path, isolation_level=None)
    hog.execute("BEGIN IMMEDIATE")
    with storage_errors("another process has been writing") as caught:
        store.append([started("e")])
    assert any("busy_timeout" in suggestion for suggestion in caught.value.suggestions)
    assert list(store.read("e")) == []
    hog.execute("ROLLBACK")
    store.append([started("e")])
    hog.close()


def test_what_cannot_be_written_is_reported(store: SqliteStore) -> None:
    pragma(store, "query_only = ON")
    with storage_errors("it cannot be written"):
        store.append([started("e")])
    pragma(store, "query_only = OFF")
    store.append([started("e")])


def test_damage_is_reported_by_reading_and_by_check(store: SqliteStore, path: Path, open_store: OpenStore) -> None:
    store.append([started("e"), *(noted("e", seq, text="y" * 300) for seq in range(2, 300))])
    store.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        for page in range(size // 4096 // 2, size // 4096):
            file.seek(page * 4096)
            file.write(b"\xa5" * 512)
    damaged = open_store()
    with storage_errors("it is damaged"):
        damaged.read("e")
    findings = damaged.check()
    assert findings
    assert {finding.invariant for finding in findings} == {"I1"}


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "no space left"),
        (errno.EROFS, "cannot be written"),
        (errno.EACCES, "denied"),
        (errno.EIO, "reported an error"),
        (errno.ENAMETOOLONG, "File name too long"),
    ],
)
def test_errors_of_the_system_have_words(number: int, words: str) -> None:
    error = storage_error(locate("sqlite:///s.db", {}), "open", OSError(number, os.strerror(number)))
    assert words in error.message
    assert error.exit_code is ExitCode.STORAGE


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with storage_errors("cannot open the state file"):
        SqliteStore(f"sqlite://{tmp_path}/file/state.db").open()


def test_a_batch_with_what_json_cannot_carry_leaves_nothing(store: SqliteStore) -> None:
    store.append([started("e")])
    bad = Append("e", 1, 1, [noted("e", 2).events[0]._replace(data={"x": object()})])  # type: ignore[dict-item]
    with pytest.raises(TypeError):
        store.append([started("f"), bad])
    assert store.execution("f") is None
    store.append([noted("e", 2)])


class TestCheckpoints:
    @pytest.fixture
    def often(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_checkpoint, "KEPT_LOG", 0)
        monkeypatch.setattr(_checkpoint, "_GROWTH", 1)

    @pytest.mark.usefixtures("often")
    def test_the_log_is_used_again(self, store: SqliteStore, path: Path) -> None:
        store.append([started("e")])
        for seq in range(2, 800):
            store.append([noted("e", seq, text="x" * 500)])
        assert path.with_name("state.db-wal").stat().st_size < 1 << 20

    def test_it_is_no_longer_each_time(
        self, open_store: OpenStore, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_checkpoint, "KEPT_LOG", 1 << 20)
        monkeypatch.setattr(_connect, "_SAFE", (*_connect._SAFE, f"journal_size_limit = {1 << 20}"))
        monkeypatch.setattr(_checkpoint, "_GROWTH", 1 << 20)
        store = open_store(synchronous="NORMAL")
        store.append([started("e")])
        for seq in range(2, 1_200):
            store.append([noted("e", seq, text="x" * 9_000)])
        assert path.with_name("state.db-wal").stat().st_size < 4 << 20

    @pytest.mark.usefixtures("often")
    def test_a_reader_in_the_middle_is_not_disturbed(self, store: SqliteStore, path: Path) -> None:
        store.append([started("e")])
        reader = sqlite3.connect(path, isolation_level=None)
        reader.execute("BEGIN")
        before = reader.execute("SELECT count(*) FROM execution_history").fetchone()
        for seq in range(2, 200):
            store.append([noted("e", seq)])
        assert reader.execute("SELECT count(*) FROM execution_history").fetchone() == before == (1,)
        reader.execute("COMMIT")
        assert reader.execute("SELECT count(*) FROM execution_history").fetchone() == (199,)
        reader.close()
        assert list(store.check()) == []

    @pytest.mark.usefixtures("often")
    def test_while_somebody_else_checkpoints_it_is_left_alone(self, store: SqliteStore, path: Path) -> None:
        lock = take(path.with_name("state.db.checkpoint"))
        assert lock is not None
        store.append([started("e")])
        for seq in range(2, 200):
            store.append([noted("e", seq)])
        assert sqlite_page_one_is_behind(path)
        lock.release()
        for seq in range(200, 240):
            store.append([noted("e", seq)])
        assert not sqlite_page_one_is_behind(path)

    @pytest.mark.usefixtures("often")
    def test_one_that_fails_does_not_fail_the_append_before_it(
        self, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object, **__: object) -> None:
            raise OSError(errno.ENOSPC, "no space")

        monkeypatch.setattr(_checkpoint, "take", full)
        store.append([started("e")])
        for seq in range(2, 50):
            store.append([noted("e", seq)])
        assert len(store.read("e")) == 49

    @pytest.mark.usefixtures("often")
    def test_many_processes_write_and_checkpoint(self, store: SqliteStore, path: Path) -> None:
        code = (
            "import sys; from treadle_sqlite import _checkpoint; _checkpoint.KEPT_LOG = 0; _checkpoint._GROWTH = 1;"
            "from treadle_sqlite._store import SqliteStore; from treadle_testkit._store_samples import noted, started;"
            "s = SqliteStore(f'sqlite://{sys.argv[1]}?synchronous=NORMAL'); s.open(); e = sys.argv[2];"
            "s.append([started(e)]); [s.append([noted(e, n, text='x' * 700)]) for n in range(2, 400)]; s.close()"
        )
        children = [subprocess.Popen([sys.executable, "-c", code, str(path), f"e{number}"]) for number in range(3)]
        store.append([started("mine")])
        for seq in range(2, 400):
            store.append([noted("mine", seq)])
        assert [child.wait() for child in children] == [0] * 3
        assert [len(store.read(name)) for name in ("mine", "e0", "e1", "e2")] == [399] * 4
        assert list(store.check()) == []


def sqlite_page_one_is_behind(path: Path) -> bool:
    """True while the database file itself, without its log, holds no event."""
    copy = path.with_name("copy.db")
    shutil.copy(path, copy)
    connection = sqlite3.connect(copy)
    (events,) = connection.execute("SELECT count(*) FROM execution_history").fetchone()
    connection.close()
    for leftover in path.parent.glob("copy.db*"):
        leftover.unlink()
    return int(events) == 0
