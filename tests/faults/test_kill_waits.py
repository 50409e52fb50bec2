"""Killed with -9 while an execution waits, and between an answer's way into the inbox and what follows from it.

The table says which events a scenario writes; a test holds it against a run that nobody kills. Whatever is killed, what
was said to the execution is not lost: `resume --due` goes on with it.
"""

import pytest
import treadle.runtime.writer  # noqa: F401 - declares the points
from sweeps import points
from treadle import Treadle

WAITS = """
treadle: 1
name: waits
steps:
  - id: cool
    wait: 0.01s
  - id: hear
    wait_for: {signal: go}
  - id: ask
    approval: {prompt: "Ship {{ steps.hear.outputs.n }}?", timeout: 1h}
  - id: ship
    run: echo "ship $TREADLE_IDEMPOTENCY_KEY" >> effects.txt
    on_interrupt: retry
"""
RUN = {"visit_started": 2, "visit_waiting": 2, "timer_set": 1, "timer_fired": 1, "visit_settled": 1}
SIGNAL = {"signal_received": 1, "visit_settled": 1, "visit_started": 1, "visit_waiting": 1, "timer_set": 1}
APPROVE = {"signal_received": 1, "visit_settled": 2, "visit_started": 1, "execution_completed": 1}


class Waits:
    """One user whose workflow waits."""

    def __init__(self, user):
        self.user = user
        user.write("waits.yaml", WAITS)

    def kill(self, point, number, *command):
        ran = self.user.treadle(*command, status=None, TREADLE_CRASH_AT=f"{point}:{number}")
        assert ran.status == -9, f"{point}:{number} was not reached\n{ran.out}{ran.err}"

    def look(self):
        return Treadle(self.user.project, overrides={"home": str(self.user.state)})

    def newest(self):
        with self.look() as treadle:
            return next((row.id for row in treadle.executions()), "")

    def log(self, execution, after=0):
        with self.look() as treadle:
            return list(treadle.history(execution))[after:]

    def run(self):
        self.user.treadle("run", "waits.yaml", status=7)
        return self.newest()

    def go_on(self, execution):
        """As cron would, until only people and signals are left to be heard."""
        self.user.treadle("resume", "--due", status=0)

    def finish(self, execution):
        """Say what has not been heard yet; and see that it is as if nobody had been killed."""
        with self.look() as treadle:
            state = {address: step["state"] for address, step in treadle.status(execution).steps.items()}
        if state.get("hear") == "waiting":
            self.user.treadle("signal", execution, "go", "--data", "n=1", status=7)
        if state.get("ship") is None:
            self.user.treadle("approve", execution, "--by", "bob", status=0)
        self.check(execution)

    def check(self, execution):
        with self.look() as treadle:
            status = treadle.status(execution)
            assert status.status == "completed"
            assert {step["state"] for step in status.steps.values()} == {"succeeded"}
            assert status.steps["ask"]["visits"] == 1
            assert list(treadle.doctor()) == []
            assert list(treadle.store.waits()) == []
            assert list(treadle.store.inbox([execution])) == []
        assert len({line.split()[1] for line in self.user.lines("effects.txt")}) == 1
        assert self.user.survivors() == []


@pytest.fixture
def waits(user):
    return Waits(user)


def counted(events):
    found = {}
    for event in events:
        found[event.type] = found.get(event.type, 0) + 1
    return found


def test_the_tables_are_what_is_written(waits):
    execution = waits.run()
    first = waits.log(execution)
    assert counted(first) == {"execution_started": 1, **RUN}
    waits.user.treadle("signal", execution, "go", "--data", "n=1", status=7)
    second = waits.log(execution, len(first))
    assert counted(second) == SIGNAL
    waits.user.treadle("approve", execution, status=0)
    assert counted(waits.log(execution, len(first) + len(second))) == APPROVE
    waits.check(execution)


@pytest.mark.parametrize(("point", "number"), points(RUN))
def test_killed_on_the_way_to_a_wait(waits, point, number, faults):
    faults("killed at a named point, by a command")
    waits.kill(point, number, "run", "waits.yaml")
    execution = waits.newest()
    if execution:  # else it was killed before anything was written
        waits.go_on(execution)
        waits.finish(execution)


@pytest.mark.parametrize(("point", "number"), points(SIGNAL))
def test_killed_while_a_signal_is_heard(waits, point, number, faults):
    faults("killed at a named point, by a command")
    execution = waits.run()
    waits.kill(point, number, "signal", execution, "go", "--data", "n=1")
    waits.go_on(execution)
    with waits.look() as treadle:
        assert treadle.status(execution).steps["hear"]["outputs"] == {"n": "1"}
    waits.finish(execution)


@pytest.mark.parametrize(("point", "number"), points(APPROVE))
def test_killed_between_an_answer_and_what_follows(waits, point, number, faults):
    faults("killed at a named point, by a command")
    execution = waits.run()
    waits.user.treadle("signal", execution, "go", "--data", "n=1", status=7)
    waits.kill(point, number, "approve", execution, "--by", "bob")
    waits.go_on(execution)
    waits.check(execution)
    second = waits.user.treadle("reject", execution, status=5)
    assert "has ended" in second.err
