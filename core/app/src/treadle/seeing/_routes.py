"""R6 told backwards: which key of a step sent its token on, from the outcome and the targets that the log holds."""

from collections.abc import Mapping

from treadle_engine.contexts import step_context
from treadle_engine.graph import FAILURE_OUTCOMES
from treadle_engine.plan import StepPlan
from treadle_engine.scope_state import ScopeState
from treadle_engine.state import State
from treadle_hookspecs import Json, JsonObject

from treadle.seeing._values import judged, values_of

_FAILED = FAILURE_OUTCOMES | {"exhausted"}


def key_of(step: StepPlan, outcome: str, targets: tuple[str, ...]) -> str:
    """The key of the route that an outcome took: `routes.NAME`, `switch`, `on_success`, `on_failure`.

    `targets` decides between `switch` and `on_success`; `outcome` is `skipped` for a step whose `when` was false.
    """
    if any(name == outcome for name, _ in step.routes):
        return f"routes.{outcome}"
    if outcome == "skipped":
        return "on_success"
    if outcome in _FAILED:
        return "on_success" if step.continue_on_error and outcome != "exhausted" else "on_failure"
    cases = [case for case in step.switch if set(targets) <= set(case.targets)]
    return "switch" if cases else "on_success"


def switch_told(state: State, scope: ScopeState, at: int, outputs: JsonObject) -> tuple[str, Mapping[str, Json]]:
    """How the cases of a `switch` were judged when the visit settled: a sentence, and what they saw.

    `state` is that before the visit settled.
    """
    step, codes = scope.graph.steps[at], scope.graph.code(at).cases
    context = step_context(state, scope, at, outputs)
    told: list[str] = []
    values: dict[str, Json] = {}
    for case, code in zip(step.switch, codes, strict=True):
        targets = ", ".join(case.targets)
        if code is None:
            told.append(f"otherwise → {targets}")
            break
        values |= values_of(code.names, context)
        holds, problem = judged(code, context)
        told.append(f"`{case.when}` {_verdict(holds, problem)}" + (f" → {targets}" if holds else ""))
        if holds is not False:
            break
    else:
        told.append("no case matched, so `on_success` counts" if step.on_success else "no case matched")
    return "switch: " + "; ".join(told), values


def _verdict(holds: bool | None, problem: str) -> str:
    if holds is None:
        return f"cannot be evaluated ({problem})"
    return "is true" if holds else "is false"
