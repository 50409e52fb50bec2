"""`recovery`: a failure is judged by a step that the compiler adds, and one of the declared recoveries is taken."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from treadle.definition import Loaded
from treadle_engine.plan import Plan
from treadle_testkit.scripted import Ending, ScriptedRuntime

Load = Callable[[str], Loaded]
TO = "{again: deploy, other: [old]}"


def text(judge: str = "uses: example/look", to: str = TO, more: str = "") -> str:
    return f"""
steps:
  - id: deploy
    run: ./deploy
    recovery: {{{judge}, max: 2, to: {to}}}
    on_success: last
    {more}
  - {{id: old, run: echo old, recovers: true, on_success: last}}
  - {{id: last, run: echo last}}
"""


def plan_of(loaded: Loaded) -> Plan:
    assert loaded.plan is not None, loaded.problems
    return loaded.plan


def ran(plan: Plan, **endings: Sequence[str | Ending]) -> ScriptedRuntime:
    runtime = ScriptedRuntime(plan, {name.replace("_", "-"): each for name, each in endings.items()})
    runtime.start()
    runtime.run()
    return runtime


def test_the_judgement_is_a_step_of_its_own(load: Load) -> None:
    steps = {step.id: step for step in plan_of(load(text())).root.steps}
    assert list(steps) == ["deploy", "deploy-recovery", "old", "last"]
    assert steps["deploy"].on_failure == ("deploy-recovery",)
    judge = steps["deploy-recovery"]
    assert judge.max_visits == 2
    assert judge.with_ == {
        "step": "deploy",
        "visit": "{{ steps.deploy.visit }}",
        "error": "{{ steps.deploy.error }}",
        "choices": ["again", "other"],
    }


def test_it_chooses_by_its_outcome(load: Load) -> None:
    runtime = ran(plan_of(load(text())), deploy=["failure", "success"], deploy_recovery=["again"])
    assert runtime.trace()[:3] == ["deploy#1 failure", "deploy-recovery#1 again", "deploy#2 success"]
    assert runtime.state.status == "completed"
    judged = next(event for event in runtime.log if event.step == "deploy-recovery")
    given: Any = judged.data["inputs"]
    assert (given["step"], given["visit"], given["error"]["type"]) == ("deploy", 1, "error")


@pytest.mark.parametrize("judge", ["uses: example/look", "run: ./judge"])
def test_it_chooses_by_its_output(load: Load, judge: str) -> None:
    chosen = [Ending(outputs={"recovery": "other"})]
    runtime = ran(plan_of(load(text(judge))), deploy=["failure"], deploy_recovery=chosen)
    assert "old#1 success" in runtime.trace()
    assert (runtime.state.status, runtime.state.step("", "last").state) == ("completed", "succeeded")


@pytest.mark.parametrize("judged", [[Ending(outputs={"recovery": "nothing"})], ["failure"], ["success"]])
def test_without_a_choice_the_failure_stands(load: Load, judged: list[str | Ending]) -> None:
    runtime = ran(plan_of(load(text())), deploy=["failure"], deploy_recovery=judged)
    assert runtime.state.status == "failed"
    assert runtime.state.error is not None
    assert runtime.state.error["step"] == "deploy"


def test_it_is_asked_a_bounded_number_of_times(load: Load) -> None:
    runtime = ran(plan_of(load(text())), deploy=["failure"], deploy_recovery=["again"])
    assert runtime.state.step("", "deploy-recovery").visits == 2
    assert runtime.state.status == "failed"


@pytest.mark.parametrize(
    ("judge", "to", "more", "code"),
    [
        ("uses: example/look", "{again: depoly}", "", "TRD0107"),
        ("uses: example/nothing", TO, "", "TRD0140"),
        ("uses: example/look, run: echo", TO, "", "TRD0110"),
        ("uses: example/look", TO, "on_failure: old", "TRD0112"),
    ],
)
def test_what_is_wrong_with_it(load: Load, judge: str, to: str, more: str, code: str) -> None:
    loaded = load(text(judge, to, more))
    assert loaded.plan is None
    assert {(problem.code, problem.line > 0) for problem in loaded.errors} == {(code, True)}


SHORT = "steps:\n  - {{id: deploy, run: ./deploy, on_failure: {}}}\n  - {{id: last, run: echo last}}\n"


def test_an_action_in_on_failure_is_short_for_a_recovery_that_enters_the_step_again(load: Load) -> None:
    plan = plan_of(load(SHORT.format("example/look")))
    long = plan_of(
        load(SHORT.format("x").replace("on_failure: x", "recovery: {uses: example/look, to: {retry: deploy}}"))
    )
    assert plan.root == long.root
    runtime = ran(plan, deploy=["failure", "success"], deploy_recovery=["retry"])
    assert runtime.trace()[:3] == ["deploy#1 failure", "deploy-recovery#1 retry", "deploy#2 success"]
    assert runtime.trace()[-1] == "last#1 success"
    assert runtime.state.status == "completed"


@pytest.mark.parametrize(
    ("written", "code", "message"),
    [
        ("example/nothing", "TRD0140", "action `example/nothing` is not installed"),
        ("[example/look, last]", "TRD0107", "`example/look` is an action, not a step"),
        ("example/look, on_success: example/look", "TRD0107", "`example/look` is an action, not a step"),
        ("example/look, recovery: {uses: example/look, to: {retry: deploy}}", "TRD0112", "either `recovery` or"),
    ],
)
def test_what_is_wrong_with_the_short_form(load: Load, written: str, code: str, message: str) -> None:
    (problem,) = load(SHORT.format(written)).errors
    assert (problem.code, problem.line) == (code, 4)
    assert message in problem.message
    assert problem.column > 10


def test_nobody_is_told_that_it_comes_after_failures(load: Load) -> None:
    told = [problem.message for problem in load(text()).problems if problem.code == "TRD0123"]
    assert not [message for message in told if "recovery" in message]
