"""Checkpoints: named points in the log to which a rollback goes back."""

from treadle_engine import events as kinds
from treadle_engine.plan import Compensation, Loop, RollbackPolicy, ScopePlan, StepPlan
from treadle_engine.protocol import AttemptEnded, Cancel, Rollback
from treadle_testkit.scripted import Ending, ScriptedRuntime, workflow

UNDO = Compensation("test/undo")
S = StepPlan


def ran(*steps: StepPlan, endings: dict[str, list[str | Ending]] | None = None, **fields: object) -> ScriptedRuntime:
    runtime = ScriptedRuntime(workflow(*steps, **fields), endings or {})  # type: ignore[arg-type]
    runtime.start()
    runtime.run()
    return runtime


def roll_back(runtime: ScriptedRuntime, to: str = "", *, again: bool = False) -> list[str]:
    """What this rollback undoes."""
    before = len(runtime.undone())
    runtime.send(Rollback(runtime.now, to=to, again=again))
    runtime.run()
    return runtime.undone()[before:]


def chain() -> tuple[StepPlan, ...]:
    return (S("a", compensate=UNDO), S("b", compensate=UNDO, checkpoint="built"), S("c", compensate=UNDO))


def test_only_what_came_after_is_undone() -> None:
    runtime = ran(*chain())
    assert roll_back(runtime, "built") == ["c#1"]
    assert runtime.state.rollback == "done"


def test_the_rest_can_be_undone_later() -> None:
    runtime = ran(*chain())
    roll_back(runtime, "built")
    assert roll_back(runtime) == ["b#1", "a#1"]


def test_one_that_was_gone_back_behind_is_gone() -> None:
    runtime = ran(S("a", compensate=UNDO, checkpoint="one"), S("b", compensate=UNDO, checkpoint="two"), S("c"))
    assert roll_back(runtime, "one") == ["b#1"]
    assert runtime.state.log.checkpoints == ["one"]
    assert runtime.send(Rollback(runtime.now, to="two")).events == []


def test_it_is_an_event_of_the_turn_in_which_the_step_succeeds() -> None:
    runtime = ran(*chain())
    taken = [event for event in runtime.log if event.type == kinds.CHECKPOINT_TAKEN]
    assert [(event.step, event.visit, event.data) for event in taken] == [("b", 1, {"name": "built"})]


def test_what_the_workspace_kept_stands_in_the_event() -> None:
    runtime = ScriptedRuntime(workflow(S("a", checkpoint="x")))
    runtime.start()
    address = next(address for address, _ in runtime.running)
    turn = runtime.send(AttemptEnded(address, runtime.now, "success", snapshot={"tree": "1"}))
    taken = next(event for event in turn.events if event.type == kinds.CHECKPOINT_TAKEN)
    assert taken.data == {"name": "x", "snapshot": {"tree": "1"}}


def test_a_step_that_fails_takes_none() -> None:
    runtime = ran(S("a", checkpoint="x"), endings={"a": ["failure"]})
    assert runtime.state.log.checkpoints == []


def test_the_last_of_a_name_counts() -> None:
    body = ScopePlan((S("a", compensate=UNDO, checkpoint="turn"), S("b", compensate=UNDO)))
    runtime = ran(S("l", kind="loop", loop=Loop(3, until="loop.index == 2"), body=body), S("c", compensate=UNDO))
    assert roll_back(runtime, "turn") == ["c#1", "l:2/b#1"]


def test_nothing_before_an_irreversible_step_after_it_is_undone() -> None:
    runtime = ran(
        S("a", checkpoint="x"), S("b", compensate=UNDO), S("mail", irreversible=True), S("c", compensate=UNDO)
    )
    assert roll_back(runtime, "x") == ["c#1"]
    assert runtime.state.attention
    assert runtime.state.rollback == "partial"


def test_an_irreversible_step_before_it_bars_nothing() -> None:
    runtime = ran(S("mail", irreversible=True), S("a", checkpoint="x"), S("b", compensate=UNDO))
    assert roll_back(runtime, "x") == ["b#1"]
    assert not runtime.state.attention
    assert runtime.state.rollback == "done"


def test_continuing_keeps_to_the_checkpoint() -> None:
    runtime = ran(*chain(), endings={"undo:c": ["failure", "failure", "failure", "success"]})
    assert roll_back(runtime, "built") == []
    assert runtime.state.rollback == "partial"
    assert roll_back(runtime, again=True) == ["c#1"]
    assert runtime.state.rollback == "done"


def test_a_cancel_for_a_rollback_to_a_checkpoint_undoes_nothing_by_itself() -> None:
    plan = workflow(*chain(), rollback=RollbackPolicy(after=("cancelled",)))
    runtime = ScriptedRuntime(plan)
    runtime.start()
    runtime.step()
    runtime.step()
    runtime.send(Cancel(runtime.now, undo=False))
    assert runtime.run() == "cancelled"
    assert runtime.undone() == []
    assert roll_back(runtime, "built") == ["c#1"]


def test_a_rollback_to_one_survives_a_crash_at_every_event() -> None:
    whole = ran(*chain())
    roll_back(whole, "built")
    ended = next(n for n, event in enumerate(whole.log) if event.type == kinds.ROLLBACK_STARTED)
    for keep in range(ended + 1, len(whole.log) + 1):
        runtime = ran(*chain())
        roll_back(runtime, "built")
        runtime.crash(keep)
        runtime.run()
        assert runtime.undone() == ["c#1"]
        assert runtime.state.log.checkpoints == ["built"]
