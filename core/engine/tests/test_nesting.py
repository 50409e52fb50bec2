"""Scopes inside scopes: what opens them, how they end, what reaches into them."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from treadle_engine import events as kinds
from treadle_engine.items import ItemsError, items_of
from treadle_engine.link import link
from treadle_engine.plan import (
    Compensation,
    Items,
    Join,
    Loop,
    RollbackPolicy,
    ScopePlan,
    StepPlan,
    plan_from_json,
    plan_to_json,
    steps_within,
)
from treadle_engine.protocol import Cancel, Pause, Resume, TimerFired
from treadle_engine.takeover import takeover_of
from treadle_testkit.scripted import SECOND, Choice, Ending, ScriptedRuntime, workflow

UNDO = Compensation("m/undo")
NEVER = RollbackPolicy(after=())


def group(id_: str, *steps: StepPlan, limit: int = 0, **fields: object) -> StepPlan:
    return StepPlan(id_, kind="parallel", body=ScopePlan(steps, max_parallel=limit), **fields)  # type: ignore[arg-type]


def sequence(id_: str, *steps: StepPlan, **fields: object) -> StepPlan:
    return StepPlan(id_, kind="steps", body=ScopePlan(steps), **fields)  # type: ignore[arg-type]


def run(*steps: StepPlan, script: dict[str, Sequence[str | Ending]] | None = None, **fields: object) -> ScriptedRuntime:
    runtime = ScriptedRuntime(workflow(*steps, **fields), script)  # type: ignore[arg-type]
    runtime.start()
    runtime.run()
    return runtime


def in_order(*places: str) -> Choice:
    """Of what runs, the first in this list ends next."""
    return lambda running: min(range(len(running)), key=lambda n: places.index("/".join(filter(None, running[n][:2]))))


def test_steps_of_a_group_start_at_once_and_are_joined() -> None:
    runtime = ScriptedRuntime(workflow(group("g", StepPlan("x"), StepPlan("y")), StepPlan("z")))
    runtime.start()
    assert [address.step for address, _ in runtime.running] == ["x", "y"]
    assert runtime.run() == "completed"
    assert runtime.trace() == ["g/x#1 success", "g/y#1 success", "g#1 success", "z#1 success"]


def test_steps_of_a_sequence_follow_each_other() -> None:
    runtime = run(sequence("s", StepPlan("x"), StepPlan("y")))
    assert runtime.trace() == ["s/x#1 success", "s/y#1 success", "s#1 success"]


def test_needs_hold_inside_a_group() -> None:
    runtime = ScriptedRuntime(workflow(group("g", StepPlan("x"), StepPlan("y", needs=("x",)))))
    runtime.start()
    assert [address.step for address, _ in runtime.running] == ["x"]


def test_the_outputs_of_a_scope_are_those_of_its_steps() -> None:
    told = StepPlan("told", with_={"n": "{{ steps.g.outputs.x.n + steps.g.outputs.s.y.n }}"})
    runtime = run(
        group("g", StepPlan("x"), sequence("s", StepPlan("y"))),
        told,
        script={"x": [Ending(outputs={"n": 1})], "y": [Ending(outputs={"n": 2})]},
    )
    assert runtime.state.step("", "g").outputs == {"x": {"n": 1}, "s": {"y": {"n": 2}}}
    assert started(runtime, "", "told") == {"n": 3}


def started(runtime: ScriptedRuntime, scope: str, step: str) -> object:
    found = (event for event in runtime.log if event.type == kinds.VISIT_STARTED)
    return next(event.data.get("inputs") for event in found if (event.scope, event.step) == (scope, step))


def test_a_step_sees_those_of_the_scopes_around_it() -> None:
    inner = StepPlan("x", with_={"n": "{{ steps.a.outputs.n }}"})
    runtime = run(StepPlan("a"), group("g", sequence("s", inner)), script={"a": [Ending(outputs={"n": 1})]})
    assert started(runtime, "g/s", "x") == {"n": 1}


def test_a_failure_inside_becomes_the_outcome_and_names_the_step() -> None:
    runtime = run(
        group("g", StepPlan("x"), StepPlan("y"), on_failure=("mend",)), StepPlan("mend"), script={"x": ["failure"]}
    )
    assert runtime.trace() == ["g/x#1 failure", "g/y#1 success", "g#1 failure", "mend#1 success"]
    assert runtime.state.status == "failed"
    assert runtime.state.error is not None
    assert runtime.state.error["step"] == "g/x"


def test_a_failure_that_is_repaired_outside_leaves_the_execution_completed() -> None:
    mend = StepPlan("mend", recovers=True)
    runtime = run(group("g", StepPlan("x"), on_failure=("mend",)), mend, script={"x": ["failure"]})
    assert runtime.state.status == "completed"


def test_a_scope_that_fails_fast_starts_nothing_more() -> None:
    steps = (StepPlan("x"), StepPlan("y"), StepPlan("z", needs=("y",)))
    plan = workflow(
        StepPlan("g", kind="parallel", body=ScopePlan(steps, fail_fast=True)), StepPlan("after", join=Join("all_done"))
    )
    runtime = ScriptedRuntime(plan, {"x": ["failure"]})
    runtime.start()
    assert runtime.run() == "failed"
    assert runtime.trace() == ["g/x#1 failure", "g/z skipped", "g/y#1 success", "g#1 failure", "after#1 success"]


def test_failing_outside_drains_what_is_inside_and_lets_clean_up_begin() -> None:
    clean = sequence("clean", StepPlan("c"), needs=("a", "g"), join=Join("all_done"))
    inner = sequence("s", StepPlan("x"), StepPlan("y"))
    runtime = run(
        StepPlan("a", needs=()),
        group("g", inner, needs=()),
        StepPlan("b", needs=("a",)),
        clean,
        script={"a": ["failure"]},
        scope={"fail_fast": True},
    )
    assert runtime.trace() == [
        "a#1 failure",
        "b skipped",
        "g/s/y skipped",
        "g/s/x#1 success",
        "g/s#1 cancelled",
        "g#1 cancelled",
        "clean/c#1 success",
        "clean#1 success",
    ]


def test_end_inside_a_scope_ends_the_execution() -> None:
    end = StepPlan("stop", kind="end", with_={"status": "completed"})
    runtime = run(group("g", end, sequence("s", StepPlan("x"), StepPlan("y"))), StepPlan("z"))
    assert runtime.state.status == "completed"
    assert runtime.trace() == ["g/stop#1 success", "g/s skipped", "z skipped", "g#1 cancelled"]


def test_a_cancel_reaches_every_scope() -> None:
    runtime = ScriptedRuntime(workflow(group("g", sequence("s", StepPlan("x"), StepPlan("y")))))
    runtime.start()
    runtime.send(Cancel(runtime.now))
    assert runtime.run() == "cancelled"
    assert runtime.trace() == ["g/s/y skipped", "g/s/x#1 cancelled", "g/s#1 cancelled", "g#1 cancelled"]


def test_cancelling_a_group_by_name_cancels_what_is_inside() -> None:
    chop = StepPlan("chop", kind="cancel", with_={"steps": ["g"]}, needs=("a",))
    runtime = run(StepPlan("a", needs=()), group("g", sequence("s", StepPlan("x"), StepPlan("y")), needs=()), chop)
    assert runtime.trace() == [
        "a#1 success",
        "chop#1 success",
        "g/s/y skipped",
        "g/s/x#1 cancelled",
        "g/s#1 cancelled",
        "g#1 cancelled",
    ]


def test_the_time_of_the_workflow_is_up_in_every_scope() -> None:
    runtime = ScriptedRuntime(workflow(group("g", StepPlan("x")), timeout=1.0))
    runtime.start()
    runtime.send(TimerFired("timeout", runtime.now))
    assert runtime.run() == "failed"
    assert runtime.state.timed_out
    assert runtime.trace() == ["g/x#1 cancelled", "g#1 cancelled"]


def test_nothing_opens_during_a_pause() -> None:
    runtime = ScriptedRuntime(workflow(group("g", sequence("s", StepPlan("x"), StepPlan("y")))))
    runtime.start()
    runtime.send(Pause(runtime.now))
    assert runtime.run() == "paused"
    assert runtime.trace() == ["g/s/x#1 success"]
    runtime.send(Resume(runtime.now))
    assert runtime.run() == "completed"


@pytest.mark.parametrize("limits", [{"root": 2, "group": 0}, {"root": 0, "group": 2}])
def test_limits_count_what_runs_inside_and_not_what_holds_it(limits: dict[str, int]) -> None:
    inner = [sequence(f"s{n}", StepPlan(f"x{n}"), StepPlan(f"y{n}")) for n in range(4)]
    runtime = ScriptedRuntime(
        workflow(group("g", *inner, limit=limits["group"]), scope={"max_parallel": limits["root"]})
    )
    runtime.start()
    most = len(runtime.running)
    while runtime.step():
        most = max(most, len(runtime.running))
    assert (most, runtime.state.status) == (2, "completed")


def test_a_scope_is_entered_again_under_an_address_of_its_own() -> None:
    again = group("g", StepPlan("x"), on_failure=("fix",), max_visits=2)
    runtime = run(again, StepPlan("fix", on_success=("g",), max_visits=2), script={"x": ["failure", "success"]})
    assert runtime.trace() == [
        "g/x#1 failure",
        "g#1 failure",
        "fix#1 success",
        "g#2/x#1 success",
        "g#2 success",
        "fix skipped",
    ]
    assert runtime.state.status == "completed"


def test_undoing_takes_a_scope_where_it_completed() -> None:
    slow = sequence("s", StepPlan("x", compensate=UNDO), StepPlan("y"), needs=())
    plan = workflow(slow, StepPlan("a", compensate=UNDO, needs=()), StepPlan("bad", needs=("s", "a")))
    runtime = ScriptedRuntime(plan, {"bad": ["failure"]}, choose=in_order("s/x", "a", "s/y", "bad"))
    runtime.start()
    runtime.run()
    assert runtime.trace() == ["s/x#1 success", "a#1 success", "s/y#1 success", "s#1 success", "bad#1 failure"]
    assert runtime.undone() == ["s/x#1", "a#1"]


def test_handlers_have_scopes_inside() -> None:
    runtime = run(StepPlan("a"), script={"a": ["failure"]}, finally_=[group("g", StepPlan("x"))])
    assert runtime.trace() == ["a#1 failure", "finally/g/x#1 success", "finally/g#1 success"]


def test_a_new_execution_keeps_what_was_finished_in_a_failed_scope() -> None:
    steps = (group("g", StepPlan("x", compensate=UNDO), StepPlan("y")), StepPlan("z"))
    old = run(*steps, script={"y": ["failure"]}, rollback=NEVER)
    new = ScriptedRuntime(old.plan)
    new.start(header={"takeover": takeover_of(old.state)})
    assert new.run() == "completed"
    assert new.trace() == ["g/y#1 success", "g#1 success", "z#1 success"]
    assert [entry.address for entry in new.state.log.entries] == ["g/x#1"]


def test_a_plan_with_scopes_survives_json_and_linking_twice() -> None:
    plan = workflow(group("g", StepPlan("x"), sequence("s", StepPlan("y"), StepPlan("z"))))
    assert plan_from_json(plan_to_json(plan)) == plan
    assert link(plan.root) == plan.root
    assert [path for path, _ in steps_within(plan.root)] == ["g", "g/x", "g/s", "g/s/y", "g/s/z"]
    needs = {path: step.needs for path, step in steps_within(plan.root)}
    assert (needs["g/s"], needs["g/s/z"]) == ((), ("y",))


def loop(id_: str, *steps: StepPlan, **fields: Any) -> StepPlan:
    keys = {name: fields.pop(name) for name in ("until", "while_", "max", "delay", "on_exhausted") if name in fields}
    return StepPlan(id_, kind="loop", body=ScopePlan(steps), loop=Loop(**{"max": 5, **keys}), **fields)


def test_a_loop_runs_until_its_condition_holds() -> None:
    body = StepPlan("x", with_={"index": "{{ loop.index }}", "before": "{{ loop.previous }}"})
    runtime = run(
        loop("l", body, until="steps.x.outputs.n == 2"),
        script={"x": [Ending(outputs={"n": 1}), Ending(outputs={"n": 2})]},
    )
    assert runtime.trace() == ["l:1/x#1 success", "l:2/x#1 success", "l#1 success"]
    assert runtime.state.step("", "l").outputs == {"x": {"n": 2}}
    assert started(runtime, "l:1", "x") == {"index": 1, "before": None}
    assert started(runtime, "l:2", "x") == {"index": 2, "before": {"x": {"n": 1}}}


def test_while_is_judged_after_the_iteration_too() -> None:
    runtime = run(loop("l", StepPlan("x"), while_="false"))
    assert runtime.trace() == ["l:1/x#1 success", "l#1 success"]


@pytest.mark.parametrize(
    ("on_exhausted", "end", "status"), [("fail", "exhausted", "failed"), ("continue", "success", "completed")]
)
def test_a_loop_that_would_go_on_is_exhausted(on_exhausted: str, end: str, status: str) -> None:
    runtime = run(loop("l", StepPlan("x"), until="false", max=2, on_exhausted=on_exhausted))
    assert runtime.trace() == ["l:1/x#1 success", "l:2/x#1 success", f"l#1 {end}"]
    assert runtime.state.status == status


def test_an_exhausted_loop_has_a_route_of_its_own() -> None:
    step = loop("l", StepPlan("x"), until="false", max=1, routes=(("exhausted", ("mend",)),))
    assert run(step, StepPlan("mend", recovers=True)).state.status == "completed"


def test_a_failed_iteration_fails_the_loop() -> None:
    runtime = run(loop("l", StepPlan("x"), until="false"), script={"x": ["success", "failure"]})
    assert runtime.trace() == ["l:1/x#1 success", "l:2/x#1 failure", "l#1 failure"]
    assert runtime.state.error is not None
    assert runtime.state.error["step"] == "l:2/x"


def test_a_condition_that_cannot_be_evaluated_fails_the_loop() -> None:
    runtime = run(loop("l", StepPlan("x"), until="steps.x.outputs.missing"))
    error = runtime.state.step("", "l").error
    assert error is not None
    assert (error["type"], str(error["message"]).partition(":")[0]) == ("expression", "loop.until")


def delayed() -> ScriptedRuntime:
    runtime = ScriptedRuntime(workflow(loop("l", StepPlan("x"), until="loop.index == 2", delay=60.0)))
    runtime.start()
    runtime.step()
    assert (runtime.running, list(runtime.timers)) == ({}, ["loop:l#1"])
    return runtime


def test_a_delay_passes_between_iterations() -> None:
    runtime = delayed()
    before = runtime.now
    assert runtime.run() == "completed"
    assert runtime.now - before >= 59 * SECOND
    assert runtime.trace() == ["l:1/x#1 success", "l:2/x#1 success", "l#1 success"]


def test_a_cancel_ends_a_loop_between_its_iterations() -> None:
    runtime = delayed()
    runtime.send(Cancel(runtime.now))
    assert (runtime.run(), runtime.timers) == ("cancelled", {})
    assert runtime.trace() == ["l:1/x#1 success", "l#1 cancelled"]


def test_a_delay_keeps_its_due_time_over_a_pause_and_a_crash() -> None:
    runtime = delayed()
    due = dict(runtime.timers)
    runtime.send(Pause(runtime.now))
    runtime.crash()
    runtime.send(Resume(runtime.now))
    assert runtime.timers == due
    assert runtime.run() == "completed"


def test_iterations_are_undone_the_last_one_first() -> None:
    body = (StepPlan("x", compensate=UNDO), StepPlan("y", compensate=UNDO))
    runtime = run(loop("l", *body, until="loop.index == 2"), StepPlan("bad"), script={"bad": ["failure"]})
    assert runtime.undone() == ["l:2/y#1", "l:2/x#1", "l:1/y#1", "l:1/x#1"]


def test_loops_in_loops_see_the_innermost() -> None:
    inner = loop("m", StepPlan("x", with_={"n": "{{ loop.index }}"}), until="loop.index == 2")
    runtime = run(loop("l", inner, until="loop.index == 2"))
    assert [started(runtime, f"l:{a}/m:{b}", "x") for a in (1, 2) for b in (1, 2)] == [{"n": 1}, {"n": 2}] * 2


def each(id_: str, given: Any, *steps: StepPlan, **fields: Any) -> StepPlan:
    names = ("max_parallel", "min_success", "stop_when", "single")
    items = Items(**{name: fields.pop(name) for name in names if name in fields})
    return StepPlan(id_, kind="for_each", with_={"items": given}, items=items, body=ScopePlan(steps), **fields)


def by_item(**ends: str) -> Any:
    """A script: how the steps of a scope end, by its number."""
    return lambda attempt: Ending(ends.get(f"i{attempt.scope[-2]}", "success"), {"at": attempt.scope})


def run_items(script: Any, *steps: StepPlan, **fields: Any) -> ScriptedRuntime:
    runtime = ScriptedRuntime(workflow(*steps, **fields), script)
    runtime.start()
    runtime.run()
    return runtime


def test_each_item_has_a_scope_and_outputs() -> None:
    runtime = run_items(by_item(), each("e", ["a", "b"], StepPlan("x", with_={"it": "{{ item }}"})))
    assert runtime.trace() == ["e[1]/x#1 success", "e[2]/x#1 success", "e#1 success"]
    assert [started(runtime, f"e[{n}]", "x") for n in (1, 2)] == [{"it": "a"}, {"it": "b"}]
    assert runtime.state.step("", "e").outputs == {"items": [{"x": {"at": "e[1]"}}, {"x": {"at": "e[2]"}}]}


def test_the_outputs_of_a_single_step_are_its_items() -> None:
    runtime = run_items(by_item(), each("e", "{{ [1, 2] }}", StepPlan("e"), single=True))
    assert runtime.state.step("", "e").outputs == {"items": [{"at": "e[1]"}, {"at": "e[2]"}]}


def test_an_empty_list_succeeds() -> None:
    runtime = run_items(by_item(), each("e", [], StepPlan("x"), min_success=2))
    assert (runtime.trace(), runtime.state.step("", "e").outputs) == (["e#1 success"], {"items": []})


@pytest.mark.parametrize("given", ["text", 3, None, {"a": 1}, "{{ inputs }}"])
def test_what_is_no_list_fails_the_step(given: Any) -> None:
    runtime = run_items(by_item(), each("e", given, StepPlan("x")))
    error = runtime.state.step("", "e").error
    assert error is not None
    assert (error["type"], str(error["message"])[:23]) == ("items", "for_each must be a list")


@pytest.mark.parametrize(("own", "workflows", "most"), [(2, 0, 2), (0, 3, 3), (0, 0, 5), (4, 3, 3)])
def test_so_many_items_run_at_a_time(own: int, workflows: int, most: int) -> None:
    plan = workflow(each("e", [1] * 5, StepPlan("x"), max_parallel=own), scope={"max_parallel": workflows})
    runtime = ScriptedRuntime(plan)
    runtime.start()
    found = len(runtime.running)
    while runtime.step():
        found = max(found, len(runtime.running))
    assert (found, runtime.state.status) == (most, "completed")


def test_all_items_run_and_one_failure_fails_the_step() -> None:
    runtime = run_items(by_item(i2="failure"), each("e", [1, 2, 3], StepPlan("x"), max_parallel=1))
    assert runtime.trace() == ["e[1]/x#1 success", "e[2]/x#1 failure", "e[3]/x#1 success", "e#1 failure"]
    assert runtime.state.error is not None
    assert runtime.state.error["step"] == "e[2]/x"


def test_no_further_item_starts_where_the_scope_fails_fast() -> None:
    step = each("e", [1, 2, 3], StepPlan("x"), max_parallel=1)
    runtime = run_items(by_item(i2="failure"), step, scope={"fail_fast": True})
    assert runtime.trace() == ["e[1]/x#1 success", "e[2]/x#1 failure", "e#1 failure"]


@pytest.mark.parametrize(("least", "end", "status"), [(1, "success", "completed"), (2, "failure", "failed")])
def test_enough_successes_forgive_the_others(least: int, end: str, status: str) -> None:
    runtime = run_items(by_item(i2="failure"), each("e", [1, 2], StepPlan("x"), min_success=least))
    assert runtime.trace()[-1] == f"e#1 {end}"
    assert runtime.state.status == status


def test_stop_when_lets_what_runs_end() -> None:
    step = each("e", [1, 2, 3, 4], StepPlan("x"), max_parallel=2, stop_when="items[0].outputs.x.at == 'e[1]'")
    runtime = run_items(by_item(), step)
    assert runtime.trace() == ["e[1]/x#1 success", "e[2]/x#1 success", "e#1 success"]
    assert runtime.state.step("", "e").outputs["items"][2:] == [None, None]  # type: ignore[index]


def test_a_condition_that_fails_fails_the_step_once_its_items_have_ended() -> None:
    step = each("e", [1, 2, 3], StepPlan("x"), max_parallel=2, stop_when="items[9].state == 'x'")
    runtime = run_items(by_item(), step)
    assert runtime.trace() == ["e[1]/x#1 success", "e[2]/x#1 success", "e#1 failure"]
    assert runtime.state.error is not None
    assert runtime.state.error["type"] == "expression"


def test_items_are_undone_one_after_another_as_they_ended() -> None:
    body = (StepPlan("x", compensate=UNDO), StepPlan("y", compensate=UNDO))
    order = ("e[1]/x", "e[2]/x", "e[2]/y", "e[1]/y", "bad")
    plan = workflow(each("e", [1, 2], *body), StepPlan("bad"))
    runtime = ScriptedRuntime(plan, {"bad": ["failure"]}, choose=in_order(*order))
    runtime.start()
    runtime.run()
    assert runtime.undone() == ["e[1]/y#1", "e[1]/x#1", "e[2]/y#1", "e[2]/x#1"]


def test_a_cancel_opens_no_further_item() -> None:
    runtime = ScriptedRuntime(workflow(each("e", [1, 2], StepPlan("x"), max_parallel=1)))
    runtime.start()
    runtime.send(Cancel(runtime.now))
    assert runtime.run() == "cancelled"
    assert runtime.trace() == ["e[1]/x#1 cancelled", "e#1 cancelled"]


def test_a_matrix_has_every_combination_but_those_left_out() -> None:
    axes = {"os": ["l", "m"], "py": [1, "{{ 1 + 1 }}"]}
    value = {"matrix": axes, "exclude": [{"os": "m", "py": 1}], "include": [{"os": "w"}]}
    told = StepPlan("x", with_={"it": "{{ matrix }}"})
    runtime = run(StepPlan("m", kind="matrix", with_=value, items=Items(), body=ScopePlan((told,))))
    found = [started(runtime, f"m[{n}]", "x") for n in range(1, 5)]
    assert found == [
        {"it": it} for it in ({"os": "l", "py": 1}, {"os": "l", "py": 2}, {"os": "m", "py": 2}, {"os": "w"})
    ]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"matrix": {"os": "l"}}, "matrix.os must be a list, not a text"),
        ({"matrix": {"os": [1]}, "include": ["l"]}, "include must be a list of objects"),
        ({"matrix": {str(n): list(range(10)) for n in range(5)}}, "matrix gives 100000 combinations"),
    ],
)
def test_a_matrix_that_is_none(value: Any, why: str) -> None:
    with pytest.raises(ItemsError, match=re.escape(why)):
        items_of("matrix", value)


def race(id_: str, **branches: Sequence[StepPlan]) -> StepPlan:
    return StepPlan(
        id_, kind="race", branches=tuple((name, ScopePlan(tuple(steps))) for name, steps in branches.items())
    )


def raced(*places: str, script: Any = None) -> ScriptedRuntime:
    left = (StepPlan("x", compensate=UNDO), StepPlan("y", compensate=UNDO))
    right = (StepPlan("v", compensate=UNDO), StepPlan("w", compensate=UNDO))
    plan = workflow(race("r", left=left, right=right), StepPlan("z"), rollback=RollbackPolicy(("failure",)))
    runtime = ScriptedRuntime(plan, script, choose=in_order(*places))
    runtime.start()
    runtime.run()
    return runtime


def test_the_first_branch_to_finish_wins_and_the_others_are_cancelled() -> None:
    runtime = raced("r.right/v", "r.right/w", "r.left/x", "z", script={"w": [Ending(outputs={"n": 1})]})
    assert runtime.trace() == [
        "r.right/v#1 success",
        "r.right/w#1 success",
        "r.left/y skipped",
        "r.left/x#1 cancelled",
        "r#1 success",
        "z#1 success",
    ]
    assert runtime.state.step("", "r").outputs == {"winner": "right", "outputs": {"v": {}, "w": {"n": 1}}}
    assert runtime.state.status == "completed"


def test_a_branch_that_fails_first_wins_too() -> None:
    runtime = raced("r.left/x", "r.right/v", "z", script={"x": ["failure"]})
    assert runtime.state.step("", "r").outcome == "failure"
    assert runtime.state.error is not None
    assert runtime.state.error["step"] == "r.left/x"


def test_what_the_losers_of_a_race_did_is_undone_as_well() -> None:
    runtime = raced("r.left/x", "r.right/v", "r.right/w", "r.left/y", "z", script={"z": ["failure"]})
    assert runtime.trace()[-3:] == ["r.left/y#1 cancelled", "r#1 success", "z#1 failure"]
    assert runtime.undone() == ["r.left/y#1", "r.left/x#1", "r.right/w#1", "r.right/v#1"]


def test_a_race_that_is_decided_at_once_starts_nothing_in_the_others() -> None:
    quick = StepPlan("q", kind="set", with_={"n": 1})
    runtime = run(race("r", left=(quick,), right=(StepPlan("v"),)))
    assert runtime.trace() == ["r.left/q#1 success", "r.right/v skipped", "r#1 success"]


def test_a_cancel_reaches_every_branch() -> None:
    runtime = ScriptedRuntime(workflow(race("r", left=(StepPlan("x"),), right=(StepPlan("v"),))))
    runtime.start()
    runtime.send(Cancel(runtime.now))
    assert runtime.run() == "cancelled"
    assert runtime.trace() == ["r.left/x#1 cancelled", "r.right/v#1 cancelled", "r#1 cancelled"]
