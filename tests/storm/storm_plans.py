"""The workflows of a storm: the test kit's random ones, quick, and each step knows its seed."""

from dataclasses import replace
from typing import Any, Final

from storm_actions import outcome_of, undone
from treadle_engine.plan import Plan, Retry, ScopePlan, StepPlan
from treadle_testkit.random_workflows import NESTED, NESTED_ORDERLY, random_plan
from treadle_testkit.scripted import Ending, ScriptedRuntime, Try

ORDERLY_EVERY: Final = 2
"""Of every second workflow the end does not depend on what ends first, so that it is known beforehand (P4, P7)."""
_PAUSE: Final = 0.002
"""Seconds that every delay is cut to."""


def plan_of(seed: int) -> Plan:
    """The workflow of a seed."""
    plan = random_plan(seed, NESTED_ORDERLY if seed % ORDERLY_EVERY == 0 else NESTED)
    handlers = {name: _scope(getattr(plan, name), seed) for name in ("on_failure", "on_cancel", "finally_")}
    return replace(plan, root=_scope(plan.root, seed), **handlers)


def expected(seed: int) -> tuple[str, dict[str, tuple[str, int]]]:
    """How an orderly workflow ends when nobody kills it: its status, and each step's state and visits."""
    runtime = ScriptedRuntime(plan_of(seed), _script(seed))
    runtime.start()
    status = runtime.run()
    return status, {step.address: (step.state, step.visits) for step in runtime.state.steps()}


def _script(seed: int) -> Any:
    def script(attempt: Try) -> Ending:
        visit = (attempt.scope, attempt.step, attempt.visit)
        if attempt.undo:
            return Ending("success" if undone(seed, *visit) else "failure")
        outcome, flag = outcome_of(seed, *visit)
        error = {"type": "dice", "message": "the dice said so"} if outcome == "failure" else None
        return Ending(outcome, {"flag": flag}, error)

    return script


def _scope(scope: ScopePlan | None, seed: int) -> Any:
    return None if scope is None else replace(scope, steps=tuple(_step(step, seed) for step in scope.steps))


def _step(step: StepPlan, seed: int) -> StepPlan:
    changes: dict[str, Any] = {"retry": _quick(step.retry), "body": _scope(step.body, seed)}
    changes["branches"] = tuple((name, _scope(branch, seed)) for name, branch in step.branches)
    if step.kind == "call":
        changes["with_"] = {"seed": seed}
    if step.loop is not None:
        changes["loop"] = replace(step.loop, delay=min(step.loop.delay, _PAUSE))
    if step.compensate is not None:
        undo = replace(step.compensate, with_={"seed": seed}, retry=_quick(step.compensate.retry))
        changes["compensate"] = undo
    return replace(step, **changes)


def _quick(retry: Retry) -> Retry:
    return replace(retry, delay=min(retry.delay, _PAUSE))
