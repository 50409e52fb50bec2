"""Sub-workflows: a step that runs another workflow as a part of its execution, or as one of its own."""

from collections.abc import Sequence
from typing import Any

import pytest
from treadle_engine import events as kinds
from treadle_engine.addresses import scope_at
from treadle_engine.plan import (
    Compensation,
    InputSpec,
    Items,
    Plan,
    Retry,
    RollbackPolicy,
    ScopePlan,
    SecretSource,
    StepPlan,
    plan_from_json,
    plan_to_json,
)
from treadle_engine.protocol import Address, AttemptEnded, Cancel, Pause, Resume, Rollback, StartWorkflow, TimerFired
from treadle_engine.state import State, fold
from treadle_testkit.scripted import SECOND, Ending, ScriptedRuntime, workflow

UNDO = Compensation("m/undo")
NEVER = RollbackPolicy(after=())
S = StepPlan


def call(id_: str, key: str = "child", **fields: Any) -> StepPlan:
    return StepPlan(id_, kind="workflow", workflow=key, **fields)


def run(
    *steps: StepPlan,
    child: Plan,
    script: dict[str, Sequence[str | Ending]] | None = None,
    inputs: dict[str, Any] | None = None,
    **fields: Any,
) -> ScriptedRuntime:
    runtime = ScriptedRuntime(workflow(*steps, children={"child": child}, **fields), script)
    runtime.start(inputs)
    runtime.run()
    return runtime


def started(runtime: ScriptedRuntime, scope: str, step: str) -> Any:
    found = (event for event in runtime.log if event.type == kinds.VISIT_STARTED)
    return next(event.data.get("inputs") for event in found if (event.scope, event.step) == (scope, step))


def test_its_steps_run_in_a_scope_of_their_own_and_its_outputs_are_the_steps() -> None:
    child = workflow(S("a"), S("b"), outputs=(("n", "{{ steps.b.outputs.n }}"),))
    runtime = run(call("c"), S("after"), child=child, script={"b": [Ending(outputs={"n": 3})]})
    assert runtime.trace() == ["c/a#1 success", "c/b#1 success", "c#1 success", "after#1 success"]
    assert runtime.state.step("", "c").outputs == {"n": 3}


def test_what_it_is_given_becomes_its_inputs_with_defaults_and_types() -> None:
    told = S("a", with_={"x": "{{ inputs.x }}", "y": "{{ inputs.y }}", "name": "{{ workflow.name }}"})
    specs = (InputSpec("x", "integer"), InputSpec("y", "string", default="dear", has_default=True))
    child = workflow(told, name="inner", inputs=specs)
    runtime = run(call("c", with_={"x": "{{ inputs.n }}"}), child=child, inputs={"n": "7", "y": "not seen"})
    assert started(runtime, "c", "a") == {"x": 7, "y": "dear", "name": "inner"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "`x`: it is required"),
        ({"x": "{{ 1.5 }}"}, "`x`: must be of type integer, not a number"),
        ({"x": 1, "z": 2}, "`z`: there is no such input"),
    ],
)
def test_inputs_that_cannot_be_taken_fail_the_step_before_anything_runs(given: dict[str, Any], said: str) -> None:
    child = workflow(S("a"), name="inner", inputs=(InputSpec("x", "integer", required=True),))
    runtime = run(call("c", with_=given), child=child)
    assert runtime.trace() == ["c#1 failure"]
    assert runtime.state.error is not None
    assert said in str(runtime.state.error["message"])
    assert runtime.state.error["type"] == "inputs"


def test_it_sees_nothing_of_what_is_around_it() -> None:
    child = workflow(S("a", with_={"x": "{{ steps.outer is defined }}", "i": "{{ item is defined }}"}))
    body = ScopePlan((call("c"),))
    each = S("each", kind="for_each", with_={"items": [1]}, body=body, items=Items(single=True))
    runtime = run(S("outer"), each, child=child)
    assert started(runtime, "each[1]/c", "a") == {"x": False, "i": False}


def test_env_and_vars_are_its_own() -> None:
    child = workflow(
        S("count", kind="set", with_={"n": "{{ vars.n + 1 }}"}),
        S("a", with_={"n": "{{ vars.n }}", "e": "{{ env.E }}"}),
        vars={"n": "{{ inputs.from }}"},
        env={"E": "{{ inputs.from }}"},
        inputs=(InputSpec("from"),),
    )
    told = S("told", with_={"n": "{{ vars.n }}", "e": "{{ env.E }}"})
    runtime = run(call("c", with_={"from": 5}), told, child=child, vars={"n": 1}, env={"E": "outer"})
    assert started(runtime, "c", "a") == {"n": 6, "e": 5}
    assert started(runtime, "", "told") == {"n": 1, "e": "outer"}


def test_its_secrets_are_named_with_its_key() -> None:
    child = workflow(S("a", with_={"t": "{{ secrets.TOKEN }}"}), secrets=(("TOKEN", SecretSource("env", "INNER")),))
    runtime = run(call("c"), child=child, secrets=(("TOKEN", SecretSource("env", "OUTER")),))
    assert started(runtime, "c", "a") == {"t": {"$secret": "child:TOKEN"}}


def test_a_secret_can_be_handed_to_it() -> None:
    child = workflow(S("a", with_={"t": "{{ inputs.token }}"}), inputs=(InputSpec("token", "string"),))
    secrets = (("TOKEN", SecretSource("env", "OUTER")),)
    runtime = run(call("c", with_={"token": "{{ secrets.TOKEN }}"}), child=child, secrets=secrets)
    assert started(runtime, "c", "a") == {"t": {"$secret": "TOKEN"}}


def test_a_failure_inside_names_the_step_and_can_be_handled_outside() -> None:
    mend = S("mend", recovers=True)
    runtime = run(call("c", on_failure=("mend",)), mend, child=workflow(S("a")), script={"a": ["failure"]})
    assert runtime.trace() == ["c/a#1 failure", "c#1 failure", "mend#1 success"]
    assert runtime.state.status == "completed"
    error = runtime.state.step("", "c").error
    assert error is not None
    assert error["step"] == "c/a"


def test_its_handlers_run_before_its_step_ends() -> None:
    child = workflow(S("a"), on_failure=[S("tell", with_={"e": "{{ workflow.error.step }}"})], finally_=[S("clean")])
    runtime = run(call("c"), child=child, script={"a": ["failure"]}, finally_=[S("last")])
    assert runtime.trace() == [
        "c/a#1 failure",
        "c/on_failure/tell#1 success",
        "c/finally/clean#1 success",
        "c#1 failure",
        "finally/last#1 success",
    ]
    assert started(runtime, "c/on_failure", "tell") == {"e": "c/a"}


def test_a_failure_in_its_handler_fails_it() -> None:
    runtime = run(call("c"), child=workflow(S("a"), finally_=[S("clean")]), script={"clean": ["failure"]})
    assert runtime.trace()[-1] == "c#1 failure"
    assert runtime.state.status == "failed"


def test_a_handler_sees_the_workflows_steps() -> None:
    child = workflow(S("a"), finally_=[S("clean", with_={"n": "{{ steps.a.outputs.n }}"})])
    runtime = run(call("c"), child=child, script={"a": [Ending(outputs={"n": 1})]})
    assert started(runtime, "c/finally", "clean") == {"n": 1}


def test_it_undoes_itself_when_it_fails_before_its_handler() -> None:
    child = workflow(S("a", compensate=UNDO), S("b"), on_failure=[S("tell")])
    runtime = run(
        S("first", compensate=UNDO), call("c", continue_on_error=True), child=child, script={"b": ["failure"]}
    )
    types = [(event.type, event.scope) for event in runtime.log]
    assert types.index((kinds.ROLLBACK_FINISHED, "c")) < types.index((kinds.SCOPE_OPENED, "c/on_failure"))
    assert runtime.undone() == ["c/a#1"]
    assert runtime.state.status == "completed"
    assert runtime.state.rollback == "none"


def test_what_it_undid_is_not_undone_again() -> None:
    child = workflow(S("a", compensate=UNDO), S("b"))
    runtime = run(S("first", compensate=UNDO), call("c"), child=child, script={"b": ["failure"]})
    assert runtime.undone() == ["c/a#1", "first#1"]
    assert runtime.state.rollback == "done"


def test_one_that_leaves_undoing_to_others_is_undone_with_the_rest() -> None:
    child = workflow(S("a", compensate=UNDO), S("b"), rollback=NEVER)
    runtime = run(S("first", compensate=UNDO), call("c"), child=child, script={"b": ["failure"]})
    rolled = [event.scope for event in runtime.log if event.type == kinds.ROLLBACK_STARTED]
    assert rolled == [""]
    assert runtime.undone() == ["c/a#1", "first#1"]


def test_what_it_did_stands_where_it_completed() -> None:
    child = workflow(S("a", compensate=UNDO), S("b", compensate=UNDO))
    side = S("side", needs=(), compensate=UNDO)
    runtime = ScriptedRuntime(workflow(call("c", needs=()), side, children={"child": child}))
    runtime._choose = lambda running: next((n for n, each in enumerate(running) if each.step == "side"), 0)
    runtime.start()
    runtime._end(next(key for key in runtime.running if key[0].step == "a"))
    runtime.run()
    runtime.send(Rollback(runtime.now))
    runtime.run()
    assert runtime.trace()[:2] == ["c/a#1 success", "side#1 success"]
    assert runtime.undone() == ["c/b#1", "c/a#1", "side#1"]


def test_what_it_could_not_undo_is_told_and_can_be_tried_again() -> None:
    child = workflow(S("a", compensate=UNDO), S("b"))
    failing = {"b": ["failure"], "undo:a": ["failure"] * 3 + ["success"]}
    runtime = run(call("c", continue_on_error=True), child=child, script=failing)
    assert (runtime.state.status, runtime.state.rollback) == ("completed", "partial")
    runtime.send(Rollback(runtime.now, again=True))
    runtime.run()
    assert runtime.undone() == ["c/a#1"]
    assert runtime.state.rollback == "done"


def test_the_step_can_be_undone_itself_after_what_is_inside_was_done() -> None:
    child = workflow(S("a", compensate=UNDO), rollback=NEVER)
    runtime = run(call("c", compensate=UNDO), S("b"), child=child, script={"b": ["failure"]})
    assert runtime.undone() == ["c#1", "c/a#1"]


def test_its_end_step_ends_it_alone() -> None:
    child = workflow(S("stop", kind="end", with_={"status": "completed"}), S("never"))
    runtime = run(call("c"), S("after"), child=child)
    assert runtime.trace() == ["c/stop#1 success", "c/never skipped", "c#1 success", "after#1 success"]


def test_its_time_is_its_own() -> None:
    runtime = ScriptedRuntime(
        workflow(call("c", timeout=5.0, on_failure=("mend",)), S("mend"), children={"child": workflow(S("a"))})
    )
    runtime.start()
    (timer,) = runtime.timers
    assert runtime.timers.pop(timer) == runtime.now - 1_000 + 5 * SECOND
    runtime.send(TimerFired(timer, runtime.now + 5 * SECOND))
    runtime.run()
    assert runtime.trace() == ["c/a#1 cancelled", "c#1 timeout", "mend#1 success"]
    assert not runtime.state.timed_out


def test_each_further_attempt_has_scopes_of_its_own() -> None:
    child = workflow(S("a"), outputs=(("n", "{{ steps.a.outputs.n }}"),))
    runtime = run(
        call("c", retry=Retry(3, delay=1.0)), child=child, script={"a": ["failure", Ending(outputs={"n": 2})]}
    )
    assert runtime.trace() == ["c/a#1 failure", "c.2/a#1 success", "c#1 success"]
    assert runtime.state.step("", "c").outputs == {"n": 2}
    assert runtime.state.step("", "c").attempts == 2


def recursive(depth: int) -> Plan:
    """A workflow that calls itself `depth` times."""
    again = call("again", "self", when="inputs.n > 0", with_={"n": "{{ inputs.n - 1 }}"})
    body = workflow(S("a"), again, inputs=(InputSpec("n", "integer"),))
    return workflow(call("top", "self", with_={"n": depth}), children={"self": body})


def test_it_may_run_itself() -> None:
    runtime = ScriptedRuntime(recursive(3))
    runtime.start()
    assert runtime.run() == "completed"
    assert runtime.trace()[3] == "top/again/again/again/a#1 success"
    assert scope_at(runtime.plan, "top/again/again").steps[0].id == "a"


def test_more_than_32_inside_each_other_are_a_clear_failure() -> None:
    runtime = ScriptedRuntime(recursive(31))
    runtime.start()
    assert runtime.run() == "completed"
    runtime = ScriptedRuntime(recursive(40))
    runtime.start()
    assert runtime.run() == "failed"
    assert runtime.state.error is not None
    assert runtime.state.error["type"] == "depth"
    assert "at most 32" in str(runtime.state.error["message"])


def test_a_cancel_reaches_it_and_its_handler_cleans_up() -> None:
    child = workflow(S("a"), S("b"), on_cancel=[S("sweep")], finally_=[S("clean")])
    runtime = ScriptedRuntime(workflow(call("c"), children={"child": child}))
    runtime.start()
    runtime.send(Cancel(runtime.now))
    assert runtime.run() == "cancelled"
    assert runtime.trace() == [
        "c/b skipped",
        "c/a#1 cancelled",
        "c/on_cancel/sweep#1 success",
        "c/finally/clean#1 success",
        "c#1 cancelled",
    ]


def test_a_pause_holds_it_at_every_stage() -> None:
    child = workflow(S("a", compensate=UNDO), S("b"), on_failure=[S("tell")])
    whole = run(call("c"), child=child, script={"b": ["failure"]})
    for turns in range(6):
        runtime = ScriptedRuntime(workflow(call("c"), children={"child": child}), {"b": ["failure"]})
        runtime.start()
        for _ in range(turns):
            runtime.step()
        runtime.send(Pause(runtime.now))
        runtime.run()
        runtime.send(Resume(runtime.now))
        runtime.run()
        assert runtime.trace() == whole.trace()
        assert runtime.undone() == whole.undone()


def test_a_crash_at_every_event_changes_nothing() -> None:
    child = workflow(
        S("a", compensate=UNDO), S("b"), on_failure=[S("tell")], finally_=[S("clean")], vars={"n": 1}, env={"E": "e"}
    )
    plan = workflow(S("first"), call("c", retry=Retry(2)), children={"child": child}, finally_=[S("last")])
    whole = ScriptedRuntime(plan, {"b": ["failure"]})
    whole.start()
    whole.run()
    for keep in range(1, len(whole.log) + 1):
        runtime = ScriptedRuntime(plan, lambda attempt: Ending("failure" if attempt.step == "b" else "success"))
        runtime.log = whole.log[:keep]
        runtime.crash()
        runtime.run()
        assert runtime.states() == whole.states()
        assert runtime.undone() == whole.undone()
        assert runtime.state.error == whole.state.error


def test_a_dumped_state_goes_on_as_the_folded_one() -> None:
    child = workflow(S("a", compensate=UNDO), S("b"), on_failure=[S("tell")], vars={"n": 1}, env={"E": "e"})
    whole = run(call("c"), child=child, script={"b": ["failure"]}, inputs={"x": 1})
    state = State(whole.plan, "scripted")
    for position, event in enumerate(whole.log):
        fold(state, event)
        again = State.load(whole.plan, state.dump())
        assert again.dump() == state.dump()
        for later in whole.log[position + 1 :]:
            fold(again, later)
        assert again.dump() == whole.state.dump()


def test_a_plan_with_children_survives_json() -> None:
    plan = recursive(2)
    assert plan_from_json(plan_to_json(plan)) == plan


def test_one_that_is_not_waited_for_is_asked_for_and_settles_with_its_id() -> None:
    child = workflow(S("a"), inputs=(InputSpec("n"), InputSpec("m", default=2, has_default=True)))
    plan = workflow(call("c", detached=True, with_={"n": 1}), S("after"), children={"child": child})
    plan = plan_from_json(plan_to_json(plan))
    runtime = ScriptedRuntime(plan)
    turn = runtime.start()
    asked = StartWorkflow(Address("", "c", 1, 1), "child", {"n": 1, "m": 2})
    assert [command for command in turn.commands if isinstance(command, StartWorkflow)] == [asked]
    runtime.send(AttemptEnded(asked.address, runtime.now, "success", {"execution": "x"}))
    assert runtime.state.step("", "c").outputs == {"execution": "x"}


def test_one_that_is_not_waited_for_is_asked_for_again_after_a_crash() -> None:
    plan = workflow(call("c", detached=True), children={"child": workflow(S("a"))})
    runtime = ScriptedRuntime(plan)
    runtime.start()
    turn = runtime.crash()
    assert [command.address for command in turn.commands if isinstance(command, StartWorkflow)] == [Address("", "c", 1)]
    assert runtime.run() == "completed"
