"""One process at a time, and a stranger's `.treadle` is not trusted."""

import os
import re
import subprocess
import sys

import pytest
from journal_faults import Quick, run, snapshot, write_tree
from journal_samples import PLAIN
from treadle.workspace.journal import Journal, _lock
from treadle_hookspecs import ExitCode, TreadleError

HOLDER = """
import sys
from pathlib import Path
from treadle.workspace.journal import Journal
with Journal(Path(sys.argv[1])).lock("a long composition"):
    print("held", flush=True)
    sys.stdin.read()
"""
BOTH = """
import sys
from pathlib import Path
from treadle.workspace.journal import Journal
journal = Journal(Path(sys.argv[1]))
for number in range(20):
    with journal.lock(wait=60):
        transaction = journal.transaction()
        file = journal.root / "count"
        transaction.write("count", b"%d" % (int(file.read_bytes()) + 1))
        transaction.write(f"{sys.argv[2]}-{number}", b"")
        transaction.apply()
        transaction.commit()
        transaction.finish(keep_history=False)
"""


@pytest.fixture
def project(folder):
    write_tree(folder, PLAIN)
    return folder


@pytest.fixture
def holder(project):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(project)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def test_a_busy_project_names_its_holder(project, holder):
    with pytest.raises(TreadleError) as caught, Journal(project).lock():
        pass
    assert caught.value.exit_code == ExitCode.CONFLICT
    told = (
        rf"{re.escape(str(project))} is being changed by process {holder.pid} since \d{{4}}-.* \(a long composition\)"
    )
    assert re.fullmatch(told, caught.value.message)


def test_reading_needs_no_lock(project, holder):
    journal = Journal(project)
    assert journal.recover("report") == ()
    assert journal.history() == ()
    transaction = journal.transaction()
    transaction.write("x", b"")
    assert [it.path for it in transaction.operations()] == ["x"]


def test_a_killed_holder_holds_nothing(project, holder):
    holder.kill()
    holder.wait()
    run(project, Quick(), lambda transaction: transaction.write("x", b""))
    assert (project / "x").exists()


def test_a_holder_that_ends_is_waited_for(project, holder):
    pauses = []

    def pause(seconds):
        pauses.append(seconds)
        holder.stdin.close()
        holder.wait()

    home = os.open(project / ".treadle", os.O_RDONLY)
    descriptor = _lock.take(Quick(), home, project / ".treadle", "", 60, pause)
    os.close(descriptor)
    os.close(home)
    assert len(pauses) == 1


def test_threads_and_journals_of_one_process_are_strangers_too(project):
    journal = Journal(project)
    with journal.lock(), pytest.raises(TreadleError, match=f"process {os.getpid()}"), Journal(project).lock():
        pass
    with journal.lock(), journal.lock():
        assert journal.home is not None


def test_an_unreadable_text_names_nobody(project, holder):
    (project / ".treadle/lock").write_bytes(b"\xff{")
    with pytest.raises(TreadleError, match="is being changed by another process"), Journal(project).lock():
        pass


def test_two_processes_take_turns(project):
    (project / "count").write_bytes(b"0")
    commands = [[sys.executable, "-c", BOTH, str(project), name] for name in ("one", "two")]
    processes = [subprocess.Popen(command) for command in commands]
    assert [process.wait() for process in processes] == [0, 0]
    assert (project / "count").read_bytes() == b"40"
    assert len(list(project.glob("one-*"))) == len(list(project.glob("two-*"))) == 20


@pytest.mark.parametrize("kind", ["link", "file", "open to others", "dangling"])
def test_a_home_that_is_not_ours(project, folder, kind, tmp_path):
    home = project / ".treadle"
    if kind == "link":
        home.symlink_to(tmp_path)
    elif kind == "dangling":
        home.symlink_to("nowhere")
    elif kind == "file":
        home.write_bytes(b"")
    else:
        home.mkdir()
        home.chmod(0o777)
    before = snapshot(tmp_path)
    with pytest.raises(TreadleError, match=r"\.treadle is not used") as caught, Journal(project).lock():
        pass
    assert caught.value.exit_code == ExitCode.NOT_ALLOWED
    assert snapshot(tmp_path) == before


def test_a_home_of_somebody_else(project, monkeypatch):
    with Journal(project).lock():
        pass
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    with pytest.raises(TreadleError, match="somebody else owns it"), Journal(project).lock():
        pass


@pytest.mark.parametrize("part", ["txn", "history"])
def test_a_part_of_it_that_is_a_link(project, part, tmp_path):
    run(project, Quick(), lambda transaction: transaction.write("a.txt", b"new"))
    place = project / ".treadle" / part
    place.rename(project / ".treadle" / f"{part}-away")
    place.symlink_to(tmp_path)
    with pytest.raises(TreadleError, match="is not used"):
        Journal(project).undo("t")
    assert list(tmp_path.iterdir()) == []


def test_a_rescue_that_is_a_link_is_a_failure_and_nothing_is_lost(project, tmp_path):
    run(project, Quick(), lambda transaction: transaction.write("a.txt", b"new"))
    (project / ".treadle/rescue").symlink_to(tmp_path)
    (project / "a.txt").write_bytes(b"mine")
    with pytest.raises(TreadleError, match="is not used"):
        Journal(project).undo("t")
    assert list(tmp_path.iterdir()) == []
    assert (project / "a.txt").read_bytes() == b"mine"
    (project / ".treadle/rescue").unlink()
    (again,) = Journal(project).recover()
    assert [it.copy.read_bytes() for it in again.undone.rescued] == [b"a"]


def test_no_such_project(tmp_path):
    with pytest.raises(TreadleError, match="cannot open the folder") as caught, Journal(tmp_path / "no").lock():
        pass
    assert caught.value.exit_code == ExitCode.NOT_FOUND
