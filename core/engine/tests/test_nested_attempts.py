"""Time-outs, retries and undoing of steps that hold scopes."""

from collections.abc import Sequence
from typing import Any

import pytest
from treadle_engine import events as kinds
from treadle_engine.plan import Compensation, Items, Loop, Retry, RollbackPolicy, ScopePlan, StepPlan
from treadle_engine.protocol import Cancel, Pause, Resume, TimerFired
from treadle_testkit.scripted import SECOND, Ending, ScriptedRuntime, workflow

UNDO = Compensation("m/undo")
S = StepPlan


def holding(kind: str, *steps: StepPlan, **fields: Any) -> StepPlan:
    """A step `g` of a kind that holds these steps."""
    body = ScopePlan(steps, ordered=kind != "parallel")
    if kind == "race":
        return S("g", kind="race", branches=(("left", body),), **fields)
    if kind == "loop":
        fields["loop"] = Loop(2, until="loop.index == 2")
    if kind == "for_each":
        fields |= {"with_": {"items": [1, 2]}, "items": Items(1)}
    return S("g", kind=kind, body=body, **fields)  # type: ignore[arg-type]


def began(*steps: StepPlan, script: dict[str, Sequence[str | Ending]] | None = None, **fields: Any) -> ScriptedRuntime:
    runtime = ScriptedRuntime(workflow(*steps, **fields), script)
    runtime.start()
    return runtime


KINDS = ("parallel", "steps", "loop", "for_each", "race")
PLACES = {"parallel": "g{}/x", "steps": "g{}/x", "loop": "g{}:1/x", "for_each": "g{}[1]/x", "race": "g{}.left/x"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_retry_is_a_new_scope(kind: str) -> None:
    step = holding(kind, S("x"), retry=Retry(2), on_failure=("mend",))
    runtime = began(step, S("mend"), script={"x": ["failure", "failure", "success"]}, scope={"fail_fast": True})
    runtime.run()
    first, second = PLACES[kind].format(""), PLACES[kind].format(".2")
    assert [line for line in runtime.trace() if "x#" in line][:2] == [f"{first}#1 failure", f"{second}#1 failure"]
    assert "g#1 failure" in runtime.trace()
    assert runtime.state.step("", "g").attempts == 2


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_attempt_decides(kind: str) -> None:
    runtime = began(
        holding(kind, S("x"), retry=Retry(3)), script={"x": ["failure", "success"]}, scope={"fail_fast": True}
    )
    assert runtime.run() == "completed"
    settled = [event for event in runtime.log if event.type == kinds.VISIT_SETTLED and event.step == "g"]
    assert [(event.attempt, event.data["outcome"]) for event in settled] == [(2, "success")]


def test_a_retry_waits_its_delay_and_asks_its_condition() -> None:
    step = holding("steps", S("x"), retry=Retry(3, delay=2.0, when="error.type == 'flaky'"))
    flaky = Ending("failure", error={"type": "flaky", "message": "m"})
    runtime = began(step, script={"x": [flaky, "failure"]})
    runtime.step()
    assert list(runtime.timers) == ["retry:g#1"]
    assert runtime.run() == "failed"
    assert runtime.trace() == ["g/x#1 failure", "g.2/x#1 failure", "g#1 failure"]


@pytest.mark.parametrize("kind", KINDS)
def test_time_that_is_up_cancels_what_is_inside_and_is_the_outcome(kind: str) -> None:
    runtime = began(holding(kind, S("x"), timeout=3.0, routes=(("timeout", ("late",)),)), S("late"))
    (timer,) = runtime.timers
    runtime.send(TimerFired(timer, runtime.now + 3 * SECOND))
    runtime.run()
    place = PLACES[kind].format("")
    assert runtime.trace() == [f"{place}#1 cancelled", "g#1 timeout", "late#1 success"]
    assert runtime.state.error is not None
    assert runtime.state.error["message"] == "step g took longer than its timeout of 3 seconds"
    assert not runtime.timers


def test_time_that_is_up_between_two_iterations() -> None:
    step = S("g", kind="loop", loop=Loop(3, until="false", delay=60.0), body=ScopePlan((S("x"),)), timeout=3.0)
    runtime = began(step)
    assert runtime.run() == "failed"
    assert runtime.trace() == ["g:1/x#1 success", "g#1 timeout"]
    assert not runtime.timers


def test_each_attempt_has_its_time() -> None:
    runtime = began(holding("steps", S("x"), timeout=3.0, retry=Retry(2)))
    runtime.send(TimerFired("limit:g#1", runtime.now + 3 * SECOND))
    runtime.step()
    assert runtime.timers["limit:g#1"] > runtime.now
    assert runtime.run() == "completed"
    assert runtime.trace() == ["g/x#1 cancelled", "g.2/x#1 success", "g#1 success"]


def test_a_timer_is_taken_back_when_it_ends_in_time() -> None:
    runtime = began(holding("steps", S("x"), timeout=3.0))
    assert runtime.run() == "completed"
    assert not runtime.timers


def test_a_cancel_ends_one_that_waits_for_another_attempt() -> None:
    runtime = began(holding("steps", S("x"), retry=Retry(2, delay=60.0)), script={"x": ["failure"]})
    runtime.step()
    runtime.send(Cancel(runtime.now))
    assert runtime.run() == "cancelled"
    assert runtime.trace() == ["g/x#1 failure", "g#1 cancelled"]


def test_it_is_not_tried_again_where_the_scope_around_it_closes() -> None:
    steps = (S("bad", needs=()), holding("steps", S("x"), S("y"), retry=Retry(5), needs=()))
    runtime = began(*steps, script={"bad": ["failure"], "x": ["failure"]}, scope={"fail_fast": True})
    assert runtime.run() == "failed"
    assert [line for line in runtime.trace() if line.startswith("g")] == ["g/y skipped", "g/x#1 failure", "g#1 failure"]


@pytest.mark.parametrize(
    ("undo", "ending", "undone"),
    [
        (UNDO, "success", ["g#1", "g/x#1"]),
        (UNDO, "failure", []),
        (Compensation("m/undo", when="started"), "failure", ["g#1"]),
    ],
)
def test_it_is_undone_before_what_is_inside(undo: Compensation, ending: str, undone: list[str]) -> None:
    steps = (holding("steps", S("x", compensate=UNDO), compensate=undo), S("bad"))
    runtime = began(*steps, script={"x": [ending], "bad": ["failure"]}, rollback=RollbackPolicy(after=("failure",)))
    runtime.run()
    assert runtime.undone() == undone


def test_what_earlier_attempts_did_is_undone_as_well() -> None:
    step = holding("steps", S("x", compensate=UNDO), S("y"), retry=Retry(2))
    runtime = began(step, S("bad"), script={"y": ["failure", "success"], "bad": ["failure"]})
    runtime.run()
    assert runtime.undone() == ["g.2/x#1", "g/x#1"]


def test_an_irreversible_one_bars_what_is_before_it() -> None:
    steps = (S("a", compensate=UNDO), holding("steps", S("x", compensate=UNDO), irreversible=True), S("bad"))
    runtime = began(*steps, script={"bad": ["failure"]})
    runtime.run()
    assert runtime.undone() == []
    assert runtime.state.attention


@pytest.mark.parametrize("kind", KINDS)
def test_a_crash_or_a_pause_at_any_point_changes_nothing(kind: str) -> None:
    step = holding(kind, S("x", compensate=UNDO), retry=Retry(2, delay=1.0), timeout=1_000.0)
    plan = workflow(step, S("bad"))
    endings = {("g", 1): "failure", ("bad", 1): "failure"}

    def script(attempt: Any) -> Ending:
        first = not attempt.undo and attempt.step == "x" and ".2" not in attempt.scope
        return Ending("failure" if first or (attempt.step, attempt.number) in endings else "success")

    whole = ScriptedRuntime(plan, script)
    whole.start()
    whole.run()
    for keep in range(1, len(whole.log) + 1):
        runtime = ScriptedRuntime(plan, script)
        runtime.log = whole.log[:keep]
        runtime.crash()
        runtime.send(Pause(runtime.now))
        runtime.run()
        runtime.send(Resume(runtime.now))
        runtime.run()
        assert runtime.states() == whole.states()
        assert runtime.undone() == whole.undone()
