"""R2, R4, R6: conditions, dead paths, outcomes and routes, failures that are carried, handled, recovered."""

import pytest
from treadle_engine.plan import Case, Join, Plan, StepPlan
from treadle_testkit.scripted import Ending, ScriptedRuntime, workflow

S = StepPlan
GOING_ON = {"fail_fast": False}


def run(plan: Plan, **endings: list[str | Ending]) -> ScriptedRuntime:
    runtime = ScriptedRuntime(plan, {name.replace("_", "-"): ends for name, ends in endings.items()})
    runtime.start()
    runtime.run()
    return runtime


def test_r2_a_step_whose_condition_does_not_hold_is_skipped_and_the_sequence_goes_on() -> None:
    runtime = run(workflow(S("a"), S("b", when="false"), S("c")))
    assert runtime.states() == {"a": "succeeded", "b": "skipped", "c": "succeeded"}


def test_r2_a_token_goes_on_past_a_skipped_step_along_its_route_for_it() -> None:
    steps = (
        S("a", on_success=("b",)),
        S("b", when="false", routes=(("skipped", ("c",)),), on_success=("d",)),
        S("c"),
        S("d"),
    )
    assert run(workflow(*steps)).states() == {"a": "succeeded", "b": "skipped", "c": "succeeded", "d": "skipped"}


def test_r2_without_such_a_route_it_goes_along_on_success() -> None:
    steps = (S("a", on_success=("b",)), S("b", when="false", on_success=("c",)), S("c"))
    assert run(workflow(*steps)).states()["c"] == "succeeded"


def test_r2_an_armed_step_without_a_token_takes_no_route_when_it_is_skipped() -> None:
    steps = (S("a"), S("b", when="false", on_success=("c",)), S("c"))
    assert run(workflow(*steps)).states() == {"a": "succeeded", "b": "skipped", "c": "skipped"}


def test_r2_a_forward_target_needs_its_token_and_its_join() -> None:
    steps = (S("slow", needs=()), S("a", needs=(), on_success=("b",)), S("b", needs=("slow",)))
    runtime = ScriptedRuntime(workflow(*steps), choose=lambda running: len(running) - 1)
    runtime.start()
    runtime.step()
    assert runtime.states() == {"slow": "running", "a": "succeeded", "b": "pending"}
    runtime.step()
    assert runtime.states()["b"] == "running"


def test_r4_a_branch_that_was_not_taken_is_skipped_at_once_and_its_join_does_not_wait() -> None:
    steps = (
        S("a", switch=(Case(("b",), "outputs.big"), Case(("c",)))),
        S("b"),
        S("c"),
        S("d", needs=("b", "c")),
    )
    runtime = run(workflow(*steps), a=[Ending(outputs={"big": False})])
    assert runtime.states() == {"a": "succeeded", "b": "skipped", "c": "succeeded", "d": "succeeded"}
    assert runtime.trace() == ["a#1 success", "b skipped", "c#1 success", "d#1 success"]


def test_r4_what_needs_a_failed_step_failed_upstream() -> None:
    runtime = run(workflow(S("a"), S("b"), S("c", needs=("b",)), scope=GOING_ON), a=["failure"])
    assert runtime.states() == {"a": "failed", "b": "upstream_failed", "c": "upstream_failed"}
    assert runtime.state.error == {"step": "a", "type": "error", "message": "the step failed"}


@pytest.mark.parametrize(
    ("outcome", "taken"),
    [
        ("success", "ok"),
        ("custom", "custom"),
        ("other", "ok"),
        ("failure", "ko"),
        ("rejected", "ko"),
        ("timeout", "late"),
    ],
)
def test_r6_the_first_route_that_matches_is_taken(outcome: str, taken: str) -> None:
    start = S("a", routes=(("custom", ("custom",)), ("timeout", ("late",))), on_success=("ok",), on_failure=("ko",))
    steps = (start, S("custom"), S("late"), S("ok"), S("ko"))
    runtime = run(workflow(*steps), a=[outcome])
    assert [step.step for step in runtime.state.steps() if step.state == "succeeded" and step.step != "a"] == [taken]


def test_r6_a_switch_without_a_match_falls_to_on_success() -> None:
    steps = (S("a", switch=(Case(("b",), "outputs.n > 1"),), on_success=("c",)), S("b"), S("c"))
    assert run(workflow(*steps), a=[Ending(outputs={"n": 1})]).states()["c"] == "succeeded"
    assert run(workflow(*steps), a=[Ending(outputs={"n": 2})]).states()["b"] == "succeeded"


def test_r6_a_list_of_targets_is_a_split() -> None:
    runtime = run(workflow(S("a", on_success=("b", "c")), S("b"), S("c")))
    assert runtime.states() == {"a": "succeeded", "b": "succeeded", "c": "succeeded"}


def test_r6_a_handler_does_not_turn_a_broken_run_green() -> None:
    runtime = run(workflow(S("a", on_failure=("b",)), S("b")), a=["failure"])
    assert runtime.states() == {"a": "failed", "b": "succeeded"}
    assert runtime.state.status == "failed"


def test_r6_a_step_that_recovers_takes_the_failure_and_those_that_need_the_failed_step_run() -> None:
    steps = (S("a", on_failure=("b",)), S("b", recovers=True), S("c", needs=("a",)))
    runtime = run(workflow(*steps), a=["failure"])
    assert runtime.states() == {"a": "failed", "b": "succeeded", "c": "succeeded"}
    assert runtime.state.status == "completed"


def test_r6_what_needs_the_failed_step_waits_for_the_repair_and_fails_with_it() -> None:
    steps = (S("a", on_failure=("b",)), S("b", recovers=True), S("c", needs=("a",)))
    runtime = ScriptedRuntime(workflow(*steps), {"a": ["failure"], "b": ["failure"]})
    runtime.start()
    runtime.step()
    assert runtime.states() == {"a": "failed", "b": "running", "c": "pending"}
    runtime.run()
    assert runtime.states()["c"] == "upstream_failed"
    assert runtime.state.error is not None
    assert runtime.state.error["step"] == "a"


def test_r6_recovery_takes_the_failure_from_all_copies_of_it() -> None:
    steps = (S("a", on_failure=("b", "c")), S("b", recovers=True), S("c"))
    assert run(workflow(*steps), a=["failure"]).state.status == "completed"


def test_r6_a_join_that_admits_failure_recovers_its_needs_and_what_failed_before_them() -> None:
    steps = (
        S("a"),
        S("b"),
        S("clean", needs=("b",), join=Join("all_done"), recovers=True),
    )
    runtime = run(workflow(*steps), a=["failure"])
    assert runtime.states() == {"a": "failed", "b": "upstream_failed", "clean": "succeeded"}
    assert runtime.state.status == "completed"


def test_r6_without_recovers_such_a_join_only_cleans_up() -> None:
    runtime = run(workflow(S("a"), S("clean", needs=("a",), join=Join("one_failed"))), a=["failure"])
    assert runtime.states()["clean"] == "succeeded"
    assert runtime.state.status == "failed"


def test_r6_a_thread_hands_on_its_failure_over_a_need_that_leads_to_a_repair() -> None:
    steps = (
        S("deploy", on_failure=("fix",)),
        S("fix"),
        S("verify", needs=("fix",), recovers=True),
    )
    runtime = run(workflow(*steps, scope={"fail_fast": True}), deploy=["failure"])
    assert runtime.states() == {"deploy": "failed", "fix": "succeeded", "verify": "succeeded"}
    assert runtime.state.status == "completed"


def test_r6_continue_on_error_forgives_the_own_failure_and_warns() -> None:
    runtime = run(workflow(S("a", continue_on_error=True), S("b")), a=["failure"])
    assert runtime.states() == {"a": "failed", "b": "succeeded"}
    assert (runtime.state.status, runtime.state.warnings) == ("completed", 1)


def test_r6_continue_on_error_does_not_forgive_what_the_thread_carries() -> None:
    steps = (S("a", on_failure=("b",)), S("b", continue_on_error=True, on_success=("c",)), S("c"))
    runtime = run(workflow(*steps), a=["failure"], b=["failure"])
    assert runtime.states()["c"] == "succeeded"
    assert runtime.state.status == "failed"


def test_workflow_status_is_failing_in_a_thread_that_carries_a_failure() -> None:
    seen = {"status": "{{ workflow.status }}", "failed": "{{ workflow.error.step if workflow.error else '' }}"}
    steps = (S("a", needs=(), on_failure=("b",)), S("b", with_=seen), S("c", needs=(), with_=seen))
    runtime = run(workflow(*steps), a=["failure"])
    inputs = {event.step: event.data.get("inputs") for event in runtime.log if event.type == "visit_started"}
    assert inputs["b"] == {"status": "failing", "failed": "a"}
    assert inputs["c"] == {"status": "running", "failed": ""}


def test_an_expression_that_cannot_be_evaluated_fails_its_visit() -> None:
    for step in (S("a", with_={"x": "{{ steps.b.outputs.missing }}"}), S("a", when="steps.b.outputs.missing")):
        runtime = run(workflow(step, S("b")))
        view = runtime.state.step("", "a")
        assert (view.state, view.visits) == ("failed", 1)
        assert view.error is not None
        assert view.error["type"] == "expression"
        assert "missing" in str(view.error["message"])


def test_a_switch_that_cannot_be_evaluated_fails_its_visit_and_takes_the_route_of_failures() -> None:
    steps = (S("a", switch=(Case(("c",), "outputs.missing"),), on_failure=("b",)), S("b"), S("c"))
    assert run(workflow(*steps)).states() == {"a": "failed", "b": "succeeded", "c": "skipped"}


def test_a_step_cancelled_from_inside_counts_as_a_failed_need_and_does_not_decide_the_status() -> None:
    steps = (
        S("long", needs=()),
        S("stop", needs=(), kind="cancel", with_={"steps": ["long"]}),
        S("after", needs=("long",)),
        S("clean", needs=("long",), join=Join("one_failed")),
    )
    runtime = run(workflow(*steps))
    assert runtime.states() == {
        "long": "cancelled",
        "stop": "succeeded",
        "after": "upstream_failed",
        "clean": "succeeded",
    }
    assert runtime.state.status == "completed"


def test_small_steps_change_variables_publish_and_end() -> None:
    steps = (
        S("set", kind="set", with_={"n": "{{ 1 + 1 }}"}),
        S("emit", kind="emit", with_={"event": "built", "data": {"n": "{{ vars.n }}"}}),
        S("end", kind="end", with_={"status": "failed", "message": "no luck"}),
        S("never"),
    )
    runtime = run(workflow(*steps))
    assert runtime.state.vars == {"n": 2}
    assert [(command.name, command.data) for command in runtime.published] == [("built", {"n": 2})]
    assert runtime.states()["never"] == "skipped"
    assert runtime.state.error == {"step": "end", "type": "end", "message": "no luck"}


def test_end_completed_drains_what_runs() -> None:
    steps = (
        S("long", needs=()),
        S("done", needs=(), kind="end", with_={"status": "completed"}),
        S("never", needs=("long",)),
    )
    runtime = run(workflow(*steps))
    assert runtime.states() == {"long": "succeeded", "done": "succeeded", "never": "skipped"}
    assert runtime.state.status == "completed"
