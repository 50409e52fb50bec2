"""Killed with -9 inside scopes: loops, sub-workflows, further attempts, re-entries, a cancel, executions of their own.

The same as `test_kill_sweep`, with a workflow whose steps hold others. Every step of it may run twice where its end was
not in the log, and only there; what the log says has finished does not happen again.
"""

from typing import Final

import pytest
import treadle.runtime.writer  # noqa: F401 - declares the points
from sweeps import Subject, points

INNER: Final = """
treadle: 1
name: inner
inputs: {name: {type: string, required: true}}
steps:
  - id: made
    run: echo "made-{{ inputs.name }} $TREADLE_IDEMPOTENCY_KEY" >> effects.txt
    on_interrupt: retry
    checkpoint: made
    compensate: {run: 'echo "unmade-{{ inputs.name }} x" >> effects.txt'}
finally:
  - id: tidy
    run: echo tidied
    on_interrupt: retry
"""
OUTER: Final = """
treadle: 1
name: faults
steps:
  - id: both
    parallel:
      steps:
        - {id: left, run: echo "left $TREADLE_IDEMPOTENCY_KEY" >> effects.txt, on_interrupt: retry}
        - {id: right, run: echo "right $TREADLE_IDEMPOTENCY_KEY" >> effects.txt, on_interrupt: retry}
  - id: again
    loop:
      until: loop.index == 2
      max: 3
      delay: 0.01
      steps:
        - id: turn
          run: echo "turn{{ loop.index }} $TREADLE_IDEMPOTENCY_KEY" >> effects.txt
          on_interrupt: retry
  - {id: call, workflow: inner, with: {name: inside}}
  - {id: go, workflow: inner, detached: true, with: {name: apart}}
  - id: test
    run: test -e once
    on_failure: fix
    on_success: last
    on_interrupt: retry
  - {id: fix, run: touch once, on_success: test, on_interrupt: retry}
  - id: last
    run: echo "last $TREADLE_IDEMPOTENCY_KEY" >> effects.txt
    on_interrupt: retry
"""
RUN: Final = ("run", "faults.yaml")
DONE: Final = {"left": 1, "right": 1, "turn1": 1, "turn2": 1, "made-inside": 1, "made-apart": 1, "last": 1}
COUNTS: Final = {
    "scope_opened": 5,
    "checkpoint_taken": 1,
    "timer_set": 1,
    "timer_fired": 1,
    "region_rearmed": 1,
}
FINAL: Final = {"completed", "failed", "cancelled"}


@pytest.fixture
def subject(user):
    subject = Subject(user)
    user.write("faults.yaml", OUTER)
    user.write("workflows/inner.yaml", INNER)
    return subject


def settle(subject):
    """Recover whatever is not final, the detached execution too."""
    for execution in subject.ids():
        if subject.outcome(execution)[0] not in FINAL:
            subject.recover(execution)
    return [execution for execution in subject.ids() if "call" in subject.outcome(execution)[2]]


def test_nobody_kills_it(subject):
    subject.type(*RUN, status=0)
    (main,) = settle(subject)
    kinds = subject.kinds(main)
    assert {kind: kinds[kind] for kind in COUNTS} == COUNTS
    assert subject.effects() == DONE
    assert len(subject.ids()) == 2


@pytest.mark.parametrize(("point", "number"), points(COUNTS))
def test_killed_inside(subject, point, number, faults):
    faults("killed at a named point, by a command")
    subject.kill(point, number, *RUN)
    before = subject.effects()
    if not subject.ids():  # killed in the turn in which it began
        assert before == {}
        return
    (main,) = settle(subject)
    status, rollback, steps = subject.outcome(main)
    assert (status, rollback) == ("completed", "none")
    assert steps["test"][2] == 2
    assert steps["call/finally/tidy"][0] == "succeeded"
    effects = subject.effects()
    assert set(effects) == set(DONE)
    assert all(effects[name] <= count + 1 for name, count in DONE.items())
    assert sum(effects.values()) <= sum(DONE.values()) + 2
    assert all(effects[name] >= count for name, count in before.items())
    assert len(subject.ids()) == 2


@pytest.mark.parametrize(
    ("point", "number"),
    [
        ("after.visit_started", 10),
        ("before.execution_started", 2),
        ("after.execution_started", 2),
        ("before.visit_settled", 10),
        ("after.visit_settled", 10),
    ],
)
def test_an_execution_of_its_own_starts_once(subject, point, number, faults):
    faults("killed at a named point, by a command")
    subject.kill(f"append.{point}", number, *RUN)
    settle(subject)
    assert [subject.kinds(execution)["execution_started"] for execution in subject.ids()] == [1, 1]
    assert 1 <= subject.effects()["made-apart"] <= 2
    assert {subject.outcome(execution)[0] for execution in subject.ids()} == {"completed"}


@pytest.mark.parametrize(
    "point",
    [
        f"append.{side}.{kind}"
        for kind in ("execution_cancel_requested", "execution_closing", "execution_cancelled")
        for side in ("before", "after")
    ],
)
def test_killed_in_a_cancel(subject, point, faults):
    faults("killed at a named point, by a command")
    subject.kill("append.after.scope_opened", 2, *RUN)
    (main,) = subject.ids()
    subject.kill(point, 1, "cancel", main)
    if subject.kinds(main)["execution_cancel_requested"]:
        subject.recover(main)
    else:
        subject.type("cancel", main)
    assert subject.outcome(main)[0] == "cancelled"
    assert subject.kinds(main)["execution_cancelled"] == 1
