"""Templates in git repositories: releases, branches, commits, the mirror, offline."""

from pathlib import Path
from typing import Any

import pytest
from treadle_compose._sources import update_spec
from treadle_testkit import GitRepository


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    """Two releases and a later commit."""
    made = GitRepository.create(
        tmp_path / "upstream",
        {"web/template.yaml": "template: {id: web, version: '1.0'}\n", "web/files/a.txt": "one\n"},
    )
    made.git("tag", "v1.0.0")
    for content, tag in (("two\n", "v1.2.0"), ("later\n", "")):
        made.write({"web/files/a.txt": content})
        made.git("commit", "-qam", content.strip())
        if tag:
            made.git("tag", tag)
    return made


@pytest.mark.parametrize(
    ("reference", "content"), [("", "two\n"), ("@v1.0.0", "one\n"), ("@main", "later\n"), ("@<1.1", "one\n")]
)
def test_a_release_a_branch_or_the_newest(bench: Any, repository: GitRepository, reference: str, content: str) -> None:
    bench.composed(f"git+file://{repository.root}{reference}#web")
    assert bench.tree() == {"a.txt": content}
    (template,) = bench.lock()["templates"]
    assert template["source"] == f"git+file://{repository.root}@{template['commit']}#web"


def test_the_source_in_the_lock_brings_the_same_again(bench: Any, repository: GitRepository) -> None:
    bench.composed(f"git+file://{repository.root}@v1.0.0#web")
    source = bench.lock()["templates"][0]["source"]
    bench.target = bench.folder / "again"
    bench.composed(source)
    assert bench.tree() == {"a.txt": "one\n"}


def test_an_update_takes_the_newest_release_and_says_which(bench: Any, repository: GitRepository) -> None:
    spec = f"git+file://{repository.root}#web"
    bench.composed(spec)
    (bench.target / "mine.txt").write_text("mine\n")
    (before,) = bench.lock()["templates"]
    repository.write({"web/template.yaml": "template: {id: web, version: '2.0'}\n", "web/files/a.txt": "three\n"})
    repository.git("commit", "-qam", "three")
    bench.composed(update_spec(before), whole=True)
    assert bench.tree() == {"a.txt": "two\n", "mine.txt": "mine\n"}
    repository.git("tag", "v2.0.0")
    bench.composed(update_spec(before), whole=True)
    assert bench.tree() == {"a.txt": "three\n", "mine.txt": "mine\n"}
    (after,) = bench.lock()["templates"]
    assert (after["version"], after["spec"]) == ("2.0", spec)
    assert after["commit"] != before["commit"]


def test_offline_uses_the_mirror_and_nothing_else(bench: Any, repository: GitRepository) -> None:
    spec = f"git+file://{repository.root}#web"
    problem = bench.problem(spec, offline=True)
    assert (problem["exit_code"], "is not in the cache" in problem["message"]) == (3, True)
    bench.composed(spec)
    repository.root.rename(repository.root.with_name("gone"))
    bench.target = bench.folder / "again"
    bench.composed(spec, offline=True)
    assert bench.tree() == {"a.txt": "two\n"}


@pytest.mark.parametrize(
    ("spec", "message"),
    [("@v9#web", "has no revision v9"), ("@>=2#web", "has no release >=2"), ("#nowhere", "there is no folder")],
)
def test_what_is_not_there_is_told(bench: Any, repository: GitRepository, spec: str, message: str) -> None:
    assert message in bench.problem(f"git+file://{repository.root}{spec}")["message"]


def test_a_repository_cannot_bring_programs_of_its_own(bench: Any, tmp_path: Path) -> None:
    made = GitRepository.create(tmp_path / "evil", {"template.yaml": "template: {id: evil}\n", "files/a.txt": "a\n"})
    for hook in ("post-checkout", "post-index-change"):
        path = made.root / ".git" / "hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        path.chmod(0o755)
    bench.composed(f"git+file://{made.root}")
    assert not (tmp_path / "ran").exists()
