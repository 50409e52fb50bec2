"""What a workflow begins with and ends with: the execution's own, and one that a step of it runs."""

from typing import Any

from treadle_hookspecs import Json, JsonObject

from treadle_engine.addresses import child_of, handler_of
from treadle_engine.contexts import base_context, scope_context
from treadle_engine.expression_errors import ExpressionError, expression_failure
from treadle_engine.frames import MAX_DEPTH, Frame
from treadle_engine.inputs import fitted
from treadle_engine.plan import Plan
from treadle_engine.scope_state import ScopeState
from treadle_engine.state import State
from treadle_engine.step_code import compiled_value


def given(scope: ScopeState, plan: Plan, value: JsonObject) -> tuple[dict[str, Json], JsonObject | None]:
    """The inputs of a workflow that a step of a scope runs, and what keeps it from starting."""
    if scope.frame.depth >= MAX_DEPTH:
        message = (
            f"workflow {plan.name} would run {scope.frame.depth + 1} deep; at most {MAX_DEPTH} run inside each other"
        )
        return {}, {"type": "depth", "message": message}
    values, problems = fitted(plan.inputs, value, secrets=True)
    if not problems:
        return values, None
    told = "; ".join(f"`{name}`: {why}" for name, why in problems.items())
    return {}, {"type": "inputs", "message": f"the inputs of workflow {plan.name} cannot be taken: {told}"}


def add_evaluated(state: State, plan: Plan, data: dict[str, Any], name: str, key: str = "") -> None:
    """Put a workflow's `env` or `vars` into the data of its start, evaluated once over what is there.

    `key` is the workflow's in the execution's plan. Raises `ExpressionError`.
    """
    declared: Any = getattr(plan, name)
    if not declared:
        return
    code = compiled_value(declared)
    if code is not None:
        frame = Frame(plan, key=key)
        for known in ("inputs", "trigger", "env", "vars"):
            setattr(frame, known, data.get(known, {}))
        declared = code.evaluate(base_context(state, frame))
    data[name] = {**data.get(name, {}), **declared}


def begun(state: State, key: str, inputs: JsonObject, place: str) -> tuple[dict[str, Any], JsonObject | None]:
    """What a workflow that a step at `place` runs begins with: `inputs, trigger, env, vars`; and what went wrong."""
    data: dict[str, Any] = {"inputs": inputs, "trigger": {"type": "workflow", "step": place}}
    problem = None
    for name in ("env", "vars"):
        try:
            add_evaluated(state, child_of(state.plan, key), data, name, key)
        except ExpressionError as error:
            problem = problem or {"step": place, **expression_failure(name, error)}
    return data, problem


def beginning_context(state: State, key: str, inputs: JsonObject, place: str) -> dict[str, object]:
    """What is known where a workflow that a step runs begins; what could not be evaluated is missing."""
    frame = Frame(child_of(state.plan, key), key=key)
    for name, value in begun(state, key, inputs, place)[0].items():
        setattr(frame, name, value)
    return base_context(state, frame)


def results(state: State, frame: Frame) -> tuple[dict[str, Json], Any]:
    """A workflow's outputs, null for those that could not be evaluated, and the first such error."""
    found: dict[str, Json] = {}
    problem = None
    for name, value in frame.plan.outputs:
        try:
            code = compiled_value(value)
            found[name] = value if code is None else code.evaluate(scope_context(state, frame.root))
        except ExpressionError as error:
            found[name] = None
            problem = problem or {"step": "", **expression_failure(f"outputs.{name}", error)}
    return found, problem


def due_handler(frame: Frame) -> str:
    """The handler that is due: `on_failure` or `on_cancel` as the workflow's steps ended, then `finally`."""
    wanted = {"failed": "on_failure", "cancelled": "on_cancel"}.get(frame.root.verdict, "")
    opened = {top.address.rpartition("/")[2] for top in frame.tops[1:]}
    for name in (wanted, "finally"):
        plan = handler_of(frame.plan, name)
        if plan is not None and plan.steps and name not in opened:
            return name
    return ""
