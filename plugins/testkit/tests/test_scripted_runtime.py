"""The scripted runtime does what its script says, and the dice fall the same way twice."""

import pytest
from treadle_engine.plan import Compensation, Retry, StepPlan
from treadle_engine.protocol import Pause, Rollback
from treadle_testkit import ScriptedRuntime
from treadle_testkit.random_workflows import EVERYTHING, ORDERLY, random_choice, random_plan, random_script
from treadle_testkit.scripted import SECOND, Ending, Try, workflow

S = StepPlan


def test_the_example_of_its_description() -> None:
    plan = workflow(S("test", on_failure=("fix",)), S("fix", on_success=("test",)))
    runtime = ScriptedRuntime(plan, {"test": ["failure", "success"]})
    runtime.start()
    assert runtime.run() == "completed"
    assert [end for end in runtime.trace() if "skipped" not in end] == [
        "test#1 failure",
        "fix#1 success",
        "test#2 success",
    ]


def test_the_order_of_completion_is_given() -> None:
    plan = workflow(S("a", needs=()), S("b", needs=()))
    runtime = ScriptedRuntime(plan, choose=lambda running: len(running) - 1)
    runtime.start()
    runtime.run()
    assert runtime.trace() == ["b#1 success", "a#1 success"]


def test_timers_fire_in_the_order_they_are_due_and_move_the_clock() -> None:
    steps = (S("a", needs=(), retry=Retry(2, delay=9.0)), S("b", needs=(), retry=Retry(2, delay=3.0)))
    runtime = ScriptedRuntime(workflow(*steps), {"a": ["failure", "success"], "b": ["failure", "success"]})
    runtime.start()
    assert runtime.run() == "completed"
    assert runtime.trace() == ["b#1 success", "a#1 success"]
    assert runtime.now - runtime.log[0].at >= 9 * SECOND


def test_a_script_may_be_a_function_of_the_try() -> None:
    asked: list[Try] = []

    def script(attempt: Try) -> Ending:
        asked.append(attempt)
        return Ending("failure" if attempt.number == 1 else "success")

    undo = Compensation("test/undo", retry=Retry(2))
    runtime = ScriptedRuntime(workflow(S("a", retry=Retry(2), compensate=undo)), script)
    runtime.start()
    runtime.run()
    runtime.send(Rollback(runtime.now))
    runtime.run()
    assert asked == [
        Try("", "a", 1, 1),
        Try("", "a", 1, 2),
        Try("", "a", 1, 1, undo=True),
        Try("", "a", 1, 2, undo=True),
    ]
    assert runtime.undone() == ["a#1"]


def test_a_crash_loses_what_was_not_kept_and_what_ran() -> None:
    runtime = ScriptedRuntime(workflow(S("a"), S("b")))
    runtime.start()
    runtime.step()
    assert [event.type for event in runtime.log[2:]] == ["visit_settled", "visit_started"]
    runtime.crash(keep=2)
    assert runtime.states() == {"a": "running", "b": "pending"}
    assert runtime.run() == "completed"
    assert runtime.state.step("", "a").attempts == 2


def test_a_crash_before_the_first_event_starts_anew() -> None:
    runtime = ScriptedRuntime(workflow(S("a")))
    runtime.start()
    runtime.crash(keep=0)
    assert runtime.run() == "completed"


def test_it_rests_in_a_pause() -> None:
    runtime = ScriptedRuntime(workflow(S("a"), S("b")))
    runtime.start()
    runtime.send(Pause(runtime.now))
    assert runtime.run() == "paused"
    assert not runtime.step()


def test_an_execution_that_does_not_end_is_an_error() -> None:
    runtime = ScriptedRuntime(workflow(S("a", on_success=("a",), max_visits=50)))
    runtime.start()
    with pytest.raises(AssertionError, match="still running after 10 turns"):
        runtime.run(turns=10)


def test_the_same_seed_gives_the_same_workflow_and_run() -> None:
    for seed in range(20):
        random_plan.cache_clear()
        first = random_plan(seed)
        random_plan.cache_clear()
        assert random_plan(seed) == first
        logs = []
        for _ in range(2):
            runtime = ScriptedRuntime(first, random_script(seed), choose=random_choice(seed))
            runtime.start()
            runtime.run()
            logs.append(runtime.log)
        assert logs[0] == logs[1]


def test_the_dice_show_every_feature() -> None:
    plans = [random_plan(seed, EVERYTHING) for seed in range(300)]
    steps = [step for plan in plans for step in plan.root.steps]
    assert {step.kind for step in steps} == {"call", "set", "emit", "cancel", "end"}
    assert {step.join.mode for step in steps if step.join} >= {"all_done", "one_failed", "at_least"}
    for name in ("on_success", "on_failure", "routes", "switch", "when", "recovers", "compensate", "irreversible"):
        assert any(getattr(step, name) for step in steps), name
    assert any(plan.finally_ for plan in plans)


def test_orderly_workflows_have_no_way_back() -> None:
    for seed in range(200):
        plan = random_plan(seed, ORDERLY)
        written = {step.id: at for at, step in enumerate(plan.root.steps)}
        for step in plan.root.steps:
            targets = (
                *(step.on_success or ()),
                *(step.on_failure or ()),
                *(t for _, found in step.routes for t in found),
            )
            assert all(written[target] > written[step.id] for target in targets), seed
