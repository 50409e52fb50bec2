"""R13a inside scopes: a new execution takes over what was finished in steps that run again for what is inside them."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from treadle_engine.plan import Compensation, InputSpec, Items, Loop, Plan, Retry, RollbackPolicy, ScopePlan, StepPlan
from treadle_engine.protocol import Rollback
from treadle_engine.state import State, fold
from treadle_engine.takeover import takeover_of
from treadle_testkit.random_workflows import FAMILIES, random_choice, random_plan, random_script
from treadle_testkit.scripted import Ending, ScriptedRuntime, workflow

S = StepPlan
UNDO = Compensation("m/undo")
NEVER = RollbackPolicy(after=())


def ran(*steps: StepPlan, script: dict[str, Sequence[str | Ending]] | None = None, **fields: Any) -> ScriptedRuntime:
    runtime = ScriptedRuntime(workflow(*steps, **fields), script)
    runtime.start({"n": 1})
    runtime.run()
    return runtime


def again(
    old: ScriptedRuntime,
    *addresses: str,
    then: State | None = None,
    script: dict[str, Sequence[str | Ending]] | None = None,
    inputs: dict[str, Any] | None = None,
) -> ScriptedRuntime:
    """A new execution of the same plan; what it takes over goes through JSON."""
    takeover = json.loads(json.dumps(takeover_of(old.state, addresses, then)))
    new = ScriptedRuntime(old.plan, script)
    new.start(inputs or {"n": 1}, {"takeover": takeover})
    new.run()
    return new


def before(runtime: ScriptedRuntime, address: str) -> State:
    """The state before a visit started."""
    state = State(runtime.plan, "scripted")
    for event in runtime.log:
        if event.type == "visit_started" and event._replace(attempt=0).address == address:
            return state
        fold(state, event)
    raise KeyError(address)


def group(id_: str, *steps: StepPlan, **fields: Any) -> StepPlan:
    return S(id_, kind="steps", body=ScopePlan(steps), **fields)


def test_of_a_group_the_steps_that_were_finished() -> None:
    old = ran(group("g", S("a"), S("b"), S("c")), S("z"), script={"b": ["failure"]})
    new = again(old)
    assert new.trace() == ["g/b#1 success", "g/c#1 success", "g#1 success", "z#1 success"]


def test_their_outputs_are_there() -> None:
    told = S("b", with_={"n": "{{ steps.a.outputs.n }}"})
    old = ran(group("g", S("a"), told), script={"a": [Ending(outputs={"n": 5})], "b": ["failure"]})
    new = again(old)
    assert new.state.step("", "g").outputs == {"a": {"n": 5}, "b": {}}


def test_at_any_depth() -> None:
    old = ran(group("g", S("a"), group("h", S("b"), S("c")), S("d")), script={"c": ["failure"]})
    assert again(old).trace() == ["g/h/c#1 success", "g/h#1 success", "g/d#1 success", "g#1 success"]


def test_of_a_loop_the_iterations_before() -> None:
    loop = S("l", kind="loop", loop=Loop(9, until="vars.n >= 3"), body=ScopePlan((count(), S("x"))))
    old = ran(loop, script={"x": ["success", "failure"]}, vars={"n": 0})
    assert old.state.vars == {"n": 2}
    new = again(old)
    assert new.trace()[0] == "l:2/x#1 success"
    assert new.state.status == "completed"
    assert new.state.vars == {"n": 3}


def count() -> StepPlan:
    return S("count", kind="set", with_={"n": "{{ vars.n + 1 }}"})


def test_the_iterations_before_are_not_judged_again() -> None:
    """The variable that the condition sees has its last value by now."""
    loop = S("l", kind="loop", loop=Loop(9, until="vars.n >= 2"), body=ScopePlan((S("x"), count())))
    old = ran(loop, S("bad"), script={"x": ["success", "failure", "failure"]}, vars={"n": 0})
    old.state.vars["n"] = 7
    new = again(old, script={"bad": ["success"]})
    assert new.trace()[0] == "l:2/x#1 success"


@pytest.mark.parametrize("limit", [1, 0])
def test_of_items_those_that_succeeded(limit: int) -> None:
    each = S(
        "e", kind="for_each", with_={"items": ["a", "b", "c"]}, items=Items(limit), body=ScopePlan((S("x"), S("y")))
    )
    old = ran(each, script={"y": ["success", "failure", "success"]})
    assert again(old).trace() == ["e[2]/y#1 success", "e#1 success"]


def test_an_item_that_is_another_one_runs_anew() -> None:
    each = S("e", kind="for_each", with_={"items": ["{{ inputs.n }}", 2]}, items=Items(1), body=ScopePlan((S("x"),)))
    old = ran(each, script={"x": ["success", "failure"]})
    assert again(old, inputs={"n": 7}).trace() == ["e[1]/x#1 success", "e[2]/x#1 success", "e#1 success"]


def child(**fields: Any) -> Plan:
    return workflow(S("a"), S("b"), inputs=(InputSpec("n"),), vars={"k": 0}, **fields)


def test_of_a_sub_workflow_its_finished_steps() -> None:
    call = S("c", kind="workflow", workflow="w", with_={"n": "{{ inputs.n }}"})
    old = ran(call, script={"b": ["failure"]}, children={"w": child(finally_=[S("clean")])})
    assert again(old).trace() == ["c/b#1 success", "c/finally/clean#1 success", "c#1 success"]
    other = again(old, inputs={"n": 2})
    assert other.trace()[0] == "c/a#1 success", "other inputs: nothing of it holds any more"


def test_its_variables_go_on() -> None:
    inner = workflow(count(), S("b"), S("told", with_={"n": "{{ vars.n }}"}), vars={"n": 4})
    old = ran(S("c", kind="workflow", workflow="w"), script={"b": ["failure"]}, children={"w": inner})
    new = again(old)
    assert new.state.scopes["c"].frame.vars == {"n": 5}


def test_what_was_undone_runs_again() -> None:
    old = ran(group("g", S("a", compensate=UNDO), S("b"), S("c")), script={"c": ["failure"]})
    assert old.undone() == ["g/a#1"]
    assert again(old).trace()[0] == "g/a#1 success"


def test_what_can_still_be_undone_moves_along_and_keeps_its_address() -> None:
    old = ran(group("g", S("a", compensate=UNDO), S("b")), script={"b": ["failure"]}, rollback=NEVER)
    new = again(old)
    new.send(Rollback(new.now))
    new.run()
    assert new.undone() == ["g/a#1"]


def test_a_visit_keeps_its_number() -> None:
    loop = (group("g", S("a"), S("b"), on_failure=("fix",)), S("fix", on_success=("g",), max_visits=50), S("z"))
    old = ran(*loop, script={"b": ["failure"]}, scope={"fail_fast": False})
    last = old.state.step("", "g").visits
    new = again(old, f"g#{last}/b", script={"b": ["success"]})
    assert new.trace()[0] == f"g#{last}/b#1 success"


def test_the_last_attempt_is_what_is_taken_over() -> None:
    old = ran(group("g", S("a"), S("b"), retry=Retry(2)), script={"b": ["failure"]})
    assert again(old).trace() == ["g/b#1 success", "g#1 success"]


def test_a_race_is_run_anew() -> None:
    race = S("r", kind="race", branches=(("left", ScopePlan((S("a"), S("b")))), ("right", ScopePlan((S("c"), S("d"))))))
    old = ran(race, script={"b": ["failure"]})
    assert "r.left/a#1 success" in again(old).trace()


def test_a_step_downstream_runs_again_as_a_whole() -> None:
    old = ran(S("a"), group("g", S("b"), S("c")), script={"c": ["failure"]})
    assert again(old, "a").trace()[:2] == ["a#1 success", "g/b#1 success"]


def test_from_a_step_inside() -> None:
    each = S("e", kind="for_each", with_={"items": [1, 2]}, items=Items(), body=ScopePlan((S("x"), S("y"))))
    old = ran(each, S("z"))
    assert again(old, "e[2]/y").trace() == ["e[2]/y#1 success", "e#1 success", "z#1 success"]


def test_from_an_iteration_in_the_middle() -> None:
    loop = S("l", kind="loop", loop=Loop(9, until="loop.index == 3"), body=ScopePlan((S("x"), S("y"))))
    old = ran(loop)
    assert again(old, "l:2/y").trace() == ["l:2/y#1 success", "l:3/x#1 success", "l:3/y#1 success", "l#1 success"]


def repair() -> tuple[StepPlan, ...]:
    test = S("test", with_={"by": "{{ steps.fix.outputs.n }}"}, on_failure=("fix",), on_success=("done",))
    return S("a"), test, S("fix", on_success=("test",)), S("done")


def test_from_an_earlier_visit_what_came_before_it_is_there() -> None:
    endings: dict[str, Sequence[str | Ending]] = {
        "test": ["failure", "failure", "success"],
        "fix": [Ending(outputs={"n": 1}), Ending(outputs={"n": 2})],
    }
    old = ran(*repair(), script=endings)
    new = again(old, "test", then=before(old, "test#2"))
    assert new.trace() == ["test#2 success", "fix skipped", "done#1 success"]
    given = next(event.data["inputs"] for event in new.log if event.type == "visit_started")
    assert given == {"by": 1}
    assert [visit["outcome"] for visit in new.state.root.earlier[1]] == ["failure", "success"]


def test_variables_are_those_of_that_time() -> None:
    loop = (count(), S("test", on_failure=("count",), on_success=("done",)), S("done"))
    old = ran(*loop, script={"test": ["failure", "failure", "success"]}, vars={"n": 0})
    assert old.state.vars == {"n": 3}
    assert again(old, "test", then=before(old, "test#1")).state.vars == {"n": 1}


def test_a_continued_execution_can_be_continued() -> None:
    old = ran(group("g", S("a"), S("b"), S("c")), script={"b": ["failure"]})
    second = again(old, script={"c": ["failure"]})
    assert again(second).trace() == ["g/c#1 success", "g#1 success"]


@pytest.mark.parametrize("seed", range(0, 400, 4))
def test_random_workflows_go_on_and_do_not_care_for_crashes(seed: int) -> None:
    plan = random_plan(seed, FAMILIES)
    first = ScriptedRuntime(plan, random_script(seed, failing=0.5), choose=random_choice(seed))
    first.start()
    first.run(turns=2_000)
    takeover = json.loads(json.dumps(takeover_of(first.state)))

    def second() -> ScriptedRuntime:
        runtime = ScriptedRuntime(plan, random_script(seed + 1, failing=0.2), choose=random_choice(seed))
        runtime.start(header={"takeover": takeover})
        return runtime

    whole = second()
    whole.run(turns=2_000)
    assert whole.state.terminal
    kept = {event.address for event in first.log if event.data.get("compensation")}
    undone = set(first.undone())
    ran_again = {event._replace(attempt=0).address for event in whole.log if event.type == "visit_started"}
    assert not {address for address in kept - undone if address in ran_again}
    for keep in range(2 + seed % 5, len(whole.log), 7):
        runtime = second()
        while len(runtime.log) < keep and runtime.step():
            pass
        runtime.crash(keep)
        runtime.run(turns=2_000)
        assert runtime.states() == whole.states()
        assert runtime.undone() == whole.undone()
