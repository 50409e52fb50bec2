"""R11, R12, R13: how a scope closes and ends, pause and cancel, handlers, the workflow's time."""

from collections.abc import Sequence
from typing import TypeAlias

import pytest
from treadle_engine.plan import Join, StepPlan
from treadle_engine.protocol import Address, AttemptEnded, Cancel, CancelAttempt, Finish, Pause, Resume, TimerFired
from treadle_testkit.scripted import SECOND, Choice, ScriptedRuntime, workflow

S = StepPlan
Routes: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]
FAST = {"fail_fast": True}


def test_r12_fail_fast_starts_nothing_new_drains_what_runs_and_cleans_up() -> None:
    steps = (
        S("bad", needs=()),
        S("long", needs=()),
        S("next", needs=("long",)),
        S("clean", needs=("long",), join=Join("all_done")),
    )
    runtime = ScriptedRuntime(workflow(*steps, scope=FAST), {"bad": ["failure"]})
    runtime.start()
    runtime.step()
    assert runtime.states() == {"bad": "failed", "long": "running", "next": "skipped", "clean": "pending"}
    closing = next(event for event in runtime.log if event.type == "execution_closing")
    assert closing.data["reason"] == "failure"
    assert runtime.run() == "failed"
    assert runtime.states()["clean"] == "succeeded"


def test_r12_without_fail_fast_what_does_not_depend_on_the_failure_goes_on() -> None:
    steps = (S("bad", needs=()), S("good", needs=()), S("next", needs=("good",)))
    runtime = ScriptedRuntime(workflow(*steps), {"bad": ["failure"]})
    runtime.start()
    assert runtime.run() == "failed"
    assert runtime.states()["next"] == "succeeded"


def test_r12_a_failure_that_only_a_join_handles_does_not_fire_fail_fast() -> None:
    steps = (
        S("bad", needs=()),
        S("clean", needs=("bad",), join=Join("one_failed")),
        S("a", needs=()),
        S("b", needs=("a",)),
    )
    runtime = ScriptedRuntime(workflow(*steps, scope=FAST), {"bad": ["failure"]})
    runtime.start()
    assert runtime.run() == "failed"
    assert runtime.states() == {"bad": "failed", "clean": "succeeded", "a": "succeeded", "b": "succeeded"}


@pytest.mark.parametrize("again", [(), (("again", ("bad",)),)], ids=["once", "repeatable"])
def test_r12_a_join_that_admits_failure_waits_for_all_its_needs_once_the_scope_closes(again: Routes) -> None:
    steps = (
        S("long", needs=()),
        S("bad", needs=(), routes=again),
        S("boom", needs=()),
        S("clean", needs=("bad", "long"), join=Join("one_failed")),
    )
    plan = workflow(*steps, scope=FAST)
    runtime = ScriptedRuntime(plan, {"bad": ["failure"], "boom": ["failure"]}, choose=first_of("bad", "boom"))
    runtime.start()
    runtime.send(Pause(runtime.now))
    runtime.step()
    runtime.step()
    runtime.send(Resume(runtime.now))
    assert runtime.states() == {"long": "running", "bad": "failed", "boom": "failed", "clean": "pending"}
    runtime.run()
    assert runtime.states()["clean"] == "succeeded"


def test_r12_a_route_handles_a_failure_until_its_thread_ends() -> None:
    steps = (
        S("bad", needs=(), on_failure=("note",)),
        S("note"),
        S("slow", needs=()),
        S("after", needs=("slow",)),
    )
    runtime = ScriptedRuntime(workflow(*steps, scope=FAST), {"bad": ["failure"]}, choose=first_of("bad", "note"))
    runtime.start()
    runtime.step()
    assert not [event for event in runtime.log if event.type == "execution_closing"]
    runtime.run()
    assert runtime.states() == {"bad": "failed", "note": "succeeded", "slow": "succeeded", "after": "skipped"}


def first_of(*steps: str) -> Choice:
    def choose(running: Sequence[Address]) -> int:
        return next((n for n, address in enumerate(running) if address.step in steps), 0)

    return choose


def test_the_handler_of_failures_runs_then_finally() -> None:
    plan = workflow(
        S("a"),
        on_failure=[S("tell", with_={"error": "{{ workflow.error.message }}", "flag": "{{ steps.a.state }}"})],
        on_cancel=[S("never")],
        finally_=[S("last")],
    )
    runtime = ScriptedRuntime(plan, {"a": ["failure"]})
    runtime.start()
    assert runtime.run() == "failed"
    assert runtime.trace() == ["a#1 failure", "on_failure/tell#1 success", "finally/last#1 success"]
    told = next(event for event in runtime.log if event.step == "tell")
    assert told.scope == "on_failure"
    assert told.data["inputs"] == {"error": "the step failed", "flag": "failed"}


def test_finally_runs_after_success_as_well_and_its_failure_counts() -> None:
    plan = workflow(S("a"), on_failure=[S("tell")], finally_=[S("last")])
    runtime = ScriptedRuntime(plan, {"last": ["failure"]})
    runtime.start()
    assert runtime.run() == "failed"
    assert runtime.trace() == ["a#1 success", "finally/last#1 failure"]
    assert runtime.state.error == {"step": "finally/last", "type": "error", "message": "the step failed"}


def test_r13_a_pause_starts_no_visit_and_lets_running_ones_finish() -> None:
    runtime = ScriptedRuntime(workflow(S("a"), S("b")))
    runtime.start()
    turn = runtime.send(Pause(runtime.now, "user:eva", "lunch"))
    assert [(event.type, event.actor, event.data) for event in turn.events] == [
        ("execution_paused", "user:eva", {"reason": "lunch"})
    ]
    assert runtime.run() == "paused"
    assert runtime.states() == {"a": "succeeded", "b": "pending"}
    runtime.send(Resume(runtime.now, "user:eva"))
    assert runtime.run() == "completed"


def test_r13_a_pause_while_the_last_step_runs_does_not_keep_it_from_ending() -> None:
    runtime = ScriptedRuntime(workflow(S("a")))
    runtime.start()
    runtime.send(Pause(runtime.now))
    assert runtime.run() == "completed"


def test_r13_a_cancel_ends_running_attempts_then_runs_the_handler() -> None:
    plan = workflow(S("a"), S("b"), on_cancel=[S("tell")], on_failure=[S("never")], finally_=[S("last")])
    runtime = ScriptedRuntime(plan)
    runtime.start()
    turn = runtime.send(Cancel(runtime.now, "user:eva", "wrong branch"))
    assert [type(command) for command in turn.commands] == [CancelAttempt]
    assert runtime.state.status == "cancelling"
    assert runtime.run() == "cancelled"
    assert runtime.states() == {
        "a": "cancelled",
        "b": "skipped",
        "on_cancel/tell": "succeeded",
        "finally/last": "succeeded",
    }
    assert runtime.log[-1].data == {"reason": "wrong branch"}


def test_r13_a_cancel_of_a_paused_execution_goes_on_to_its_end() -> None:
    runtime = ScriptedRuntime(workflow(S("a"), S("b"), on_cancel=[S("tell")]))
    runtime.start()
    runtime.send(Pause(runtime.now))
    runtime.run()
    runtime.send(Cancel(runtime.now))
    assert runtime.run() == "cancelled"
    assert runtime.states()["on_cancel/tell"] == "succeeded"


def test_a_cancel_does_not_hide_a_failure() -> None:
    steps = (S("bad", needs=()), S("long", needs=()))
    runtime = ScriptedRuntime(workflow(*steps), {"bad": ["failure"]})
    runtime.start()
    runtime.step()
    runtime.send(Cancel(runtime.now))
    assert runtime.run() == "failed"


def test_a_real_end_that_comes_before_the_cancel_took_effect_counts() -> None:
    runtime = ScriptedRuntime(workflow(S("a")))
    runtime.start()
    address = next(iter(runtime.running))[0]
    runtime.send(Cancel(runtime.now))
    runtime.send(AttemptEnded(address, runtime.now, "success"))
    assert runtime.state.step("", "a").state == "succeeded"
    assert runtime.state.status == "cancelled"


def test_the_workflow_s_time_is_up() -> None:
    plan = workflow(S("a"), S("b"), timeout=30.0, on_failure=[S("tell")])
    runtime = ScriptedRuntime(plan)
    runtime.start()
    assert runtime.timers == {"timeout": runtime.state.started_at + 30 * SECOND}
    turn = runtime.send(TimerFired("timeout", runtime.timers["timeout"]))
    assert [type(command) for command in turn.commands] == [CancelAttempt]
    assert runtime.run() == "failed"
    assert runtime.state.timed_out
    assert runtime.state.error == {
        "step": "",
        "type": "timeout",
        "message": "the workflow ran longer than its timeout of 30 seconds",
    }
    assert runtime.states() == {"a": "cancelled", "b": "skipped", "on_failure/tell": "succeeded"}
    assert runtime.log[-1].data["timed_out"] is True


def test_the_timer_is_forgotten_at_the_end() -> None:
    runtime = ScriptedRuntime(workflow(S("a"), timeout=30.0))
    runtime.start()
    assert runtime.run() == "completed"
    assert runtime.timers == {}
    assert runtime.commands[-1] == Finish("completed")


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_max_parallel_bounds_live_visits_and_keeps_the_order_written(limit: int) -> None:
    steps = [S(f"s{number}", needs=()) for number in range(6)]
    runtime = ScriptedRuntime(workflow(*steps, scope={"max_parallel": limit}))
    runtime.start()
    most = 0
    while runtime.running:
        most = max(most, len(runtime.running))
        runtime.step()
    assert most == limit
    assert runtime.trace() == [f"s{number}#1 success" for number in range(6)]


def test_outputs_of_the_workflow_are_evaluated_at_the_end() -> None:
    plan = workflow(S("a"), outputs=(("n", "{{ steps.a.visit }}"), ("text", "fixed")))
    runtime = ScriptedRuntime(plan)
    runtime.start()
    runtime.run()
    assert runtime.state.outputs == {"n": 1, "text": "fixed"}


def test_an_output_that_cannot_be_evaluated_fails_the_execution() -> None:
    plan = workflow(S("a"), outputs=(("n", "{{ steps.a.outputs.missing }}"),))
    runtime = ScriptedRuntime(plan)
    runtime.start()
    assert runtime.run() == "failed"
    assert runtime.state.outputs == {"n": None}
    assert runtime.state.error is not None
    assert runtime.state.error["type"] == "expression"
