"""`concurrency`: nothing begins before it has its places, and every place is given up by an end."""

from typing import Any

import pytest
from treadle_engine import events as kinds
from treadle_engine.link import link
from treadle_engine.plan import Approval, Concurrency, Plan, Retry, ScopePlan, StepPlan, plan_from_json, plan_to_json
from treadle_engine.protocol import (
    AcquireSlots,
    Cancel,
    CancelVisit,
    Deliver,
    Pause,
    Resume,
    SlotsRefused,
    SlotsTaken,
    Start,
    StartTimer,
    TimerFired,
)
from treadle_engine.state import State, fold
from treadle_testkit.random_workflows import NESTED_GROUPED, random_choice, random_plan, random_script
from treadle_testkit.scripted import ScriptedRuntime


def call(id: str, *groups: str, limit: int = 1, **fields: Any) -> StepPlan:
    places = tuple(Concurrency(group, limit) for group in groups)
    return StepPlan(id, action="test/do", concurrency=places, **fields)


def runtime(*steps: StepPlan, ordered: bool = False, **fields: Any) -> ScriptedRuntime:
    root = link(ScopePlan(steps, ordered=ordered, fail_fast=False))
    return ScriptedRuntime(Plan("slots", root, **fields))


def asked(run: ScriptedRuntime) -> list[str]:
    return [command.holder for command in run.commands if isinstance(command, AcquireSlots)]


def types(run: ScriptedRuntime) -> list[str]:
    return [f"{event.type}:{event.step}" for event in run.log]


def test_a_visit_waits_for_its_places_and_then_begins() -> None:
    run = runtime(call("a", "gpu", "disk"))
    run.start()
    assert run.state.step("", "a").state == "waiting"
    assert run.state.status == "waiting"
    assert asked(run) == ["a#1"]
    assert not run.running
    run.send(SlotsTaken(run.now, "a#1"))
    assert run.state.slots == {"a#1": ["gpu", "disk"]}
    assert run.state.step("", "a").state == "running"
    run.asked.clear()
    assert run.run() == "completed"
    assert run.state.slots == {}
    assert types(run) == [
        "execution_started:",
        "visit_started:a",
        "visit_waiting:a",
        "slots_granted:a",
        "attempt_started:a",
        "visit_settled:a",
        "execution_completed:",
    ]


def test_two_visits_of_one_group_run_one_after_the_other() -> None:
    run = runtime(call("a", "gpu"), call("b", "gpu"), call("c"))
    run.start()
    most = 0
    while run.step():
        most = max(most, sum(address.step in "ab" for address, _ in run.running))
    assert most == 1
    assert run.state.status == "completed"


def test_the_name_is_an_expression_over_what_the_step_sees() -> None:
    groups = (Concurrency("deploy-{{ inputs.env }}", 2, "queue"),)
    run = runtime(StepPlan("a", action="test/do", concurrency=groups))
    run.start({"env": "prod"})
    assert run.commands[-1] == AcquireSlots("a#1", ({"group": "deploy-prod", "limit": 2, "on_conflict": "queue"},))


@pytest.mark.parametrize(("name", "kind"), [("{{ inputs.none }}", "concurrency"), ("{{ 1 / 0 }}", "expression")])
def test_a_name_that_is_none_fails_the_visit(name: str, kind: str) -> None:
    run = runtime(StepPlan("a", action="test/do", concurrency=(Concurrency(name),)))
    run.start({"none": None})
    assert run.state.status == "failed"
    error = run.state.step("", "a").error
    assert error is not None
    assert error["type"] == kind
    assert "concurrency" in str(error["message"]) or "group's name" in str(error["message"])


def test_what_is_refused_fails() -> None:
    run = runtime(call("a", "gpu"))
    run.start()
    run.send(SlotsRefused(run.now, "a#1", {"type": "concurrency-conflict", "message": "held by e1"}))
    assert run.state.status == "failed"
    assert run.state.error == {"step": "a", "type": "concurrency-conflict", "message": "held by e1"}


def test_an_execution_is_queued_until_it_has_its_places() -> None:
    run = runtime(call("a"), concurrency=(Concurrency("deploy"),), timeout=60.0)
    run.start()
    assert run.state.status == "queued"
    assert not run.state.scopes
    assert not any(isinstance(command, StartTimer) for command in run.commands)
    run.now += 600_000_000
    began = run.now
    run.send(SlotsTaken(run.now, ""))
    assert [command.due for command in run.commands if isinstance(command, StartTimer)] == [began + 60_000_000]
    run.asked.clear()
    assert run.run() == "completed"


def test_the_workflows_groups_and_those_given_are_asked_for_together() -> None:
    run = runtime(call("a"), concurrency=(Concurrency("deploy-{{ inputs.env }}"),))
    given = {"group": "all", "limit": 10, "on_conflict": "queue"}
    run.send(Start(run.now, {"env": "prod"}, groups=(given,)))
    own = {"group": "deploy-prod", "limit": 1, "on_conflict": "queue"}
    assert run.commands == [AcquireSlots("", (given, own))]


def test_a_step_does_not_ask_for_what_is_held_around_it() -> None:
    inner = link(ScopePlan((call("c", "gpu"), call("d", "disk"))))
    outer = StepPlan("b", kind="steps", body=inner, concurrency=(Concurrency("gpu"),))
    run = runtime(outer, call("z", "deploy"), concurrency=(Concurrency("deploy"),))
    run.start()
    assert run.run() == "completed"
    assert asked(run) == ["", "b#1", "b/d#1"]


def test_people_are_asked_before_the_places_are() -> None:
    run = runtime(call("a", "gpu", gate=Approval("go?")))
    run.start()
    assert asked(run) == []
    run.send(Deliver(run.now, "answer", "approved", by="ada"))
    assert asked(run) == ["a#1"]
    assert run.run() == "completed"


def test_a_cancelled_one_leaves_the_line() -> None:
    run = runtime(call("a", "gpu"), call("b"))
    run.start()
    run.send(Cancel(run.now))
    run.asked.clear()
    run.run()
    assert run.state.status == "cancelled"
    assert run.state.step("", "a").state == "cancelled"
    run.send(SlotsTaken(run.now, "a#1"))
    assert run.state.slots == {}


def test_what_is_cancelled_in_the_queue_runs_nothing() -> None:
    handler = ScopePlan((call("clean"),))
    run = runtime(call("a"), concurrency=(Concurrency("deploy"),), on_cancel=link(handler), finally_=link(handler))
    run.start()
    run.send(Cancel(run.now))
    assert run.state.status == "cancelled"
    assert run.states() == {"a": "skipped"}
    assert not run.send(SlotsTaken(run.now, "")).events


def test_what_is_refused_from_the_start_runs_nothing() -> None:
    run = runtime(call("a"), concurrency=(Concurrency("deploy"),), on_failure=link(ScopePlan((call("clean"),))))
    run.start()
    run.send(SlotsRefused(run.now, "", {"type": "concurrency-conflict", "message": "held"}))
    assert run.state.status == "failed"
    assert run.state.error == {"step": "", "type": "concurrency-conflict", "message": "held"}
    assert run.states() == {"a": "skipped"}


def test_a_later_one_takes_the_place_of_a_visit() -> None:
    run = runtime(call("a", "gpu"), call("b"))
    run.start()
    run.step()
    run.send(CancelVisit(run.now, "a#1", reason="e2 wants its place"))
    assert not run.send(CancelVisit(run.now, "a#2")).events
    assert run.run() in {"cancelled", "completed"}
    assert run.state.step("", "a").state == "cancelled"
    assert run.state.step("", "b").state == "succeeded"
    assert [event.data for event in run.log if event.type == kinds.VISIT_CANCEL_REQUESTED] == [
        {"reason": "e2 wants its place"}
    ]


def test_a_pause_holds_back_what_has_its_places() -> None:
    run = runtime(call("a", "gpu"), concurrency=(Concurrency("deploy"),))
    run.start()
    run.send(Pause(run.now))
    assert run.state.status == "paused"
    run.step()
    assert run.state.slots == {"": ["deploy"]}
    assert run.state.status == "paused"
    run.send(Resume(run.now))
    assert run.run() == "completed"


@pytest.mark.parametrize("keep", range(1, 12))
def test_a_crash_at_any_event_asks_again(keep: int) -> None:
    steps = call("a", "gpu", idempotent=True), call("b", "gpu", idempotent=True)
    run = runtime(*steps, concurrency=(Concurrency("deploy"),))
    run.start()
    run.run()
    run.crash(keep)
    assert run.run() == "completed"
    assert run.state.slots == {"": ["deploy"]} or run.state.slots == {}


def test_a_queued_one_asks_again_after_a_crash() -> None:
    run = runtime(call("a"), concurrency=(Concurrency("deploy"),), timeout=5.0)
    run.start()
    run.crash()
    assert run.state.status == "queued"
    assert asked(run) == [""]
    assert not run.send(TimerFired("timeout", run.now)).events
    assert run.run() == "completed"


def test_a_state_with_places_is_written_and_read() -> None:
    run = runtime(call("a", "gpu"), call("b", "gpu"), concurrency=(Concurrency("deploy"),))
    run.start()
    run.step()
    run.step()
    again = State.load(run.plan, run.state.dump())
    assert again.dump() == run.state.dump()
    assert again.slots == {"": ["deploy"], "a#1": ["gpu"]}
    run.run()
    for event in run.log[again.last_seq :]:
        fold(again, event)
    assert again.dump() == run.state.dump()
    assert plan_from_json(plan_to_json(run.plan)) == run.plan


def test_retries_keep_the_place() -> None:
    plan = Plan("slots", link(ScopePlan((call("a", "gpu", retry=Retry(max_attempts=2)),))))
    run = ScriptedRuntime(plan, {"a": ["failure", "success"]})
    run.start()
    assert run.run() == "completed"
    assert asked(run) == ["a#1"]


@pytest.mark.parametrize("seed", range(150))
def test_random_workflows_end_with_every_place_given_up(seed: int) -> None:
    plan = random_plan(seed, NESTED_GROUPED)
    run = ScriptedRuntime(plan, random_script(seed), choose=random_choice(seed))
    run.start()
    crash_at = 10 + seed % 37
    while run.step():
        held = [holder for holder, groups in run.state.slots.items() if groups]
        assert len(held) <= 2
        if len(run.log) >= crash_at:
            crash_at = 1 << 30
            run.crash(10 + seed % 37)
    assert run.state.terminal
    assert run.state.slots == {}
