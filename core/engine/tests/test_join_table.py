"""R5: the table of joins, as data; each line is tried on the decider, and it is the table of the reference."""

from pathlib import Path

import pytest
from treadle_engine.join_table import CASES, JOINS, expected, page
from treadle_engine.plan import Join, StepPlan
from treadle_testkit.scripted import ScriptedRuntime, workflow

PAGE = Path(__file__).parents[3] / "docs/reference/joins.md"


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("join", JOINS, ids=lambda join: f"{join.mode}-{join.threshold or join.expression}")
def test_the_decider_does_what_the_table_says(join: Join, case: str) -> None:
    needs = [
        StepPlan(f"n{number}", needs=(), when="false" if end == "skipped" else "")
        for number, end in enumerate(CASES[case])
    ]
    failing = {f"n{number}": ["failure"] for number, end in enumerate(CASES[case]) if end == "failed"}
    joining = StepPlan("joined", needs=tuple(need.id for need in needs), join=join)
    runtime = ScriptedRuntime(workflow(*needs, joining, scope={"fail_fast": False}), failing)
    runtime.start()
    runtime.run()
    state = runtime.state.step("", "joined").state
    assert {"succeeded": "ready"}.get(state, state) == expected(join, case)


def test_the_table_of_the_reference_is_this_one() -> None:
    assert PAGE.read_text() == page(), "python -m treadle_engine.join_table > docs/reference/joins.md"


@pytest.mark.parametrize(
    ("join", "early"), [(Join("one_success"), True), (Join("at_least", 2), False), (Join("all_success"), False)]
)
def test_r3_success_is_eager(join: Join, *, early: bool) -> None:
    steps = [StepPlan("a", needs=()), StepPlan("b", needs=()), StepPlan("joined", needs=("a", "b"), join=join)]
    runtime = ScriptedRuntime(workflow(*steps))
    runtime.start()
    runtime.step()
    assert (runtime.state.step("", "joined").state == "running") is early


def test_cancel_rest_ends_the_needs_that_are_not_awaited_any_more() -> None:
    steps = [
        StepPlan("a", needs=()),
        StepPlan("b", needs=()),
        StepPlan("c", needs=("b",)),
        StepPlan("joined", needs=("a", "b", "c"), join=Join("at_least", 1, cancel_rest=True)),
    ]
    runtime = ScriptedRuntime(workflow(*steps))
    runtime.start()
    assert runtime.run() == "completed"
    assert runtime.states() == {"a": "succeeded", "b": "cancelled", "c": "cancelled", "joined": "succeeded"}


def test_a_join_expression_that_cannot_be_evaluated_fails_the_step() -> None:
    join = Join("expression", expression="steps.a.outputs.missing")
    runtime = ScriptedRuntime(workflow(StepPlan("a"), StepPlan("joined", needs=("a",), join=join)))
    runtime.start()
    assert runtime.run() == "failed"
    error = runtime.state.step("", "joined").error
    assert error is not None
    assert str(error["message"]).startswith("join: ")


def test_a_join_expression_is_judged_once_no_need_is_open() -> None:
    join = Join("expression", expression="steps.a.state == 'failed' and steps.b.state == 'succeeded'")
    steps = [StepPlan("a", needs=()), StepPlan("b", needs=()), StepPlan("joined", needs=("a", "b"), join=join)]
    runtime = ScriptedRuntime(workflow(*steps), {"a": ["failure"]})
    runtime.start()
    runtime.step()
    assert runtime.state.step("", "joined").state == "pending"
    runtime.run()
    assert runtime.state.step("", "joined").state == "succeeded"
