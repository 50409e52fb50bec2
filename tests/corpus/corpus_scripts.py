"""Executions that neither a pattern nor chance brings about: a slot, a checkpoint, an exhausted retry, a time-out."""

from collections.abc import Callable
from typing import Final

from treadle_engine.plan import Compensation, Concurrency, Plan, Retry, StepPlan
from treadle_engine.plan_bounds import Budget
from treadle_engine.protocol import CancelVisit, RaiseBudget, Rollback, TimerFired
from treadle_hookspecs import Event
from treadle_testkit.scripted import Ending, ScriptedRuntime, workflow

UNDO: Final = Compensation("test/undo", retry=Retry(2, delay=1.0))


def _act(id: str, **fields: object) -> StepPlan:
    return StepPlan(id, action="test/act", **fields)  # type: ignore[arg-type]


def _retries() -> tuple[Plan, list[Event]]:
    plan = workflow(_act("flaky", retry=Retry(3, delay=2.0, backoff=2.0, jitter=0.5)), _act("next"))
    return _run(plan, {"flaky": ["failure", "timeout", "success"]})


def _partly_undone() -> tuple[Plan, list[Event]]:
    plan = workflow(
        _act("one", compensate=UNDO), _act("two", irreversible=True), _act("three", compensate=UNDO), _act("four")
    )
    runtime = ScriptedRuntime(plan, {"four": ["failure"], "undo:three": ["failure", "failure", "success"]})
    runtime.start()
    runtime.run()
    runtime.send(Rollback(runtime.now, "user:ada", again=True))
    runtime.run()
    return plan, runtime.log


def _handlers() -> tuple[Plan, list[Event]]:
    plan = workflow(_act("work", compensate=UNDO), _act("break"), on_failure=[_act("tell")], finally_=[_act("tidy")])
    return _run(plan, {"break": [Ending("failure", {"left": [1, 2]}, {"type": "boom", "message": "it broke"})]})


def _checkpoint() -> tuple[Plan, list[Event]]:
    plan = workflow(
        _act("one", compensate=UNDO), _act("two", compensate=UNDO, checkpoint="half"), _act("three", compensate=UNDO)
    )
    runtime = ScriptedRuntime(plan)
    runtime.start({"who": "ada"}, {"root": "/srv", "host": "h"})
    runtime.run()
    runtime.send(Rollback(runtime.now, "user:ada", to="half"))
    runtime.run()
    return plan, runtime.log


def _out_of_time() -> tuple[Plan, list[Event]]:
    plan = workflow(_act("slow", compensate=UNDO), _act("never"), timeout=60.0)
    runtime = ScriptedRuntime(plan)
    runtime.start()
    timer, due = next(iter(runtime.timers.items()))
    runtime.now = due
    runtime.send(TimerFired(timer, due))
    runtime.run()
    return plan, runtime.log


def _place_lost() -> tuple[Plan, list[Event]]:
    """A later one wants the place that a running visit has in a group."""
    plan = workflow(_act("deploy", concurrency=(Concurrency("production", 1),), compensate=UNDO), _act("next"))
    runtime = ScriptedRuntime(plan)
    runtime.start()
    while not runtime.running:
        runtime.step()
    runtime.send(CancelVisit(runtime.now, "deploy#1", "a later one wants its place"))
    runtime.run()
    return plan, runtime.log


def _over_budget() -> tuple[Plan, list[Event]]:
    """It waits when the visits that it may have are used up, and goes on when there may be more."""
    plan = workflow(_act("one"), _act("two"), _act("three"), budget=Budget(visits=2))
    runtime = ScriptedRuntime(plan)
    runtime.start()
    runtime.run()
    runtime.send(RaiseBudget(runtime.now, {"visits": 2}, "user:ada"))
    runtime.run()
    return plan, runtime.log


def _run(plan: Plan, endings: dict[str, list[str | Ending]]) -> tuple[Plan, list[Event]]:
    runtime = ScriptedRuntime(plan, endings)
    runtime.start()
    runtime.run()
    return plan, runtime.log


SCRIPTS: Final[dict[str, Callable[[], tuple[Plan, list[Event]]]]] = {
    "retries": _retries,
    "partly-undone": _partly_undone,
    "handlers": _handlers,
    "checkpoint": _checkpoint,
    "out-of-time": _out_of_time,
    "place-lost": _place_lost,
    "over-budget": _over_budget,
}
