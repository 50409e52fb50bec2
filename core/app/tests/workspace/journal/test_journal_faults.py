"""Calls that fail: nothing is left half done, nothing is lost, and the error says what became of the project."""

import errno
import os
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from journal_faults import (
    Counting,
    Failing,
    Folding,
    LowerLayer,
    Quick,
    WithoutExclusiveRename,
    WithoutLinks,
    contents,
    left_behind,
    run,
    snapshot,
    temporary,
    write_tree,
)
from journal_samples import PLAIN, SAMPLES, WANTED, build, possible, trees
from treadle.workspace.journal import Journal
from treadle_hookspecs import ExitCode, TreadleError

FAULTS = (errno.ENOSPC, errno.EACCES, errno.EIO)


class Trial:
    """A tree, a transaction, and what becomes of it when a call fails."""

    def __init__(self, folder, tree, wanted):
        self.folder, self.tree, self.wanted = folder, tree, wanted
        counting = Counting()
        root = self.fresh("counted")
        self.before = snapshot(root)
        with possible():
            self.run(root, counting)
        self.after = snapshot(root)
        self.calls = counting.calls

    def fresh(self, name):
        root = self.folder / name
        root.mkdir()
        write_tree(root, self.tree)
        return root

    def run(self, root, calls):
        run(root, calls, lambda transaction: build(transaction, self.wanted))

    def tried(self, root, calls):
        try:
            self.run(root, calls)
        except TreadleError as error:
            return error
        return None

    def check(self, at, number, *, lasting):
        """A failing call leaves everything as it was, or done, or in the journal from which it is recovered."""
        root = self.fresh(f"{at}-{number}-{lasting}")
        error = self.tried(root, Failing(at, number, lasting=lasting))
        assert error is None or (error.exit_code in (ExitCode.STORAGE, ExitCode.CONFLICT) and error.suggestions), error
        recovered = Journal(root, Quick()).recover()
        assert [it.problem for it in recovered if it.problem] == []
        committed = Journal(root).committed("t")
        assert snapshot(root) == (self.after if committed else self.before), self.calls[at]
        assert left_behind(root) == []
        assert not (root / ".treadle/rescue").exists()


@pytest.mark.parametrize("lasting", [False, True])
@pytest.mark.parametrize("number", FAULTS, ids=errno.errorcode.get)
@pytest.mark.parametrize("name", ["kinds", "changes"])
def test_every_call_fails(folder, name, number, lasting):
    trial = Trial(folder, *SAMPLES[name])
    for at in range(len(trial.calls)):
        trial.check(at, number, lasting=lasting)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(trees(), WANTED, st.lists(st.integers(0, 300), min_size=3, max_size=3), st.sampled_from(FAULTS), st.booleans())
def test_random_calls_fail(tree, wanted, calls, number, lasting):
    with temporary() as folder:
        trial = Trial(folder, tree, wanted)
        for at in set(calls):
            trial.check(at, number, lasting=lasting)


def test_an_undo_that_fails_in_part_is_gone_on_with_later(folder):
    write_tree(folder, PLAIN)
    before = snapshot(folder)
    run(folder, Quick(), lambda transaction: build(transaction, SAMPLES["changes"][1]))

    class Broken(Quick):
        def rename_exclusively(self, old, old_folder, new, new_folder):
            if new == "locked":
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            super().rename_exclusively(old, old_folder, new, new_folder)

    undone = Journal(folder, Broken()).undo("t")
    assert [(it.path, it.error) for it in undone.failures] == [("locked", os.strerror(errno.EIO))]
    assert set(before) - set(snapshot(folder)) == {"locked"}
    assert Journal(folder).recover("report")[0].found == "undoing"
    with pytest.raises(TreadleError, match="neither committed nor undone"):
        run(folder, Quick(), lambda transaction: transaction.write("other", b""), id="u")
    with pytest.raises(TreadleError, match="locked could not be restored"), Journal(folder, Broken()).changes() as it:
        it.write("other", b"")
    (again,) = Journal(folder, Quick()).recover()
    assert again.undone is not None
    assert again.left == ()
    assert again.undone.restored == ("locked",)
    assert snapshot(folder) == before


@pytest.mark.parametrize("system", [WithoutExclusiveRename, WithoutLinks, Folding, LowerLayer])
@pytest.mark.parametrize("name", SAMPLES)
def test_simpler_systems(folder, system, name):
    tree, wanted = SAMPLES[name]
    write_tree(folder, tree)
    before = snapshot(folder)
    journal = Journal(folder, system())
    transaction = journal.transaction("t")
    build(transaction, wanted)
    with journal.lock():
        transaction.apply()
        transaction.commit()
        transaction.finish()
    after = snapshot(folder)
    assert after != before
    assert journal.undo("t").clean
    assert snapshot(folder) == before


@pytest.mark.parametrize("system", [WithoutExclusiveRename, WithoutLinks])
def test_simpler_systems_do_not_write_over_anything_either(folder, system):
    class Late(system):
        """Somebody makes the file at the last moment at which it can be noticed."""

        def link(self, old, old_folder, new, new_folder):
            (folder / "new").write_bytes(b"mine")
            super().link(old, old_folder, new, new_folder)

    with pytest.raises(TreadleError, match="new was changed by somebody else"):
        run(folder, Late(), lambda transaction: transaction.write("new", b"ours"))
    assert snapshot(folder) == {"new": ("file", 0o644, b"mine")}


def test_another_case_is_another_name_where_the_system_finds_it(folder):
    write_tree(folder, [("Read.me", (b"old", 0o644)), ("src/x", (b"x", 0o644))])
    journal = Journal(folder, Folding())
    transaction = journal.transaction("t")
    with pytest.raises(TreadleError, match="nothing of that name"):
        transaction.delete("read.me")
    transaction.rename("Read.me", "README.md")
    transaction.rename("src", "SRC")
    with journal.lock():
        transaction.apply()
        transaction.commit()
        transaction.finish()
    assert sorted(snapshot(folder)) == ["README.md", "SRC", "SRC/x"]
    assert journal.undo("t").clean
    assert sorted(snapshot(folder)) == ["Read.me", "src", "src/x"]


@pytest.mark.parametrize("system", [Quick, Folding])
@pytest.mark.parametrize(
    "wanted",
    [
        [("write", ("readme", b""))],
        [("write", ("new", b"")), ("write", ("NEW", b""))],
        [("mkdir", ("SRC/deeper",))],
        [("write", ("caf\u00e9", b"")), ("write", ("cafe\u0301", b""))],
        [("symlink", ("src/stra\u00dfe", "x")), ("write", ("src/STRASSE", b""))],
    ],
)
def test_spellings_that_would_clash_elsewhere_are_a_conflict(folder, system, wanted):
    write_tree(folder, [("README", (b"old", 0o644)), ("src/x", (b"x", 0o644))])
    transaction = Journal(folder, system()).transaction()
    for method, arguments in wanted:
        getattr(transaction, method)(*arguments)
    with pytest.raises(TreadleError, match="same name on systems that do not tell case") as caught:
        transaction.operations()
    assert caught.value.exit_code == ExitCode.CONFLICT


FULL = """
import resource, signal, sys
from pathlib import Path
from treadle.workspace.journal import Journal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
journal = Journal(Path(sys.argv[1]))
transaction = journal.transaction()
transaction.write("a.txt", b"new")
transaction.write("big", bytes(200_000))
with journal.lock():
    transaction.apply()
"""


def test_a_file_that_does_not_fit(folder):
    write_tree(folder, PLAIN)
    before = snapshot(folder)
    ended = subprocess.run([sys.executable, "-c", FULL, str(folder)], capture_output=True, text=True, check=False)
    assert "TreadleError: cannot change the project: File too large" in ended.stderr
    assert snapshot(folder) == before
    assert left_behind(folder) == []
    assert contents(folder / ".treadle") == {b"*\n", (folder / ".treadle/lock").read_bytes()}
