from pathlib import Path

import pytest
from treadle_hookspecs import Event, ExecutionRow, StepRow
from treadle_report._forms import as_json, html, junit, markdown
from treadle_testkit.actions import RecordedHost, StandaloneContext

START = 1_767_323_045_000_000
SECOND = 1_000_000

EXECUTION = ExecutionRow("abc123", "check", "1", "failed", "/project", "cli", {}, START, "", START + 12 * SECOND)


def step(address: str, seconds: float, outputs: object = None, **fields: object) -> StepRow:
    """A visit that started with the execution."""
    row = StepRow("abc123", address, 1, "module/action", "succeeded", "success", 1, None, outputs)  # type: ignore[arg-type]
    return row._replace(started_at=START, finished_at=START + round(seconds * SECOND), **fields)  # type: ignore[arg-type]


TESTS = {
    "verdict": "fail",
    "summary": "1 of 9 tests failed",
    "reasons": ["1 of 9 tests failed"],
    "figures": [
        {"name": "tests", "value": 9},
        {"name": "covered", "value": 80.5, "unit": "%", "limit": "at least 90"},
    ],
    "findings": [
        {"rule": "E1", "severity": "low", "file": "b.py", "line": 3, "message": "known thing", "new": False},
        {"rule": "E2", "severity": "high", "file": "a|b.py", "line": 7, "message": "<b>x</b> | [y](z)", "new": True},
    ],
    "notes": ["one plugin is off"],
}
TASKS = {
    "summary": "1 task",
    "tasks": [
        {
            "id": "T-1",
            "title": "Test `f`",
            "file": "a.py",
            "lines": [3, 9],
            "rule": "untested",
            "severity": "medium",
            "evidence": {"tests_naming_it": 0},
        }
    ],
}


@pytest.fixture
def host() -> RecordedHost:
    """An execution with a check that fails, one that broke, one that was not run, and a step that was visited twice."""
    error = {"type": "tool-missing", "message": "bandit is not installed; run: pip install bandit"}
    return RecordedHost(
        forms={"md": markdown, "json": as_json, "html": html, "junit": junit},
        rows=[EXECUTION],
        step_rows=[
            step("plan", 1, TASKS),
            step("tests", 8, {"verdict": "pass"}),
            step("tests", 6, TESTS, visit=2, attempts=3),
            step("audit", 0.5, None, state="failed", error=error),
            step("style", 2, {"verdict": "pass", "summary": "fine"}),
            StepRow("abc123", "deploy", 0, "", "upstream_failed", finished_at=START),
        ],
        events=[Event(1, "abc123", "execution_started", START, data={"inputs": {"base": "main", "limit": 3, "x": ""}})],
    )


@pytest.fixture
def context(host: RecordedHost, tmp_path: Path) -> StandaloneContext:
    (tmp_path / "project").mkdir()
    (tmp_path / "scratch").mkdir()
    return StandaloneContext(
        tmp_path / "project", tmp_path / "scratch", host=host, execution="abc123", address="report#1.1"
    )
