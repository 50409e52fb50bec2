"""An attempt that asks people in the middle: its visit waits, and another attempt begins with what they said."""

import json

import pytest
from treadle_engine import events as kinds
from treadle_engine.budgets import left
from treadle_engine.compensation import UNDO_CHANGES
from treadle_engine.plan import Budget, Retry, StepPlan
from treadle_engine.protocol import (
    Address,
    AttemptAsks,
    AttemptEnded,
    Cancel,
    Deliver,
    RaiseBudget,
    Recover,
    StartAttempt,
    TimerFired,
)
from treadle_engine.state import State, fold
from treadle_testkit.scripted import ASKS, SECOND, Ending, ScriptedRuntime, workflow

S = StepPlan
QUESTION = Ending(ASKS, {"key": "first", "prompt": "do it", "expect": "changes"})


def asking(*more: StepPlan, step: StepPlan | None = None, **plan: object) -> ScriptedRuntime:
    runtime = ScriptedRuntime(workflow(step or S("a"), *more, **plan), {"a": [QUESTION, "success"]})
    runtime.start()
    runtime.step()
    return runtime


def said(runtime: ScriptedRuntime, decision: str = "approved", **more: object) -> None:
    runtime.send(Deliver(runtime.now, "answer", decision, by="ann", **more))  # type: ignore[arg-type]


def test_the_visit_waits_and_goes_on_with_the_answer() -> None:
    runtime = asking(S("next"))
    assert (runtime.state.status, runtime.states()["a"]) == ("waiting", "waiting")
    said(runtime, comment="easy")
    reply = {"first": {"by": "ann", "decision": "approved", "comment": "easy", "data": {}}}
    assert runtime.commands[-1] == StartAttempt(Address("", "a", 1, 2), "", {}, {}, None, reply)
    assert runtime.run() == "completed"
    assert runtime.trace() == ["a#1 success", "next#1 success"]


def test_it_takes_no_place_while_it_waits() -> None:
    runtime = asking(S("b", needs=()), scope={"max_parallel": 1}, step=S("a", needs=()))
    assert runtime.states() == {"a": "waiting", "b": "running"}
    said(runtime)
    assert runtime.state.scopes[""].has_room is False
    assert runtime.run() == "completed"
    assert runtime.trace() == ["b#1 success", "a#1 success"]


@pytest.mark.parametrize("decision", ["rejected", "approved"])
def test_whatever_was_said_the_attempt_gets_it(decision: str) -> None:
    runtime = asking()
    said(runtime, decision)
    command = runtime.commands[-1]
    assert isinstance(command, StartAttempt)
    assert command.replies["first"]["decision"] == decision  # type: ignore[call-overload,index]


def test_only_those_who_may_answer_it() -> None:
    question = QUESTION._replace(outputs={"key": "first", "approvers": ["bob"]})
    runtime = ScriptedRuntime(workflow(S("a")), {"a": [question, "success"]})
    runtime.start()
    runtime.run_what_runs()
    said(runtime)
    assert runtime.log[-1].data["refused"] == "ann is not among those who may answer it: bob"
    assert runtime.states() == {"a": "waiting"}


def test_its_time_is_up() -> None:
    runtime = ScriptedRuntime(workflow(S("a")))
    runtime.start()
    runtime.send(AttemptAsks(Address("", "a", 1, 1), runtime.now, {"key": "first"}, 3.0))
    [(timer, due)] = runtime.timers.items()
    assert due == runtime.log[-1].at + 3 * SECOND
    runtime.send(TimerFired(timer, due))
    command = runtime.commands[-1]
    assert isinstance(command, StartAttempt)
    assert command.replies == {"first": {"decision": "timeout"}}


def test_asking_is_no_try_and_answers_add_up() -> None:
    second = QUESTION._replace(outputs={"key": "second", "expect": "changes"})
    plan = workflow(S("a", retry=Retry(max_attempts=2)))
    runtime = ScriptedRuntime(plan, {"a": [QUESTION, second, "failure", "success"]})
    runtime.start()
    for _ in range(2):
        runtime.run_what_runs()
        said(runtime)
    assert runtime.run() == "completed"
    last = [command for command in runtime.commands if isinstance(command, StartAttempt)][-1]
    assert (last.address.attempt, sorted(last.replies)) == (4, ["first", "second"])


def test_cancelled_it_ends_and_what_was_kept_is_undone() -> None:
    runtime = ScriptedRuntime(workflow(S("a")))
    runtime.start()
    kept = {"journaled": 1}
    runtime.send(AttemptAsks(Address("", "a", 1, 1), runtime.now, {"key": "first"}, None, kept))
    runtime.send(Cancel(runtime.now))
    assert runtime.state.status == "cancelled"
    [settled] = [event for event in runtime.log if event.type == kinds.VISIT_SETTLED]
    assert settled.data["compensation"] == {"action": UNDO_CHANGES, "inputs": {}, "rollback_action": True}


def test_a_scope_that_closes_asks_nobody() -> None:
    runtime = ScriptedRuntime(workflow(S("a", needs=()), S("b", needs=())))
    runtime.start()
    runtime.send(Cancel(runtime.now))
    runtime.send(AttemptAsks(Address("", "a", 1, 1), runtime.now, {"key": "first"}))
    assert runtime.states()["a"] == "cancelled"


def test_what_it_used_by_then_counts() -> None:
    runtime = ScriptedRuntime(workflow(S("a"), S("b"), budget=Budget(money=1.0)))
    runtime.start()
    runtime.send(AttemptAsks(Address("", "a", 1, 1), runtime.now, {"key": "first"}, facts={"usage": {"money": 2.0}}))
    said(runtime)
    runtime.send(AttemptEnded(Address("", "a", 1, 2), runtime.now, "success"))
    assert runtime.state.spent[""]["money"] == 2.0
    assert runtime.states()["b"] == "pending"
    assert runtime.log[-1].type == kinds.BUDGET_REACHED


def test_a_crash_while_it_waits_or_just_after_the_answer_changes_nothing() -> None:
    for extra in (0, 1):
        runtime = asking(S("next"))
        if extra:
            said(runtime)
        before = len(runtime.log) - extra  # with it, the answer is in the log and the next attempt is not
        runtime.crash(keep=before)
        if not extra:
            assert runtime.states()["a"] == "waiting"
            said(runtime)
        assert runtime.run() == "completed"
        assert runtime.trace() == ["a#1 success", "next#1 success"]


def test_the_state_survives_as_json() -> None:
    runtime = asking(S("next"))
    said(runtime)
    for keep in range(1, len(runtime.log) + 1):
        state = State(runtime.plan, "scripted")
        for event in runtime.log[:keep]:
            fold(state, event)
        again = State.load(runtime.plan, json.loads(json.dumps(state.dump())))
        assert again.dump() == state.dump()
    runtime.send(Recover(runtime.now))
    assert runtime.states()["a"] in {"interrupted", "running"}


def test_one_that_has_used_up_the_budget_goes_on_when_there_is_more() -> None:
    runtime = ScriptedRuntime(workflow(S("a"), budget=Budget(money=1.0)))
    runtime.start()
    ask, facts = {"key": "budget", "budget": True}, {"usage": {"money": 2.0}}
    runtime.send(AttemptAsks(Address("", "a", 1, 1), runtime.now, ask, 0.0, facts=facts))
    assert left(runtime.state, "", "a") == {"money": -1.0}
    [(timer, due)] = runtime.timers.items()
    runtime.send(TimerFired(timer, due))
    assert runtime.log[-1].type == kinds.BUDGET_REACHED
    assert runtime.state.status == "waiting"
    runtime.crash()
    assert runtime.state.status == "waiting"
    runtime.send(RaiseBudget(runtime.now, {"money": 3.0}))
    command = runtime.commands[-1]
    assert isinstance(command, StartAttempt)
    assert command.address.attempt == 2
    assert left(runtime.state, "", "a") == {"money": 2.0}
