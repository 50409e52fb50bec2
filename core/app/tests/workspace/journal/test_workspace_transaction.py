"""`workspace.transaction()`: the way in for actions."""

import errno
import os

import pytest
from journal_faults import Quick, crashed, crashing_when_placed, left_behind, run, snapshot, write_tree
from journal_samples import PLAIN
from treadle.workspace import FolderWorkspace
from treadle.workspace.journal import Journal, UserChangedError
from treadle_hookspecs import TreadleError


@pytest.fixture
def project(folder):
    write_tree(folder, PLAIN)
    return folder


def test_all_when_the_block_ends(project):
    before = snapshot(project)
    with FolderWorkspace(project).transaction() as change:
        change.write("src/app.py", b"1")
        change.rename("a.txt", "b.txt")
        assert snapshot(project) == before
    assert (project / "b.txt").read_bytes() == b"a"
    assert Journal(project).committed(change.id)
    assert Journal(project).undo(change.id).clean
    assert snapshot(project) == before


def stopped(change):
    change.write("src/app.py", b"1")
    raise LookupError


def test_nothing_after_an_exception(project):
    before = snapshot(project)
    with pytest.raises(LookupError), FolderWorkspace(project).transaction("x") as change:
        stopped(change)
    assert snapshot(project) == before
    assert not (project / ".treadle").exists()


def test_nothing_wanted_leaves_nothing(project):
    with FolderWorkspace(project).transaction():
        pass
    assert not (project / ".treadle").exists()


def write_over(change, path):
    change.write(path.name, b"ours")
    path.write_bytes(b"mine")


def test_a_change_of_the_user_is_an_error_that_keeps_it(project):
    with pytest.raises(UserChangedError), FolderWorkspace(project).transaction() as change:
        write_over(change, project / "a.txt")
    assert (project / "a.txt").read_bytes() == b"mine"


def write_three(transaction):
    for name in ("a.txt", "b", "c"):
        transaction.write(name, b"x")


def test_what_a_killed_process_left_is_undone_first_and_told(project):
    before = snapshot(project)
    assert crashed(lambda: run(project, crashing_when_placed(project, 2, write_three), write_three))
    assert snapshot(project) != before
    with FolderWorkspace(project).transaction() as change:
        change.write("d", b"x")
    assert [(it.id, it.found, it.action) for it in change.recovered] == [("t", "unfinished", "undone")]
    assert snapshot(project) == before | {"d": ("file", 0o644, b"x")}


def test_a_commit_that_fails_is_undone(project):
    before = snapshot(project)

    class Once(Quick):
        """Once everything is in place, one STATE cannot be written."""

        failed = False

        def create(self, name, folder):
            if name == "STATE.tmp" and (project / "new").exists() and not self.failed:
                self.failed = True
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return super().create(name, folder)

    with pytest.raises(TreadleError, match="cannot commit: No space"), Journal(project, Once()).changes() as change:
        change.write("new", b"x")
    assert snapshot(project) == before
    assert left_behind(project) == []
