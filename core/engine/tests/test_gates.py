"""Gates: rules over figures, judged when a visit succeeds."""

from dataclasses import replace

import pytest
from treadle_engine.gates import as_expression
from treadle_engine.plan import Approval, Compensation, Gate, StepPlan, plan_from_json, plan_to_json
from treadle_engine.protocol import Deliver
from treadle_engine.state import State, fold
from treadle_testkit.scripted import Ending, ScriptedRuntime, workflow

LOW = Gate("coverage", "test_coverage < 80%", "test_coverage < 80", ("test_coverage",), message="write tests")


def measured(id="test", **fields):
    return StepPlan(id, action="m/test", figures=(("test_coverage", "percent"),), **fields)


def percent(value):
    return Ending(outputs={"percent": value})


def run(*steps, script, gates=(LOW,), **fields):
    runtime = ScriptedRuntime(workflow(*steps, gates=gates, **fields), script)
    runtime.start()
    runtime.run()
    again = State(runtime.plan, "scripted")
    for event in runtime.log:
        fold(again, event)
    assert again.dump() == runtime.state.dump()
    return runtime


def verdicts(runtime):
    return [verdict["verdict"] for event in runtime.log for verdict in event.data.get("gates", ())]


@pytest.mark.parametrize(
    ("rule", "expression"),
    [
        ("test_coverage < 80%", "test_coverage < 80"),
        ("test_coverage < 80 % and complexity > 10", "test_coverage < 80 and complexity > 10"),
        ("tests % 2 == 1", "tests % 2 == 1"),
        ("12 %(2)", "12 %(2)"),
        ("(test_coverage < 79.5%)", "(test_coverage < 79.5)"),
    ],
)
def test_a_percent_sign_behind_a_number_is_a_unit(rule, expression):
    assert as_expression(rule) == expression


def test_a_gate_that_is_met_is_in_the_log_and_changes_nothing():
    runtime = run(measured(), StepPlan("after", action="m/x"), script={"test": [percent(80)]})
    assert runtime.state.ended == "completed"
    assert verdicts(runtime) == ["pass"]
    assert runtime.state.warnings == 0


def test_a_gate_that_is_not_met_fails_the_step_and_names_rule_figure_and_step():
    runtime = run(measured(), StepPlan("after", action="m/x"), script={"test": [percent(79)]})
    assert runtime.state.ended == "failed"
    assert runtime.state.error == {
        "step": "test",
        "type": "gate",
        "gate": "coverage",
        "message": "gate coverage is not met: test_coverage < 80% (test_coverage = 79)",
    }
    assert runtime.trace() == ["test#1 failure", "after upstream_failed"]
    assert runtime.state.step("", "test").outputs == {"percent": 79}


def test_one_that_warns_is_counted():
    gate = replace(LOW, verdict="warn")
    runtime = run(measured(), StepPlan("after", action="m/x"), script={"test": [percent(79)]}, gates=(gate,))
    assert runtime.state.ended == "completed"
    assert (verdicts(runtime), runtime.state.warnings) == (["warn"], 1)


def test_a_route_sends_to_a_step_that_repairs_and_what_follows_waits():
    steps = (
        measured(routes=(("gate:coverage", ("add",)),), max_visits=3),
        StepPlan("add", action="m/add", on_success=("test",)),
        StepPlan("deploy", action="m/deploy", needs=("test",)),
    )
    gate = replace(LOW, verdict="route")
    runtime = run(*steps, script={"test": [percent(10), percent(90)]}, gates=(gate,))
    assert [line for line in runtime.trace() if "#" in line] == [
        "test#1 failure",
        "add#1 success",
        "test#2 success",
        "deploy#1 success",
    ]
    assert runtime.state.ended == "completed"
    assert verdicts(runtime) == ["route", "pass"]


def test_an_approval_lets_it_pass_or_not():
    steps = (
        measured(routes=(("gate:coverage", ("ask",)),)),
        StepPlan("ask", kind="approval", approval=Approval("is it enough?"), recovers=True),
        StepPlan("deploy", action="m/deploy", needs=("test",)),
    )
    gate = replace(LOW, verdict="approval")
    runtime = run(*steps, script={"test": [percent(10)]}, gates=(gate,))
    assert runtime.state.step("", "ask").state == "waiting"
    runtime.send(Deliver(runtime.now, "answer", "approved", by="ada"))
    assert runtime.run() == "completed"
    assert runtime.trace()[-1] == "deploy#1 success"


def test_a_rule_over_several_figures_waits_for_all_of_them():
    gate = Gate("both", "a > b", "a > b", ("a", "b"))
    steps = (
        StepPlan("one", action="m/one", figures=(("a", "value"),)),
        StepPlan("two", action="m/two", figures=(("b", "value"),)),
    )
    outputs = {"one": [Ending(outputs={"value": 2})], "two": [Ending(outputs={"value": 1})]}
    runtime = run(*steps, script=outputs, gates=(gate,))
    assert runtime.trace() == ["one#1 success", "two#1 failure"]
    assert runtime.state.error is not None
    assert "(a = 2, b = 1)" in runtime.state.error["message"]


def test_what_adds_up_is_judged_in_all():
    gate = Gate("cost", "cost > 10", "cost > 10", ("cost",))
    steps = tuple(StepPlan(name, action="m/x", figures=(("cost", "cost"),)) for name in ("a", "b"))
    runtime = run(*steps, script={name: [Ending(outputs={"cost": 6})] for name in ("a", "b")}, gates=(gate,))
    assert runtime.trace() == ["a#1 success", "b#1 failure"]


def test_what_was_not_published_is_not_judged():
    runtime = run(measured(), script={"test": [Ending(outputs={})]})
    assert (runtime.state.ended, verdicts(runtime)) == ("completed", [])


def test_a_rule_that_cannot_be_evaluated_fails_and_says_which():
    gate = replace(LOW, when="test_coverage < 'x'")
    runtime = run(measured(), script={"test": [percent(1)]}, gates=(gate,))
    assert runtime.state.error is not None
    assert runtime.state.error["type"] == "expression"
    assert "gate coverage" in runtime.state.error["message"]


def test_what_the_action_did_is_undone_though_a_gate_failed_it():
    runtime = run(measured(compensate=Compensation("m/undo")), script={"test": [percent(1)]})
    assert runtime.undone() == ["test#1"]


def test_a_plan_with_gates_has_a_json_form():
    plan = workflow(measured(), gates=(LOW,), mode="hybrid")
    assert plan_from_json(plan_to_json(plan)) == plan
