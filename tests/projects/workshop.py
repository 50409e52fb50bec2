"""A real project in a repository, treadle, and a program as agent that changes the project as somebody would."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from users import Ran, User

AGENT: Final = """
import json, pathlib, sys
task = sys.stdin.read()
log = pathlib.Path(sys.argv[2])
with log.open("a") as told:
    told.write(json.dumps(task) + "\\n")
for words, changes in json.loads(pathlib.Path(sys.argv[1]).read_text()):
    if words in task:
        for name, (old, new) in changes.items():
            path = pathlib.Path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            text = path.read_text() if path.exists() else ""
            if old not in text:
                sys.exit(f"{name} does not say {old!r}")
            path.write_text(text.replace(old, new, 1) if old else new)
        break
"""
"""It does the first of the changes whose words stand in its task: `name: [old, new]`, without `old` a whole file."""

Change = Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Project:
    """A third-party project with work to do on it.

    Attributes:
        name: of the project.
        spec: what is wanted of it, for a feature.
        feature: the change that does it.
        feature_tests: tests for that.
        bug: a change that breaks it, and that the project's own tests do not see.
        issue: how somebody reports that.
        reproduction: a test that fails because of it.
        target: a file worth being written anew.
        rewrite: a change of it that does the same.
        spoilt: a change of it that does something else.
        test_args: arguments for pytest.
    """

    name: str
    spec: str
    feature: Change
    feature_tests: Change
    bug: Change
    issue: str
    reproduction: Change
    target: str
    rewrite: Change
    spoilt: Change
    test_args: Sequence[str] = field(default=())

    @property
    def fix(self) -> Change:
        """The bug the other way round."""
        return {name: (new, old) for name, (old, new) in self.bug.items()}


class Workshop:
    """Somebody in the repository of a project."""

    def __init__(self, user: User, project: Project) -> None:
        self.user, self.project, self.root = user, project, user.project
        self.agent_source = user.home / "agent.py"
        self._answers = user.home / "answers.json"
        self._log = user.home / "tasks.jsonl"
        self.agent_source.write_text(AGENT)
        argv = [sys.executable, str(self.agent_source), str(self._answers), str(self._log)]
        user.state.mkdir()
        (user.state / "config.toml").write_text(
            f'default_agent = "scripted"\n\n[agents.scripted]\nkind = "command"\nargv = {json.dumps(argv)}\n'
        )
        (user.home / ".gitconfig").write_text("[user]\nname = Ada\nemail = ada@example.org\n")

    def begin(self) -> None:
        """Commit what is there."""
        self.git("init", "--quiet", "--initial-branch=main")
        (self.root / ".git/info/exclude").write_text("__pycache__/\n.pytest_cache/\n.coverage\n*.egg-info/\n")
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "-m", self.project.name)

    def git(self, *arguments: str) -> str:
        """What git prints."""
        ran = subprocess.run(
            ["git", *arguments], cwd=self.root, env=self.user.environ, capture_output=True, text=True, check=True
        )
        return ran.stdout.strip()

    def change(self, change: Change) -> None:
        """Do a change by hand."""
        for name, (old, new) in change.items():
            path = self.root / name
            text = path.read_text() if path.exists() else ""
            assert old in text, f"{name} does not say {old!r}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace(old, new, 1) if old else new)

    def commit(self, change: Change, message: str) -> None:
        """Do a change by hand, and commit it."""
        self.change(change)
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", message)

    def agent_does(self, *pairs: tuple[str, Change]) -> None:
        """What the agent changes, by words of its task: the first that fit."""
        self._answers.write_text(json.dumps(pairs))

    def tasks(self) -> list[str]:
        """What the agent was asked."""
        return [json.loads(line) for line in self._log.read_text().splitlines()] if self._log.exists() else []

    def bytes(self) -> dict[str, str]:
        """A hash of everything in the work tree, and of what git would see."""
        files = [path for path in self.root.rglob("*") if path.is_file() and not _is_git_s(path, self.root)]
        hashes = {
            str(path): f"{path.stat().st_mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files
        }
        shown = (("rev-parse", "HEAD"), ("status", "--porcelain"), ("stash", "list"), ("for-each-ref",), ("reflog",))
        return hashes | {f"git {words[0]}": self.git(*words) for words in shown}

    def run(self, workflow: str, *options: str, status: int | None = 0, **environ: str) -> Ran:
        """Type `treadle run WORKFLOW …`, with the Python of the test and its arguments."""
        given = ["--python", sys.executable]
        if self.project.test_args:
            given += ["--test-args", json.dumps(list(self.project.test_args))]
        return self.user.treadle("run", workflow, *options, *given, status=status, **environ)

    def report(self) -> str:
        """The report of the newest execution."""
        return self.user.treadle("report", self.user.newest()).out

    def tests_pass(self, *names: str) -> bool:
        """Run tests as somebody would who has never heard of treadle."""
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *self.project.test_args, *names]
        alone = {"PYTHONPATH": str(self.root / "src"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        environ = {**self.user.environ, **alone, "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(command, cwd=self.root, env=environ, capture_output=True, check=False).returncode == 0


def _is_git_s(path: Path, root: Path) -> bool:
    parts = path.relative_to(root).parts
    return parts[0] == ".git" or "__pycache__" in parts or parts[0] in (".pytest_cache", ".treadle")


def states(ended: Any) -> dict[str, str]:
    """The state of each step of an execution."""
    return {name: step["state"] for name, step in ended["steps"].items()}
