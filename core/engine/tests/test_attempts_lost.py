"""R14 for one attempt, while others go on; and the forms in which stimuli travel."""

import json

import pytest
from treadle_engine import events as kinds
from treadle_engine.exchange import command_from_json, command_to_json, stimulus_from_json, stimulus_to_json
from treadle_engine.plan import StepPlan
from treadle_engine.protocol import (
    Address,
    AskInterrupted,
    AttemptEnded,
    AttemptLost,
    Deliver,
    Recover,
    Start,
    StartAttempt,
)
from treadle_testkit.scripted import ScriptedRuntime, workflow


def runtime(**fields):
    """Two steps side by side, the first of which gets lost."""
    first, second = (StepPlan(id_, action="test/act", needs=(), **fields) for id_ in ("a", "b"))
    found = ScriptedRuntime(workflow(first, second))
    found.start()
    return found


def lose(found, step="a", attempt=1, decision=None):
    found.running.pop((Address("", step, 1, attempt), False), None)
    return found.send(AttemptLost(Address("", step, 1, attempt), found.now, decision))


def test_it_is_tried_again_and_the_other_goes_on():
    found = runtime(on_interrupt="retry")
    turn = lose(found)
    assert [event.type for event in turn.events] == [kinds.VISIT_INTERRUPTED, kinds.ATTEMPT_STARTED]
    assert [command.address for command in turn.commands] == [Address("", "a", 1, 2)]
    assert found.run() == "completed"
    assert kinds.EXECUTION_RESUMED not in [event.type for event in found.log]


def test_it_fails():
    found = runtime(on_interrupt="fail")
    lose(found)
    assert found.run() == "failed"
    assert found.state.error["type"] == "interrupted"


def test_a_person_is_asked_and_the_other_is_not_touched():
    found = runtime(on_interrupt="ask")
    turn = lose(found)
    assert [type(command) for command in turn.commands] == [AskInterrupted]
    assert found.state.status == "running"
    found.run_what_runs()
    assert found.state.status == "interrupted"
    found.send(Recover(found.now, {"": "retry"}, attended=True))
    assert found.run() == "completed"
    assert [event.attempt for event in found.log if event.type == kinds.ATTEMPT_STARTED] == [2]


def test_an_answer_does_not_disturb_what_runs():
    found = runtime(on_interrupt="retry")
    turn = lose(found, decision="ask")
    assert [type(command) for command in turn.commands] == [AskInterrupted]
    turn = found.send(Recover(found.now, {"": "fail"}, attended=True))
    assert {event.step for event in turn.events if event.step} == {"a"}
    assert found.run() == "failed"


def test_what_is_lost_late_does_not_matter():
    found = runtime(on_interrupt="retry")
    found.run()
    assert not lose(found).events
    assert not lose(found, attempt=7).events


@pytest.mark.parametrize(
    "stimulus",
    [
        Start(1, {"a": [1]}, {}, {"root": "/"}, "user:ada", ({"group": "g", "limit": 1},)),
        AttemptEnded(Address("loop:2", "a", 1, 3), 7, "success", {"x": None}, None, 0.25),
        AttemptLost(Address("", "a", 1), 7, "ask"),
        Deliver(9, "answer", "approved", {"n": 1}, "ada", "ask#1", signal=4),
        Recover(3, {"": "retry"}, attended=True),
    ],
)
def test_a_stimulus_travels(stimulus):
    assert stimulus_from_json(json.loads(json.dumps(stimulus_to_json(stimulus)))) == stimulus


def test_a_command_travels():
    command = StartAttempt(Address("items[2]", "a", 2, 1), "git/diff", {"x": {"$secret": "T"}}, {}, 2.5)
    assert command_from_json(json.loads(json.dumps(command_to_json(command)))) == command
    with pytest.raises(ValueError, match="none of StartAttempt"):
        command_from_json({"is": "Start"})
