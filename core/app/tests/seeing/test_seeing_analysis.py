"""Batches, critical paths, and what could run side by side."""

import jsonschema
import pytest
from treadle.cli.schemas import SCHEMAS
from treadle.seeing import Figure
from treadle.seeing.analysing import analysis_of_execution, analysis_of_plan
from treadle.seeing.durations import durations_of
from treadle_engine.plan import Compensation, Join, StepPlan
from treadle_hookspecs import ExecutionRow, StepRow
from treadle_testkit.scripted import SECOND, workflow


def step(id_, **fields):
    return StepPlan(id_, action="test/act", **fields)


def figures(**seconds):
    return {id_: Figure(value, "median of 3 runs") for id_, value in seconds.items()}


DIAMOND = (step("a"), step("b"), step("c", needs=("a",)), step("d", needs=("b", "c")))


def test_batches_and_the_longest_way_by_number_of_steps():
    found = analysis_of_plan(workflow(*DIAMOND, step("e", needs=("d",))), {})
    assert found.basis == "structure"
    assert found.batches == (("a",), ("b", "c"), ("d",), ("e",))
    assert found.critical_path.addresses == ("a", "b", "d", "e")
    assert (found.critical_path.seconds, found.critical_path.unknown) == (None, 4)


def test_known_durations_decide_the_path_and_name_their_source():
    found = analysis_of_plan(workflow(*DIAMOND), figures(a=1.0, b=2.0, c=5.0))
    assert found.basis == "history"
    assert found.critical_path.addresses == ("a", "c", "d")
    assert (found.critical_path.seconds, found.critical_path.unknown) == (6.0, 1)
    assert found.critical_path.steps[0].duration == Figure(1.0, "median of 3 runs")


def test_routes_forward_count_and_routes_back_do_not():
    steps = (
        step("test", on_success=("ship",), on_failure=("fix",), max_visits=3),
        step("fix", on_success=("test",)),
        step("ship"),
    )
    found = analysis_of_plan(workflow(*steps), {})
    assert found.batches == (("test",), ("fix", "ship"))


def test_a_circle_of_a_need_and_a_forward_route_is_cut():
    steps = (step("a", needs=("b",), on_success=("b",)), step("b", needs=()))
    assert sorted(id_ for batch in analysis_of_plan(workflow(*steps), {}).batches for id_ in batch) == ["a", "b"]


def test_a_step_that_only_stands_behind_another_one_could_run_beside_it():
    steps = (step("build"), step("lint"), step("test", with_={"x": "{{ steps.build.outputs.x }}"}))
    found = analysis_of_plan(workflow(*steps), figures(build=3.0, lint=2.0, test=4.0))
    by_steps = {one.steps: one for one in found.opportunities}
    beside = by_steps["build", "lint"]
    assert beside.saving == Figure(2.0, "critical path by median of 3 runs")
    assert "`needs: []` at `lint`, and `needs: [build, lint]` at `test`" in beside.text
    assert "`needs: [build]` at `test`" in by_steps["lint", "test"].text
    assert by_steps["lint", "test"].saving == Figure(2.0, "critical path by median of 3 runs")


@pytest.mark.parametrize(
    "later",
    [
        {"with_": {"x": ["{{ steps.build.outputs.x }}"]}},
        {"env": {"X": "{{ steps.build.state }}"}},
        {"when": "steps.build.outcome == 'success'"},
        {"compensate": Compensation("test/undo", {"x": "{{ steps.build.outputs.x }}"})},
        {"with_": {"all": "{{ steps }}"}},
        {"needs": ("build",)},
    ],
)
def test_what_is_used_or_asked_for_is_no_opportunity(later):
    assert analysis_of_plan(workflow(step("build"), step("next", **later)), {}).opportunities == ()


@pytest.mark.parametrize("earlier", [StepPlan("first", "set", with_={"x": 1}), step("first", on_failure=("handler",))])
def test_steps_that_others_follow_for_more_than_outputs_are_left_alone(earlier):
    found = analysis_of_plan(workflow(earlier, step("next"), step("handler")), {})
    assert not [one for one in found.opportunities if "first" in one.steps]


def test_a_limit_below_the_widest_batch_is_told():
    steps = tuple(step(id_, needs=()) for id_ in "abc")
    found = analysis_of_plan(workflow(*steps, scope={"max_parallel": 2}), {}).opportunities
    assert [(one.kind, one.steps) for one in found] == [("places", ("a", "b", "c"))]
    assert analysis_of_plan(workflow(*steps, scope={"max_parallel": 3}), {}).opportunities == ()


def measured(made, finished=True):
    rows = []
    started = {}
    for event in made.runtime.log:
        key = (event.scope, event.step, event.visit)
        if event.type == "visit_started":
            started[key] = event.at
        elif event.type == "visit_settled" and event.visit:
            address = f"{event.scope}/{event.step}" if event.scope else event.step
            rows.append(
                StepRow("run-1", address, event.visit, "", "succeeded", started_at=started[key], finished_at=event.at)
            )
    first, last = made.runtime.log[0].at, made.runtime.log[-1].at
    row = ExecutionRow("run-1", "w", "", "completed", "/", "cli", {}, first, finished_at=last if finished else None)
    return analysis_of_execution(made.record, row, rows)


def test_the_measured_path_goes_back_from_the_last_end(run):
    made = run(DIAMOND, finally_=(step("clean"),)).to_end()
    found = measured(made)
    assert [one.address for one in found.critical_path.steps] == ["a#1", "c#1", "d#1", "finally/clean#1"]
    assert found.basis == "measured"
    assert found.elapsed == pytest.approx(found.critical_path.seconds)
    log = {(event.type, event.step): event.seq for event in made.runtime.log}
    source = f"events {log['visit_started', 'c']} and {log['visit_settled', 'c']}"
    assert found.critical_path.steps[1].duration.source == source
    jsonschema.Draft202012Validator(SCHEMAS["analysis"]).validate(found.to_json())


def test_visits_of_a_loop_follow_each_other_on_the_path(run):
    steps = (step("test", on_failure=("fix",), on_success=("ship",)), step("fix", on_success=("test",)), step("ship"))
    found = measured(run(steps, {"test": ["failure", "success"]}).to_end())
    assert [one.address for one in found.critical_path.steps] == ["test#1", "fix#1", "test#2", "ship#1"]
    assert found.durations["test"].source == "measured, 2 visits"


def test_the_path_goes_through_steps_that_were_skipped(run):
    steps = (step("a"), step("b", when="false"), step("c"))
    found = measured(run(steps).to_end())
    assert [one.address for one in found.critical_path.steps] == ["a#1", "c#1"]


def test_a_wait_for_a_place_names_what_held_it(run):
    made = run((step("a", needs=()), step("b", needs=()), step("c", needs=("a",))), scope={"max_parallel": 1})
    made.runtime.now += 2 * SECOND
    made.turns(1)
    made.runtime.now += 2 * SECOND
    found = measured(made.to_end())
    (held,) = [one for one in found.opportunities if one.kind == "places"]
    assert held.steps == ("c",)
    assert held.text == "`c#1` waited 2.0s for a place until `b#1` ended: raise `max_parallel`"
    assert found.critical_path.steps[-1].waited == pytest.approx(2.0, abs=0.1)


def test_an_eager_join_waits_for_the_end_that_let_it_start(run):
    join = Join("one_success")
    made = run((step("a", needs=()), step("b", needs=()), step("c", needs=("a", "b"), join=join))).to_end()
    path = [one.address for one in measured(made).critical_path.steps]
    assert path in (["a#1", "c#1"], ["b#1"])


def test_nothing_has_ended_yet(run):
    found = measured(run(DIAMOND), finished=False)
    assert (found.critical_path.steps, found.critical_path.seconds, found.elapsed) == ((), None, None)


def test_visits_that_have_not_ended_have_no_duration():
    rows = [
        StepRow("x", "a", 1, "", "running", started_at=1),
        StepRow("x", "b", 0, "", "skipped", started_at=1, finished_at=2),
        StepRow("x", "c", 1, "", "succeeded", started_at=0, finished_at=1_500_000),
    ]
    assert durations_of(rows) == {"c": Figure(1.5, "measured")}


def test_a_chain_of_thousands_is_no_matter():
    plan = workflow(*(step(f"s{number}") for number in range(3_000)))
    found = analysis_of_plan(plan, {f"s{number}": Figure(1.0, "x") for number in range(3_000)})
    assert len(found.batches) == len(found.critical_path.steps) == 3_000
    assert found.critical_path.seconds == 3_000.0
