"""Crash points kill where they were asked to, and are free otherwise."""

import os
import subprocess
import sys

import pytest
from treadle import crash

PROGRAM = """
from treadle import crash
crash.declare("here", "x")
crash.declare("there", "y")
for number in range(5):
    print(number, flush=True)
    crash.crash_point("here")
    crash.crash_point("there")
"""


def run(request: str | None, program: str = PROGRAM) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != crash.VARIABLE}
    if request is not None:
        env[crash.VARIABLE] = request
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=env, check=False)


@pytest.mark.parametrize(("request_", "lines"), [("here:1", 1), ("here:3", 3), ("there:5", 5)])
def test_the_nth_pass_kills(request_: str, lines: int) -> None:
    done = run(request_)
    assert done.returncode == -9
    assert len(done.stdout.split()) == lines


@pytest.mark.parametrize("request_", [None, "", "here:6", "elsewhere:1"])
def test_otherwise_nothing_happens(request_: str | None) -> None:
    done = run(request_)
    assert done.returncode == 0
    assert len(done.stdout.split()) == 5


@pytest.mark.parametrize("request_", ["here", "here:", "here:0", "here:-1", "here:x", ":"])
def test_a_malformed_request_is_refused_at_once(request_: str) -> None:
    done = run(request_)
    assert done.returncode == 1
    assert done.stdout == ""
    assert f"{crash.VARIABLE}={request_} names no crash point" in done.stderr


def test_a_point_that_nobody_declared_is_noticed_in_a_sweep() -> None:
    done = run("here:9", "from treadle import crash\ncrash.crash_point('undeclared')")
    assert "'undeclared' is passed but not declared" in done.stderr


def test_declared_points_can_be_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crash, "_declared", {})
    assert crash.declare("b", "after b") == "b"
    crash.declare("a", "after a")
    assert crash.declared() == {"a": "after a", "b": "after b"}
    assert list(crash.declared()) == ["a", "b"]
    crash.declare("a", "after a")
    with pytest.raises(RuntimeError, match="'a' is declared twice"):
        crash.declare("a", "something else")
