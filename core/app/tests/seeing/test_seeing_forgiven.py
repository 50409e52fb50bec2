"""Failures that something made up for."""

from treadle.seeing.forgiven import forgiven
from treadle_engine.plan import ScopePlan, StepPlan


def step(id_: str, **fields: object) -> StepPlan:
    return StepPlan(id_, action="test/act", **fields)  # type: ignore[arg-type]


def test_recovered_and_passed_over(run):
    steps = (step("a", on_failure=("b",)), step("b", recovers=True), step("c", needs=(), continue_on_error=True))
    made = run(steps, {"a": ["failure"], "c": ["failure"]}).to_end()
    assert forgiven(made.record) == {"a#1": "recovered", "c#1": "continue_on_error"}


def test_what_nothing_makes_up_for(run):
    made = run((step("a", on_failure=("b",)), step("b", recovers=True)), {"a": ["failure"], "b": ["failure"]}).to_end()
    assert forgiven(made.record) == {}


def test_not_before_the_repair_has_succeeded(run):
    made = run((step("a", on_failure=("b",)), step("b", recovers=True)), {"a": ["failure"]})
    assert forgiven(made.turns(1).record) == {}
    assert forgiven(made.to_end().record) == {"a#1": "recovered"}


def test_a_visit_that_was_made_again_is_not_forgiven(run):
    steps = (step("a", routes=(("failure", ("a",)),), max_visits=3), step("b"))
    made = run(steps, {"a": ["failure", "success"]}).to_end()
    assert forgiven(made.record) == {}


def test_inside_a_scope(run):
    body = ScopePlan((step("x", on_failure=("y",)), step("y", recovers=True)))
    made = run((StepPlan("group", kind="steps", body=body),), {"x": ["failure"]}).to_end()
    assert forgiven(made.record) == {"group/x#1": "recovered"}
