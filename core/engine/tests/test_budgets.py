"""`budget`: what is used up lets the execution wait, and going on is a matter of raising it."""

from typing import Any

import pytest
from treadle_engine import events as kinds
from treadle_engine.link import link
from treadle_engine.plan import Budget, Plan, ScopePlan, StepPlan, plan_from_json, plan_to_json
from treadle_engine.protocol import AttemptEnded, Cancel, RaiseBudget, StartAttempt
from treadle_engine.state import State, fold
from treadle_testkit.scripted import ScriptedRuntime


def call(id: str, **fields: Any) -> StepPlan:
    return StepPlan(id, action="test/do", **fields)


def runtime(*steps: StepPlan, budget: Budget | None = None, **fields: Any) -> ScriptedRuntime:
    plan = Plan("budgets", link(ScopePlan(steps)), budget=budget or Budget(), **fields)
    run = ScriptedRuntime(plan)
    run.start()
    return run


def used(run: ScriptedRuntime, **usage: float) -> None:
    """The attempt that runs ends, having used that much."""
    (address, _), _ = run.running.popitem()
    run.send(AttemptEnded(address, run.now, "success", facts={"usage": usage} if usage else {}))


def test_visits_are_counted_and_the_rest_waits() -> None:
    run = runtime(call("a"), call("b"), call("c"), budget=Budget(visits=2))
    assert run.run() == "waiting"
    assert run.state.broke == {"place": "", "budget": "visits", "limit": 2, "spent": 2}
    assert run.states() == {"a": "succeeded", "b": "succeeded", "c": "pending"}
    run.send(RaiseBudget(run.now, {"visits": 1}))
    assert run.run() == "completed"
    assert [event.type for event in run.log if event.type.startswith("budget")] == ["budget_reached", "budget_raised"]


def test_one_that_ends_with_its_last_visit_does_not_wait() -> None:
    run = runtime(call("a"), budget=Budget(visits=1))
    assert run.run() == "completed"


@pytest.mark.parametrize(("kind", "budget"), [("money", Budget(money=1.5)), ("tokens", Budget(tokens=1000))])
def test_what_actions_report_counts(kind: str, budget: Budget) -> None:
    run = runtime(call("a"), call("b"), call("c"), budget=budget)
    limit = getattr(budget, kind)
    used(run, **{kind: limit / 2})
    assert run.state.status == "running"
    used(run, **{kind: limit})
    assert run.state.status == "waiting"
    assert run.state.spent[""][kind] == limit * 1.5
    run.send(RaiseBudget(run.now, {kind: limit / 4}))
    assert run.state.status == "waiting"
    run.send(RaiseBudget(run.now, {kind: limit}))
    assert run.run() == "completed"


def test_time_is_that_of_attempts_and_not_of_waiting() -> None:
    run = runtime(call("a"), call("b"), budget=Budget(time=10.0))
    run.now += 11_000_000
    used(run)
    assert run.state.status == "waiting"
    run.now += 900_000_000
    run.send(RaiseBudget(run.now, {"time": 10.0}))
    assert run.state.status == "running"
    assert run.state.spent[""]["time"] == pytest.approx(11, abs=0.1)


def test_a_step_has_a_budget_of_its_own_over_all_its_visits() -> None:
    run = runtime(call("a", on_success=("b",)), call("b", budget=Budget(visits=2), on_success=("a",), max_visits=9))
    run.run()
    assert run.state.status == "waiting"
    assert run.state.broke["place"] == "b"
    run.send(RaiseBudget(run.now, {"visits": 1}))
    assert run.state.raised == {"b": {"visits": 1}}
    run.run()
    assert run.state.step("", "b").visits == 3
    assert run.state.status == "waiting"


def test_what_runs_may_end_and_a_group_counts_what_is_inside() -> None:
    body = ScopePlan((call("x"), call("y")), ordered=False)
    group = StepPlan("g", kind="parallel", body=link(body), budget=Budget(visits=5))
    run = runtime(group, call("z"), budget=Budget(visits=3))
    run.run()
    assert run.state.status == "waiting"
    assert run.state.spent["g"]["visits"] == 3
    assert run.states()["z"] == "pending"


def test_a_cancel_is_not_held_back() -> None:
    run = runtime(call("a"), call("b"), budget=Budget(visits=1), on_cancel=link(ScopePlan((call("clean"),))))
    run.run()
    run.send(Cancel(run.now))
    assert run.run() == "cancelled"
    assert run.states()["on_cancel/clean"] == "succeeded"


@pytest.mark.parametrize("keep", range(1, 9))
def test_a_crash_changes_nothing(keep: int) -> None:
    run = runtime(call("a", idempotent=True), call("b", idempotent=True), budget=Budget(visits=1))
    run.run()
    run.crash(min(keep, len(run.log)))
    assert run.run() == "waiting"
    run.send(RaiseBudget(run.now, {"visits": 5}))
    assert run.run() == "completed"


def test_a_state_is_written_and_read() -> None:
    run = runtime(call("a"), call("b"), budget=Budget(visits=1, money=2.5))
    run.run()
    again = State.load(run.plan, run.state.dump())
    run.send(RaiseBudget(run.now, {"visits": 5}))
    run.run()
    for event in run.log[again.last_seq :]:
        fold(again, event)
    assert again.dump() == run.state.dump()
    assert plan_from_json(plan_to_json(run.plan)) == run.plan


def test_without_a_budget_nothing_is_counted() -> None:
    plan = Plan("budgets", link(ScopePlan((call("a"),))))
    run = ScriptedRuntime(plan)
    run.start()
    assert run.run() == "completed"
    assert run.state.spent == {}
    assert not any(event.type == kinds.BUDGET_REACHED for event in run.log)
    assert any(isinstance(command, StartAttempt) for command in run.commands)
