"""Killed with -9 at every point of the log: in runs, in runs that fail and undo, in resumes, and in rollbacks.

A point stands before and after the write of each kind of event, and is passed once for each event. The table says which
kinds a scenario writes; a test holds it against the log of a run that nobody kills. The journal of file changes has
points of its own, and a sweep beside its code.
"""

import pytest
import treadle.runtime.writer  # noqa: F401 - declares the points
from sweeps import BROKEN, RUN, Subject, points
from treadle import crash

COMPLETED = {
    "execution_started": 1,
    "visit_started": 5,
    "visit_settled": 5,
    "visit_skipped": 1,
    "attempt_started": 1,
    "attempt_failed": 1,
    "execution_completed": 1,
}
FAILED = COMPLETED | {
    "execution_closing": 1,
    "rollback_started": 1,
    "compensation_started": 1,
    "compensation_settled": 1,
    "rollback_finished": 1,
    "execution_failed": 1,
}
del FAILED["execution_completed"]
UNDONE = {"rollback_started": 1, "compensation_started": 1, "compensation_settled": 1, "rollback_finished": 1}
FINAL = {"completed", "failed"}
RESUMED = {"execution_resumed": 1, "visit_interrupted": 1, "attempt_started": 1}
"""What a resume writes before it goes on like the run it continues."""
LATER = {
    "budget_raised",
    "budget_reached",
    "checkpoint_taken",
    "execution_cancel_requested",
    "execution_cancelled",
    "execution_paused",
    "output_blob",
    "region_rearmed",
    "scope_opened",
    "signal_received",
    "slots_granted",
    "timer_fired",
    "timer_set",
    "token_absorbed",
    "token_parked",
    "visit_cancel_requested",
    "visit_waiting",
}
"""Kinds that no scenario here writes: the sweep of `tests/storm` has them, and holds that it has all."""


@pytest.fixture
def subject(user):
    return Subject(user)


@pytest.fixture(scope="module")
def expected():
    """Outcomes of runs that nobody kills, by their command."""
    return {}


def undisturbed(expected, make_user, command):
    """The outcome of a command that nobody kills; tried once a worker."""
    if command not in expected:
        subject = Subject(make_user())
        subject.type(*command)
        expected[command] = subject.outcome(subject.ids()[-1])
    return expected[command]


def kill_and_recover(subject, point, number, command):
    """The execution's id, or None when it was killed before it existed."""
    subject.kill(point, number, *command)
    ids = subject.ids()
    if not ids:
        assert subject.effects() == {}
        return None
    before = subject.finished(ids[-1])
    if subject.outcome(ids[-1])[0] not in FINAL:
        subject.recover(ids[-1])
    after = subject.effects()
    assert {name: after[name] for name in before} == before
    return ids[-1]


def test_the_table_is_what_is_written(subject):
    subject.type(*RUN)
    execution = subject.ids()[-1]
    assert subject.kinds(execution) == COMPLETED
    length = len(subject.history(execution))
    subject.type("rollback", execution, "--yes")
    assert subject.kinds(execution, after=length) == UNDONE
    subject.check(execution)


def test_the_table_of_a_failure_is_what_is_written(subject):
    subject.type(*BROKEN)
    execution = subject.ids()[-1]
    assert subject.kinds(execution) == FAILED
    subject.check(execution)


def test_every_point_is_in_a_table():
    swept = {f"append.{side}.{kind}" for kind in COMPLETED | FAILED | RESUMED for side in ("before", "after")}
    later = {f"append.{side}.{kind}" for kind in LATER for side in ("before", "after")}
    assert {name for name in crash.declared() if name.startswith("append.")} == swept | later
    assert not swept & later


@pytest.mark.parametrize(("point", "number"), points(COMPLETED))
def test_killed_in_a_run(subject, make_user, expected, point, number, faults):
    faults("killed at a named point, by a command")
    execution = kill_and_recover(subject, point, number, RUN)
    if execution is not None:
        assert subject.outcome(execution) == undisturbed(expected, make_user, RUN)
        subject.check(execution)


@pytest.mark.parametrize(("point", "number"), points(FAILED))
def test_killed_in_a_run_that_fails_and_undoes(subject, make_user, expected, point, number, faults):
    faults("killed at a named point, by a command")
    execution = kill_and_recover(subject, point, number, BROKEN)
    if execution is not None:
        assert subject.outcome(execution) == undisturbed(expected, make_user, BROKEN)
        assert subject.effects()["undo-build"] >= 1
        subject.check(execution)


@pytest.mark.parametrize(("point", "number"), points(RESUMED | {"visit_settled": 4, "execution_completed": 1}))
def test_killed_in_a_resume(subject, make_user, expected, point, number, faults):
    faults("killed at a named point, by a command")
    subject.kill("append.before.visit_settled", 1, *RUN)
    execution = subject.ids()[-1]
    subject.kill(point, number, "resume", execution, "--interrupted", "retry")
    before = subject.finished(execution)
    subject.recover(execution)
    assert {name: subject.effects()[name] for name in before} == before
    assert subject.outcome(execution) == undisturbed(expected, make_user, RUN)
    subject.check(execution)


@pytest.mark.parametrize(("point", "number"), points(UNDONE))
def test_killed_in_a_rollback(subject, point, number, faults):
    faults("killed at a named point, by a command")
    subject.type(*RUN, status=0)
    execution = subject.ids()[-1]
    subject.kill(point, number, "rollback", execution, "--yes")
    before = subject.finished(execution)
    if subject.outcome(execution)[0] == "completed" and subject.outcome(execution)[1] == "none":
        subject.type("rollback", execution, "--yes", status=0)  # killed before anything was written: ask again
    else:
        subject.recover(execution)
    assert {name: subject.effects()[name] for name in before} == before
    assert subject.outcome(execution)[:2] == ("completed", "done")
    assert subject.effects()["undo-build"] >= 1
    subject.check(execution)
