"""`performance/profile` and `performance/bottlenecks`, with the real profiler on real programs."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from treadle_hookspecs import ActionError, ToolMissingError
from treadle_performance._frames import costs, own_code

PROGRAM = """\
import json


def slow(n):
    total = 0
    for number in range(n):
        total += number * number % 7
    return total


def nothing():
    return json.dumps([])


def main():
    nothing()
    return slow(1_000_000)


if __name__ == "__main__":
    main()
"""
TESTS = "from program import slow\n\n\ndef test_slow():\n    assert slow(1_000_000) == 1_999_998\n"


def test_the_function_that_takes_the_time_is_found(project, perform) -> None:
    root = project({"program.py": PROGRAM})
    outputs = perform("performance/profile", root, command=["python", "program.py"]).outputs
    first = outputs["functions"][0]
    assert (first["name"], first["file"], first["line"]) == ("slow", "program.py", 4)
    assert first["callers"] == ["main (program.py:15)"]
    assert first["share"] == max(one["share"] for one in outputs["functions"])
    assert outputs["samples"] > 0
    assert "slow" in Path(outputs["report"]).read_text()
    assert not (root / "__pycache__").exists()

    found = perform("performance/bottlenecks", root, profile=outputs).outputs
    assert found["bottlenecks"][0]["name"] == "slow"
    assert found["bottlenecks"][0]["at_most"] is None or found["bottlenecks"][0]["at_most"] > 1
    assert "slow in program.py, line 4" in found["instructions"]
    assert found["files"] == ["program.py"]


def test_tests_are_profiled_with_the_project_s_sources(project, perform) -> None:
    root = project({"src/program.py": PROGRAM, "tests/test_program.py": TESTS})
    outputs = perform("performance/profile", root, tests=["tests/test_program.py"]).outputs
    assert outputs["functions"][0]["name"] == "slow"
    assert outputs["functions"][0]["file"] == "src/program.py"
    assert all(one["file"] != "src/program.py" for one in outputs["libraries"])


def test_what_fails_is_not_measured(project, perform) -> None:
    root = project({"program.py": "raise SystemExit('no way')\n"})
    with pytest.raises(ActionError, match="no way") as caught:
        perform("performance/profile", root, command=[sys.executable, "program.py"])
    assert caught.value.error_class == "command-failed"


def test_what_is_no_python_is_refused(project, perform) -> None:
    with pytest.raises(ActionError, match="sh is no Python") as caught:
        perform("performance/profile", project({"a": ""}), command=["sh", "-c", "true"])
    assert caught.value.error_class == "invalid-input"


def test_both_a_command_and_tests_are_refused(project, perform) -> None:
    with pytest.raises(ActionError, match="either `command` or `tests`"):
        perform("performance/profile", project({"a": ""}), command=["python"], tests=["tests"])


def test_an_interpreter_without_the_profiler_gets_the_line_that_installs_it(project, perform, tmp_path) -> None:
    bare = tmp_path / "bare-python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    bare.chmod(0o755)
    with pytest.raises(ToolMissingError, match=r"pyinstrument for .*bare-python.* -m pip install pyinstrument"):
        perform("performance/profile", project({"a.py": ""}), command=["python", "a.py"], python=str(bare))


def test_nothing_worth_mending_is_said() -> None:
    from treadle_performance._profile import bottlenecks

    with pytest.raises(ActionError, match="nothing to gain") as caught:
        bottlenecks({"functions": [{"name": "f", "share": 1.0, "whole_share": 2.0}]})
    assert caught.value.error_class == "none-found"


def frame(name: str, time: float, *children, path: str = "a.py", line: int = 1) -> SimpleNamespace:
    return SimpleNamespace(function=name, file_path=path, line_no=line, time=time, children=children)


def test_a_function_that_calls_itself_is_counted_once(tmp_path) -> None:
    tree = frame("f", 10.0, frame("f", 8.0, frame("f", 5.0), line=1), line=1)
    (cost,) = costs(tree, tmp_path)
    assert (cost.own, cost.whole) == (10.0, 10.0)


def test_own_time_is_what_the_calls_leave_over(tmp_path) -> None:
    tree = frame("main", 10.0, frame("f", 6.0, frame("[self]", 6.0, path=""), line=5), frame("g", 3.0, line=9))
    found = {cost.name: (cost.own, cost.whole) for cost in costs(tree, tmp_path)}
    assert found == {"f": (6.0, 6.0), "g": (3.0, 3.0), "main": (1.0, 10.0)}


def test_libraries_and_environments_are_not_the_project(tmp_path) -> None:
    tree = frame(
        "main",
        9.0,
        frame("own", 3.0, path=str(tmp_path / "src/a.py")),
        frame("lib", 3.0, path="/usr/lib/python3/json.py"),
        frame("env", 3.0, path=str(tmp_path / ".venv/lib/x.py")),
        path=str(tmp_path / "main.py"),
    )
    assert [cost.file for cost in own_code(costs(tree, tmp_path))] == ["src/a.py", "main.py"]


def test_an_empty_profile_has_no_functions(tmp_path) -> None:
    assert costs(None, tmp_path) == []
