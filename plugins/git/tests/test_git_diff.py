"""`git/diff` and `git/changed-lines` on real repositories."""

import os
from pathlib import Path

import pytest
from treadle_hookspecs import ActionError
from treadle_testkit.actions import StandaloneContext
from treadle_testkit.repositories import GitRepository


def by_path(outputs):
    return {file["path"]: file for file in outputs["files"]}


def test_lines_and_hunks_of_an_edit(repository: GitRepository, context: StandaloneContext) -> None:
    base = repository.git("rev-parse", "HEAD")
    head = repository.commit({"a.txt": "one\nTWO\nthree\nfour\nfive\n"}, "edit")
    outputs = context.perform("git/diff", base=base).outputs
    file = by_path(outputs)["a.txt"]
    assert (file["added"], file["deleted"]) == (3, 1)
    assert file["changed_lines"] == [[2, 2], [4, 5]]
    assert file["hunks"][0] == {"old_start": 2, "old_lines": 1, "new_start": 2, "new_lines": 1}
    assert outputs["head_commit"] == head
    assert outputs["totals"] == {"files": 1, "added": 3, "deleted": 1, "binary": 0}


def test_every_kind_of_change_in_one_commit(repository: GitRepository, context: StandaloneContext) -> None:
    repository.write({"link.txt": "plain\n", "script.sh": "echo\n"})
    repository.commit({}, "more")
    (repository.root / "link.txt").unlink()
    (repository.root / "link.txt").symlink_to("a.txt")
    (repository.root / "script.sh").chmod(0o755)
    repository.git("mv", "old.txt", "new name.txt")
    (repository.root / "a.txt").unlink()
    repository.commit({"pic.bin": b"\0\1\2", 'odd\t"name\n.txt': "diff --git a/x b/x\n@@ -1 +1 @@\n"}, "all kinds")
    files = by_path(context.perform("git/diff", base="HEAD^").outputs)
    assert files["new name.txt"]["status"] == "renamed"
    assert files["new name.txt"]["old_path"] == "old.txt"
    assert files["a.txt"]["status"] == "deleted"
    assert files["a.txt"]["changed_lines"] == []
    assert files["a.txt"]["deleted"] == 3
    assert files["pic.bin"]["binary"] is True
    assert files["pic.bin"]["added"] is None
    assert files["link.txt"]["status"] == "type-changed"
    assert files["link.txt"]["kind"] == "link"
    assert files["script.sh"]["hunks"] == []
    odd = files['odd\t"name\n.txt']
    assert odd["changed_lines"] == [[1, 2]], "content that looks like a header is content"


def test_a_pull_request_is_compared_with_where_it_left_its_base(
    repository: GitRepository, context: StandaloneContext
) -> None:
    repository.branch("feature")
    repository.commit({"feature.txt": "new\n"}, "feature")
    repository.git("switch", "--quiet", "main")
    repository.commit({"elsewhere.txt": "later\n"}, "meanwhile")
    assert set(by_path(context.perform("git/diff", base="main", head="feature").outputs)) == {"feature.txt"}
    trees = context.perform("git/diff", base="main", head="feature", from_merge_base=False).outputs
    assert set(by_path(trees)) == {"feature.txt", "elsewhere.txt"}


def test_changed_lines_only(repository: GitRepository, context: StandaloneContext) -> None:
    repository.commit({"a.txt": "zero\none\ntwo\nthree\n"}, "edit")
    outputs = context.perform("git/changed-lines", base="HEAD^").outputs
    assert outputs == {"files": {"a.txt": [[1, 1]]}, "lines": 1}


def test_nothing_configured_in_the_repository_runs(
    repository: GitRepository, context: StandaloneContext, tmp_path: Path
) -> None:
    proof = tmp_path / "proof"
    script = tmp_path / "evil.sh"
    script.write_text(f"#!/bin/sh\ntouch {proof}\ncat\n")
    script.chmod(0o755)
    for key in ("diff.external", "core.fsmonitor", "diff.evil.textconv", "core.pager"):
        repository.git("config", key, str(script))
    repository.git("config", "diff.noprefix", "true")
    repository.commit({".gitattributes": "*.txt diff=evil\n", "a.txt": "one\n"}, "attributes")
    proof.unlink(missing_ok=True)
    outputs = context.perform("git/diff", base="HEAD^").outputs
    assert by_path(outputs)["a.txt"]["hunks"]
    assert context.perform("git/status").outputs["clean"]
    assert not proof.exists()


def test_inside_a_hook_the_asked_repository_is_used(
    repository: GitRepository, context: StandaloneContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = GitRepository.create(tmp_path / "other", {"b.txt": "b\n"})
    head = repository.commit({"a.txt": "one\n"}, "edit")
    monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.root / ".git/index"))
    assert context.perform("git/diff", base="HEAD^").outputs["head_commit"] == head


def test_an_unknown_revision_names_what_looks_like_it(context: StandaloneContext) -> None:
    with pytest.raises(ActionError, match="did you mean `main`") as raised:
        context.perform("git/diff", base="mian")
    assert raised.value.error_class == "unknown-revision"
    assert not raised.value.retryable


@pytest.mark.parametrize("revision", ["", "--output=/tmp/x", "a\0b", "a\nb"])
def test_what_is_no_revision_never_reaches_git(context: StandaloneContext, revision: str) -> None:
    with pytest.raises(ActionError, match="is not a revision"):
        context.perform("git/diff", base=revision)


def test_histories_without_a_common_ancestor(repository: GitRepository, context: StandaloneContext) -> None:
    repository.git("switch", "--quiet", "--orphan", "island")
    repository.commit({"c.txt": "c\n"}, "island")
    with pytest.raises(ActionError, match="no common ancestor"):
        context.perform("git/diff", base="main", head="island")


def test_a_folder_that_is_no_repository(tmp_path: Path) -> None:
    outside = tmp_path / "plain"
    outside.mkdir()
    with pytest.raises(ActionError, match="not in a git repository"):
        StandaloneContext(outside, tmp_path).perform("git/status")
    with pytest.raises(ActionError, match="there is no folder"):
        StandaloneContext(outside, tmp_path).perform("git/status", repo="nowhere")


def test_a_subfolder_and_a_bare_clone(repository: GitRepository, context: StandaloneContext, tmp_path: Path) -> None:
    repository.commit({"deep/down.txt": "x\n"}, "deep")
    assert set(by_path(context.perform("git/diff", base="HEAD^", repo="deep").outputs)) == {"deep/down.txt"}
    repository.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    bare = context.perform("git/diff", base="HEAD^", repo=str(tmp_path / "bare.git")).outputs
    assert set(by_path(bare)) == {"deep/down.txt"}


def test_git_is_missing(context: StandaloneContext, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    with pytest.raises(ActionError, match="git is not installed; run: ") as raised:
        context.perform("git/status")
    assert raised.value.error_class == "tool-missing"
