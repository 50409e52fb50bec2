"""What a transaction wants is what comes to stand there; what it may not want is refused."""

import os
import shutil
import stat
import subprocess

import pytest
from hypothesis import HealthCheck, given, reject, settings
from journal_faults import Quick, left_behind, run, snapshot, temporary, write_tree
from journal_samples import PLAIN, WANTED, build, trees
from treadle.workspace.journal import Journal, State, look
from treadle_hookspecs import ExitCode, TreadleError


class ByHand:
    """A transaction's methods, done at once with the standard library."""

    def __init__(self, root):
        self.root = root

    def write(self, path, content, mode=None):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if mode is None and target.exists() and not target.is_symlink():
            mode = stat.S_IMODE(target.stat().st_mode)
        target.unlink(missing_ok=True)
        target.write_bytes(content)
        if mode is not None:
            target.chmod(mode)

    def mkdir(self, path, mode=None):
        (self.root / path).mkdir(parents=True, exist_ok=True)
        if mode is not None:
            (self.root / path).chmod(mode)

    def symlink(self, path, target):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).unlink(missing_ok=True)
        (self.root / path).symlink_to(target)

    def delete(self, path):
        target = self.root / path
        opened(target)
        shutil.rmtree(target) if target.is_dir() and not target.is_symlink() else target.unlink()

    def chmod(self, path, mode):
        (self.root / path).chmod(mode)

    def rename(self, old, new):
        (self.root / new).parent.mkdir(parents=True, exist_ok=True)
        modes = opened(self.root / old)
        (self.root / old).rename(self.root / new)
        for path, mode in modes.items():
            (self.root / new / path).chmod(mode)


def opened(folder):
    """Make it and the folders in it writable, as who wants to remove it must; their modes before."""
    if folder.is_symlink() or not folder.is_dir():
        return {}
    inner = [path for path in folder.rglob("*") if path.is_dir() and not path.is_symlink()]
    modes = {path.relative_to(folder): path.stat().st_mode & 0o7777 for path in [folder, *inner]}
    for path in modes:
        (folder / path).chmod(modes[path] | 0o700)
    return modes


class Both:
    """A transaction, and whatever it accepts done by hand elsewhere."""

    def __init__(self, transaction, by_hand):
        self.transaction, self.by_hand = transaction, by_hand

    def __getattr__(self, method):
        def both(*arguments):
            result = getattr(self.transaction, method)(*arguments)
            if method != "operations":
                try:
                    getattr(self.by_hand, method)(*arguments)
                except PermissionError:  # what nobody can do by hand is no matter here
                    reject()
            return result

        return both


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(trees(), WANTED)
def test_the_same_as_by_hand(tree, wanted):
    with temporary() as folder:
        ours, theirs = folder / "ours", folder / "theirs"
        for root in (ours, theirs):
            root.mkdir()
            write_tree(root, tree)
        run(ours, Quick(), lambda transaction: build(Both(transaction, ByHand(theirs)), wanted))
        assert snapshot(ours) == snapshot(theirs)


@pytest.fixture
def project(folder):
    write_tree(folder, PLAIN)
    return folder


@pytest.fixture
def journal(project):
    return Journal(project, Quick())


def committed(journal, transaction):
    with journal.lock():
        transaction.apply()
        transaction.commit()
        transaction.finish()


def test_operations_say_what_will_be_done_and_write_nothing(project, journal):
    transaction = journal.transaction()
    transaction.delete("src")
    transaction.write("new/x", b"1")
    transaction.write("project.lock", b"", last=True)
    transaction.write("zz", b"", 0o600)
    before = sorted(project.iterdir())
    assert [(it.path, it.pre.kind, it.post.kind) for it in transaction.operations()] == [
        ("src/a/one.py", "file", "absent"),
        ("src/a/two.py", "file", "absent"),
        ("src/a", "dir", "absent"),
        ("src/b", "dir", "absent"),
        ("src", "dir", "absent"),
        ("new", "absent", "dir"),
        ("new/x", "absent", "file"),
        ("zz", "absent", "file"),
        ("project.lock", "absent", "file"),
    ]
    assert sorted(project.iterdir()) == before


def test_what_is_wanted_already_is_no_operation(journal):
    transaction = journal.transaction()
    transaction.write("a.txt", b"a")
    transaction.mkdir("src/a")
    transaction.symlink("link", "a.txt")
    transaction.write("gone", b"1")
    transaction.delete("gone")
    transaction.rename("run", "walk")
    transaction.rename("walk", "run")
    committed(journal, transaction)
    assert transaction.operations() == ()
    assert journal.history() == ()


def test_a_replaced_file_keeps_its_mode_and_other_names_keep_its_content(project, journal):
    os.link(project / "run", project / "other-name")
    transaction = journal.transaction()
    transaction.write("run", b"new")
    committed(journal, transaction)
    assert look(project / "run").mode == 0o755
    assert (project / "other-name").read_bytes() == b"#!/bin/sh\n"


def test_a_renamed_file_keeps_its_time(project, journal):
    os.utime(project / "a.txt", ns=(1_000_000_001, 2_000_000_002))
    transaction = journal.transaction()
    transaction.rename("a.txt", "src/b/moved")
    committed(journal, transaction)
    assert (project / "src/b/moved").stat().st_mtime_ns == 2_000_000_002


def test_new_files_get_the_mode_that_the_umask_leaves(project, journal):
    script = (
        "import os, sys; os.umask(0o027); from pathlib import Path; from treadle.workspace.journal import Journal\n"
        "journal = Journal(Path(sys.argv[1])); transaction = journal.transaction(); transaction.write('d/x', b'')\n"
        "with journal.lock(): transaction.apply(); transaction.commit(); transaction.finish()"
    )
    subprocess.run([os.sys.executable, "-c", script, str(project)], check=True)
    assert look(project / "d/x").mode == 0o640
    assert look(project / "d").mode == 0o750


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "a/../../x", "x\0y", "", ".", "./"])
def test_names_that_lead_elsewhere(journal, name):
    with pytest.raises(TreadleError, match="is refused") as caught:
        journal.transaction().write(name, b"")
    assert caught.value.exit_code == ExitCode.NOT_ALLOWED


@pytest.mark.parametrize("name", [".treadle", ".treadle/txn/x", ".TREADLE/x", "./.treadle/x"])
def test_the_journal_does_not_journal_itself(journal, name):
    transaction = journal.transaction()
    for change in (lambda: transaction.write(name, b""), lambda: transaction.delete(name)):
        with pytest.raises(TreadleError, match="keeps its own files"):
            change()


@pytest.mark.parametrize("name", ["nul", "src/COM1.txt", "x?", "dot.", "a:b", "new /x"])
def test_names_that_some_system_cannot_have(journal, name):
    with pytest.raises(TreadleError, match="Windows"):
        journal.transaction().write(name, b"")


def test_a_name_of_that_kind_that_is_there_may_go(project, journal):
    (project / "nul").write_bytes(b"")
    transaction = journal.transaction()
    transaction.delete("nul")
    committed(journal, transaction)
    assert not (project / "nul").exists()


@pytest.mark.parametrize(
    ("method", "arguments", "message"),
    [
        ("write", ("src", b""), "a folder of mode 0755 stands there"),
        ("write", ("a.txt/x", b""), "a file of mode 0644 stands there"),
        ("write", ("link/x", b""), "a link to a.txt stands there"),
        ("mkdir", ("a.txt",), "a file of mode 0644 stands there"),
        ("symlink", ("empty", "x"), "a folder of mode 0755 stands there"),
        ("symlink", ("new", ""), "its target is empty"),
        ("symlink", ("new", "a\0b"), "NUL"),
        ("chmod", ("link", 0o600), "a link to a.txt stands there"),
        ("rename", ("a.txt", "run"), "a file of mode 0755 stands there"),
        ("rename", ("src", "src/a/deeper"), "lies in it"),
        ("delete", ("missing",), "nothing of that name"),
        ("rename", ("missing", "x"), "nothing of that name"),
        ("write", ("new", b"", 0o200), "its owner could not look at it"),
        ("mkdir", ("new", 0o300), "its owner could not look at it"),
        ("write", ("new", b"", 0o10644), "with the mode 10644"),
        ("write", ("pipe", b""), "something that is no file stands there"),
        ("delete", ("with-pipe",), "something that is no file stands there"),
    ],
)
def test_what_cannot_be_wanted(project, journal, method, arguments, message):
    os.mkfifo(project / "pipe")
    (project / "with-pipe").mkdir()
    os.mkfifo(project / "with-pipe/x")
    with pytest.raises(TreadleError, match=message) as caught:
        getattr(journal.transaction(), method)(*arguments)
    assert caught.value.suggestions


def test_nothing_happens_without_the_lock(journal):
    transaction = journal.transaction()
    transaction.write("x", b"")
    with pytest.raises(RuntimeError, match="lock the journal"):
        transaction.apply()
    with pytest.raises(RuntimeError, match="apply the transaction"):
        transaction.commit()


def test_rollback_before_and_after_the_commit(project, journal):
    before = snapshot(project)
    for name, commit in (("one", False), ("two", True)):
        transaction = journal.transaction(name)
        transaction.delete("src")
        transaction.write("x", b"")
        with journal.lock():
            transaction.apply()
            if commit:
                transaction.commit()
            assert transaction.rollback().clean
        assert snapshot(project) == before
    assert left_behind(project) == []


def test_without_history_nothing_is_kept(project, journal):
    run(project, Quick(), lambda transaction: transaction.write("a.txt", b"new"), keep_history=False)
    assert journal.history() == ()
    assert left_behind(project) == []
    with pytest.raises(TreadleError, match="no committed transaction t") as caught:
        journal.undo("t")
    assert caught.value.exit_code == ExitCode.NOT_FOUND


def test_an_id_is_used_once(project, journal):
    run(project, Quick(), lambda transaction: transaction.write("x", b"1"), id="a/b#1")
    with pytest.raises(TreadleError, match="committed already"):
        run(project, Quick(), lambda transaction: transaction.write("x", b"2"), id="a/b#1")
    assert (project / "x").read_bytes() == b"1"
    assert journal.committed("a/b#1")
    assert not journal.committed("a/b#2")


def test_a_history_of_several_is_undone_backwards(project, journal):
    states = [snapshot(project)]
    for number in range(4):
        run(project, Quick(), lambda it, n=number: it.write("a.txt", f"{n}".encode()), id=f"t{number}")
        states.append(snapshot(project))
    assert [(it.id, it.paths) for it in journal.history()] == [(f"t{n}", ("a.txt",)) for n in range(4)]
    for number in reversed(range(4)):
        assert journal.undo(f"t{number}").clean
        assert snapshot(project) == states[number]


def test_forget(project, journal):
    run(project, Quick(), lambda transaction: transaction.write("a.txt", b"new"))
    journal.forget("t")
    assert journal.history() == ()
    assert left_behind(project) == []
    assert (project / "a.txt").read_bytes() == b"new"
    with pytest.raises(TreadleError, match="no committed transaction"):
        journal.forget("t")


def test_names_that_are_no_text(project, journal):
    name = os.fsdecode(b"caf\xe9")
    (project / name).write_bytes(b"latin")
    before = snapshot(project)
    run(project, Quick(), lambda transaction: transaction.delete(name))
    assert not (project / name).exists()
    assert journal.undo("t").clean
    assert snapshot(project) == before


def test_states(project):
    assert look(project / "a.txt") == State(
        "file", 0o644, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    )
    assert look(project / "link") == State("link", target="a.txt")
    assert look(project / "narrow") == State("dir", 0o700)
    assert look(project / "missing") == State("absent")
    for state in (look(project / "a.txt"), look(project / "link"), look(project / "missing")):
        assert State.from_json(state.to_json()) == state


@pytest.mark.parametrize("kind", ["repository", "worktree", "subfolder"])
def test_git_does_not_see_the_journal(tmp_path, kind):
    def git(*arguments, cwd=tmp_path / "main"):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
        return subprocess.run(
            ["git", *identity, *arguments], cwd=cwd, capture_output=True, text=True, check=True
        ).stdout

    (tmp_path / "main/sub").mkdir(parents=True)
    (tmp_path / "main/sub/x").write_text("x")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "x")
    git("worktree", "add", "-q", str(tmp_path / "tree"))
    root = {"repository": tmp_path / "main", "worktree": tmp_path / "tree", "subfolder": tmp_path / "main/sub"}[kind]
    administration = snapshot(tmp_path / "main/.git")
    run(root, Quick(), lambda transaction: transaction.write("x" if kind == "subfolder" else "sub/x", b"new"))
    changed = {"repository": " M sub/x\n", "worktree": " M sub/x\n", "subfolder": " M x\n"}
    assert snapshot(tmp_path / "main/.git") == administration
    assert git("status", "--porcelain", "-uall", cwd=root).replace("sub/x", "x") == changed[kind].replace("sub/x", "x")
    assert git("clean", "-fdn", cwd=root) == ""
