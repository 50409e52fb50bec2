"""What the options of a run make of a plan."""

import pytest
from treadle.modes import RunOptions, supervised
from treadle_engine.plan import Approval, Gate, Items, Plan, ScopePlan, StepPlan, steps_within


def step(id_, **fields):
    return StepPlan(id_, action="m/a", **fields)


@pytest.fixture
def plan():
    inner = ScopePlan((step("safe"), step("risky", risk="high")))
    return Plan(
        "p",
        ScopePlan(
            (
                step("build"),
                step("deploy", risk="high", name="Go live"),
                StepPlan("group", "parallel", body=inner),
                StepPlan("each", "for_each", body=inner, items=Items()),
                StepPlan("note", "set"),
                StepPlan("ask", "approval", approval=Approval("?")),
            )
        ),
        finally_=ScopePlan((step("tidy", risk="high"),)),
    )


def asked(plan):
    return [path for path, found in steps_within(plan.root) if found.gate is not None]


def test_supervised_asks_before_each_step_that_does_something(plan):
    assert asked(supervised(plan, "supervised")) == ["build", "deploy", "group/safe", "group/risky", "each"]


def test_hybrid_asks_before_what_is_of_high_risk(plan):
    found = supervised(plan, "hybrid")
    assert asked(found) == ["deploy", "group/risky", "each"]
    assert found.root.steps[1].gate.prompt == "run Go live (deploy): m/a, high risk?"


def test_autopilot_asks_nobody_and_handlers_are_never_asked_about(plan):
    assert asked(supervised(plan, "autopilot")) == []
    assert supervised(plan, "supervised").finally_.steps[0].gate is None


def test_the_definition_wins_over_the_setting_and_the_option_over_both(plan):
    strict = RunOptions(mode="supervised").applied(plan)
    assert supervised(strict, "autopilot").mode == "supervised"
    loose = RunOptions(mode="autopilot").applied(strict)
    assert asked(supervised(loose, "hybrid")) == []


def test_workflows_that_steps_run_are_asked_about_as_well(plan):
    family = Plan("f", ScopePlan((StepPlan("child", "workflow", workflow="p"),)), children=(("p", plan),))
    found = supervised(family, "hybrid")
    assert found.root.steps[0].gate is None
    assert asked(found.children[0][1]) == ["deploy", "group/risky", "each"]


@pytest.mark.parametrize(
    ("strictness", "verdicts"),
    [
        ("", ["fail", "warn", "route", "approval"]),
        ("strict", ["fail", "fail", "route", "approval"]),
        ("lenient", ["warn", "warn", "route", "approval"]),
    ],
)
def test_strictness(plan, strictness, verdicts):
    from dataclasses import replace

    kinds = ("fail", "warn", "route", "approval")
    gates = tuple(Gate(name, "a > 1", "a > 1", ("a",), verdict=name) for name in kinds)
    found = RunOptions(strictness=strictness).applied(replace(plan, gates=gates))
    assert [gate.verdict for gate in found.gates] == verdicts


def test_limits_of_a_run(plan):
    found = RunOptions(max_parallel=1, timeout=90.0, checkpoint=True).applied(plan)
    assert (found.root.max_parallel, found.timeout) == (1, 90.0)
    assert found.root.steps[0].checkpoint == "build"
