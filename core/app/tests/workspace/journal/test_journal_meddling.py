"""Somebody else changes the project between any two calls: what they wrote is never lost."""

import itertools
import os
import shutil
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from journal_faults import (
    Counting,
    Crash,
    Crashing,
    LowerLayer,
    Meddling,
    Quick,
    contents,
    crashed,
    left_behind,
    run,
    snapshot,
    temporary,
    write_tree,
)
from journal_samples import PATHS, PLAIN, SAMPLES, WANTED, build, trees
from treadle.workspace.journal import Journal, UserChangedError
from treadle_hookspecs import TreadleError

KINDS = ("write", "replace", "delete", "chmod", "mkdir", "rmdir", "link", "move")
RANDOM = settings(
    max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


class Somebody:
    """Does things to a project by hand, and remembers which of their bytes must still be somewhere."""

    def __init__(self, root):
        self.root = root
        self.theirs = {}
        self.numbers = itertools.count()

    def do(self, kind, name):
        """One deed, if it is possible now."""
        path = self.root / name
        try:
            getattr(self, kind)(path)
        except OSError:
            return

    def write(self, path):
        content = f"by hand {next(self.numbers)}".encode()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, content)
        os.close(descriptor)
        self.theirs[path] = content

    def replace(self, path):
        content = f"by hand {next(self.numbers)}".encode()
        draft = self.root / ".draft"
        draft.write_bytes(content)
        try:
            draft.replace(path)
        except OSError:
            draft.unlink()
            raise
        self.theirs[path] = content

    def delete(self, path):
        path.unlink()
        self.theirs.pop(path, None)

    def chmod(self, path):
        if path.is_symlink():
            return
        path.chmod(0o600 if path.is_file() else 0o750)

    def mkdir(self, path):
        path.mkdir()

    def rmdir(self, path):
        path.rmdir()

    def link(self, path):
        path.symlink_to("by-hand")

    def move(self, path):
        target = self.root / f"moved-{next(self.numbers)}"
        path.rename(target)
        self.theirs = {Path(str(it).replace(f"{path}", f"{target}", 1)): what for it, what in self.theirs.items()}

    def lost(self):
        """Bytes of theirs that no file holds any more."""
        return set(self.theirs.values()) - contents(self.root)


def meddled(tree, wanted, deeds, folder, *, keep_history):
    """A transaction among deeds `(moment, kind, name)`; who did them, and the error if there was one."""
    root = folder / "project"
    root.mkdir()
    write_tree(root, tree)
    somebody = Somebody(root)
    plan = {moment: (lambda kind=kind, name=name: somebody.do(kind, name)) for moment, kind, name in deeds}
    try:
        run(root, Meddling(plan), lambda transaction: build(transaction, wanted), keep_history=keep_history)
    except TreadleError as error:
        return root, somebody, error
    return root, somebody, None


@RANDOM
@given(
    trees(),
    WANTED,
    st.lists(st.tuples(st.integers(0, 90), st.sampled_from(KINDS), PATHS), min_size=1, max_size=4),
    st.booleans(),
)
def test_nothing_is_lost(tree, wanted, deeds, keep_history):
    with temporary() as folder:
        root, somebody, error = meddled(tree, wanted, deeds, folder, keep_history=keep_history)
        assert somebody.lost() == set(), error
        if error is None and Journal(root).committed("t"):
            Journal(root, Quick()).undo("t")
            assert somebody.lost() == set()
        assert left_behind(root) == [] or "not everything" in str(error)


@RANDOM
@given(
    trees(),
    WANTED,
    st.integers(0, 90),
    st.lists(st.tuples(st.integers(0, 60), st.sampled_from(KINDS), PATHS), min_size=1, max_size=4),
    st.sampled_from(["undo", "redo"]),
)
def test_nothing_is_lost_in_a_recovery(tree, wanted, at, deeds, mode):
    with temporary() as folder:
        root = folder
        write_tree(root, tree)
        if not crashed(lambda: run(root, Crashing(at), lambda transaction: build(transaction, wanted))):
            return
        somebody = Somebody(root)
        plan = {moment: (lambda kind=kind, name=name: somebody.do(kind, name)) for moment, kind, name in deeds}
        Journal(root, Meddling(plan)).recover(mode)
        assert somebody.lost() == set()


@pytest.mark.parametrize("kind", ["write", "replace"])
@pytest.mark.parametrize("name", ["a.txt", "src/a/one.py", "lib", "A.txt", "src/b/theirs", "src/link"])
def test_one_deed_at_every_moment(folder, kind, name):
    tree, wanted = SAMPLES["renames"]
    counting = Counting()
    root = folder / "counted"
    root.mkdir()
    write_tree(root, tree)
    run(root, counting, lambda transaction: build(transaction, wanted))
    for moment in range(len(counting.moments)):
        place = folder / str(moment)
        place.mkdir()
        _, somebody, error = meddled(tree, wanted, [(moment, kind, name)], place, keep_history=False)
        assert somebody.lost() == set(), (moment, error)


@pytest.fixture
def project(folder):
    root = folder / "project"
    root.mkdir()
    write_tree(root, PLAIN)
    return root


def wanted(transaction):
    transaction.write("a.txt", b"new")
    transaction.write("src/a/one.py", b"new")
    transaction.write("zz", b"new")
    transaction.delete("src/b")


def test_a_change_since_the_look_stops_it_before_anything_changes(project):
    before = snapshot(project)
    journal = Journal(project, Quick())
    transaction = journal.transaction()
    wanted(transaction)
    (project / "src/a/one.py").write_bytes(b"mine")
    with journal.lock(), pytest.raises(UserChangedError, match=r"src/a/one\.py was changed by somebody else") as caught:
        transaction.apply()
    assert caught.value.exit_code == 5
    assert caught.value.suggestions[0] == "everything is as it was before"
    assert snapshot(project) == before | {"src/a/one.py": ("file", 0o644, b"mine")}
    assert left_behind(project) == []


@pytest.mark.parametrize(
    ("deed", "kept", "copies"),
    [
        (lambda root: (root / "a.txt").write_bytes(b"mine"), {"a.txt": b"mine"}, {"a.txt": b"a"}),
        (lambda root: (root / "zz").write_bytes(b"mine"), {"zz": b"mine"}, {}),
        (lambda root: (root / "a.txt").unlink(), {}, {}),
        (lambda root: (root / "src/b").write_bytes(b"mine"), {"src/b": b"mine"}, {}),
        (lambda root: (root / "a.txt").chmod(0o600), {"a.txt": b"new"}, {"a.txt": b"a"}),
    ],
    ids=["edited", "edited new", "deleted", "made", "mode"],
)
def test_undo_of_a_commit_leaves_later_changes(project, deed, kept, copies):
    run(project, Quick(), wanted)
    deed(project)
    undone = Journal(project, Quick()).undo("t")
    assert undone.complete
    for name, content in kept.items():
        assert (project / name).read_bytes() == content
        assert [it for it in undone.kept if it.path == name], undone
    found = {it.path: it.copy for it in undone.rescued}
    assert {name: path.read_bytes() for name, path in found.items() if path.is_file()} == copies
    assert (project / "src/a/one.py").read_bytes() == b"1"
    assert all(name in "\n".join(undone.told()) for name in kept)


def test_a_file_in_a_new_folder_keeps_the_folder(project):
    class Watching(Quick):
        moved: ClassVar[list[str]] = []

        def rename(self, old, old_folder, new, new_folder):
            self.moved.append(old)
            super().rename(old, old_folder, new, new_folder)

    run(project, Quick(), lambda transaction: transaction.write("new/one", b"1"))
    (project / "new/mine").write_bytes(b"mine")
    undone = Journal(project, Watching()).undo("t")
    assert snapshot(project / "new") == {"mine": ("file", 0o644, b"mine")}
    assert [it.path for it in undone.kept] == ["new"]
    assert undone.restored == ("new/one",)
    assert "one" in Watching.moved
    assert "new" not in Watching.moved


def test_a_folder_that_became_a_link_is_not_followed(project, folder):
    run(project, Quick(), wanted)
    outside = folder / "outside"
    (project / "src/a").rename(outside)
    (project / "src/a").symlink_to(outside)
    before = snapshot(outside)
    undone = Journal(project, Quick()).undo("t")
    assert snapshot(outside) == before
    assert [it.copy.read_bytes() for it in undone.rescued] == [b"1"]
    assert "no folder any more" in undone.kept[0].reason


def test_what_is_written_through_an_open_file_is_rescued_before_the_original_is_deleted(project):
    with (project / "a.txt").open("r+b") as editor:
        journal = Journal(project, Quick())
        with journal.lock():
            transaction = journal.transaction("t")
            wanted(transaction)
            transaction.apply()
            editor.write(b"mine, late")
            editor.flush()
            transaction.commit()
            transaction.finish(keep_history=False)
    assert (project / ".treadle/rescue/t/a.txt").read_bytes() == b"mine, late"


def test_what_somebody_made_just_as_it_was_wanted_is_theirs(project):
    """An undo takes away only what the journal put there: what is still staged was not."""
    journal = Journal(project, Quick())
    transaction = journal.transaction("t")
    wanted(transaction)
    (project / "zz").write_bytes(b"new")
    with journal.lock():
        transaction.apply()
        transaction.commit()
        transaction.finish()
    journal.undo("t")
    assert (project / "zz").read_bytes() == b"new"
    assert (project / "a.txt").read_bytes() == b"a"


class JustBefore(Quick):
    """Somebody is quicker by one call: after the look, before the rename of `name`."""

    def __init__(self, name, deed):
        self.name, self.deed = name, deed

    def rename(self, old, old_folder, new, new_folder):
        if old == self.name and self.deed is not None:
            deed, self.deed = self.deed, None
            deed()
        super().rename(old, old_folder, new, new_folder)


@pytest.mark.parametrize("keep_history", [True, False])
def test_a_file_edited_just_before_it_is_captured_stands_where_it_stood(project, keep_history):
    before = snapshot(project)
    calls = JustBefore("one.py", lambda: (project / "src/a/one.py").write_bytes(b"mine"))
    with pytest.raises(UserChangedError, match=r"src/a/one\.py was changed"):
        run(project, calls, wanted, keep_history=keep_history)
    assert snapshot(project) == before | {"src/a/one.py": ("file", 0o644, b"mine")}


def test_a_folder_filled_just_before_it_is_captured_stands_where_it_stood(project):
    before = snapshot(project)
    calls = JustBefore("b", lambda: (project / "src/b/mine").write_bytes(b"mine"))
    with pytest.raises(UserChangedError, match="src/b was changed"):
        run(project, calls, wanted)
    assert snapshot(project) == before | {"src/b/mine": ("file", 0o644, b"mine")}


@pytest.mark.parametrize(
    ("name", "deed"),
    [
        ("one.py", lambda root: (root / "src/a/one.py").write_bytes(b"mine")),
        ("new", lambda root: (root / "new/mine").write_bytes(b"mine")),
        ("link2", lambda root: ((root / "link2").unlink(), (root / "link2").symlink_to("mine"))),
    ],
)
def test_what_changes_just_before_an_undo_takes_it_away_stands_where_it_stood(project, name, deed):
    run(project, Quick(), lambda it: (wanted(it), it.mkdir("new"), it.symlink("link2", "x")))
    expected = {}

    def change():
        deed(project)
        expected.update(snapshot(project))

    undone = Journal(project, JustBefore(name, change)).undo("t")
    (kept,) = undone.kept
    after = snapshot(project)
    theirs = {path: facts for path, facts in expected.items() if path == kept.path or path.startswith(f"{kept.path}/")}
    assert theirs
    assert theirs.items() <= after.items()


def test_an_original_is_rescued_beside_an_earlier_rescue(project):
    """A path may be in the way of another one in the rescue folder: then a second one is begun."""
    (project / ".treadle/rescue/t/src").mkdir(parents=True)
    (project / ".treadle").chmod(0o700)
    for folder in (project / ".treadle/rescue", project / ".treadle/rescue/t"):
        folder.chmod(0o700)
    (project / ".treadle/rescue/t/src/a").write_bytes(b"earlier")
    run(project, Quick(), wanted)
    (project / "src/a/one.py").write_bytes(b"mine")
    (project / "a.txt").write_bytes(b"mine")
    undone = Journal(project, Quick()).undo("t")
    found = {it.path: it.copy.relative_to(project).as_posix() for it in undone.rescued}
    assert found == {
        "a.txt": ".treadle/rescue/t/a.txt",
        "src/a": ".treadle/rescue/t/src/a",
        "src/a/one.py": ".treadle/rescue/t~2/src/a/one.py",
    }


def test_a_folder_of_an_image_filled_just_before_it_is_removed(project):
    class Late(LowerLayer):
        def rmdir(self, name, folder):
            if name == "b":
                (project / "src/b/mine").write_bytes(b"mine")
            super().rmdir(name, folder)

    before = snapshot(project)
    with pytest.raises(UserChangedError, match="src/b was changed"):
        run(project, Late(), wanted)
    assert snapshot(project) == before | {"src/b/mine": ("file", 0o644, b"mine")}
    assert not (project / ".treadle/rescue").exists()


class KilledHolding(JustBefore):
    """As above; and the process dies at once, with the file in its hand."""

    def rename(self, old, old_folder, new, new_folder):
        super().rename(old, old_folder, new, new_folder)
        if old == self.name:
            raise Crash


@pytest.mark.parametrize("mode", ["undo", "redo"])
@pytest.mark.parametrize("taken_again", [False, True])
def test_an_undo_is_killed_with_somebodys_file_in_its_hand(project, mode, taken_again):
    run(project, Quick(), wanted)
    path = project / "src/a/one.py"
    calls = KilledHolding("one.py", lambda: path.write_bytes(b"mine"))
    assert crashed(lambda: Journal(project, calls).undo("t"))
    assert not path.exists()
    if taken_again:
        path.write_bytes(b"mine, newer")
    (recovered,) = Journal(project, Quick()).recover(mode)
    assert path.read_bytes() == (b"mine, newer" if taken_again else b"mine")
    rescued = {it.copy.read_bytes() for it in recovered.undone.rescued}
    assert rescued == ({b"1", b"mine"} if taken_again else {b"1"})
    assert left_behind(project) == []


def test_an_undo_is_killed_with_a_file_in_its_hand_whose_folder_is_removed(project):
    run(project, Quick(), wanted)
    folder = project / "src/a"
    assert crashed(
        lambda: Journal(project, KilledHolding("one.py", lambda: (folder / "one.py").write_bytes(b"mine"))).undo("t")
    )
    shutil.rmtree(folder)
    (recovered,) = Journal(project, Quick()).recover()
    assert {it.copy.read_bytes() for it in recovered.undone.rescued} == {b"1", b"mine"}
    assert not folder.exists()


def test_a_captured_original_is_not_written_over(project):
    """The process dies after a capture, and somebody makes the very same file again."""
    before = snapshot(project)
    assert crashed(lambda: run(project, KilledHolding("one.py", None), wanted))
    inode = (project / ".treadle/txn/t/old").joinpath("2").stat().st_ino
    (project / "src/a/one.py").write_bytes(b"1")
    (recovered,) = Journal(project, Quick()).recover("redo")
    assert recovered.action == "undone"
    assert snapshot(project) == before
    assert [it.copy.stat().st_ino for it in recovered.undone.rescued] == [inode]


def test_a_new_folder_inherits_what_the_system_hands_down(project):
    (project / "src/b").chmod(0o2755)
    run(project, Quick(), lambda it: it.write("src/b/new/deep/x", b""))
    assert [(project / name).stat().st_mode & 0o7777 for name in ("src/b/new", "src/b/new/deep")] == [0o2755] * 2


def test_a_folder_looks_untouched_only_if_nobody_else_touched_it(project):
    names = ("src/a", "src/b", "empty")
    for name in names:
        os.utime(project / name, (1, 1))
    run(project, Quick(), lambda it: [it.write(f"{name}/new", b"1") for name in names])
    (project / "src/b/mine").write_bytes(b"mine")
    (project / "src/a/new").write_bytes(b"mine")
    undone = Journal(project, Quick()).undo("t")
    assert set(undone.restored) == {"src/b/new", "empty/new"}
    assert [(project / name).stat().st_mtime == 1 for name in names] == [False, False, True]


def test_a_file_that_is_to_be_copied_and_changed_is_noticed_while_staging(project):
    before = snapshot(project)
    journal = Journal(project, Quick())
    transaction = journal.transaction()
    transaction.rename("a.txt", "b.txt")
    (project / "a.txt").write_bytes(b"mine")
    with journal.lock(), pytest.raises(UserChangedError, match=r"a\.txt was changed") as caught:
        transaction.apply()
    assert caught.value.suggestions[0] == "nothing was changed"
    assert snapshot(project) == before | {"a.txt": ("file", 0o644, b"mine")}
    assert left_behind(project) == []
