"""Worktrees: made beside the checkout, removed without a trace, and never somebody else's."""

from pathlib import Path

import pytest
from treadle_hookspecs import ActionError
from treadle_testkit.actions import StandaloneContext
from treadle_testkit.repositories import GitRepository


@pytest.fixture
def feature(repository: GitRepository) -> GitRepository:
    """A branch `feature`, and a checkout of main with staged, unstaged and untracked work in it."""
    repository.branch("feature")
    repository.commit({"feature.txt": "new\n"}, "feature")
    repository.git("switch", "--quiet", "main")
    repository.write({"a.txt": "staged\n"})
    repository.git("add", "a.txt")
    repository.write({"a.txt": "unstaged\n", "untracked.txt": "mine\n"})
    return repository


def test_the_commit_is_checked_out_and_the_checkout_stays(feature: GitRepository, context: StandaloneContext) -> None:
    before = feature.trace()
    outputs = context.perform("git/worktree-add", revision="feature").outputs
    path = Path(outputs["path"])
    assert (path / "feature.txt").read_text() == "new\n"
    assert outputs["commit"] == feature.git("rev-parse", "feature")
    assert path.is_relative_to(context.scratch)
    assert feature.trace() == before
    assert context.perform("git/worktree-remove", path=str(path)).outputs["removed"] is True
    assert not path.exists()
    assert feature.trace() == before
    assert feature.git("worktree", "list").count("\n") == 0
    assert (feature.root / "a.txt").read_text() == "unstaged\n"


def test_again_after_a_crash_starts_over_in_the_same_place(feature: GitRepository, context: StandaloneContext) -> None:
    path = Path(context.perform("git/worktree-add", revision="main").outputs["path"])
    (path / "a.txt").unlink()
    (path / "left-over.txt").write_text("half\n")
    again = context.perform("git/worktree-add", revision="feature").outputs
    assert again["path"] == str(path)
    assert sorted(file.name for file in path.iterdir()) == [".git", "a.txt", "feature.txt", "old.txt"]
    assert feature.git("worktree", "list").count("\n") == 1


def test_removal_takes_what_tests_left_behind(feature: GitRepository, context: StandaloneContext) -> None:
    path = Path(context.perform("deploy_branch", revision="feature").outputs["path"])
    (path / "feature.txt").write_text("changed by a test run\n")
    (path / ".coverage").write_text("data")
    assert context.perform("git-remove-worktree", path=str(path), repo=".").outputs["removed"] is True
    assert context.perform("git-remove-worktree", path=str(path), repo=".").outputs["removed"] is False


def test_removal_when_the_folder_is_gone(feature: GitRepository, context: StandaloneContext) -> None:
    path = Path(context.perform("git/worktree-add", revision="feature").outputs["path"])
    path.rename(path.with_name("elsewhere"))
    assert context.perform("git/worktree-remove", path=str(path)).outputs["removed"] is True
    assert feature.git("worktree", "list").count("\n") == 0


def test_a_person_s_worktree_with_work_in_it_is_kept(
    feature: GitRepository, context: StandaloneContext, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    feature.git("worktree", "add", "--quiet", str(own), "feature")
    (own / "draft.txt").write_text("draft\n")
    with pytest.raises(ActionError, match="modified or untracked files"):
        context.perform("git/worktree-remove", path=str(own))
    assert (own / "draft.txt").exists()
    assert context.perform("git/worktree-remove", path=str(own), force=True).outputs["removed"] is True


def test_the_main_checkout_and_plain_folders_are_refused(
    feature: GitRepository, context: StandaloneContext, tmp_path: Path
) -> None:
    for path in (feature.root, context.scratch):
        with pytest.raises(ActionError, match="nothing was removed"):
            context.perform("git/worktree-remove", path=str(path), force=True)
    assert (feature.root / "a.txt").exists()


def test_no_hook_runs(feature: GitRepository, context: StandaloneContext, tmp_path: Path) -> None:
    hook = feature.root / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/hooked\n")
    hook.chmod(0o755)
    context.perform("git/worktree-add", revision="feature")
    assert not (tmp_path / "hooked").exists()


def test_submodules_are_named_and_left_empty(
    repository: GitRepository, context: StandaloneContext, tmp_path: Path
) -> None:
    GitRepository.create(tmp_path / "library", {"lib.txt": "lib\n"})
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(tmp_path / "library"), "lib")
    repository.commit({}, "submodule")
    outputs = context.perform("git/worktree-add", revision="HEAD").outputs
    assert outputs["submodules"] == ["lib"]
    assert list((Path(outputs["path"]) / "lib").iterdir()) == []
    changed = context.perform("git/diff", base="HEAD^").outputs["files"]
    assert {file["path"]: file["kind"] for file in changed} == {"lib": "submodule", ".gitmodules": "file"}
