"""What steps change on disk is undone, as a user types it: a real repository, commands, kills."""

import signal
import subprocess

import pytest

FIX = """
treadle: 1
name: fix
steps:
  - id: edit
    run: |
      echo theirs > tracked.txt
      rm untracked.txt
      mkdir -p made/build && echo x > made/build/o && echo x > made/file
    checkpoint: edited
  - id: more
    run: echo more >> tracked.txt; echo new > later.txt
  - id: check
    run: test ! -e broken
"""
SLOW = """
treadle: 1
name: slow
steps:
  - id: edit
    run: |
      echo half > tracked.txt
      echo made > made.txt
      if [ -p ready ]; then echo ready > ready; read line < gate; fi
    checkpoint: true
"""


@pytest.fixture
def repository(user):
    """A project with staged, unstaged and untracked work."""
    git(user, "init", "--quiet")
    user.write(".gitignore", "build/\nready\ngate\n")
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
    return files, git(user, "status", "--porcelain=v2"), git(user, "reflog"), git(user, "diff", "--cached")


def test_a_rollback_restores_the_dirty_tree_to_the_byte(repository):
    user = repository
    user.write("fix.yaml", FIX)
    before = condition(user)
    user.treadle("run", "fix.yaml")
    assert condition(user) != before
    user.treadle("rollback", user.newest(), "--yes")
    assert condition(user) == before
    assert user.status()["rollback"] == "done"


def test_back_to_a_checkpoint(repository):
    user = repository
    user.write("fix.yaml", FIX)
    before = condition(user)
    user.treadle("run", "fix.yaml")
    user.treadle("rollback", user.newest(), "--to", "edited", "--yes")
    assert user.lines("tracked.txt") == ["theirs"]
    assert not (user.project / "later.txt").exists()
    assert (user.project / "made/build/o").exists()
    user.treadle("rollback", user.newest(), "--yes")
    assert condition(user) == before


def test_every_step_is_a_checkpoint_when_asked_for(repository):
    user = repository
    user.write("fix.yaml", FIX.replace("    checkpoint: edited\n", ""))
    before = condition(user)
    user.treadle("run", "fix.yaml", "--checkpoint")
    user.treadle("rollback", user.newest(), "--to", "edit", "--yes")
    assert user.lines("tracked.txt") == ["theirs"]
    user.treadle("rollback", user.newest(), "--yes")
    assert condition(user) == before


def test_a_failed_step_is_undone_as_well_and_nothing_by_itself(repository):
    user = repository
    user.write("fix.yaml", FIX.replace("test ! -e broken", "echo bad > tracked.txt; exit 3"))
    before = condition(user)
    user.treadle("run", "fix.yaml", status=1)
    assert user.lines("tracked.txt") == ["bad"]
    user.treadle("rollback", user.newest(), "--yes")
    assert condition(user) == before


def test_a_failed_run_is_undone_by_itself_where_the_workflow_says_so(repository):
    user = repository
    user.write("fix.yaml", FIX.replace("test ! -e broken", "exit 3") + "rollback: {after: [failure]}\n")
    before = condition(user)
    user.treadle("run", "fix.yaml", status=1)
    assert condition(user) == before


def test_what_the_user_did_later_stays(repository):
    user = repository
    user.write("fix.yaml", FIX)
    user.treadle("run", "fix.yaml")
    user.write("tracked.txt", "mine, later\n")
    user.treadle("rollback", user.newest(), "--yes")
    assert user.lines("tracked.txt") == ["mine, later"]
    assert user.lines("untracked.txt") == ["mine"]
    rescued = [path.read_text() for path in (user.project / ".treadle/rescue").rglob("tracked.txt")]
    assert "unstaged\n" in rescued
    assert ".treadle/rescue" in user.treadle("status", user.newest()).err
    assert any(".treadle/rescue" in note for note in user.status()["undo_notes"])
    assert "tracked.txt was left as it is" in user.treadle("logs", user.newest()).out


def test_killed_in_the_middle_and_then_undone(repository):
    user = repository
    user.write("slow.yaml", SLOW)
    before = condition(user)
    user.pipe("ready")
    user.pipe("gate")
    child = user.start("run", "slow.yaml")
    user.hear(child, "ready")
    child.kill()
    user.ended(child, -signal.SIGKILL)
    for name in ("ready", "gate"):
        (user.project / name).unlink()
    assert user.lines("tracked.txt") == ["half"]
    user.treadle("rollback", user.newest(), "--yes")
    assert condition(user) == before


def test_a_retried_step_is_undone_to_where_its_first_attempt_began(repository):
    user = repository
    user.write("slow.yaml", SLOW)
    before = condition(user)
    user.pipe("ready")
    user.pipe("gate")
    child = user.start("run", "slow.yaml")
    user.hear(child, "ready")
    child.kill()
    user.ended(child, -signal.SIGKILL)
    for name in ("ready", "gate"):
        (user.project / name).unlink()
    user.treadle("resume", user.newest(), "--interrupted", "retry")
    user.treadle("rollback", user.newest(), "--yes")
    assert condition(user) == before


def test_a_new_execution_undoes_what_it_took_over(repository):
    user = repository
    user.write("fix.yaml", FIX)
    user.write("broken", "")
    before = condition(user)
    user.treadle("run", "fix.yaml", status=1)
    (user.project / "broken").unlink()
    user.treadle("resume", user.newest())
    user.write("broken", "")
    user.treadle("rollback", user.newest(), "--yes")
    assert condition(user) == before


def test_a_diff_shows_what_a_run_and_a_step_changed(repository):
    user = repository
    user.write("fix.yaml", FIX)
    user.treadle("run", "fix.yaml")
    named = user.treadle("diff", user.newest(), "--name-only").out.splitlines()
    assert {line for line in named if "made" not in line} == {
        "added     later.txt",
        "modified  tracked.txt",
        "deleted   untracked.txt",
    }
    assert "added     made/file" in named
    whole = user.treadle("diff", user.newest()).out
    assert "-unstaged" in whole
    assert "+theirs" in whole
    assert "+more" in whole
    step = user.treadle("diff", user.newest(), "more", "--json").json
    assert step["schema"] == "treadle/diff@1"
    assert step["files"] == [{"path": "later.txt", "how": "added"}, {"path": "tracked.txt", "how": "modified"}]
    assert "-unstaged" not in step["diff"]
    assert user.treadle("diff", user.newest(), "check").err.strip() == "nothing was changed"
    assert "did you mean" in user.treadle("diff", user.newest(), "mor", status=3).err


def test_pruning_lets_go_of_what_was_kept(repository):
    user = repository
    user.write("fix.yaml", FIX)
    user.treadle("run", "fix.yaml")
    assert list((user.state / "snapshots").iterdir())
    user.treadle("prune", "--older-than", "0s", "--yes")
    assert list((user.state / "snapshots").iterdir()) == []
    [store] = (user.state / "shadow").iterdir()
    kept = [path for path in (store / "store.git/objects").rglob("*") if path.is_file()]
    assert kept == []
