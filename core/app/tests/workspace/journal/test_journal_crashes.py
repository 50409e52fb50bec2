"""Killed before and after every call, once and twice, then recovered: all or nothing, to the byte."""

from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from journal_faults import (
    Counting,
    Crashing,
    LowerLayer,
    Quick,
    WithoutExclusiveRename,
    WithoutLinks,
    crashed,
    inodes,
    left_behind,
    run,
    snapshot,
    temporary,
    write_tree,
)
from journal_samples import SAMPLES, WANTED, build, possible, trees
from treadle.workspace.journal import Journal

RANDOM = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


class Sample:
    """One tree and one transaction, made anew for every crash."""

    def __init__(self, tree, wanted, folder):
        self.tree, self.wanted, self.folder = tree, wanted, folder
        self.number = 0
        root, counting = self.fresh(), Counting()
        self.before = snapshot(root)
        with possible():
            run(root, counting, self.build)
        self.after = snapshot(root)
        self.moments = len(counting.moments)

    def fresh(self):
        self.number += 1
        root = self.folder / str(self.number)
        root.mkdir()
        write_tree(root, self.tree)
        return root

    def build(self, transaction):
        build(transaction, self.wanted)

    def killed(self, at, kind=Crashing):
        """The project as a process leaves it that dies at a moment."""
        root = self.fresh()
        assert crashed(lambda: run(root, kind(at), self.build)), f"there is no moment {at}"
        return root

    def check(self, root, mode, found):
        """`found`: what recovery says it found; the state that goes with it is the state that is there."""
        committed = not found or found[0].found == "committed"
        done = snapshot(root)
        if committed:
            assert done in (self.before, self.after)
            assert (done == self.after) == Journal(root).committed("t") or self.before == self.after
        elif mode == "redo" and found[0].found != "abandoned":
            assert found[0].action in ("redone", "deleted"), found
            assert done == (self.after if found[0].action == "redone" else self.before)
        else:
            assert done == self.before
        assert left_behind(root) == []
        assert not (root / ".treadle/rescue").exists()


def recovered(root, mode, calls=None):
    return Journal(root, calls or Quick()).recover(mode)


@pytest.fixture(params=SAMPLES)
def sample(request, folder):
    return Sample(*SAMPLES[request.param], folder)


@pytest.mark.parametrize("mode", ["undo", "redo"])
def test_every_moment(sample, mode):
    for at in range(sample.moments):
        root = sample.killed(at)
        sample.check(root, mode, recovered(root, mode))


@pytest.mark.parametrize("kind", [WithoutExclusiveRename, WithoutLinks, LowerLayer])
@pytest.mark.parametrize("mode", ["undo", "redo"])
def test_every_moment_on_simpler_systems(folder, kind, mode):
    class Both(Crashing, kind):
        pass

    class Counted(Counting, kind):
        pass

    sample = Sample(*SAMPLES["kinds"], folder)
    counting = Counted()
    run(sample.fresh(), counting, sample.build)
    for at in range(len(counting.moments)):
        root = sample.killed(at, Both)
        sample.check(root, mode, recovered(root, mode, kind()))


@pytest.mark.parametrize("mode", ["undo", "redo"])
def test_recovery_is_killed_at_every_moment(folder, mode):
    sample = Sample(*SAMPLES["kinds"], folder)
    for at in range(0, sample.moments, 7):
        second = 0
        while True:
            root = sample.killed(at)
            if not crashed(partial(recovered, root, mode, Crashing(second))):
                break
            sample.check(root, "undo", recovered(root, "undo"))
            second += 3
        assert second, at


def test_an_undo_that_was_killed_can_be_redone(folder):
    sample = Sample(*SAMPLES["kinds"], folder)
    for second in range(0, 200, 5):
        root = sample.killed(sample.moments - 20)
        if not crashed(partial(recovered, root, "undo", Crashing(second))):
            return
        sample.check(root, "redo", recovered(root, "redo"))
    pytest.fail("the undo has no end")


@RANDOM
@given(trees(), WANTED, st.data())
def test_random_transactions(tree, wanted, data):
    with temporary() as folder:
        sample = Sample(tree, wanted, folder)
        if not sample.moments:
            return
        for _ in range(4):
            mode = data.draw(st.sampled_from(["undo", "redo"]))
            root = sample.killed(data.draw(st.integers(0, sample.moments - 1)))
            second = data.draw(st.none() | st.integers(0, 60))
            if second is not None and crashed(partial(recovered, root, mode, Crashing(second))):
                mode = "undo"
            sample.check(root, mode, recovered(root, mode))


@RANDOM
@given(trees(), WANTED)
def test_undo_after_the_commit_brings_the_same_files_back(tree, wanted):
    with temporary() as folder:
        root = folder / "project"
        root.mkdir()
        write_tree(root, tree)
        journal = Journal(root, Quick())
        with journal.lock():
            before, same = snapshot(root), inodes(root)
        with possible():
            run(root, Quick(), lambda transaction: build(transaction, wanted))
        if not journal.committed("t"):
            assert (snapshot(root), inodes(root)) == (before, same)
            return
        undone = journal.undo("t")
        assert undone.clean
        assert (snapshot(root), inodes(root)) == (before, same)
        assert left_behind(root) == []
        assert journal.history() == ()
