"""Commits on the checkout's branch and beside it."""

import pytest
from treadle_hookspecs import ActionError
from treadle_testkit.actions import StandaloneContext
from treadle_testkit.repositories import GitRepository


@pytest.fixture
def changed(repository: GitRepository) -> GitRepository:
    repository.write({"a.txt": "changed\n", "new/b.txt": "new\n", ".gitignore": "out/\n", "out/x": "built\n"})
    (repository.root / "old.txt").unlink()
    return repository


def status(repository: GitRepository) -> str:
    return repository.git("status", "--porcelain", "--untracked-files=all")


def commit(context: StandaloneContext, **inputs):
    return context.perform("git/commit", message="subject\n\nbody", **inputs).outputs


def test_everything_that_changed(changed: GitRepository, context: StandaloneContext) -> None:
    outputs = commit(context)
    assert outputs["files"] == [".gitignore", "a.txt", "new/b.txt", "old.txt"]
    assert outputs["branch"] == "main"
    assert status(changed) == ""
    assert changed.git("log", "-1", "--format=%B").strip() == "subject\n\nbody"
    assert changed.git("rev-parse", "HEAD~1") == outputs["previous"]


def test_only_what_is_named_and_the_index_keeps_the_rest(changed: GitRepository, context: StandaloneContext) -> None:
    changed.git("add", ".gitignore")
    outputs = commit(context, changes=[{"path": "a.txt"}, "old.txt"])
    assert outputs["files"] == ["a.txt", "old.txt"]
    assert status(changed).splitlines() == ["A  .gitignore", "?? new/b.txt"]


def test_nothing_differs(repository: GitRepository, context: StandaloneContext) -> None:
    outputs = commit(context)
    assert (outputs["commit"], outputs["files"]) == ("", [])
    assert commit(context, changes=[])["commit"] == ""


def test_a_branch_of_its_own_leaves_the_checkout_alone(changed: GitRepository, context: StandaloneContext) -> None:
    changed.git("add", "a.txt")
    before = (status(changed), changed.git("rev-parse", "HEAD"), changed.git("reflog"), changed.git("branch"))
    outputs = commit(context, branch="treadle/work")
    after = (status(changed), changed.git("rev-parse", "HEAD"), changed.git("reflog"), changed.git("branch"))
    assert before[:3] == after[:3]
    assert outputs["previous"] == ""
    assert changed.git("show", "treadle/work:new/b.txt") == "new"
    assert changed.git("diff", "--name-only", "main", "treadle/work").splitlines() == outputs["files"]


def test_a_branch_with_commits_of_its_own_is_not_touched(changed: GitRepository, context: StandaloneContext) -> None:
    commit(context, branch="work")
    changed.write({"a.txt": "again\n"})
    with pytest.raises(ActionError, match="`work` has commits that HEAD does not have"):
        commit(context, branch="work")


@pytest.mark.parametrize("branch", ["-x", "a..b", "x y", "refs/../x", "x.lock", "@{"])
def test_no_name_for_a_branch(changed: GitRepository, context: StandaloneContext, branch) -> None:
    with pytest.raises(ActionError, match="no name for a branch"):
        commit(context, branch=branch)


@pytest.mark.parametrize("branch", ["", "work"])
def test_a_commit_is_taken_back(changed: GitRepository, context: StandaloneContext, branch) -> None:
    before = (changed.git("rev-parse", "HEAD"), (changed.root / "a.txt").read_text())
    outputs = commit(context, branch=branch)
    assert context.perform("git-uncommit", **outputs).outputs == {"undone": True}
    assert (changed.git("rev-parse", "HEAD"), (changed.root / "a.txt").read_text()) == before
    assert changed.git("branch", "--list", "work") == ""
    assert context.perform("git-uncommit", **outputs).outputs == {"undone": False}


def test_a_commit_with_others_on_top_is_not_taken_back(changed: GitRepository, context: StandaloneContext) -> None:
    outputs = commit(context)
    changed.commit({"c.txt": "more\n"}, "on top")
    with pytest.raises(ActionError, match="commits on top of"):
        context.perform("git-uncommit", **outputs)


def test_hooks_do_not_run(changed: GitRepository, context: StandaloneContext) -> None:
    hook = changed.root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    assert commit(context)["commit"]


def test_names_that_look_like_patterns(repository: GitRepository, context: StandaloneContext) -> None:
    repository.write({"*.txt": "star\n", ":x": "colon\n", "a.txt": "changed\n"})
    assert commit(context, changes=["*.txt", ":x"])["files"] == ["*.txt", ":x"]
    assert status(repository) == "M a.txt"
