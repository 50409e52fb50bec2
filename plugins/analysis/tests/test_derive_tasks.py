"""`analysis/derive-tasks`: each rule on a real change, and the table in the README."""

from pathlib import Path

import pytest
from treadle_analysis._rules import TABLE
from treadle_testkit.actions import StandaloneContext
from treadle_testkit.repositories import GitRepository


@pytest.fixture
def tasks(context: StandaloneContext, analyze):
    def derive(**limits):
        outputs = context.perform("generate_tasks", change=analyze(), **limits).outputs
        return {task["rule"]: task for task in outputs["tasks"]}

    return derive


def test_a_function_without_test_and_docstring(repository: GitRepository, shapes, tangled, tasks) -> None:
    repository.commit({"src/geo/shapes.py": shapes + tangled}, "volume")
    found = tasks(max_complexity=8)
    assert set(found) == {"untested-function", "missing-docstring", "complex-function"}
    assert found["untested-function"]["file"] == "src/geo/shapes.py"
    assert found["untested-function"]["lines"] == [24, 31]
    assert found["complex-function"]["evidence"] == {"complexity": 9, "limit": 8, "before": None}
    repository.commit({"tests/test_volume.py": "from geo.shapes import volume\n"}, "test")
    assert set(tasks()) == {"missing-docstring"}


def test_a_broken_name_needs_a_word_in_the_changelog(repository: GitRepository, shapes, tasks) -> None:
    repository.commit({"src/geo/shapes.py": shapes.replace("(width, height)", "(width)")}, "break")
    assert tasks()["breaking-api"]["evidence"]["reason"] == "parameter `height` is gone"
    repository.commit({"CHANGELOG.md": "# 2.0\n"}, "announce")
    assert "breaking-api" not in tasks()


def test_markers_locks_tests_syntax_and_size(repository: GitRepository, tasks) -> None:
    repository.commit(
        {
            "src/geo/other.py": "# FIXME: later\n" + "x = 1\n" * 30,
            "src/geo/report.py": "def show(:\n",
            "pyproject.toml": '[project]\nname = "geo"\nversion = "1"\n',
            "tests/test_shapes.py": "def test_area():\n    assert True\n",
        },
        "mess",
    )
    found = tasks(max_lines=20)
    assert found["leftover-marker"]["lines"] == [1, 1]
    assert found["stale-lock"]["evidence"] == {"dependencies": ["attrs"], "lock": "uv.lock"}
    assert found["removed-test"]["evidence"] == {"test": "test_old"}
    assert found["does-not-parse"]["severity"] == "high"
    assert found["oversized-change"]["evidence"]["source_lines"] > 20
    assert found["oversized-change"]["file"] is None


def test_ids_are_stable_and_the_count_is_complete(
    repository: GitRepository, context: StandaloneContext, analyze, shapes, tangled, tasks
) -> None:
    repository.commit({"src/geo/shapes.py": shapes + tangled}, "volume")
    before = tasks()["untested-function"]["id"]
    repository.commit({"src/geo/shapes.py": "# a line more\n" + shapes + tangled}, "shift")
    assert tasks()["untested-function"]["id"] == before
    outputs = context.perform("analysis/derive-tasks", change=analyze(), limit=1).outputs
    assert len(outputs["tasks"]) == 1
    assert outputs["count"] == sum(outputs["by_rule"].values()) == 2


def test_no_task_is_said_so(repository: GitRepository, context: StandaloneContext, analyze) -> None:
    repository.commit({"docs/guide.md": "# Guide\n"}, "docs")
    assert context.perform("generate_tasks", change=analyze()).outputs["summary"] == "no task"


@pytest.mark.parametrize("rule", TABLE, ids=lambda rule: rule.id)
def test_the_readme_lists_every_rule(rule) -> None:
    readme = Path(__file__).parents[1].joinpath("README.md").read_text("utf-8")
    assert f"| `{rule.id}` | {rule.severity} | {rule.when} |" in readme
