"""R14, R13a: interrupted visits, retries of attempts, and continuing a finished execution."""

import json

import pytest
from treadle_engine.plan import Case, Compensation, OnInterrupt, OutputSpec, Retry, RollbackPolicy, StepPlan
from treadle_engine.protocol import (
    Address,
    AskInterrupted,
    AttemptEnded,
    Cancel,
    Pause,
    Recover,
    Resume,
    Rollback,
    StartAttempt,
    StartTimer,
    TimerFired,
)
from treadle_engine.takeover import takeover_of
from treadle_testkit.scripted import SECOND, Ending, ScriptedRuntime, workflow

S = StepPlan
UNDO = Compensation("test/undo", {"made": "{{ outputs.made }}"})


def interrupted(step: StepPlan) -> ScriptedRuntime:
    runtime = ScriptedRuntime(workflow(step, S("next")))
    runtime.start()
    runtime.crash(interrupted="ask")
    return runtime


def recovered(runtime: ScriptedRuntime, answer: OnInterrupt | None) -> list[object]:
    return list(runtime.send(Recover(runtime.now, {} if answer is None else {"": answer})).commands)


def test_r14_by_default_a_person_is_asked_and_the_execution_rests() -> None:
    runtime = interrupted(S("a"))
    assert runtime.commands == [AskInterrupted(Address("", "a", 1, 1))]
    assert runtime.state.status == "interrupted"
    assert runtime.states() == {"a": "interrupted", "next": "pending"}


def test_r14_asking_again_adds_nothing_to_the_log() -> None:
    runtime = interrupted(S("a"))
    events = len(runtime.log)
    assert recovered(runtime, None) == [AskInterrupted(Address("", "a", 1, 1))]
    assert len(runtime.log) == events


def test_r14_retry_is_another_attempt_of_the_same_visit() -> None:
    runtime = interrupted(S("a", with_={"n": 1}))
    assert recovered(runtime, "retry") == [StartAttempt(Address("", "a", 1, 2), "", {"n": 1}, {}, None)]
    assert runtime.run() == "completed"
    assert runtime.state.step("", "a").visits == 1
    assert runtime.state.step("", "a").attempts == 2


def test_r14_fail_settles_it_as_interrupted() -> None:
    runtime = interrupted(S("a"))
    recovered(runtime, "fail")
    view = runtime.state.step("", "a")
    assert view.state == "failed"
    assert view.error is not None
    assert view.error["type"] == "interrupted"
    assert runtime.run() == "failed"


def test_r14_an_answer_may_name_one_visit() -> None:
    plan = workflow(S("a", needs=()), S("b", needs=()))
    runtime = ScriptedRuntime(plan)
    runtime.start()
    runtime.crash(interrupted="ask")
    runtime.send(Recover(runtime.now, {"a#1": "retry", "b#1": "fail"}))
    assert runtime.states() == {"a": "running", "b": "failed"}


@pytest.mark.parametrize(
    ("step", "state"),
    [
        (S("a", on_interrupt="retry"), "running"),
        (S("a", on_interrupt="fail"), "failed"),
        (S("a"), "interrupted"),
    ],
)
def test_r14_the_step_says_what_becomes_of_it(step: StepPlan, state: str) -> None:
    runtime = ScriptedRuntime(workflow(step))
    runtime.start()
    runtime.send(Recover(runtime.now))
    assert runtime.states()["a"] == state


def test_r14_a_visit_that_was_asked_to_end_has_ended() -> None:
    steps = (S("long", needs=()), S("stop", needs=(), kind="cancel", with_={"steps": ["long"]}))
    runtime = ScriptedRuntime(workflow(*steps))
    runtime.start()
    runtime.crash(interrupted="ask")
    assert runtime.states()["long"] == "cancelled"
    assert runtime.state.status == "completed"


def test_r14_timers_are_set_again() -> None:
    plan = workflow(S("a", retry=Retry(2, delay=60.0)), timeout=3600.0)
    runtime = ScriptedRuntime(plan, {"a": ["failure"]})
    runtime.start()
    runtime.step()
    timers = dict(runtime.timers)
    assert set(timers) == {"timeout", "retry:a#1"}
    runtime.crash()
    assert runtime.timers == timers


def test_a_retry_is_due_after_delay_backoff_and_jitter() -> None:
    retry = Retry(4, delay=10.0, backoff=2.0, max_delay=30.0, jitter=0.5)
    runtime = ScriptedRuntime(workflow(S("a", retry=retry)))
    runtime.start()
    waited = []
    for number, draw in enumerate((0.5, 0.0, 0.999), start=1):
        address = Address("", "a", 1, number)
        turn = runtime.send(AttemptEnded(address, runtime.state.last_at + 1, "failure", draw=draw))
        timer = turn.commands[0]
        assert isinstance(timer, StartTimer)
        waited.append((timer.due - turn.events[0].at) / SECOND)
        runtime.send(TimerFired(timer.timer, timer.due))
    assert waited == pytest.approx([10.0, 10.0, 30 * 1.499])
    runtime.send(AttemptEnded(Address("", "a", 1, 4), runtime.now, "failure"))
    assert runtime.state.status == "failed"
    assert runtime.state.step("", "a").attempts == 4


def test_a_retry_without_delay_starts_in_the_same_turn() -> None:
    runtime = ScriptedRuntime(workflow(S("a", retry=Retry(2))), {"a": ["failure", "success"]})
    runtime.start()
    assert runtime.run() == "completed"
    assert [event.type for event in runtime.log if event.step == "a"] == [
        "visit_started",
        "attempt_failed",
        "attempt_started",
        "visit_settled",
    ]
    assert runtime.log[-2].attempt == 2


@pytest.mark.parametrize(
    ("ending", "attempts"),
    [
        (Ending("failure"), 3),
        (Ending("timeout"), 3),
        (Ending("rejected"), 1),
        (Ending("cancelled"), 1),
        (Ending("failure", error={"type": "usage", "message": "no", "retryable": False}), 1),
        (Ending("failure", error={"type": "fatal", "message": "no"}), 1),
    ],
)
def test_what_is_tried_again(ending: Ending, attempts: int) -> None:
    retry = Retry(3, when="error.type != 'fatal'")
    runtime = ScriptedRuntime(workflow(S("a", retry=retry)), {"a": [ending]})
    runtime.start()
    runtime.run()
    assert runtime.state.step("", "a").attempts == attempts


def test_an_attempt_that_a_crash_ended_is_no_try() -> None:
    runtime = ScriptedRuntime(workflow(S("a", retry=Retry(2))), {"a": ["failure", "success"]})
    runtime.start()
    runtime.crash(interrupted="retry")
    assert runtime.run() == "completed"
    assert runtime.state.step("", "a").attempts == 3


def test_an_attempt_that_was_asked_to_end_is_not_tried_again() -> None:
    runtime = ScriptedRuntime(workflow(S("a", retry=Retry(3))))
    runtime.start()
    runtime.send(Cancel(runtime.now))
    runtime.send(AttemptEnded(Address("", "a", 1, 1), runtime.now, "failure"))
    assert runtime.state.step("", "a").attempts == 1
    assert runtime.state.terminal


def test_a_retry_that_falls_due_in_a_pause_waits_for_the_resume() -> None:
    runtime = ScriptedRuntime(workflow(S("a", retry=Retry(2, delay=5.0))), {"a": ["failure", "success"]})
    runtime.start()
    runtime.step()
    runtime.send(Pause(runtime.now))
    turn = runtime.send(TimerFired("retry:a#1", runtime.now + 5 * SECOND))
    assert not turn.events
    turn = runtime.send(Resume(runtime.now + 10 * SECOND))
    assert [type(command) for command in turn.commands] == [StartTimer]
    assert runtime.run() == "completed"


def test_stale_ends_change_nothing() -> None:
    runtime = ScriptedRuntime(workflow(S("a"), S("b")))
    runtime.start()
    runtime.step()
    for address in (Address("", "a", 1, 1), Address("", "b", 1, 2), Address("", "b", 2, 1), Address("x", "b", 1, 1)):
        assert not runtime.send(AttemptEnded(address, runtime.now, "success")).events


def continued(runtime: ScriptedRuntime, again: tuple[str, ...] = (), **endings: list[str | Ending]) -> ScriptedRuntime:
    takeover = json.loads(json.dumps(takeover_of(runtime.state, again)))
    following = ScriptedRuntime(runtime.plan, endings, execution="second")
    following.start(header={"takeover": takeover})
    following.run()
    return following


def finished(*steps: StepPlan, endings: dict[str, list[str | Ending]], **fields: object) -> ScriptedRuntime:
    runtime = ScriptedRuntime(workflow(*steps, **fields), endings)  # type: ignore[arg-type]
    runtime.start()
    runtime.run()
    return runtime


def started(runtime: ScriptedRuntime) -> list[str]:
    return [event.address for event in runtime.log if event.type == "visit_started"]


def test_r13a_what_was_finished_is_taken_over_and_the_rest_runs() -> None:
    steps = (S("a"), S("b", with_={"x": "{{ steps.a.outputs.x }}"}), S("c"))
    first = finished(*steps, endings={"a": [Ending(outputs={"x": 7})], "b": ["failure"]})
    second = continued(first)
    assert second.state.status == "completed"
    assert started(second) == ["b#1.1", "c#1.1"]
    assert second.log[1].data["inputs"] == {"x": 7}
    assert second.states() == {"a": "succeeded", "b": "succeeded", "c": "succeeded"}


def test_r13a_a_step_gets_the_token_that_a_finished_one_sent() -> None:
    steps = (S("a", on_success=("b",)), S("b", on_success=("c",)), S("c"), S("d", needs=("a",)))
    second = continued(finished(*steps, endings={"b": ["failure"]}))
    assert started(second) == ["b#1.1", "c#1.1"]


def test_r13a_a_token_is_kept_for_a_step_that_failed_upstream_and_it_waits_for_its_needs_again() -> None:
    steps = (S("a", needs=(), on_success=("c",)), S("b", needs=()), S("c", needs=("b",)))
    first = finished(*steps, endings={"b": ["failure"]}, scope={"fail_fast": False})
    assert first.states() == {"a": "succeeded", "b": "failed", "c": "upstream_failed"}
    second = continued(first, b=["failure"])
    assert started(second) == ["b#1.1"]
    third = continued(second)
    assert started(third) == ["b#1.1", "c#1.1"]
    assert third.state.status == "completed"


def test_r13a_a_loop_that_was_exhausted_is_entered_where_it_failed() -> None:
    steps = (
        S("make", on_success=("test",)),
        S("test", switch=(Case(("ship",), "outputs.ok"), Case(("fix",)))),
        S("fix", on_success=("test",), max_visits=1),
        S("ship"),
    )
    first = finished(*steps, endings={"test": [Ending(outputs={"ok": False})]})
    assert first.state.error is not None
    assert first.state.error["type"] == "exhausted"
    second = continued(first, test=[Ending(outputs={"ok": False}), Ending(outputs={"ok": True})])
    assert second.state.status == "completed"
    assert started(second) == ["test#1.1", "fix#1.1", "test#2.1", "ship#1.1"]


def test_r13a_steps_can_be_named_to_run_again() -> None:
    first = finished(S("a"), S("b"), S("c"), endings={"c": ["failure"]})
    assert started(continued(first, ("b",))) == ["b#1.1", "c#1.1"]
    with pytest.raises(ValueError, match="no step nope"):
        takeover_of(first.state, ("nope",))


def test_r13a_compensated_visits_and_those_that_used_their_outputs_run_again() -> None:
    steps = (
        S("make", needs=(), compensate=UNDO, outputs=(("made", OutputSpec()),)),
        S("note", needs=(), when="true"),
        S("uses", needs=("note",), with_={"made": "{{ steps.make.outputs.made }}"}),
        S("bad", needs=("uses",)),
    )
    first = finished(*steps, endings={"make": [Ending(outputs={"made": 1})], "bad": ["failure"]})
    assert first.undone() == ["make#1"]
    second = continued(first, make=[Ending(outputs={"made": 2})])
    assert started(second) == ["make#1.1", "uses#1.1", "bad#1.1"]


def test_r13a_entries_move_along_and_are_undone_after_those_of_the_new_execution() -> None:
    made = Ending(outputs={"made": 1})
    steps = (S("a", compensate=UNDO), S("b", compensate=UNDO), S("c"))
    first = finished(*steps, endings={"a": [made], "b": [made], "c": ["failure"]}, rollback=RollbackPolicy(after=()))
    second = continued(first, ("b",), b=[made])
    assert started(second) == ["b#2.1", "c#1.1"]
    second.send(Rollback(second.now))
    second.run()
    assert second.undone() == ["b#2", "b#1", "a#1"]


def test_r13a_an_execution_that_has_not_ended_is_resumed_instead() -> None:
    runtime = ScriptedRuntime(workflow(S("a")))
    runtime.start()
    with pytest.raises(ValueError, match="has not ended"):
        takeover_of(runtime.state)
