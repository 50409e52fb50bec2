"""A project that is not there yet: nothing stands at its place before everything does."""

import os

import pytest
from journal_faults import Counting, Crashing, Failing, Quick, WithoutExclusiveRename, crashed, run, snapshot
from treadle.workspace.journal import Journal, NewTree, leftovers
from treadle_hookspecs import ExitCode, TreadleError


def build(target, calls=None, id="e/compose#1"):
    tree = NewTree(target, id, calls or Quick())
    tree.begin()
    tree.write("README.md", b"# new\n")
    tree.write("bin/run", b"#!/bin/sh\n", 0o755)
    tree.mkdir("empty", 0o750)
    tree.mkdir("closed", 0o555)
    tree.write("closed/in", b"x", 0o444)
    tree.symlink("bin/again", "run")
    tree.publish()
    return tree


WANTED = {
    "README.md": ("file", 0o644, b"# new\n"),
    "bin": ("dir", 0o755),
    "bin/again": ("link", "run"),
    "bin/run": ("file", 0o755, b"#!/bin/sh\n"),
    "closed": ("dir", 0o555),
    "closed/in": ("file", 0o444, b"x"),
    "empty": ("dir", 0o750),
}


@pytest.fixture(autouse=True)
def umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_a_new_project(folder):
    tree = build(folder / "app")
    assert snapshot(folder / "app") == WANTED
    assert (folder / "app").stat().st_mode & 0o777 == 0o755
    assert os.listdir(folder) == ["app"]  # noqa: PTH208
    assert tree.published()
    assert not NewTree(folder / "app", "another").published()
    build_again = NewTree(folder / "app", "e/compose#1")
    build_again.publish()
    assert not build_again.discard()


def test_it_can_be_journaled_from_then_on(folder):
    build(folder / "app")
    run(folder / "app", Quick(), lambda transaction: transaction.write("README.md", b"changed"))
    assert Journal(folder / "app", Quick()).undo("t").clean
    assert snapshot(folder / "app") == WANTED


def test_killed_at_every_moment_then_resumed_or_discarded(folder):
    counting = Counting()
    build(folder / "counted", counting)
    for at in range(len(counting.moments)):
        target = folder / f"{at}"
        assert crashed(lambda: build(target, Crashing(at)))  # noqa: B023
        if target.exists():
            assert snapshot(target) == WANTED
        else:
            assert len(leftovers(target)) <= 1
        tree = NewTree(target, "e/compose#1", Quick())
        if at % 2 and not tree.published():
            tree.discard()
            assert not target.exists()
        elif not tree.published():
            build(target)
            assert snapshot(target) == WANTED
        assert leftovers(target) == ()


def test_failing_at_every_call(folder):
    counting = Counting()
    build(folder / "counted", counting)
    for at in range(len(counting.calls)):
        target = folder / f"{at}"
        try:
            build(target, Failing(at, 28))
        except TreadleError:
            assert not target.exists() or snapshot(target) == WANTED
        NewTree(target, "e/compose#1", Quick()).discard()
        assert leftovers(target) == ()


@pytest.mark.parametrize("system", [Quick, WithoutExclusiveRename])
def test_somebody_makes_the_target_meanwhile(folder, system):
    tree = NewTree(folder / "app", "x", system())
    tree.begin()
    tree.write("a", b"1")
    (folder / "app").mkdir()
    with pytest.raises(TreadleError, match="is there already") as caught:
        tree.publish()
    assert caught.value.exit_code == ExitCode.CONFLICT
    assert any(str(tree.path) in line for line in caught.value.suggestions)
    assert snapshot(folder / "app") == {}
    assert tree.discard()
    assert snapshot(folder) == {"app": ("dir", 0o755)}


def test_what_may_not_begin(folder):
    (folder / "there").symlink_to("nowhere")
    with pytest.raises(TreadleError, match="is there already"):
        NewTree(folder / "there", "x").begin()
    with pytest.raises(TreadleError, match="cannot open the folder") as caught:
        NewTree(folder / "no/app", "x").begin()
    assert caught.value.exit_code == ExitCode.NOT_FOUND
    tree = NewTree(folder / "app", "x")
    tree.path.symlink_to(folder)
    with pytest.raises(TreadleError, match="is not used"):
        tree.begin()


@pytest.mark.parametrize("name", ["../x", "/x", ".treadle/x", "", "nul", "a/b.", "x\0"])
def test_names(folder, name):
    tree = NewTree(folder / "app", "x", Quick())
    tree.begin()
    with pytest.raises(TreadleError, match="is refused"):
        tree.write(name, b"")


def test_spellings_and_links_in_the_way(folder):
    tree = NewTree(folder / "app", "x", Quick())
    tree.begin()
    tree.write("src/a", b"")
    with pytest.raises(TreadleError, match="same name"):
        tree.write("SRC/b", b"")
    tree.symlink("out", str(folder))
    with pytest.raises(TreadleError, match="out is no folder"):
        tree.write("out/b", b"")
    assert not (folder / "b").exists()


def test_a_hook_works_in_it_before_it_is_there(folder):
    tree = NewTree(folder / "app", "x", Quick())
    tree.begin()
    (tree.path / "made-by-a-hook").write_text("x")
    (tree.path / "closed").mkdir()
    (tree.path / "closed/file").write_text("x")
    (tree.path / "closed").chmod(0o500)
    assert tree.discard()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["a" * 255, "\u00e9" * 120])
def test_long_names(folder, name):
    tree = build(folder / name, id="x" * 300)
    assert tree.published()
    other = NewTree(folder / (name[:-1] + "y"), "z" * 64, Quick())
    other.begin()
    assert leftovers(other.target) == (other.path,)
    assert other.discard()
