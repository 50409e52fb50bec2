"""`performance/benchmark`, `compare`, `record`, `check`. Memory is judged: a busy machine does not change it."""

import asyncio
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from treadle_hookspecs import ActionError
from treadle_performance._benchmark import _same_tests, judge
from treadle_performance._statistics import Interval, interval
from treadle_performance._subject import subject
from treadle_testkit.actions import StandaloneContext

SMALL = "x = bytearray(1_000_000)\n"
LARGE = "x = bytearray(60_000_000)\n"
COMMAND = ["python", "work.py"]


def test_a_benchmark_tells_what_a_command_takes(project, perform) -> None:
    root = project({"work.py": LARGE})
    outputs = perform("performance_benchmark", root, command=COMMAND, rounds=6, metric="memory").outputs
    assert outputs["low"] <= outputs["median"] <= outputs["high"]
    assert outputs["median"] > 60_000_000
    assert len(outputs["values"]) == 6
    assert outputs["all"].keys() == {"seconds", "cpu", "memory"}
    assert outputs["unit"] == "B"
    assert not (root / "__pycache__").exists()


def test_tests_are_what_is_run_when_nothing_else_is_said(project, tmp_path) -> None:
    root = project({"a.py": "", ".venv/bin/python": "#!/bin/sh\nexit 1\n"})
    found = asyncio.run(subject(StandaloneContext(root, tmp_path), root, [], ["tests/test_a.py"], ""))
    assert found.command == (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_a.py")
    assert found.environment(tmp_path)["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] == "1", "plugins of treadle's are not its own"
    project({"pyproject.toml": 'dependencies = ["pytest-asyncio"]\n'})
    assert "PYTEST_DISABLE_PLUGIN_AUTOLOAD" not in found.environment(tmp_path)


@pytest.mark.parametrize(
    ("base", "head", "verdict", "conclusion", "outcome"),
    [(SMALL, LARGE, "fail", "more", "needs-work"), (LARGE, SMALL, "pass", "less", "success")],
)
def test_a_change_is_compared_in_turns(project, perform, base, head, verdict, conclusion, outcome) -> None:
    before, after = project({"work.py": base}, "before"), project({"work.py": head}, "after")
    inputs = {"base_path": str(before), "head_path": str(after), "command": COMMAND, "metric": "memory", "rounds": 6}
    ended = perform("performance/compare", after, **inputs)
    assert (ended.name, ended.outputs["verdict"], ended.outputs["conclusion"]) == (outcome, verdict, conclusion)
    assert ended.outputs["base"].keys() == ended.outputs["head"].keys() == {"seconds", "cpu", "memory"}
    if verdict == "fail":
        assert "more memory at least, 10 % are allowed" in ended.outputs["reasons"][0]
        assert ended.outputs["findings"][0]["rule"] == "performance"


def test_only_tests_that_are_the_same_are_compared(project, perform) -> None:
    files = {"lib.py": SMALL, "tests/test_a.py": "", "tests/test_b.py": "", "tests/test_c.py": ""}
    before = project(files, "before")
    after = project({**files, "tests/test_b.py": "import lib\n", "tests/test_d.py": ""}, "after")
    assert _same_tests(before, after) == ["tests/test_a.py", "tests/test_c.py"]
    bare = project({"lib.py": SMALL}, "bare")
    with pytest.raises(ActionError, match="say in `command`") as caught:
        perform("performance/compare", bare, base_path=str(bare), head_path=str(after))
    assert caught.value.outputs["verdict"] == "not-checked"


def test_what_takes_too_long_is_not_measured(project, perform) -> None:
    root = project({"work.py": SMALL})
    inputs = {"base_path": str(root), "head_path": str(root), "command": COMMAND, "max_seconds": 1e-6}
    with pytest.raises(ActionError, match="measure a shorter `command`") as caught:
        perform("performance/compare", root, **inputs)
    assert caught.value.error_class == "too-long"


def test_what_fails_is_not_compared(project, perform) -> None:
    before, after = project({"work.py": SMALL}, "before"), project({"work.py": "raise SystemExit('broken')\n"}, "after")
    with pytest.raises(ActionError, match="broken") as caught:
        perform("performance/compare", after, base_path=str(before), head_path=str(after), command=COMMAND)
    assert caught.value.error_class == "command-failed"
    assert caught.value.outputs["verdict"] == "not-checked"


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"rounds": 5}, "give at least 6"),
        ({"metric": "beauty"}, "`metric` is one of time, load-time, cpu, memory"),
        ({"path": "nowhere"}, "there is no folder"),
    ],
)
def test_bad_inputs(project, perform, inputs, words) -> None:
    with pytest.raises(ActionError, match=words) as caught:
        perform("performance/benchmark", project({"work.py": SMALL}), command=COMMAND, **inputs)
    assert caught.value.error_class == "invalid-input"


@pytest.mark.parametrize(
    ("ratio", "gain", "verdict", "conclusion", "notes"),
    [
        (Interval(0.95, 1.0, 1.05), None, "pass", "same", 0),
        (Interval(0.95, 1.05, 1.30), None, "pass", "same", 1),
        (Interval(1.02, 1.05, 1.08), None, "pass", "more", 0),
        (Interval(1.11, 1.20, 1.30), None, "fail", "more", 0),
        (Interval(0.50, 0.55, 0.60), 20.0, "pass", "less", 0),
        (Interval(0.50, 0.75, 0.90), 20.0, "fail", "less", 0),
        (Interval(0.98, 1.00, 1.02), 20.0, "fail", "same", 0),
    ],
)
def test_only_what_is_certain_fails(ratio, gain, verdict, conclusion, notes) -> None:
    judged = judge(ratio, "time", 10.0, gain)
    assert (judged["verdict"], judged["conclusion"], len(judged["notes"])) == (verdict, conclusion, notes)


def test_intervals_are_those_of_the_sign_test() -> None:
    known = {6: (0, 5), 8: (0, 7), 9: (1, 7), 10: (1, 8), 12: (2, 9), 20: (5, 14), 30: (9, 20)}
    for count, (low, high) in known.items():
        found = interval([float(number) for number in range(count)])
        assert (found.low, found.high) == (low, high)


@given(st.lists(st.floats(min_value=0, max_value=1e9), min_size=1, max_size=60))
def test_the_median_lies_in_its_interval(values) -> None:
    found = interval(values)
    assert min(values) <= found.low <= found.median <= found.high <= max(values)


def test_a_performance_test_is_kept_and_checked(project, perform) -> None:
    root = project({"work.py": SMALL})
    made = perform("performance/record", root, name="work", command=[sys.executable, "work.py"], rounds=6).outputs
    assert made["created"] == ["performance-tests.json"]
    entry = json.loads((root / "performance-tests.json").read_text())["tests"]["work"]
    assert entry["command"] == ["python", "work.py"], "no path of this machine"
    # What is tested here is memory, so work may be anything.
    entry["work"] = 1e9
    (root / "performance-tests.json").write_text(
        json.dumps({"schema": "treadle/performance@1", "tests": {"work": entry}})
    )
    passed = perform("performance/check", root)
    assert (passed.name, passed.outputs["verdict"]) == ("success", "pass")
    (root / "work.py").write_text(LARGE)
    failed = perform("performance/check", root)
    assert (failed.name, failed.outputs["verdict"]) == ("needs-work", "fail")
    assert "work takes" in failed.outputs["reasons"][0]


def test_a_file_that_holds_something_else_stays_as_it_is(project, perform) -> None:
    root = project({"work.py": SMALL, "performance-tests.json": '{"mine": 1}\n'})
    with pytest.raises(ActionError, match="is no file of performance tests"):
        perform("performance/record", root, name="work", command=COMMAND)
    assert (root / "performance-tests.json").read_text() == '{"mine": 1}\n'
    (root / "performance-tests.json").unlink()
    with pytest.raises(ActionError, match="holds no performance test"):
        perform("performance/check", root)
