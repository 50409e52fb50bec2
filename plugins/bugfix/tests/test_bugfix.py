"""Bugs in a real repository."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from treadle_hookspecs import ActionError, AgentAnswer
from treadle_testkit.actions import StandaloneContext
from treadle_testkit.repositories import GitRepository

GOOD = "def total(prices):\n    return sum(prices)\n"
BAD = "def total(prices):\n    return sum(prices) + 1\n"
TEST = "from src.shop import total\n\n\ndef test_total():\n    assert total([1, 2]) == 3\n"


@dataclass
class Agented(StandaloneContext):
    """A context whose agent does what the test says."""

    work: Callable[[Path], Sequence[str]] = lambda root: ()

    async def agent(self, instructions: str, *, files: Sequence[str] = (), **more: Any) -> AgentAnswer:
        self.asked = (instructions, tuple(files))
        changed = self.work(self.root)
        diff = GitRepository(self.root).git("diff")
        return AgentAnswer("scripted", "done", files=dict.fromkeys(changed, "modified"), diff=diff)


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    repository = GitRepository.create(
        tmp_path / "project",
        {
            "src/__init__.py": "",
            "src/shop.py": GOOD,
            "src/cart.py": "from src import shop\n",
            "tests/test_shop.py": TEST,
            "conftest.py": "",
        },
    )
    for number in range(3):
        repository.commit({"notes.md": f"{number}\n"}, f"note {number}")
    repository.commit({"src/shop.py": BAD}, "round prices", author="Bo")
    for number in range(3, 6):
        repository.commit({"notes.md": f"{number}\n"}, f"note {number}")
    return repository


@pytest.fixture
def context(repository: GitRepository, tmp_path: Path) -> Agented:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return Agented(repository.root, scratch)


def test_a_report(context: Agented) -> None:
    outputs = context.perform("bugfix/analyze-bug", issue="The total of prices is wrong in production").outputs
    assert outputs["components"][0]["path"] == "src/shop.py"
    assert outputs["severity"] == "high"
    assert outputs["reasons"] == ["the report says `production`"]
    assert outputs["impact"]["importers"] >= 1
    assert "What was expected?" in outputs["questions"]


def test_the_file_of_the_traceback_comes_first(context: Agented) -> None:
    issue = (
        'Adding a note fails:\n  File "src/cart.py", line 1, in <module>\nImportError: cannot import name x from src'
    )
    outputs = context.perform("bugfix/analyze-bug", issue=issue).outputs
    assert outputs["components"][0]["path"] == "src/cart.py"
    assert outputs["classification"]["category"] == "dependency"
    assert outputs["severity"] == "medium"


def test_a_complete_report_leaves_no_questions(context: Agented) -> None:
    issue = "With 1.2.0:\n1. add prices\n2. see the total\nExpected 3, but TypeError: bad total of prices"
    assert context.perform("bugfix/analyze-bug", issue=issue).outputs["questions"] == []


def test_an_empty_report(context: Agented) -> None:
    with pytest.raises(ActionError, match="the report is empty"):
        context.perform("bugfix/analyze-bug", issue=" ")


def test_the_commit_that_broke_it(context: Agented, repository: GitRepository) -> None:
    before = (repository.git("rev-parse", "HEAD"), repository.git("reflog"), repository.git("status", "--porcelain"))
    first = repository.git("rev-list", "--max-parents=0", "HEAD")
    outputs = context.perform(
        "bugfix/bisect", good=first, command=["grep", "-q", "sum(prices)$", "src/shop.py"]
    ).outputs
    assert (outputs["subject"], outputs["author"]) == ("round prices", "Bo")
    assert outputs["files"] == ["src/shop.py"]
    assert (
        repository.git("rev-parse", "HEAD"),
        repository.git("reflog"),
        repository.git("status", "--porcelain"),
    ) == before
    assert repository.git("worktree", "list").count("\n") == 0


@pytest.mark.parametrize(("command", "error"), [(["true"], "not-bad"), (["false"], "not-good")])
def test_ends_that_say_otherwise(context: Agented, repository: GitRepository, command, error) -> None:
    first = repository.git("rev-list", "--max-parents=0", "HEAD")
    with pytest.raises(ActionError) as caught:
        context.perform("bugfix/bisect", good=first, command=command)
    assert caught.value.error_class == error
    assert repository.git("worktree", "list").count("\n") == 0


def mends(text: str) -> Callable[[Path], Sequence[str]]:
    def work(root: Path) -> Sequence[str]:
        (root / "src/shop.py").write_text(text)
        return ["src/shop.py"]

    return work


def test_a_fix_counts_when_the_reproduction_passes(context: Agented) -> None:
    context.work = mends(GOOD)
    failing = context.perform("testing/run-tests").outputs["failures"]
    outputs = context.perform(
        "bugfix/minimal-fix", issue="total is wrong", components=["src/shop.py"], reproduction=failing
    ).outputs
    assert (outputs["verified"], outputs["lines"]) == (True, 2)
    assert failing[0]["id"] in context.asked[0]
    assert context.asked[1] == ("src/shop.py",)


def test_a_fix_that_mends_nothing(context: Agented) -> None:
    context.work = mends(BAD + "\n")
    failing = context.perform("testing/run-tests").outputs["failures"]
    with pytest.raises(ActionError, match="still failing") as caught:
        context.perform("bugfix/minimal-fix", issue="total is wrong", reproduction=failing)
    assert caught.value.outputs["verified"] is False


def test_without_a_reproduction_nothing_is_called_verified(context: Agented) -> None:
    context.work = mends(GOOD)
    outputs = context.perform("bugfix/minimal-fix", issue="x", proposal={"text": "look at sum"}).outputs
    assert outputs["verified"] is None
    assert "look at sum" in context.asked[0]
