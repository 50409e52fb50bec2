"""Steps that work in a git worktree: merged when the gate passes, reported when it cannot be, never lost."""

import signal
import subprocess
from pathlib import Path

import pytest

ALONE = """
treadle: 1
name: alone
steps:
  - id: edit
    run: |
      test "$(cat tracked.txt)" = unstaged
      test "$(cat untracked.txt)" = mine
      echo theirs > tracked.txt
      mkdir new && echo x > new/file
    isolation: worktree
"""
GATED = """
treadle: 1
name: gated
steps:
  - id: edit
    run: echo theirs > tracked.txt
    isolation: {worktree: fix}
  - id: look
    run: 'test "$(cat tracked.txt)" = unstaged'
  - id: test
    run: 'test "$(cat tracked.txt)" = theirs && test ! -e "$TREADLE_TEST_ROOT/broken"'
    isolation: {worktree: fix, merge: true}
"""
SLOW = """
treadle: 1
name: slow
steps:
  - id: edit
    run: |
      echo half > tracked.txt
      echo ready > "$READY"; read line < "$GATE"
    isolation: worktree
"""


@pytest.fixture
def repository(user):
    """A project with staged, unstaged and untracked work."""
    git(user, "init", "--quiet")
    user.write(".gitignore", "build/\n")
    user.write("tracked.txt", "committed\n")
    git(user, "add", "--all")
    git(user, "commit", "--quiet", "-m", "first")
    user.write("tracked.txt", "staged\n")
    git(user, "add", "tracked.txt")
    user.write("tracked.txt", "unstaged\n")
    user.write("untracked.txt", "mine\n")
    return user


def git(user, *words):
    identity = ("-c", "user.name=u", "-c", "user.email=u@example.org")
    ran = subprocess.run(
        ["git", *identity, *words], cwd=user.project, check=True, capture_output=True, text=True, env=user.environ
    )
    return ran.stdout


def condition(user):
    """What the user sees of the repository, and of the files."""
    files = {
        str(path.relative_to(user.project)): (path.stat().st_mode, path.read_bytes())
        for path in user.project.rglob("*")
        if path.is_file() and not {".git", ".treadle"} & set(path.relative_to(user.project).parts)
    }
    seen = (git(user, *words) for words in (("status", "--porcelain=v2"), ("reflog",), ("branch", "--all")))
    return files, *seen, git(user, "diff", "--cached")


def worktrees(user):
    return git(user, "worktree", "list", "--porcelain").count("worktree ")


def test_a_step_works_apart_and_its_changes_come_into_the_root(repository):
    user = repository
    user.write("alone.yaml", ALONE)
    before = condition(user)
    user.treadle("run", "alone.yaml")
    assert user.lines("tracked.txt") == ["theirs"]
    assert user.lines("new/file") == ["x"]
    assert user.lines("untracked.txt") == ["mine"]
    after = condition(user)
    assert after[2:] == before[2:]
    assert worktrees(user) == 1
    assert list((user.state / "worktrees").rglob("tree")) == []
    user.treadle("rollback", user.newest(), "--yes")
    assert condition(user) == before


def test_nothing_comes_into_the_root_before_the_gate_has_passed(repository):
    user = repository
    user.write("gated.yaml", GATED.replace("$TREADLE_TEST_ROOT", str(user.project)))
    user.write("broken", "")
    before = condition(user)
    user.treadle("run", "gated.yaml", status=1)
    assert condition(user) == before
    assert "+theirs" in user.treadle("diff", user.newest(), "edit").out
    found = user.treadle("doctor", status=1).out
    assert "was never merged" in found
    (user.project / "broken").unlink()
    user.treadle("doctor", "--clean")
    assert worktrees(user) == 1
    user.treadle("run", "gated.yaml")
    assert user.lines("tracked.txt") == ["theirs"]


def test_a_rollback_removes_what_was_not_merged(repository):
    user = repository
    user.write("gated.yaml", GATED.replace("$TREADLE_TEST_ROOT", str(user.project)))
    user.write("broken", "")
    before = condition(user)
    user.treadle("run", "gated.yaml", status=1)
    user.treadle("rollback", user.newest(), "--yes")
    assert worktrees(user) == 1
    assert condition(user) == before


def test_a_check_of_its_own_is_a_gate(repository):
    user = repository
    text = ALONE.replace("isolation: worktree", "isolation: {check: 'test -e new/other'}")
    user.write("alone.yaml", text)
    before = condition(user)
    ran = user.treadle("run", "alone.yaml", status=1)
    assert "the check exited with 1" in ran.err
    assert condition(user) == before


def test_a_conflict_is_told_and_nothing_is_lost(repository):
    user = repository
    text = GATED.replace("'test \"$(cat tracked.txt)\" = unstaged'", "echo mine, meanwhile > tracked.txt")
    user.write("gated.yaml", text.replace("$TREADLE_TEST_ROOT", str(user.project)))
    ran = user.treadle("run", "gated.yaml", status=1)
    assert "tracked.txt: it was changed meanwhile" in ran.err
    assert user.lines("tracked.txt") == ["mine, meanwhile"]
    assert "+theirs" in user.treadle("diff", user.newest(), "edit").out


def test_what_both_sides_changed_in_other_lines_is_joined(repository):
    user = repository
    user.write("both.txt", "".join(f"line {number}\n" for number in range(1, 10)))
    text = """
treadle: 1
name: joined
steps:
  - {id: edit, run: sed -i 's/line 8/theirs/' both.txt, isolation: {worktree: fix}}
  - {id: meanwhile, run: sed -i 's/line 2/mine/' both.txt}
  - {id: merge, run: sed -i 's/line 5/gate/' both.txt, isolation: {worktree: fix, merge: true}}
"""
    user.write("joined.yaml", text)
    before = user.lines("both.txt")
    user.treadle("run", "joined.yaml")
    assert [line for line in user.lines("both.txt") if line not in before] == ["mine", "gate", "theirs"]
    assert worktrees(user) == 1
    user.treadle("rollback", user.newest(), "--yes")
    assert [line for line in user.lines("both.txt") if line not in before] == ["mine"]


def test_a_conflict_names_its_files_among_the_outputs(repository):
    user = repository
    text = GATED.replace("'test \"$(cat tracked.txt)\" = unstaged'", "echo mine, meanwhile > tracked.txt")
    user.write("gated.yaml", text.replace("$TREADLE_TEST_ROOT", str(user.project)))
    user.treadle("run", "gated.yaml", status=1)
    step = user.status()["steps"]["test"]
    assert step["error"]["type"] == "merge-conflict"
    assert step["outputs"]["conflicts"] == ["tracked.txt"]
    assert (Path(step["outputs"]["worktree"]) / "tracked.txt").read_text() == "theirs\n"


def test_a_worktree_that_cannot_be_made_is_an_error(user):
    user.write("alone.yaml", ALONE)
    user.write("tracked.txt", "unstaged\n")
    ran = user.treadle("run", "alone.yaml", status=1)
    assert "a worktree of" in ran.err
    assert "cannot be made" in ran.err
    assert user.lines("tracked.txt") == ["unstaged"]


def test_a_killed_step_leaves_the_root_alone_and_its_worktree_is_shown(repository):
    user = repository
    user.write("slow.yaml", SLOW)
    user.pipe("ready")
    user.pipe("gate")
    before = condition(user)
    child = user.start("run", "slow.yaml", READY=str(user.project / "ready"), GATE=str(user.project / "gate"))
    user.hear(child, "ready")
    child.kill()
    user.ended(child, -signal.SIGKILL)
    assert condition(user) == before
    assert user.status()["status"] == "interrupted"
    assert "+half" in user.treadle("diff", user.newest(), "edit").out
    user.treadle("rollback", user.newest(), "--yes")
    assert worktrees(user) == 1
    assert condition(user) == before


def test_a_worktree_that_nothing_merges_is_an_error_of_the_definition(user):
    user.write("lost.yaml", "treadle: 1\nname: lost\nsteps:\n  - {id: a, run: 'true', isolation: {worktree: w}}\n")
    found = user.treadle("validate", "lost.yaml", status=2)
    assert "nothing brings what is changed in the worktree `w` into the root" in found.out + found.err
