"""The samples of other dialects, word for word, on a real repository with the real modules and a program as agent."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[2] / "plugins/formats/tests/samples"
CODE = "def total(prices):\n    return sum(prices)\n"
DOUBLED = "def total(prices):\n    return sum(prices) * 2\n"
TEST = "from prices import total\n\n\ndef test_total():\n    assert total([1, 2]) == {}\n"
AGENT = """
import json, pathlib, sys
task = sys.stdin.read()
for words, files in json.loads(pathlib.Path(sys.argv[1]).read_text()):
    if words in task:
        for name, text in files.items():
            path = pathlib.Path(name)
            path.write_text(text.replace("%OLD%", path.read_text() if path.exists() else ""))
        break
"""


class User:
    """Somebody with a repository, treadle, and an agent."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root, self.home = folder, folder / "project", folder / "home"
        self.home.mkdir()
        self.environ = {**os.environ, "TREADLE_HOME": str(self.home), "PYTHONDONTWRITEBYTECODE": "1"}
        files = {
            "conftest.py": "import sys\nsys.path.insert(0, 'src')\n",
            "src/prices.py": CODE,
            "tests/test_prices.py": TEST.format(3),
            ".gitignore": "__pycache__/\n.pytest_cache/\n.coverage*\n",
        }
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        for arguments in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "first"]):
            self.git(*arguments)
        (folder / "agent.py").write_text(AGENT)
        argv = json.dumps([sys.executable, str(folder / "agent.py"), str(folder / "answers.json")])
        named = "".join(f'[agents.{name}]\nkind = "command"\nargv = {argv}\n' for name in ("scripted", "claude-code"))
        (self.home / "config.toml").write_text(f'default_agent = "scripted"\n{named}')

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
        ran = subprocess.run(["git", *identity, *arguments], cwd=self.root, capture_output=True, text=True, check=True)
        return ran.stdout

    def answers(self, *pairs: tuple[str, dict[str, str]]) -> None:
        (self.folder / "answers.json").write_text(json.dumps(pairs))

    def run(self, sample: str, *options: str) -> dict:
        name = Path(sample).name
        (self.root / name).write_text(((SAMPLES / sample) if name == sample else Path(sample)).read_text())
        self.git("add", name)
        self.git("commit", "--quiet", "-m", "the workflow")
        command = [sys.executable, "-m", "treadle", "run", name, *options, "--json"]
        environ = {**self.environ, "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org",
                   "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org"}  # fmt: skip
        ran = subprocess.run(command, cwd=self.root, env=environ, capture_output=True, text=True, check=False)
        assert ran.stdout, ran.stderr
        return json.loads(ran.stdout)


@pytest.fixture
def user(tmp_path):
    return User(tmp_path)


def visits(ended: dict) -> dict[str, int]:
    return {name: step["visits"] for name, step in ended["steps"].items() if step["visits"]}


def test_kad_implements_a_feature(user):
    user.answers(("Implement:", {"src/prices.py": DOUBLED, "tests/test_prices.py": TEST.format(6)}))
    ended = user.run("implement-feature.yaml", "--feature", "Double the total of prices")
    assert ended["status"] == "completed", ended["error"]
    assert visits(ended).keys() == {"analyze", "plan", "implement", "test", "document", "review", "complete"}
    assert (user.root / "src/prices.py").read_text() == DOUBLED


def test_kad_repairs_tests(user):
    user.answers(
        ("Implement:", {"src/prices.py": DOUBLED}), ("These tests fail", {"tests/test_prices.py": TEST.format(6)})
    )
    ended = user.run("implement-feature.yaml", "--feature", "Double the total of prices")
    assert ended["status"] == "completed", ended["error"]
    assert visits(ended)["test"] == 2
    assert visits(ended)["fix-tests"] == 1


def test_kad_gives_up_when_its_attempts_are_exhausted(user):
    user.answers(("Implement:", {"src/prices.py": DOUBLED}), ("These tests fail", {"tries.txt": "%OLD%again\n"}))
    ended = user.run("implement-feature.yaml", "--feature", "Double the total of prices")
    assert ended["status"] == "failed"
    assert visits(ended)["fix-tests"] == 3
    assert visits(ended)["test"] == 4
    assert visits(ended).keys() >= {"error-handler", "complete"}
    assert "review" not in visits(ended)


def test_kad_tells_of_an_agent_that_does_nothing(user):
    user.answers()
    ended = user.run("implement-feature.yaml", "--feature", "Double the total of prices")
    assert ended["status"] == "failed"
    assert ended["error"]["type"] == "no-change"
    assert list(visits(ended)) == ["analyze", "plan", "implement", "rollback", "error-handler", "complete"]


def test_cloi_analyses_an_error(user):
    ended = user.run("error-analysis-and-fix.yaml", "--error", "ModuleNotFoundError: No module named 'yaml'")
    assert ended["status"] == "completed", ended["error"]
    assert visits(ended).keys() == {"classify-error", "retrieve-context", "generate-solution", "validate-solution"}


def test_claude_goes_from_a_specification_to_a_commit(user):
    user.answers(
        ("Write tests", {"tests/test_double.py": TEST.format(6).replace("test_total", "test_double")}),
        ("Implement:", {"src/prices.py": DOUBLED, "tests/test_prices.py": TEST.format(6)}),
    )
    ended = user.run("custom-workflow.json", "--specification", "Double the total of prices")
    assert ended["status"] == "completed", (ended["error"], ended["steps"])
    assert "src/prices.py" in user.git("show", "--stat", "HEAD")


def test_task_master_says_what_its_step_lacks(user):
    """The sample's step has an empty configuration: there is nothing to analyse, and that is said."""
    ended = user.run("my-custom-workflow.js")
    assert ended["status"] == "failed"
    assert (ended["error"]["step"], ended["error"]["type"]) == ("step_1", "invalid-input")
    assert "says anything" in ended["error"]["message"]


def test_task_master_with_a_configuration(user):
    sample = "my-custom-workflow.js"
    configured = (SAMPLES / sample).read_text().replace("// Step-specific configuration", "feature: 'Double the total'")
    (user.folder / sample).write_text(configured)
    ended = user.run(str(user.folder / sample))
    assert ended["status"] == "completed", ended["error"]
    assert ended["steps"]["step_1"]["attempts"] == 1
