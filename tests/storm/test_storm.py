"""Random workflows under a storm of `kill -9`; and the counting itself, which must find what is wrong."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from storm_checks import violations
from treadle_hookspecs import Event

STORM = Path(__file__).with_name("storm.py")
EXECUTIONS = 30
BATCHES = 8
ENOUGH = 200


def test_enough_executions_go_through_it():
    assert EXECUTIONS * BATCHES >= ENOUGH


@pytest.mark.parametrize("batch", range(BATCHES))
def test_every_effect_is_counted_once(batch, tmp_path, faults):
    seed = 10_000 + batch * EXECUTIONS
    command = [sys.executable, str(STORM), "--seed", str(seed), "--executions", str(EXECUTIONS)]
    ended = subprocess.run([*command, "--folder", str(tmp_path)], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    counts = json.loads(ended.stdout)
    assert counts["executions"] == EXECUTIONS
    assert counts["kills"] > 0
    assert counts["effects"] > 0
    faults("random workflows, run to their ends under a storm of `kill -9`", counts["executions"])
    faults("`kill -9` in that storm", counts["kills"])


def event(seq, type, step="", visit=0, attempt=0, **data):
    return Event(seq, "e", type, seq, "", step, visit, attempt, data=data)


LOG = [
    event(1, "execution_started"),
    event(2, "visit_started", "a", 1, 1, action="test/act"),
    event(3, "visit_interrupted", "a", 1, 1, decision="retry"),
    event(4, "attempt_started", "a", 1, 2),
    event(5, "visit_settled", "a", 1, outcome="success", state="succeeded"),
    event(6, "execution_completed"),
]
LEDGER = ["begin e/a#1 1", "apply e/a#1 0", "begin e/a#1 2", "end e/a#1 2"]


def test_a_log_and_its_ledger_agree():
    assert list(violations(LOG, LEDGER)) == []


@pytest.mark.parametrize(
    ("log", "ledger", "told"),
    [
        (LOG, [*LEDGER, "apply e/a#1 0"], "I5 an effect happened 2 times under one key"),
        (LOG, [LEDGER[0], *LEDGER], "I5 an attempt ran 2 times"),
        (LOG, [*LEDGER, "begin e/a#1 3"], "I4 an attempt ran that the log does not know"),
        (LOG, [*LEDGER, "begin e/b#1 1"], "I4 an attempt ran that the log does not know"),
        (LOG, LEDGER[:3], "I4 the log has the end of an attempt that did not end"),
        (LOG, [line for line in LEDGER if not line.startswith("apply")], "I5 an effect is missing"),
        ([*LOG[:4], *LOG[5:]], LEDGER, "the log has a gap"),
        (LOG[:5], LEDGER, "I3 the execution did not end once"),
        ([*LOG, LOG[4]._replace(seq=7)], LEDGER, "I3 visit_settled stands 2 times"),
        ([*LOG, LOG[3]._replace(seq=7)], LEDGER, "I3 attempt_started stands 2 times"),
    ],
)
def test_what_is_wrong_is_found(log, ledger, told):
    assert any(found.startswith(told) for found in violations(log, ledger))
