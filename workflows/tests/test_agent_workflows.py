"""The ready workflows that ask an agent, with a program as the agent that really changes the repository."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from treadle import Treadle
from treadle_testkit.repositories import GitRepository

CODE = '"""Prices."""\n\n\ndef total(prices: list[int]) -> int:\n    """All of them."""\n    return sum(prices)\n'
DOUBLED = CODE.replace("return sum(prices)", "return sum(prices) * 2")
TEST = "from prices import total\n\n\ndef test_total():\n    assert total([1, 2]) == {}\n"
FILES = {
    "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["src"]\n',
    "src/prices.py": CODE,
    "tests/test_prices.py": TEST.format(3),
    "CHANGELOG.md": "# Changelog\n",
    ".gitignore": "__pycache__/\n.pytest_cache/\n.coverage\n",
}
AGENT = """
import json, pathlib, sys
task = sys.stdin.read()
for words, files in json.loads(pathlib.Path(sys.argv[1]).read_text()):
    if words in task:
        for name, text in files.items():
            pathlib.Path(name).parent.mkdir(parents=True, exist_ok=True)
            pathlib.Path(name).write_text(text)
        break
"""


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    return GitRepository.create(tmp_path / "project", FILES)


@pytest.fixture
def treadle(repository: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Treadle]:
    """treadle in that project; the agent does what `answers.json` says."""
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "agent.py").write_text(AGENT)
    argv = [sys.executable, str(tmp_path / "agent.py"), str(tmp_path / "answers.json")]
    (home / "config.toml").write_text(
        f'default_agent = "scripted"\n\n[agents.scripted]\nkind = "command"\nargv = {json.dumps(argv)}\n'
    )
    monkeypatch.setenv("TREADLE_HOME", str(home))
    monkeypatch.chdir(repository.root)
    with Treadle(repository.root) as facade:
        yield facade


@pytest.fixture
def answers(tmp_path: Path):
    """What the agent writes, by words of its task: the first that fit."""

    def write(*pairs: tuple[str, dict[str, str]]) -> None:
        (tmp_path / "answers.json").write_text(json.dumps(pairs))

    return write


def status(repository: GitRepository) -> str:
    return repository.git("status", "--porcelain")


def test_a_feature_is_implemented_repaired_and_offered(treadle, repository, answers) -> None:
    answers(
        ("Implement:", {"src/prices.py": DOUBLED}),
        ("These tests fail", {"tests/test_prices.py": TEST.format(6)}),
    )
    ended = treadle.run("implement-feature", {"feature": "Double the total of prices", "python": sys.executable})
    assert ended.status == "completed", ended.error
    assert ended.steps["test"]["visits"] == 2
    assert ended.outputs["changes"] == ["src/prices.py"]
    branch = ended.outputs["branch"]
    assert repository.git("show", f"{branch}:src/prices.py") == DOUBLED.strip()
    assert Path(ended.outputs["pull_request"]).is_file()


def test_a_feature_that_stays_broken_is_undone(treadle, repository, answers) -> None:
    answers(("Implement:", {"src/prices.py": DOUBLED}), ("These tests fail", {"notes.txt": "I tried\n"}))
    ended = treadle.run("implement-feature", {"feature": "Double the total of prices", "python": sys.executable})
    assert (ended.status, ended.rollback) == ("failed", "done")
    assert (repository.root / "src/prices.py").read_text() == CODE
    assert ended.steps["on_failure/handle-error"]["state"] == "succeeded"


def test_an_agent_that_does_nothing_fails(treadle, repository, answers) -> None:
    answers()
    ended = treadle.run("implement-feature", {"feature": "Double the total of prices", "python": sys.executable})
    assert ended.status == "failed"
    assert ended.error["type"] == "no-change"
    assert status(repository) == ""


def test_from_a_specification_to_a_validated_change(treadle, repository, answers) -> None:
    answers(
        ("Write tests", {"tests/test_double.py": TEST.format(6).replace("test_total", "test_double")}),
        ("Implement:", {"src/prices.py": DOUBLED, "tests/test_prices.py": TEST.format(6)}),
    )
    spec = "- The total of prices must be doubled"
    ended = treadle.run("feature-implementation", {"spec": spec, "python": sys.executable})
    assert ended.status == "completed", ended.error
    assert ended.outputs["verdict"] == "pass"
    assert (repository.root / ended.outputs["design"]).read_text().startswith("# Design: ")
    rolled = treadle.rollback(ended.id)
    assert rolled.rollback == "done"
    assert (repository.root / "src/prices.py").read_text() == CODE
    assert not (repository.root / "tests/test_double.py").exists()


def test_a_bug_is_reproduced_and_mended(treadle, repository, answers) -> None:
    broken = CODE.replace("sum(prices)", "sum(prices[1:])")
    repository.commit({"src/prices.py": broken, "tests/test_prices.py": ""}, "break")
    answers(
        ("Write one test", {"tests/test_bug.py": TEST.format(3)}),
        ("Mend this bug", {"src/prices.py": CODE}),
    )
    ended = treadle.run("bug-fix", {"issue": "total of prices leaves the first out", "python": sys.executable})
    assert ended.status == "completed", ended.error
    assert ended.outputs["changes"] == ["src/prices.py"]
    assert ended.outputs["regression_tests"] == ["tests/test_bug.py"]
    assert "- total of prices leaves the first out" in (repository.root / "CHANGELOG.md").read_text()


def test_a_bug_that_is_not_reproduced_is_not_mended(treadle, repository, answers) -> None:
    answers(("Write one test", {"tests/test_bug.py": "def test_bug():\n    assert True\n"}))
    ended = treadle.run("bug-fix", {"issue": "total of prices is wrong", "python": sys.executable})
    assert (ended.status, ended.error["type"]) == ("failed", "not-reproduced")
    assert status(repository) == ""


def test_a_hotfix_waits_for_a_person_and_is_deployed_once(treadle, repository, answers) -> None:
    base = repository.git("rev-parse", "HEAD")
    repository.commit({"src/prices.py": CODE.replace("All of them", "All prices")}, "fix")
    deploy = [sys.executable, "-c", "open('deployed.txt', 'a').write('once')"]
    ended = treadle.run("hotfix-deployment", {"base": base, "deploy": deploy, "python": sys.executable})
    assert ended.status == "waiting", ended.error
    assert not (repository.root / "deployed.txt").exists()
    approved = treadle.approve(ended.id, by="ada")
    assert approved.status == "completed", approved.error
    assert (repository.root / "deployed.txt").read_text() == "once"
    assert repository.git("worktree", "list").count("\n") == 0
