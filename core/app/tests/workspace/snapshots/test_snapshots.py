"""Snapshots of a root and the way back to them, on real repositories and folders."""

import os
import random
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from snapshot_trees import condition, git, look, meddle, repository
from treadle.workspace.snapshots import Changed, SnapshotStore, changes, collect, difference, restore
from treadle.workspace.snapshots._git import Git
from treadle_hookspecs import TreadleError


@pytest.fixture
def store(home, root):
    return SnapshotStore(home, root)


def step(store, work, visit="work#1"):
    """A step that does some work between two snapshots."""
    before = store.take("x", visit, "before")
    work()
    return before, store.take("x", visit, "after")


def ruin(root):
    """What a command may do to a tree."""
    (root / "src/one.py").write_text("theirs\n")
    (root / "src/two.py").unlink()
    shutil.rmtree(root / "empty")
    (root / "private").chmod(0o644)
    (root / "link").unlink()
    (root / "link").mkdir()
    (root / "link/in").write_text("x")
    (root / ".env").write_text("KEY=2\n")
    (root / "x.log").write_text("noise")
    (root / "new/deep").mkdir(parents=True)
    (root / "new/deep/file").write_text("x")
    (root / "out/build").mkdir(parents=True)
    (root / "out/build/o").write_text("x")
    (root / "untracked.txt").rename(root / "moved.txt")


def test_a_dirty_tree_comes_back_to_the_byte_and_the_repository_never_changes(store, root):
    seen, tree = condition(root), look(root)
    before, after = step(store, lambda: ruin(root))
    assert look(root) != tree
    done = restore(store, "x/work#1", before, after)
    assert look(root) == tree
    assert done.clean
    assert condition(root) == seen
    assert git(root, "fsck", "--unreachable", "--no-reflogs") == git(root, "fsck", "--unreachable", "--no-reflogs")


def test_taking_writes_nothing_below_the_root(store, root):
    files = {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}
    store.take("x", "a#1", "before")
    assert files == {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}


def test_a_folder_without_a_repository(home, tmp_path):
    root = tmp_path / "plain"
    (root / "sub/build").mkdir(parents=True)
    (root / ".gitignore").write_text("build/\n")
    (root / "sub/f").write_text("1")
    store = SnapshotStore(home, root)
    tree = look(root)

    def work():
        (root / "sub/f").write_text("2")
        (root / "build").mkdir()
        (root / "build/o").write_text("o")

    before, after = step(store, work)
    restore(store, "x", before, after)
    assert look(root) == tree


def test_a_root_that_a_repository_around_it_ignores(home, root):
    inner = root / "build"
    store = SnapshotStore(home, inner)
    before, after = step(store, lambda: (inner / "out").write_text("other\n"))
    restore(store, "x", before, after)
    assert (inner / "out").read_text() == "made\n"


def test_repositories_inside_are_looked_into_by_their_own_rules(store, root):
    inner = repository(root / "vendor/lib")
    seen, tree = condition(inner), look(root)

    def work():
        ruin(inner)
        (inner / "build2").mkdir()

    before, after = step(store, work)
    restore(store, "x", before, after)
    assert look(root) == tree
    assert condition(inner) == seen


def test_what_changed_is_named(store, root):
    before, after = step(store, lambda: ruin(root))
    found = changes(store.git, before, after)
    assert Changed("src/two.py", "deleted") in found
    assert Changed("src/one.py", "modified") in found
    assert Changed("private", "mode") in found
    assert Changed("new/deep/file", "added") in found
    assert Changed("new", "added") not in found
    assert Changed("empty", "deleted") in found
    assert "+theirs" in difference(store.git, before, after)
    assert changes(store.git, before, before) == ()


def test_a_users_later_work_stays_and_the_original_is_kept_aside(store, root):
    before, after = step(store, lambda: ruin(root))
    (root / "src/one.py").write_text("mine, later\n")
    (root / "new/deep/mine").write_text("mine, new\n")
    (root / "src/three.py").write_text("mine, elsewhere\n")
    done = restore(store, "x/work#1", before, after)
    assert (root / "src/one.py").read_text() == "mine, later\n"
    assert (root / "new/deep/mine").read_text() == "mine, new\n"
    assert not (root / "new/deep/file").exists()
    assert (root / "src/three.py").read_text() == "mine, elsewhere\n"
    assert {it.path for it in done.kept} == {"src/one.py", "new", "new/deep"}
    rescued = {it.path: it.copy.read_bytes() for it in done.rescued}
    assert rescued == {"src/one.py": b"unstaged = 1\r\n$Id$\n"}
    assert (root / "src/two.py").exists()


def test_what_an_unknown_end_left_is_put_aside(store, root):
    tree = look(root)
    before = store.take("x", "work#1", "before")
    ruin(root)
    done = restore(store, "x/work#1", before, None)
    assert look(root) == tree
    rescued = {it.path: it.copy for it in done.rescued}
    assert rescued["src/one.py"].read_text() == "theirs\n"
    assert (rescued["out/build"] / "o").read_text() == "x"


def test_a_link_that_somebody_put_in_the_place_of_a_folder_is_not_followed(store, root, tmp_path):
    before, after = step(store, lambda: (root / "src/one.py").write_text("theirs\n"))
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "one.py").write_text("theirs\n")
    shutil.rmtree(root / "src")
    (root / "src").symlink_to(outside)
    done = restore(store, "x", before, after)
    assert (outside / "one.py").read_text() == "theirs\n"
    assert [it.path for it in done.kept] == ["src/one.py"]


def test_files_above_the_limit_are_known_by_name_only(home, root):
    store = SnapshotStore(home, root, limit=100)
    (root / "large").write_bytes(b"x" * 101)

    def work():
        (root / "large").write_bytes(b"y" * 101)
        (root / "made").write_bytes(b"z" * 1000)

    before, after = step(store, work)
    done = restore(store, "x", before, after)
    assert not (root / "made").exists()
    assert [it.path for it in done.failures] == ["large"]


def test_an_ignored_folder_in_which_somebody_worked_later_stays(store, root):
    before, after = step(store, lambda: ruin(root))
    (root / "out/build/o").write_text("mine\n")
    done = restore(store, "x", before, after)
    assert (root / "out/build/o").read_text() == "mine\n"
    assert "out" in {it.path for it in done.kept}


def test_restoring_twice_changes_nothing_more(store, root):
    before, after = step(store, lambda: ruin(root))
    restore(store, "x", before, after)
    tree = look(root)
    done = restore(store, "x", before, after)
    assert look(root) == tree
    assert done.restored == ()


@pytest.mark.parametrize("seed", range(12))
def test_any_work_is_undone_to_the_byte(home, root, seed):
    chance = random.Random(seed)
    store = SnapshotStore(home, root)
    meddle(root, chance, 10)
    trees, marks = [look(root)], []
    for number in range(3):
        marks.append(step(store, lambda: meddle(root, chance, 6), f"work#{number}"))
        trees.append(look(root))
    for number in (2, 1, 0):
        assert restore(store, f"x/{number}", *marks[number]).clean
        assert look(root) == trees[number]


@pytest.mark.parametrize("seed", range(12))
def test_nothing_of_a_users_is_ever_lost(home, root, seed):
    """Each content that the user left, before or after the step, is still somewhere."""
    chance = random.Random(seed)
    store = SnapshotStore(home, root)
    before, after = step(store, lambda: meddle(root, chance, 8))
    left = look(root)
    meddle(root, chance, 8)
    mine = {path: it for path, it in look(root).items() if left.get(path) != it and it[1] is not None}
    restore(store, "x", before, after)
    now = look(root)
    assert {path for path, it in mine.items() if now.get(path) != it} == set()


def test_two_executions_take_snapshots_of_one_root_at_a_time(home, root):
    failures = []

    def take(name):
        try:
            for number in range(5):
                SnapshotStore(home, root).take(name, f"a#{number}", "before")
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=take, args=(f"x{number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    trees = {it.tree for name in ("x0", "x1", "x2") for it in SnapshotStore(home, root).all_of(name)}
    assert len(trees) == 1


def test_contents_go_with_the_last_execution_that_needs_them(store, root, home):
    before, _ = step(store, lambda: ruin(root))
    ids = [it.id for it in before.extra.values() if it.kind == "file"]
    collect(home)
    assert store.find("x", "work#1", "before") == before
    store.git.run("cat-file", "-e", before.tree)
    shutil.rmtree(home / "snapshots" / "x")
    collect(home)
    with pytest.raises(TreadleError):
        store.git.run("cat-file", "-e", before.tree)
    assert ids is not None
    assert store.take("y", "a#1", "before").tree


def test_without_git_it_says_so(store, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(TreadleError, match="needs git"):
        store.take("x", "a#1", "before")


def test_a_damaged_snapshot_is_told_of(store, home):
    store.take("x", "a#1", "before")
    [path] = (home / "snapshots/x").iterdir()
    path.write_text("{")
    with pytest.raises(TreadleError, match="cannot be read"):
        store.find("x", "a#1", "before")


def test_variables_of_git_do_not_lead_elsewhere(store, root, monkeypatch, tmp_path):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert store.take("x", "a#1", "before").tree
    assert not os.path.lexists(tmp_path / "index")


def test_a_root_with_too_many_files_is_refused(store, root, monkeypatch):
    monkeypatch.setattr("treadle.workspace.snapshots._listing.MOST", 2)
    with pytest.raises(TreadleError, match="more than 2 files"):
        store.take("x", "a#1", "before")


def test_a_store_is_made_by_many_at_once(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    started = threading.Barrier(8)

    def make(number):
        git = Git(tmp_path / "shadow" / "store", root, f"index-{number}")
        started.wait()
        with git.locked():
            return git.run("rev-parse", "--git-dir")

    with ThreadPoolExecutor(8) as threads:
        places = list(threads.map(make, range(8)))
    assert len(set(places)) == 1
    assert not [path.name for path in (tmp_path / "shadow/store/store.git").iterdir() if path.name.startswith("HEAD.")]
