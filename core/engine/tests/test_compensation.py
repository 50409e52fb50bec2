"""Compensation: what enters the log, and how it is undone."""

import pytest
from treadle_engine.plan import Compensation, OutputSpec, Retry, RollbackPolicy, StepPlan
from treadle_engine.protocol import Compensate, Pause, Resume, Rollback
from treadle_testkit.scripted import SECOND, Ending, ScriptedRuntime, workflow

S = StepPlan
ONCE = Retry(1)
UNDO = Compensation("test/undo", retry=ONCE)


def run(*steps: StepPlan, endings: dict[str, list[str | Ending]] | None = None, **fields: object) -> ScriptedRuntime:
    runtime = ScriptedRuntime(workflow(*steps, **fields), endings or {})  # type: ignore[arg-type]
    runtime.start()
    runtime.run()
    return runtime


BAD: dict[str, list[str | Ending]] = {"bad": ["failure"]}


def test_what_was_done_is_undone_in_reverse_order_of_completion() -> None:
    steps = (
        S("slow", needs=(), compensate=UNDO),
        S("quick", needs=(), compensate=UNDO),
        S("bad", needs=("slow", "quick")),
    )
    runtime = ScriptedRuntime(workflow(*steps), BAD, choose=lambda running: len(running) - 1)
    runtime.start()
    assert runtime.run() == "failed"
    assert runtime.trace()[:2] == ["quick#1 success", "slow#1 success"]
    assert runtime.undone() == ["slow#1", "quick#1"]
    assert runtime.state.rollback == "done"
    assert runtime.state.step("", "slow").compensation == "done"


def test_it_happens_before_the_handler() -> None:
    runtime = run(S("a", compensate=UNDO), S("bad"), endings=BAD, on_failure=[S("tell")])
    kinds = [event.type for event in runtime.log]
    assert kinds.index("rollback_finished") < kinds.index("visit_started", kinds.index("rollback_started"))


def test_every_visit_is_an_entry() -> None:
    steps = (
        S("a", compensate=UNDO, on_success=("b",)),
        S("b", routes=(("again", ("a",)),), on_success=("bad",)),
        S("bad"),
    )
    runtime = run(*steps, endings={"b": ["again", "success"], **BAD})
    assert runtime.undone() == ["a#2", "a#1"]


@pytest.mark.parametrize(
    ("step", "outcome", "logged"),
    [
        (S("a", compensate=UNDO), "success", True),
        (S("a", compensate=UNDO), "custom", True),
        (S("a", compensate=UNDO), "timeout", True),
        (S("a", compensate=UNDO), "cancelled", True),
        (S("a", compensate=UNDO), "failure", False),
        (S("a", compensate=UNDO), "rejected", False),
        (S("a", compensate=UNDO, uncertain=True), "failure", True),
        (S("a", compensate=Compensation("test/undo", when="started")), "failure", True),
        (
            S("a", compensate=Compensation("test/undo", when="started"), with_={"x": "{{ inputs.no }}"}),
            "success",
            False,
        ),
    ],
)
def test_what_enters_the_log(step: StepPlan, outcome: str, *, logged: bool) -> None:
    runtime = run(step, endings={"a": [outcome]}, rollback=RollbackPolicy(after=()))
    assert [entry.address for entry in runtime.state.undoable()] == (["a#1"] if logged else [])


def test_inputs_of_the_undo_are_frozen_when_the_visit_settles() -> None:
    undo = Compensation(
        "test/undo", {"path": "{{ outputs.path }}", "n": "{{ vars.n }}", "seen": "{{ steps.a.outputs.path }}"}
    )
    steps = (
        S("n", kind="set", with_={"n": 1}),
        S("a", compensate=undo),
        S("m", kind="set", with_={"n": 2}),
        S("bad"),
    )
    runtime = run(*steps, endings={"a": [Ending(outputs={"path": "x"})], **BAD})
    command = next(command for command in runtime.commands if isinstance(command, Compensate))
    assert command.inputs == {"path": "x", "n": 1, "seen": "x"}


def test_a_declared_output_that_was_not_published_is_null() -> None:
    undo = Compensation("test/undo", {"path": "{{ outputs.path }}"})
    runtime = run(S("a", compensate=undo, outputs=(("path", OutputSpec()),)), S("bad"), endings=BAD)
    command = next(command for command in runtime.commands if isinstance(command, Compensate))
    assert command.inputs == {"path": None}


def test_an_undo_whose_inputs_cannot_be_evaluated_is_left_and_says_why() -> None:
    undo = Compensation("test/undo", {"path": "{{ outputs.path }}"})
    runtime = run(S("a", compensate=UNDO), S("b", compensate=undo), S("bad"), endings=BAD)
    assert runtime.undone() == ["a#1"]
    assert runtime.state.rollback == "partial"
    settled = next(event for event in runtime.log if event.type == "compensation_settled" and event.step == "b")
    assert "path" in str(settled.data["error"])


def test_an_undo_that_fails_is_tried_again_then_recorded_and_the_rest_goes_on() -> None:
    steps = (S("a", compensate=UNDO), S("b", compensate=Compensation("test/undo", retry=Retry(2, delay=3.0))), S("bad"))
    runtime = run(*steps, endings={"undo:b": ["failure"], **BAD})
    tries = [event for event in runtime.log if event.type == "compensation_started" and event.step == "b"]
    assert [event.attempt for event in tries] == [1, 2]
    assert tries[1].at - tries[0].at >= 3 * SECOND
    assert runtime.undone() == ["a#1"]
    assert (runtime.state.rollback, runtime.state.step("", "b").compensation) == ("partial", "failed")
    finished = next(event for event in runtime.log if event.type == "rollback_finished")
    assert finished.data == {"state": "partial", "left": ["b#1"]}


def test_what_was_left_can_be_tried_again_and_only_that() -> None:
    steps = (S("a", compensate=UNDO), S("b", compensate=UNDO), S("bad"))
    runtime = run(*steps, endings={"undo:b": ["failure", "success"], **BAD})
    assert runtime.undone() == ["a#1"]
    assert not runtime.send(Rollback(runtime.now)).events
    runtime.send(Rollback(runtime.now, again=True))
    runtime.run()
    assert runtime.undone() == ["a#1", "b#1"]
    assert runtime.state.rollback == "done"
    assert runtime.state.status == "failed"


def test_on_error_stop_leaves_the_rest() -> None:
    steps = (S("a", compensate=UNDO), S("b", compensate=UNDO), S("bad"))
    runtime = run(*steps, endings={"undo:b": ["failure"], **BAD}, rollback=RollbackPolicy(on_error="stop"))
    assert runtime.undone() == []
    finished = next(event for event in runtime.log if event.type == "rollback_finished")
    assert finished.data["left"] == ["b#1", "a#1"]


def test_nothing_before_an_irreversible_step_is_undone_and_a_person_is_asked_to_look() -> None:
    steps = (S("a", compensate=UNDO), S("release", irreversible=True), S("b", compensate=UNDO), S("bad"))
    runtime = run(*steps, endings=BAD)
    assert runtime.undone() == ["b#1"]
    assert (runtime.state.status, runtime.state.rollback, runtime.state.attention) == ("failed", "partial", True)
    assert runtime.log[-1].data["attention"] is True


def test_an_irreversible_step_that_failed_cleanly_bars_nothing() -> None:
    runtime = run(S("a", compensate=UNDO), S("bad", irreversible=True), endings=BAD)
    assert runtime.undone() == ["a#1"]
    assert not runtime.state.attention


def test_parallel_undoes_together_what_happened_side_by_side() -> None:
    steps = (
        S("first", compensate=UNDO),
        S("left", needs=("first",), compensate=UNDO),
        S("right", needs=("first",), compensate=UNDO),
        S("bad", needs=("left", "right")),
    )
    runtime = ScriptedRuntime(workflow(*steps, rollback=RollbackPolicy(parallel=True)), BAD)
    runtime.start()
    while not runtime.state.log.active:
        runtime.step()
    assert sorted(address.step for address, undo in runtime.running if undo) == ["left", "right"]
    runtime.run()
    assert runtime.undone()[-1] == "first#1"


@pytest.mark.parametrize(
    ("after", "undone"),
    [(None, ["a#1"]), (("failure",), ["a#1"]), (("cancelled",), []), ((), [])],
)
def test_rollback_after_says_when(after: tuple[str, ...] | None, undone: list[str]) -> None:
    policy = RollbackPolicy(after=after)  # type: ignore[arg-type]
    assert run(S("a", compensate=UNDO), S("bad"), endings=BAD, rollback=policy).undone() == undone


def test_what_a_handler_did_is_not_undone_by_itself() -> None:
    tell = S("tell", compensate=UNDO, irreversible=False)
    runtime = run(S("bad"), endings=BAD, on_failure=[tell], rollback=RollbackPolicy(after=("failure",)))
    assert (runtime.undone(), runtime.state.rollback) == ([], "none")
    runtime.send(Rollback(runtime.now))
    runtime.run()
    assert runtime.undone() == ["on_failure/tell#1"]


def test_a_completed_execution_can_be_rolled_back() -> None:
    runtime = run(S("a", compensate=UNDO), S("b", compensate=UNDO))
    assert runtime.state.status == "completed"
    runtime.send(Rollback(runtime.now, "user:eva", "wrong customer"))
    assert runtime.state.status == "rolling_back"
    runtime.run()
    assert runtime.undone() == ["b#1", "a#1"]
    assert (runtime.state.status, runtime.state.rollback) == ("completed", "done")
    assert not runtime.send(Rollback(runtime.now)).events


def test_without_anything_to_undo_a_rollback_is_no_event() -> None:
    runtime = run(S("a"))
    assert not runtime.send(Rollback(runtime.now)).events


def test_a_crash_while_undoing_tries_the_same_again() -> None:
    runtime = ScriptedRuntime(workflow(S("a", compensate=UNDO), S("bad")), BAD)
    runtime.start()
    while not runtime.state.log.active:
        runtime.step()
    runtime.crash()
    command = next(command for command in runtime.commands if isinstance(command, Compensate))
    assert command.address.attempt == 2
    assert runtime.run() == "failed"
    assert runtime.undone() == ["a#1"]


def test_a_pause_stops_undoing_between_two_entries() -> None:
    runtime = ScriptedRuntime(workflow(S("a", compensate=UNDO), S("b", compensate=UNDO), S("bad")), BAD)
    runtime.start()
    while not runtime.state.log.active:
        runtime.step()
    runtime.send(Pause(runtime.now))
    runtime.run()
    assert runtime.undone() == ["b#1"]
    runtime.send(Resume(runtime.now))
    runtime.run()
    assert runtime.undone() == ["b#1", "a#1"]
