"""hotfix-deployment with a bare repository as the remote, a place to deploy to, and a health check."""

import sys
from pathlib import Path

import pytest
from treadle_testkit.repositories import GitRepository

TREE = "import pathlib, os, sys\nplace = pathlib.Path(sys.argv[1])\n"
DEPLOY = (
    TREE + "(place / 'before').write_text((place / 'live').read_text())\n"
    "(place / 'live').write_text(os.environ['HOTFIX_TAG'])\n"
)
UNDO = TREE + "(place / 'live').write_text((place / 'before').read_text())\n"
HEALTH = TREE + "print((place / 'live').read_text())\nsys.exit(not (place / 'healthy').exists())\n"


@pytest.fixture
def remote(repository: GitRepository, tmp_path: Path) -> GitRepository:
    """A bare repository that has what runs in production."""
    place = tmp_path / "remote.git"
    place.mkdir()
    bare = GitRepository(place)
    bare.git("init", "--quiet", "--bare", "--initial-branch=main")
    repository.git("stash", "--quiet", "--include-untracked")
    repository.git("remote", "add", "origin", str(place))
    repository.git("push", "--quiet", "origin", "main")
    return bare


@pytest.fixture
def production(tmp_path: Path) -> Path:
    """Where it runs."""
    place = tmp_path / "production"
    place.mkdir()
    (place / "live").write_text("v1.0.0")
    return place


@pytest.fixture
def inputs(repository: GitRepository, source: str, remote: GitRepository, production: Path):
    """A fix on a branch, and the commands."""
    base = repository.git("rev-parse", "main")
    repository.commit({"src/numbers_of_mine.py": source.replace("2 * x", "x * 2")}, "fix")
    return {
        "base": base,
        "tag": "v1.0.1",
        "remote": "origin",
        "deploy": [sys.executable, "-c", DEPLOY, str(production)],
        "undo": [sys.executable, "-c", UNDO, str(production)],
        "health": [sys.executable, "-c", HEALTH, str(production)],
        "python": sys.executable,
    }


def test_a_healthy_fix_is_tagged_pushed_and_live(treadle, repository, remote, production, inputs) -> None:
    (production / "healthy").touch()
    waiting = treadle.run("hotfix-deployment", inputs)
    assert waiting.status == "waiting", waiting.error
    assert (production / "live").read_text() == "v1.0.0", "nothing is deployed before somebody said so"
    assert remote.git("tag", "--list") == ""
    ended = treadle.approve(waiting.id, by="ada")
    assert ended.status == "completed", ended.error
    assert (production / "live").read_text() == "v1.0.1"
    assert remote.git("rev-parse", "v1.0.1^{commit}") == repository.git("rev-parse", "HEAD")
    assert repository.git("worktree", "list").count("\n") == 0


def test_what_is_not_healthy_is_taken_back(treadle, repository, remote, production, inputs) -> None:
    waiting = treadle.run("hotfix-deployment", inputs)
    ended = treadle.approve(waiting.id, by="ada")
    assert (ended.status, ended.error["step"], ended.rollback) == ("failed", "health_check", "done")
    assert ended.steps["health_check"]["attempts"] == 3
    assert (production / "live").read_text() == "v1.0.0"
    assert remote.git("tag", "--list") == ""
    assert repository.git("tag", "--list") == ""


def test_without_a_way_back_the_rollback_says_what_is_left(treadle, remote, production, inputs) -> None:
    waiting = treadle.run("hotfix-deployment", {**inputs, "undo": []})
    ended = treadle.approve(waiting.id, by="ada")
    assert (ended.status, ended.rollback) == ("failed", "partial")
    assert ended.steps["deploy_production"]["compensation"] == "failed"
    assert (production / "live").read_text() == "v1.0.1"
    assert remote.git("tag", "--list") == "", "what can be taken back is taken back"


def test_who_rejects_it_stops_it(treadle, remote, production, inputs) -> None:
    waiting = treadle.run("hotfix-deployment", inputs)
    ended = treadle.reject(waiting.id, by="ada", comment="not on a Friday")
    assert ended.status == "failed"
    assert "not on a Friday" in str(ended.error)
    assert (production / "live").read_text() == "v1.0.0"
    assert remote.git("tag", "--list") == ""


def test_a_fix_whose_tests_fail_is_not_even_asked_about(
    treadle, repository, remote, production, inputs, source
) -> None:
    repository.commit({"src/numbers_of_mine.py": source.replace("2 * x", "3 * x")}, "no fix")
    ended = treadle.run("hotfix-deployment", inputs)
    assert (ended.status, ended.error["step"]) == ("failed", "gate")
    assert ended.steps["approve"]["state"] != "succeeded"
    assert (production / "live").read_text() == "v1.0.0"
