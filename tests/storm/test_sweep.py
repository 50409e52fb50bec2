"""Killed at the crash points of the log, in scenarios that write every kind of event."""

import json
import subprocess
import sys
from pathlib import Path

import fault_counts
import pytest
import treadle.runtime.writer  # noqa: F401 - declares the points
from sweep_scenarios import SCENARIOS, WRITES
from treadle import crash
from treadle_engine.events import KINDS

SWEEP = Path(__file__).with_name("sweep.py")
EVERY = 1 if fault_counts.counting() else 5
"""`make faults` kills at every pass; the other runs of the suite at a few, and at every point at least once."""
UNWRITTEN = {"output_blob"}
"""Kinds that nothing writes: outputs that are large are payloads of the events that publish them."""
OF_RECOVERIES = {"visit_interrupted"}
"""Kinds that recoveries write: the sweep of the command line kills at them (`tests/faults/test_kill_sweep.py`)."""


def swept(tmp_path, *arguments):
    command = [sys.executable, str(SWEEP), *arguments, "--folder", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)[arguments[0]]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_point(name, tmp_path, faults):
    done = swept(tmp_path, name, "--every", str(EVERY))
    assert {point.rpartition(".")[2] for point in done["points"]} == WRITES[name]
    assert done["single"] >= 2 * len(WRITES[name])
    assert done["kills"] >= done["single"]
    faults("killed at a named point, in a run, a recovery or a rollback", done["single"])
    faults("killed twice, the second time while it recovers", done["double"])


@pytest.mark.timeout(900)
def test_two_processes_resume_one_execution_a_hundred_times(tmp_path, faults):
    done = swept(tmp_path, "two-at-once")
    assert done["rounds"] == 100
    assert done["driven"] + done["refused"] == 200
    assert done["refused"] > 0
    faults("two processes resume one execution at the same instant", done["rounds"])


def test_every_kind_of_event_is_in_a_sweep():
    """A kind that is new needs a scenario that writes it."""
    kinds = {name.rpartition(".")[2] for name in crash.declared() if name.startswith("append.")}
    assert kinds == set(KINDS)
    assert kinds - set().union(*WRITES.values()) == UNWRITTEN | OF_RECOVERIES
