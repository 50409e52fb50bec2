"""Agents and tests: what counts is what the tests say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from treadle_hookspecs import ActionError, AgentAnswer
from treadle_testkit.actions import StandaloneContext

BROKEN = "def double(x):\n    return x + x + 1\n"
MENDED = "def double(x):\n    return x + x\n"
TEST = "from src.lib import double\n\n\ndef test_double():\n    assert double(2) == 4\n"


@dataclass
class Agented(StandaloneContext):
    """A context whose agent does what the test says."""

    work: Callable[[Path], Sequence[str]] = lambda root: ()

    async def agent(self, instructions: str, *, files: Sequence[str] = (), **more: Any) -> AgentAnswer:
        self.asked = (instructions, tuple(files))
        return AgentAnswer("scripted", "done", files=dict.fromkeys(self.work(self.root), "modified"))


@pytest.fixture
def context(tmp_path: Path) -> Agented:
    root, scratch = tmp_path / "project", tmp_path / "scratch"
    scratch.mkdir()
    for name, text in {
        "src/__init__.py": "",
        "src/lib.py": BROKEN,
        "tests/test_lib.py": TEST,
        "conftest.py": "",
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Agented(root, scratch)


def writes(path: str, text: str) -> Callable[[Path], Sequence[str]]:
    def work(root: Path) -> Sequence[str]:
        (root / path).write_text(text)
        return [path]

    return work


def test_mended_is_what_passes(context: Agented) -> None:
    context.work = writes("src/lib.py", MENDED)
    outputs = context.perform("testing/fix-failing-tests", check=True).outputs
    assert outputs["fixed"] is True
    assert outputs["totals"]["passed"] == 1
    assert outputs["changes"] == [{"path": "src/lib.py", "how": "modified"}]
    assert "assert 5 == 4" in context.asked[0]
    assert context.asked[1] == ("tests/test_lib.py",)


def test_saying_done_is_not_enough(context: Agented) -> None:
    context.work = writes("src/lib.py", "def double(x):\n    return 7\n")
    with pytest.raises(ActionError, match="tests still fail") as caught:
        context.perform("auto-fix-tests", results={"type": "tests-fail", "message": "double is wrong"}, check=True)
    assert caught.value.outputs["fixed"] is False
    assert "double is wrong" in context.asked[0]


def test_nothing_fails(context: Agented) -> None:
    (context.root / "src/lib.py").write_text(MENDED)
    with pytest.raises(ActionError, match="no test fails"):
        context.perform("testing/fix-failing-tests")


def test_unchecked_says_so(context: Agented) -> None:
    context.work = writes("src/lib.py", MENDED)
    outputs = context.perform("testing/fix-failing-tests", test_results={"passed": False, "summary": "1 failed"})
    assert outputs.outputs["fixed"] is None


def test_tests_are_written_and_run(context: Agented) -> None:
    (context.root / "src/lib.py").write_text(MENDED)
    context.work = writes("tests/test_more.py", TEST.replace("test_double", "test_more"))
    outputs = context.perform("generate-tests", implementation={"code_changes": [{"path": "src/lib.py"}]}).outputs
    assert outputs["totals"]["passed"] == 2
    assert "src/lib.py" in context.asked[0]


def test_tests_that_fail_fail_the_step(context: Agented) -> None:
    context.work = writes("tests/test_more.py", "def test_more():\n    assert False\n")
    with pytest.raises(ActionError, match="tests fail") as caught:
        context.perform("testing/generate-tests", changes=["src/lib.py"])
    assert caught.value.outputs["totals"]["failed"] == 2


def test_what_is_no_test(context: Agented) -> None:
    context.work = writes("src/lib.py", MENDED)
    with pytest.raises(ActionError, match="is no test"):
        context.perform("testing/generate-tests")


def test_a_bug_is_reproduced_by_a_test_that_fails_anew(context: Agented) -> None:
    context.work = writes(
        "tests/test_bug.py", "from src.lib import double\n\n\ndef test_bug():\n    assert double(1) == 2\n"
    )
    outputs = context.perform("testing/create-reproduction", issue="double(1) is 3").outputs
    assert outputs["reproduced"] is True
    assert [case["file"] for case in outputs["failures"]] == ["tests/test_bug.py"]


def test_a_test_that_passes_reproduces_nothing(context: Agented) -> None:
    context.work = writes("tests/test_bug.py", "def test_bug():\n    assert True\n")
    with pytest.raises(ActionError, match="not reproduced"):
        context.perform("testing/create-reproduction", issue="double(1) is 3")
