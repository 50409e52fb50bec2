"""Faults in the system calls themselves, injected with strace: killed while syncing, a full disk, a disk that fails."""

import shutil
import signal
import subprocess
import sys

import pytest
from sweeps import RUN, SECRET, Subject

STORAGE = 6


def _cannot_trace():
    """Why strace cannot be used here; "" when it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(["strace", "-qq", "-e", "trace=none", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "strace may not trace here"


REASON = _cannot_trace()
pytestmark = pytest.mark.skipif(bool(REASON), reason=REASON)


@pytest.fixture
def subject(user):
    return Subject(user)


def traced(subject, fault, *command, path=""):
    """Run a command whose system calls fail as `fault` says; a `path` limits it to calls on that file."""
    strace = ["strace", "-f", "-qq", "-o", str(subject.user.home / "trace"), "-e", f"inject={fault}"]
    limit = ["-P", str(path)] if path else []
    ended = subprocess.run(
        [*strace, *limit, sys.executable, "-m", "treadle", *command],
        cwd=subject.user.project,
        env=subject.user.environ | {"FAULTS_TOKEN": SECRET},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    (subject.user.home / "trace").unlink(missing_ok=True)
    return ended


def database(subject):
    return subject.user.state / "state.db"


def finish(subject):
    """Recover what there is, or run it when nothing had begun."""
    ids = subject.ids()
    subject.type("resume", ids[-1], "--interrupted", "retry") if ids else subject.type(*RUN)
    execution = subject.ids()[-1]
    assert subject.outcome(execution)[0] == "completed"
    subject.check(execution)


@pytest.mark.parametrize("number", [1, 2, 3, 5, 8, 12])
def test_killed_while_it_syncs(subject, number, faults):
    faults("killed inside fdatasync (strace)")
    ended = traced(subject, f"fdatasync:signal=KILL:when={number}", *RUN)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    finish(subject)


@pytest.mark.parametrize("number", [2, 4, 7])
def test_the_disk_fails_while_it_syncs(subject, number, faults):
    """An acknowledged event is in the log, a refused one is not, and the message names the file."""
    faults("EIO from fdatasync (strace)")
    ended = traced(subject, f"fdatasync:error=EIO:when={number}+", *RUN)
    assert ended.returncode == STORAGE, ended.stderr
    assert "state.db" in ended.stderr
    finish(subject)


@pytest.mark.parametrize("number", [3, 6, 10])
def test_the_disk_is_full(subject, number, faults):
    faults("ENOSPC from pwrite64 (strace)")
    subject.type("status", status=0)  # the store is there, so that the log can be named
    log = database(subject).with_name("state.db-wal")
    ended = traced(subject, f"pwrite64:error=ENOSPC:when={number}+", *RUN, path=log)
    assert ended.returncode == STORAGE, ended.stderr
    assert "state.db" in ended.stderr
    finish(subject)


@pytest.mark.parametrize("number", [1, 4, 9, 16, 30, 50])
def test_killed_while_it_writes(subject, number, faults):
    """A page of the log may be there in part or not at all."""
    ended = traced(subject, f"pwrite64:signal=KILL:when={number}", *RUN)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    finish(subject)
    faults("killed inside pwrite64 (strace)")


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("calls", ["unlink,unlinkat", "rename,renameat,renameat2"])
def test_killed_while_it_moves_or_deletes(subject, calls, number, faults):
    """Runs delete their locks and scratch folders, and move drafts to their places; the n-th may not be reached."""
    ended = traced(subject, f"{calls}:signal=KILL:when={number}", *RUN)
    assert ended.returncode in {0, -signal.SIGKILL}, ended.stderr
    assert number > 1 or ended.returncode, "not even the first was reached"
    finish(subject)
    faults(f"killed inside {calls.partition(',')[0]} (strace)")


@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
@pytest.mark.parametrize("calls", ["unlink,unlinkat", "rename,renameat,renameat2"])
def test_nothing_can_be_moved_or_deleted(subject, calls, error, faults):
    """Whatever it is told, it says so or goes on without; and when the disk is well again the run ends well."""
    ended = traced(subject, f"{calls}:error={error}:when=1+", *RUN)
    assert "Traceback" not in ended.stderr
    assert ended.returncode in {0, 1, STORAGE}, ended.stderr
    finish(subject)
    faults(f"{error} from {calls.partition(',')[0]} (strace)")


def test_a_read_only_disk(subject, faults):
    """The state folder is mounted read-only: nothing begins, nothing is lost, and the message names the folder."""
    subject.type(*RUN, status=0)
    home = subject.user.state
    mounts = f"mount --bind {home} {home} && mount -o remount,ro,bind {home}"
    script = f"{mounts} && exec {sys.executable} -m treadle run faults.yaml"
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode:
        pytest.skip("no mount namespaces here")
    ended = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script],
        cwd=subject.user.project,
        env=subject.user.environ | {"FAULTS_TOKEN": SECRET},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == STORAGE, ended.stderr
    assert str(home) in ended.stderr
    assert "Traceback" not in ended.stderr
    assert len(subject.ids()) == 1
    faults("a state folder on a disk that is read-only")
