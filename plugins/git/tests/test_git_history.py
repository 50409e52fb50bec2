"""`git/log`, `git/show`, `git/status`, `git/export` on real repositories, and what a dry run says."""

from pathlib import Path

import pytest
from treadle_git import _preview
from treadle_hookspecs import ActionError, PreviewContext
from treadle_testkit.actions import StandaloneContext
from treadle_testkit.repositories import GitRepository


def test_log_names_author_subject_and_files(repository: GitRepository, context: StandaloneContext) -> None:
    repository.commit({"b.txt": "b\n", "sub/c d.txt": "c\n"}, "second: \u00fc", author="Bo")
    commits = context.perform("git/log", files=True).outputs["commits"]
    assert [commit["subject"] for commit in commits] == ["second: \u00fc", "first"]
    assert commits[0]["author"] == "Bo"
    assert commits[0]["files"] == ["b.txt", "sub/c d.txt"]
    assert commits[0]["date"].startswith("2026-01-02T03:04:05")


def test_log_of_paths_since_and_limit(repository: GitRepository, context: StandaloneContext) -> None:
    repository.commit({"b.txt": "b\n"}, "second")
    repository.commit({"a.txt": "changed\n"}, "third")
    subjects = lambda **inputs: [c["subject"] for c in context.perform("git/log", **inputs).outputs["commits"]]  # noqa: E731
    assert subjects(paths=["a.txt"]) == ["third", "first"]
    assert subjects(since="HEAD~1") == ["third"]
    assert subjects(limit=1) == ["third"]
    assert subjects(paths=[":(exclude)a.txt"]) == [], "a path is a path, never pathspec magic"


def test_show_gives_text_and_refuses_what_is_none(repository: GitRepository, context: StandaloneContext) -> None:
    repository.commit({"a.txt": "new\n", "pic": b"\0"}, "second")
    assert context.perform("git/show", path="a.txt", revision="HEAD^").outputs["text"] == "one\ntwo\nthree\n"
    with pytest.raises(ActionError, match="has no file"):
        context.perform("git/show", path="nope.txt")
    with pytest.raises(ActionError, match="binary"):
        context.perform("git/show", path="pic")


def test_status_of_a_busy_checkout(repository: GitRepository, context: StandaloneContext) -> None:
    assert context.perform("git/status").outputs["clean"] is True
    repository.git("mv", "old.txt", "moved.txt")
    repository.write({"a.txt": "edited\n", "un tracked.txt": "x\n"})
    outputs = context.perform("git/status").outputs
    files = {file["path"]: (file["staged"], file["unstaged"]) for file in outputs["files"]}
    assert files == {"moved.txt": ("R", "."), "a.txt": (".", "M"), "un tracked.txt": (".", "?")}
    assert outputs["branch"] == "main"
    repository.git("switch", "--quiet", "--detach")
    assert context.perform("git/status").outputs["branch"] is None


def test_status_of_a_conflict_and_of_an_empty_repository(
    repository: GitRepository, context: StandaloneContext, tmp_path: Path
) -> None:
    repository.branch("other")
    repository.commit({"a.txt": "theirs\n"}, "theirs")
    repository.git("switch", "--quiet", "main")
    repository.commit({"a.txt": "ours\n"}, "ours")
    with pytest.raises(Exception, match="merge"):
        repository.git("merge", "other")
    assert context.perform("git/status").outputs["files"] == [{"path": "a.txt", "staged": "U", "unstaged": "U"}]
    empty = GitRepository.create(tmp_path / "empty")
    assert context.perform("git/status", repo=str(empty.root)).outputs["commit"] is None
    with pytest.raises(ActionError, match="it has no commit yet"):
        context.perform("git/log", repo=str(empty.root))


def test_export_writes_regular_files_only(repository: GitRepository, context: StandaloneContext) -> None:
    (repository.root / "out.py").symlink_to("/etc/passwd")
    repository.commit({"src/x.py": "x = 1\n", "src/y.txt": "y\n", "pic": b"\0\xff\r\n"}, "files")
    before = repository.trace()
    outputs = context.perform("git/export", revision="HEAD", patterns=["*.py"], files=["pic", "gone.txt"]).outputs
    folder = Path(outputs["path"])
    assert outputs["files"] == ["pic", "src/x.py"]
    assert outputs["missing"] == ["gone.txt"]
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == ["pic", "src/x.py"]
    assert (folder / "pic").read_bytes() == b"\0\xff\r\n"
    assert repository.trace() == before


def test_export_of_an_older_commit_and_from_a_bare_clone(
    repository: GitRepository, context: StandaloneContext, tmp_path: Path
) -> None:
    repository.commit({"a.txt": "newer\n"}, "second")
    repository.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    for repo in (".", str(tmp_path / "bare.git")):
        outputs = context.perform("git/export", revision="HEAD^", files=["a.txt"], repo=repo).outputs
        assert (Path(outputs["path"]) / "a.txt").read_text() == "one\ntwo\nthree\n"


def test_dry_runs_name_commands_and_folders(tmp_path: Path) -> None:
    context = PreviewContext(tmp_path)
    added = _preview.preview_worktree_add(context=context, revision="feature")
    assert added.commands[0][:3] == ("git", "-C", str(tmp_path))
    assert added.writes
    assert _preview.preview_diff(context=context, base="main", head="x").commands[0][-1] == "main...x"
    assert _preview.preview_export(context=context, revision="x").writes
    assert "--force" in _preview.preview_worktree_remove(context=context, path="p").commands[0]
