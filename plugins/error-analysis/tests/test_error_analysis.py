"""Errors as they really look, in a real repository."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from treadle_hookspecs import ActionError, ExecutionRow, StepRow
from treadle_testkit.actions import StandaloneContext
from treadle_testkit.repositories import GitRepository

PROJECT = {
    "src/shop.py": "def total(prices):\n    return sum(prices) / len(prices)\n",
    "run.py": "import sys\n\nsys.path.insert(0, 'src')\nimport shop\n\nprint(shop.total([]))\n",
}


@pytest.fixture
def context(tmp_path: Path) -> StandaloneContext:
    repository = GitRepository.create(tmp_path / "project", PROJECT)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return StandaloneContext(repository.root, scratch)


@pytest.fixture
def traceback(context: StandaloneContext) -> str:
    return subprocess.run(
        [sys.executable, "run.py"], cwd=context.root, capture_output=True, text=True, check=False
    ).stderr


def classified(context: StandaloneContext, text: str, **more):
    return context.perform("error-analysis/classify", error_message=text, **more).outputs


def test_a_real_traceback(context: StandaloneContext, traceback: str) -> None:
    outputs = classified(context, traceback)
    assert outputs["error_type"] == "ZeroDivisionError"
    assert outputs["category"] == "value"
    assert outputs["own_frame"] == {"file": "src/shop.py", "line": 2, "name": "total", "own": True}
    assert [frame["file"] for frame in outputs["frames"]] == ["run.py", "src/shop.py"]
    assert outputs["retryable"] is False
    assert outputs["summary"] == "ZeroDivisionError (value) at src/shop.py:2"


@pytest.mark.parametrize(
    ("text", "category", "names", "retryable"),
    [
        ("ModuleNotFoundError: No module named 'yaml'", "dependency", ["yaml"], False),
        ("sh: 1: rg: not found", "dependency", ["rg"], False),
        ("curl: (7) Failed to connect: Connection refused", "network", ["Connection refused"], True),
        ("sqlite3.OperationalError: database is locked", "locked", ["database is locked"], True),
        ("OSError: [Errno 28] No space left on device", "disk-full", [], False),
        (
            "FileNotFoundError: [Errno 2] No such file or directory: '/etc/x.toml'",
            "missing-file",
            ["/etc/x.toml"],
            False,
        ),
        ("E   AssertionError: assert 1 == 2", "assertion", ["AssertionError"], False),
        ("SyntaxError: invalid syntax", "syntax", ["SyntaxError"], False),
        ("something odd happened", "unknown", [], False),
    ],
)
def test_kinds(context: StandaloneContext, text, category, names, retryable) -> None:
    outputs = classified(context, text)
    assert (outputs["category"], outputs["names"], outputs["retryable"]) == (category, names, retryable)


@pytest.mark.parametrize(
    ("code", "category"), [(124, "timeout"), (127, "dependency"), (137, "resource"), (3, "unknown")]
)
def test_exit_codes(context: StandaloneContext, code, category) -> None:
    assert context.perform("error-analysis/classify", exit_code=code).outputs["category"] == category


def test_the_error_of_a_step(context: StandaloneContext) -> None:
    outputs = context.perform(
        "error-analysis/classify", error={"type": "exit-code", "message": "pytest exited with 1"}
    ).outputs
    assert outputs["message"] == "exit-code: pytest exited with 1"


def test_nothing_is_no_error(context: StandaloneContext) -> None:
    with pytest.raises(ActionError, match="no error to look at"):
        classified(context, "")


def test_the_fingerprint_does_not_depend_on_numbers_and_paths(context: StandaloneContext) -> None:
    first = classified(context, "ValueError: bad row 17 of '/tmp/a/x.csv' at 0x7f00")
    second = classified(context, "ValueError: bad row 9001 of '/home/b/y.csv' at 0x7fff")
    other = classified(context, "ValueError: bad column 17 of '/tmp/a/x.csv' at 0x7f00")
    assert first["fingerprint"] == second["fingerprint"] != other["fingerprint"]


def test_installed_packages_are_not_the_repository(context: StandaloneContext) -> None:
    (context.root / "site-packages").mkdir()
    (context.root / "site-packages/lib.py").write_text("x = 1\n")
    outputs = classified(context, '  File "site-packages/lib.py", line 1, in f\nValueError: x')
    assert outputs["own_frame"] is None


def execution(id_: str) -> ExecutionRow:
    return ExecutionRow(id_, "w", "1", "completed", "/", "cli", None, 1)


def failed(context: StandaloneContext, ended: str = "succeeded") -> None:
    error = {"type": "ValueError", "message": "bad row 3"}
    steps = [
        StepRow("old", "load", 1, "x/y", "failed", error=error),
        StepRow("old", "clean-cache", 1, "x/z", "succeeded"),
        StepRow("old", "load", 2, "x/y", ended),
    ]
    context.host = SimpleNamespace(executions=lambda: [execution("old")], steps=lambda _: steps)


def test_what_happened_before_is_found(context: StandaloneContext) -> None:
    failed(context)
    outputs = context.perform("error-analysis/retrieve-context", query="ValueError: bad row 4711").outputs
    assert outputs["seen_before"] == [
        {"execution": "old", "step": "load", "message": "bad row 3", "ended": "succeeded", "after": ["clean-cache"]}
    ]


def test_the_lines_of_the_error_come_first(context: StandaloneContext, traceback: str) -> None:
    context.host = SimpleNamespace(executions=list, steps=lambda _: [])
    outputs = context.perform("error-analysis/retrieve-context", query=traceback).outputs
    assert outputs["relevant_patterns"][0]["path"] == "src/shop.py"
    assert "sum(prices) / len(prices)" in outputs["relevant_patterns"][0]["text"]


def test_what_helped_before_is_proposed_first(context: StandaloneContext) -> None:
    failed(context)
    seen = context.perform("error-analysis/retrieve-context", query="ValueError: bad row 1").outputs["seen_before"]
    outputs = context.perform("error-analysis/propose", error="ValueError: bad row 1", seen_before=seen).outputs
    assert outputs["proposed_fix"]["text"] == "run clean-cache again: it helped before"
    assert outputs["needs_agent"] is False


def test_what_did_not_help_is_not_proposed(context: StandaloneContext) -> None:
    failed(context, "failed")
    seen = context.perform("error-analysis/retrieve-context", query="ValueError: bad row 1").outputs["seen_before"]
    outputs = context.perform("error-analysis/propose", error="ValueError: bad row 1", seen_before=seen).outputs
    assert outputs["needs_agent"] is True


@pytest.mark.parametrize(
    ("error", "text", "needs_agent"),
    [
        ("ModuleNotFoundError: No module named 'yaml'", "install the distribution that has the module yaml", False),
        ("Connection refused", "try again; if it stays, see whether the other side is there", False),
        ("something odd happened", "no rule fits this error: somebody has to look at it", True),
    ],
)
def test_proposals_by_rule(context: StandaloneContext, error, text, needs_agent) -> None:
    outputs = context.perform("llm-interaction", error=error).outputs
    assert (outputs["proposed_fix"]["text"], outputs["needs_agent"]) == (text, needs_agent)


PATCH = """--- a/src/shop.py
+++ b/src/shop.py
@@ -1,2 +1,2 @@
 def total(prices):
-    return sum(prices) / len(prices)
+    return sum(prices) / len(prices) if prices else 0
"""


def test_a_patch_that_applies_is_not_applied(context: StandaloneContext) -> None:
    before = (context.root / "src/shop.py").read_text()
    outputs = context.perform("solution-validator", solution=PATCH).outputs
    assert (outputs["verdict"], outputs["files"]) == ("pass", ["src/shop.py"])
    assert (context.root / "src/shop.py").read_text() == before


def test_a_patch_that_does_not_apply(context: StandaloneContext) -> None:
    with pytest.raises(ActionError, match=r"src/shop\.py: patch does not apply") as caught:
        context.perform("error-analysis/validate", solution=PATCH.replace("len(prices)\n", "count(prices)\n", 1))
    assert caught.value.outputs["verdict"] == "fail"


def test_python_that_does_not_parse(context: StandaloneContext) -> None:
    with pytest.raises(ActionError, match="block 1 parses: line 1"):
        context.perform("error-analysis/validate", solution="Try this:\n```python\ndef broken(:\n```\n")


def test_what_cannot_be_checked_is_not_called_good(context: StandaloneContext) -> None:
    assert context.perform("error-analysis/validate", solution="turn it off and on").outputs["verdict"] == "not-checked"


def test_the_scratch_is_cleared_up(context: StandaloneContext) -> None:
    context.perform("error-analysis/validate", solution=PATCH)
    context.perform("cleanup-validation")
    assert not context.scratch.exists()


CHOICES = ["retry", "repair", "fall-back", "escalate"]


@pytest.mark.parametrize(
    ("message", "choices", "recovery"),
    [
        ("curl: (7) Connection refused", CHOICES, "retry"),
        ("ModuleNotFoundError: No module named 'flask'", CHOICES, "repair"),
        ("AssertionError: 1 != 2", ["retry", "fall-back"], "fall-back"),
        ("AssertionError: 1 != 2", ["retry", "escalate"], "escalate"),
        ("AssertionError: 1 != 2", ["retry"], ""),
        ("database is locked", ["repair"], "repair"),
    ],
)
def test_a_failure_is_judged(context: StandaloneContext, message: str, choices: list[str], recovery: str) -> None:
    error = {"type": "exit-code", "message": f"the command exited with 1\n{message}"}
    given = {"step": "deploy", "visit": 2, "error": error, "choices": choices}
    outputs = context.perform("error-analysis/recover", **given).outputs
    assert outputs["recovery"] == recovery
    assert outputs["summary"].startswith(f"{recovery or 'no recovery'} for visit 2 of deploy: ")
