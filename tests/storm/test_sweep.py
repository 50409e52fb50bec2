"""Killed at every pass of every crash point of the log, in scenarios that write every kind of event."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import treadle.runtime.writer  # noqa: F401 - declares the points
from sweep_scenarios import SCENARIOS, WRITES
from treadle import crash

SWEEP = Path(__file__).with_name("sweep.py")
UNWRITTEN = {
    "budget_raised",
    "budget_reached",
    "checkpoint_taken",
    "output_blob",
    "slots_granted",
    "visit_cancel_requested",
}
"""Kinds that no scenario writes: groups, budgets and snapshots have tests of their own, large outputs are payloads."""
KILLED_BY_COMMAND = {"execution_resumed", "visit_interrupted"}
"""Kinds that the sweep of the command line kills at (`tests/faults/test_kill_sweep.py`)."""


def swept(tmp_path, *arguments):
    command = [sys.executable, str(SWEEP), *arguments, "--folder", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)[arguments[0]]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_pass(name, tmp_path, faults):
    done = swept(tmp_path, name)
    assert done["single"] >= 20
    assert done["kills"] >= done["single"]
    assert {point.rpartition(".")[2] for point in done["points"]} == WRITES[name]
    faults("killed at a named point, in a run, a recovery or a rollback", done["single"])
    faults("killed twice, the second time while it recovers", done["double"])


@pytest.mark.timeout(900)
def test_two_processes_resume_one_execution_a_hundred_times(tmp_path, faults):
    done = swept(tmp_path, "two-at-once")
    assert done["rounds"] == 100
    assert done["driven"] + done["refused"] == 200
    assert done["refused"] > 0
    faults("two processes resume one execution at the same instant", done["rounds"])


def test_every_kind_of_event_is_swept():
    kinds = {name.rpartition(".")[2] for name in crash.declared() if name.startswith("append.")}
    assert kinds - set().union(*WRITES.values()) == UNWRITTEN | KILLED_BY_COMMAND
