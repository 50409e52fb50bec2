"""R3, R7, R8, R9: patience with failures that a loop repairs, re-armed regions, queued and absorbed tokens, bounds."""

from treadle_engine.plan import Case, Compensation, Join, OutputSpec, Plan, StepPlan
from treadle_hookspecs import JsonObject
from treadle_testkit.scripted import Ending, ScriptedRuntime, workflow

S = StepPlan
PASSED: JsonObject = {"passed": True}
BROKEN: JsonObject = {"passed": False}


def implement_feature() -> Plan:
    """The example of the language's description."""
    return workflow(
        S(
            "implement",
            action="implementation/implement-feature",
            with_={"feature": "{{ inputs.feature }}"},
            outputs=(("code_changes", OutputSpec("array")),),
            compensate=Compensation("implementation/rollback-changes", {"changes": "{{ outputs.code_changes }}"}),
            on_success=("test",),
        ),
        S(
            "test",
            action="testing/run-tests",
            with_={"changes": "{{ steps.implement.outputs.code_changes }}"},
            max_visits=4,
            switch=(Case(("document",), "outputs.passed"), Case(("fix-tests",))),
        ),
        S(
            "fix-tests",
            action="testing/fix-failing-tests",
            with_={"results": "{{ steps.test.outputs }}"},
            max_visits=3,
            on_success=("test",),
        ),
        S("document", action="documentation/update-docs", with_={"feature": "{{ inputs.feature }}"}),
    )


def run_example(**endings: list[str | Ending]) -> ScriptedRuntime:
    runtime = ScriptedRuntime(implement_feature(), {name.replace("_", "-"): ends for name, ends in endings.items()})
    runtime.start({"feature": "search"})
    runtime.run()
    return runtime


CHANGES = Ending(outputs={"code_changes": ["a.py"]})


def test_the_example_when_all_goes_well() -> None:
    runtime = run_example(implement=[CHANGES], test=[Ending(outputs=PASSED)])
    assert runtime.trace() == ["implement#1 success", "test#1 success", "fix-tests skipped", "document#1 success"]
    assert runtime.state.status == "completed"


def test_the_example_when_the_tests_are_repaired() -> None:
    runtime = run_example(implement=[CHANGES], test=[Ending(outputs=BROKEN), Ending(outputs=PASSED)])
    assert [end for end in runtime.trace() if "skipped" not in end] == [
        "implement#1 success",
        "test#1 success",
        "fix-tests#1 success",
        "test#2 success",
        "document#1 success",
    ]
    assert runtime.states()["fix-tests"] == "succeeded"
    fixed = next(event for event in runtime.log if event.step == "fix-tests" and event.type == "visit_started")
    assert fixed.data["inputs"] == {"results": BROKEN}


def test_the_example_when_the_repairs_are_exhausted() -> None:
    runtime = run_example(implement=[CHANGES], test=[Ending(outputs=BROKEN)])
    assert runtime.trace()[-3:] == ["test#4 success", "fix-tests exhausted", "document skipped"]
    assert runtime.state.status == "failed"
    assert runtime.state.step("", "fix-tests").visits == 3
    assert runtime.undone() == ["implement#1"]
    undo = next(event for event in runtime.log if event.type == "compensation_started")
    assert undo.data == {"action": "implementation/rollback-changes", "inputs": {"changes": ["a.py"]}}


def test_the_example_when_nothing_can_be_implemented() -> None:
    runtime = run_example(implement=["failure"])
    assert runtime.trace() == ["implement#1 failure", "test skipped", "fix-tests skipped", "document skipped"]
    assert runtime.state.status == "failed"
    assert runtime.state.rollback == "none"


def test_r3_a_clean_up_does_not_fire_on_a_failure_that_a_loop_repairs() -> None:
    steps = (
        S("test", on_failure=("fix",)),
        S("fix", on_success=("test",)),
        S("alarm", needs=("test",), join=Join("one_failed")),
        S("ship", needs=("test",)),
    )
    repaired = ScriptedRuntime(workflow(*steps), {"test": ["failure", "success"]})
    repaired.start()
    assert repaired.run() == "completed"
    assert repaired.states() == {"test": "succeeded", "fix": "succeeded", "alarm": "skipped", "ship": "succeeded"}
    broken = ScriptedRuntime(workflow(*steps), {"test": ["failure"], "fix": ["failure"]})
    broken.start()
    assert broken.run() == "failed"
    assert broken.states() == {"test": "failed", "fix": "failed", "alarm": "succeeded", "ship": "upstream_failed"}


def test_r4_what_a_repair_may_still_reach_is_not_settled() -> None:
    steps = (
        S("a", needs=(), on_failure=("fix",)),
        S("fix", recovers=True),
        S("other", needs=(), on_failure=("c",)),
        S("b", needs=("a",), on_success=("c",)),
        S("c"),
    )
    runtime = ScriptedRuntime(workflow(*steps), {"a": ["failure"]}, choose=lambda running: len(running) - 1)
    runtime.start()
    runtime.step()
    runtime.step()
    assert runtime.states() == {
        "a": "failed",
        "fix": "running",
        "other": "succeeded",
        "b": "pending",
        "c": "pending",
    }
    assert runtime.run() == "completed"
    assert runtime.states()["c"] == "succeeded"


def test_r3_a_failure_that_can_be_recovered_is_not_final_for_steps_that_run_once() -> None:
    steps = (S("a", on_failure=("fix",)), S("fix", recovers=True), S("b", needs=("a",)))
    runtime = ScriptedRuntime(workflow(*steps), {"a": ["failure"]})
    runtime.start()
    runtime.step()
    assert runtime.states()["b"] == "pending"
    assert runtime.run() == "completed"
    assert runtime.states()["b"] == "succeeded"


def test_r7_a_re_entry_waits_until_its_region_has_drained() -> None:
    steps = (
        S("a", on_success=("b", "c")),
        S("b", on_success=("a",)),
        S("c"),
    )
    runtime = ScriptedRuntime(workflow(*steps), choose=lambda running: 0)
    runtime.start()
    runtime.step()
    runtime.step()
    assert runtime.states() == {"a": "succeeded", "b": "succeeded", "c": "running"}
    assert runtime.log[-1].type == "token_parked"
    runtime.step()
    assert runtime.states()["a"] == "running"
    rearmed = next(event for event in runtime.log if event.type == "region_rearmed")
    assert rearmed.data["steps"] == ["a", "b", "c"]


def test_r7_the_re_entered_step_does_not_wait_for_its_needs_again_but_those_behind_it_do() -> None:
    steps = (S("base"), S("build"), S("test", on_failure=("build",)), S("ship"))
    runtime = ScriptedRuntime(workflow(*steps), {"test": ["failure", "success"]})
    runtime.start()
    assert runtime.run() == "completed"
    assert [step.visits for step in runtime.state.steps()] == [1, 2, 2, 1]


def test_r7_a_re_armed_step_that_is_not_entered_again_keeps_its_state_and_starts_nothing() -> None:
    steps = (
        S("a"),
        S("b"),
        S("c"),
        S("again", routes=(("again", ("again",)), ("restart", ("b",)))),
    )
    runtime = ScriptedRuntime(workflow(*steps), {"again": ["again", "success"]})
    runtime.start()
    assert runtime.run() == "completed"
    assert {step.step: (step.state, step.visits) for step in runtime.state.steps()} == {
        "a": ("succeeded", 1),
        "b": ("succeeded", 1),
        "c": ("succeeded", 1),
        "again": ("succeeded", 2),
    }


def test_r7_nothing_is_forgiven_by_re_arming() -> None:
    steps = (S("a", on_success=("b", "c"), routes=(("done", ()),)), S("b", on_success=("a",)), S("c"))
    runtime = ScriptedRuntime(workflow(*steps), {"a": ["success", "done"], "c": ["failure"]})
    runtime.start()
    assert runtime.run() == "failed"
    assert {step.step: (step.state, step.visits) for step in runtime.state.steps()} == {
        "a": ("succeeded", 2),
        "b": ("succeeded", 1),
        "c": ("failed", 1),
    }


def test_r7_visits_keep_their_history() -> None:
    seen = {
        "flags": "{{ steps.test.visits | map(attribute='outputs.passed') | list }}",
        "last": "{{ steps.test.visit }}",
    }
    steps = (S("test", on_success=("report",), routes=(("again", ("test",)),)), S("report", with_=seen))
    endings = [Ending("again", BROKEN), Ending("again", BROKEN), Ending("success", PASSED)]
    runtime = ScriptedRuntime(workflow(*steps), {"test": endings})
    runtime.start()
    assert runtime.run() == "completed"
    started = next(event for event in runtime.log if event.step == "report" and event.type == "visit_started")
    assert started.data["inputs"] == {"flags": [False, False, True], "last": 3}


def meeting(merge: str) -> ScriptedRuntime:
    steps = (
        S("a", on_success=("b", "c")),
        S("b", on_success=("d",)),
        S("c", on_success=("d",)),
        S("d", merge=merge),  # type: ignore[arg-type]
    )
    runtime = ScriptedRuntime(workflow(*steps))
    runtime.start()
    assert runtime.run() == "completed"
    return runtime


def test_r8_each_token_is_one_visit() -> None:
    assert meeting("each").state.step("", "d").visits == 2


def test_r8_merge_once_absorbs_the_second() -> None:
    runtime = meeting("once")
    assert runtime.state.step("", "d").visits == 1
    absorbed = next(event for event in runtime.log if event.type == "token_absorbed")
    assert (absorbed.step, absorbed.data) == ("d", {"from": "c", "reason": "merge"})


def test_r8_an_absorbed_token_hands_on_what_it_carries() -> None:
    steps = (
        S("a", on_success=("b", "c")),
        S("b", on_success=("d",)),
        S("c", on_failure=("d",)),
        S("d", merge="once", recovers=True, on_success=("e",)),
        S("e", recovers=True),
    )
    runtime = ScriptedRuntime(workflow(*steps), {"c": ["failure"]})
    runtime.start()
    assert runtime.run() == "completed"


def test_r9_above_the_bound_the_route_is_taken_once() -> None:
    steps = (
        S("test", max_visits=2, on_failure=("test",), routes=(("exhausted", ("give-up",)),)),
        S("give-up", recovers=True),
    )
    runtime = ScriptedRuntime(workflow(*steps), {"test": ["failure"]})
    runtime.start()
    assert runtime.run() == "completed"
    assert runtime.trace() == ["test#1 failure", "test#2 failure", "test exhausted", "give-up#1 success"]
    assert runtime.state.step("", "test").outcome == "exhausted"


def test_r9_the_second_time_it_is_an_unhandled_failure() -> None:
    steps = (S("test", max_visits=1, on_failure=("test",), routes=(("exhausted", ("test",)),)),)
    runtime = ScriptedRuntime(workflow(*steps), {"test": ["failure"]})
    runtime.start()
    assert runtime.run() == "failed"
    assert runtime.trace() == ["test#1 failure", "test exhausted", "test exhausted"]


def test_r9_skipped_visits_are_bounded_too() -> None:
    steps = (
        S("a", on_success=("b",)),
        S("b", when="false", on_success=("c",)),
        S("c", when="false", on_success=("b",)),
    )
    runtime = ScriptedRuntime(workflow(*steps))
    runtime.start()
    assert runtime.run(turns=100) == "failed"
    assert runtime.state.step("", "b").visits == 0
