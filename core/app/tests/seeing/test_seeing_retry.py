"""R13a: what a retry runs again, what it takes over, and by which definition."""

from dataclasses import replace

import pytest
from treadle.seeing import Record
from treadle.seeing.retrying import Present, launch_retry
from treadle.seeing.why import explain
from treadle_engine.plan import Loop, ScopePlan, StepPlan
from treadle_hookspecs import Definition, ExecutionRow, ExitCode, TreadleError
from treadle_testkit.scripted import Ending, ScriptedRuntime, workflow

OLD = Definition("old", "w", "1", "text", "/w.yaml")
NEW = Definition("new", "w", "2", "other text", "/w.yaml")
ROW = ExecutionRow("run-1", "w", "1", "completed", "/project", "cli", {"by": "me"}, 0)


def step(id_, **fields):
    return StepPlan(id_, action="test/act", **fields)


CHAIN = (step("a"), step("b", line=3), step("c"))


def launched(made, *steps, plan=None):
    present = Present(NEW, plan, {"x": 2}) if plan is not None else None
    return launch_retry(ROW, made.runtime.state, OLD, ("secret",), "user:me", steps, made.runtime.log, present)


def repeated(launch, endings=None):
    runtime = ScriptedRuntime(launch.plan, endings or {}, execution="run-2")
    runtime.start(launch.inputs, {"takeover": launch.takeover})
    runtime.run()
    return runtime


def refused(made, *steps, plan=None):
    with pytest.raises(TreadleError) as raised:
        launched(made, *steps, plan=plan)
    return raised.value


def test_the_step_and_all_behind_it_run_again(run):
    launch = launched(run(CHAIN, {"a": [Ending(outputs={"n": 1})]}, inputs={"x": 1}).to_end(), "b")
    assert (launch.origin, launch.definition, launch.inputs, launch.sensitive) == ("run-1", OLD, {"x": 1}, ("secret",))
    assert (launch.trigger_type, launch.trigger_data) == ("cli", {"by": "me"})
    again = repeated(launch)
    assert again.trace() == ["b#1 success", "c#1 success"]
    assert again.state.step("", "a").outputs == {"n": 1}
    told = explain(Record("run-2", launch.plan, again.log), "a")
    assert [reason.rule for reason in told.reasons] == ["R13a"]
    assert told.state == "succeeded"


def test_several_steps_to_begin_with(run):
    steps = (step("a", needs=()), step("b", needs=()), step("c", needs=("b",)), step("d", needs=()))
    again = repeated(launched(run(steps).to_end(), "a", "b"))
    assert sorted(again.trace()) == ["a#1 success", "b#1 success", "c#1 success"]


def test_a_step_that_a_route_leads_to_begins_with_a_token(run):
    steps = (step("a", on_success=("b",)), step("b"))
    again = repeated(launched(run(steps).to_end(), "b#1"))
    assert again.trace() == ["b#1 success"]
    first = explain(Record("run-2", again.plan, again.log), "b").reasons[0]
    assert (first.rule, first.text) == ("R13a", "its token is taken over from execution run-1")


LOOP = (step("test", on_failure=("fix",)), step("fix", on_success=("test",)))


def test_every_visit_can_be_retried(run):
    made = run(LOOP, {"test": ["failure", "success"]}).to_end()
    assert repeated(launched(made, "test#2")).trace() == ["test#2 success", "fix skipped"]
    assert repeated(launched(made, "test")).trace() == ["test#2 success", "fix skipped"]
    assert repeated(launched(made, "test#1")).trace() == ["test#1 success", "fix skipped"]
    assert repeated(launched(made, "fix#1")).trace() == ["fix#1 success", "test#2 success"]
    assert refused(made, "test#3").exit_code == ExitCode.NOT_FOUND


def test_a_retry_can_begin_inside_a_scope(run):
    body = ScopePlan((step("x"), step("y")))
    loop = step("l", kind="loop", loop=Loop(5, until="loop.index == 3"), body=body)
    made = run((loop, step("after"))).to_end()
    launch = launched(made, "l:2/y")
    assert repeated(launch).trace()[:3] == ["l:2/y#1 success", "l:3/x#1 success", "l:3/y#1 success"]
    again = repeated(launch)
    assert explain(Record("run-2", again.plan, again.log), "l:2/y").reasons[0].rule == "R13a"
    kept = explain(Record("run-2", again.plan, again.log), "l:1/x").reasons[0]
    assert (kept.rule, kept.text[:14]) == ("R13a", "it did not run")
    error = refused(made, "l:4/x")
    assert (error.exit_code, "`l:4` did not open" in error.message) == (ExitCode.NOT_FOUND, True)


def test_what_cannot_be_retried(run):
    made = run(CHAIN, finally_=(step("clean"),))
    error = refused(made, "a")
    assert (error.exit_code, error.suggestions) == (ExitCode.CONFLICT, ("treadle resume run-1",))
    made.to_end()
    assert refused(made, "nope").exit_code == ExitCode.NOT_FOUND
    assert "belongs to the handler `finally`" in refused(made, "finally/clean").message


def test_the_present_definition_runs_what_is_not_taken_over(run):
    made = run(CHAIN).to_end()
    plan = workflow(replace(CHAIN[0], name="A", line=9), CHAIN[1], step("extra"), step("c", with_={"x": 1}))
    launch = launched(made, "c", plan=plan)
    assert (launch.definition, launch.inputs) == (NEW, {"x": 2})
    assert repeated(launch).trace() == ["extra#1 success", "c#1 success"]


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ((step("a", with_={"x": 1}), step("b"), step("c")), "`a`, whose result would be taken over, is another one"),
        ((step("b"), step("c")), "it is no longer there"),
        ((step("zero"), step("a"), step("b"), step("c")), "`needs`"),
    ],
)
def test_a_step_that_would_be_taken_over_has_to_be_the_same(run, steps, said):
    error = refused(run(CHAIN).to_end(), "c", plan=workflow(*steps))
    assert said in error.message
    assert error.exit_code == ExitCode.CONFLICT


def test_what_changed_is_named_as_it_is_written(run):
    script = StepPlan("a", action="command/run", with_={"script": "make"})
    made = run((script, step("b"))).to_end()
    changed = workflow(replace(script, with_={"script": "make all"}, timeout=3.0), step("b"))
    assert refused(made, "b", plan=changed).message.endswith("`run`, `timeout` changed")


def test_a_new_step_that_leads_to_a_finished_one_has_it_run_again(run):
    made = run((step("a", needs=()), step("z", needs=()))).to_end()
    plan = workflow(step("a", needs=()), step("z", needs=()), step("new", needs=(), on_success=("a",)))
    launch = launched(made, "z", plan=plan)
    assert set(launch.takeover["steps"]) == set()
    trace = repeated(launch).trace()
    assert {"z#1 success", "new#1 success"} <= set(trace)
    assert trace.count("a#1 success") == 1
