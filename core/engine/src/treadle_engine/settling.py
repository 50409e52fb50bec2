"""The end of an attempt and of a visit: retries, the outcome, its route (R6), and what undoing will need."""

from typing import Any, Final, NamedTuple

from treadle_hookspecs import JsonObject

from treadle_engine import events as kinds
from treadle_engine.compensation import UNDO_CHANGES, leaves_effect
from treadle_engine.contexts import step_context
from treadle_engine.draft import Draft
from treadle_engine.expression_errors import ExpressionError, expression_failure
from treadle_engine.gates import NOTHING, judge
from treadle_engine.graph import FAILURE_OUTCOMES
from treadle_engine.plan import Retry
from treadle_engine.protocol import AttemptEnded
from treadle_engine.scope_state import IDLE, ScopeState

_NOTHING: Final[JsonObject] = {}
_MESSAGES: Final = {
    "timeout": "the step took longer than its timeout",
    "rejected": "the step was rejected",
    "cancelled": "the step was cancelled",
}


def result_of(outcome: str) -> str:
    """R6: the state that a visit's outcome leaves; a name that the action chose counts as success."""
    if outcome in FAILURE_OUTCOMES or outcome == "exhausted":
        return "failed"
    return "cancelled" if outcome == "cancelled" else "succeeded"


def retry_due(retry: Retry, tries: int, at: int, draw: float) -> int:
    """When the next attempt is due, in microseconds, after one that ended `at`: see `Retry`."""
    delay = min(retry.max_delay, retry.delay * retry.backoff ** (tries - 1))
    delay *= 1 + retry.jitter * (2 * draw - 1)
    return at + max(0, round(delay * 1_000_000))


def wants_retry(draft: Draft, scope: ScopeState, at: int, ended: AttemptEnded) -> bool:
    """Another attempt of the visit follows. Raises `ExpressionError`."""
    retry = scope.graph.steps[at].retry
    if retry.max_attempts <= 1 or ended.outcome not in {"failure", "timeout"} or at in scope.called_off:
        return False
    if tries_of(scope, at) >= retry.max_attempts or (ended.error or _NOTHING).get("retryable") is False:
        return False
    condition = scope.graph.code(at).retry_when
    if condition is None:
        return True
    context = step_context(draft.state, scope, at, ended.outputs, error_of(ended.outcome, ended.error))
    return bool(condition.evaluate(context))


def tries_of(scope: ScopeState, at: int) -> int:
    """Attempts of the live visit that ended by themselves: what a crash ended is not held against it."""
    return scope.attempts[at] - scope.interruptions.get(at, 0)


def error_of(outcome: str, error: JsonObject | None) -> JsonObject:
    """An error with a type and a message, whatever the attempt gave."""
    default = {
        "type": outcome if outcome != "failure" else "error",
        "message": _MESSAGES.get(outcome, "the step failed"),
    }
    return {**default, **(error or _NOTHING)}


def settle(
    draft: Draft,
    scope: ScopeState,
    at: int,
    outcome: str,
    outputs: JsonObject = _NOTHING,
    *,
    error: JsonObject | None = None,
    variables: JsonObject = _NOTHING,
    ran: bool = True,
    snapshot: JsonObject | None = None,
    facts: JsonObject = _NOTHING,
) -> None:
    """Record the end of a live visit, and its checkpoint.

    `ran` False: its action never started. `snapshot`: what was kept of the files that it changed; None for none.
    """
    end = _end_of(draft, scope, at, outcome, outputs, error)
    result = result_of(end.outcome)
    data: dict[str, Any] = {"outcome": end.outcome, "state": result}
    if outputs:
        data["outputs"] = outputs
    if result != "succeeded":
        data["error"] = error_of(end.outcome, end.error)
    if end.routed:
        data["routed"] = list(end.routed)
    if end.verdicts:
        data["gates"] = list(end.verdicts)
    if variables:
        data["vars"] = variables
    if facts:
        data["facts"] = facts
    attempts = scope.attempts[at]
    if attempts > 1:
        data["attempts"] = attempts
    if ran:
        data |= _aftermath(draft, scope, at, end.worked or end.outcome, outputs, data.get("error"), snapshot)
    draft.record(kinds.VISIT_SETTLED, scope.address, scope.graph.ids[at], scope.visits[at], attempts, data)
    if scope.graph.steps[at].checkpoint and result == "succeeded":
        _take_checkpoint(draft, scope, at, snapshot)


class _End(NamedTuple):
    """How a visit ends. `worked`: the outcome that its action had, where a gate made a failure of it."""

    outcome: str
    routed: tuple[str, ...]
    error: JsonObject | None
    verdicts: tuple[JsonObject, ...] = ()
    worked: str = ""


def _end_of(
    draft: Draft, scope: ScopeState, at: int, outcome: str, outputs: JsonObject, error: JsonObject | None
) -> _End:
    """The outcome as gates leave it, and its route. What cannot be evaluated is a failure."""
    key, judged = "gates", NOTHING
    try:
        if scope.graph.steps[at].figures and result_of(outcome) == "succeeded":
            judged = judge(scope.frame, scope.graph.steps[at], outputs)
        if judged.route:
            routed = _after_failure(scope, at, judged.route)
            return _End("failure", routed, judged.error, judged.verdicts, outcome)
        key = "switch"
        return _End(outcome, _route(draft, scope, at, outcome, outputs), error, judged.verdicts)
    except ExpressionError as problem:
        return _End("failure", _after_failure(scope, at, "failure"), expression_failure(key, problem), judged.verdicts)


def _take_checkpoint(draft: Draft, scope: ScopeState, at: int, snapshot: JsonObject | None) -> None:
    data: dict[str, Any] = {"name": scope.graph.steps[at].checkpoint}
    if snapshot is not None:
        data["snapshot"] = snapshot
    draft.record(kinds.CHECKPOINT_TAKEN, scope.address, scope.graph.ids[at], scope.visits[at], data=data)


def _route(draft: Draft, scope: ScopeState, at: int, outcome: str, outputs: JsonObject) -> tuple[str, ...]:
    """R6: the targets of the first route that matches. A closing scope takes only those that may still start."""
    step = scope.graph.steps[at]
    if not step.routes and not step.switch and not step.on_success and not step.on_failure:
        return ()
    result = result_of(outcome)
    if result == "failed":
        return _after_failure(scope, at, outcome)
    named = next((targets for name, targets in step.routes if name == outcome), None)
    if named is not None or result == "cancelled":
        return _open_targets(scope, named or ())
    if step.switch:
        context = step_context(draft.state, scope, at, outputs)
        for case, condition in zip(step.switch, scope.graph.code(at).cases, strict=True):
            if condition is None or condition.evaluate(context):
                return _open_targets(scope, case.targets)
    return _open_targets(scope, step.on_success or ())


def _after_failure(scope: ScopeState, at: int, outcome: str) -> tuple[str, ...]:
    """R6: a failure's route; one that is forgiven goes on as a success does."""
    step = scope.graph.steps[at]
    named = next((targets for name, targets in step.routes if name == outcome), None)
    targets = (step.on_success if step.continue_on_error else step.on_failure) if named is None else named
    return _open_targets(scope, targets or ())


def _open_targets(scope: ScopeState, targets: tuple[str, ...]) -> tuple[str, ...]:
    targets = tuple(dict.fromkeys(targets))
    if scope.closing is None:
        return targets
    return tuple(id_ for id_ in targets if scope.phase[scope.graph.number[id_]] == IDLE)


def _aftermath(
    draft: Draft,
    scope: ScopeState,
    at: int,
    outcome: str,
    outputs: JsonObject,
    error: JsonObject | None,
    snapshot: JsonObject | None,
) -> dict[str, Any]:
    """What the compensation log gets of a visit that ran. What it changed on disk is undone with all the rest."""
    step = scope.graph.steps[at]
    if (step.compensate is None and not step.irreversible) or not leaves_effect(step, outcome, error):
        if snapshot is None:
            return {}
        return {"compensation": {"action": UNDO_CHANGES, "inputs": {}, "rollback_action": True}}
    if step.irreversible or step.compensate is None:
        return {"irreversible": True}
    compensate = step.compensate
    frozen: dict[str, Any] = {"action": compensate.action, "inputs": compensate.with_}
    if compensate.rollback_action:
        frozen["rollback_action"] = True
    if compensate.timeout is not None:
        frozen["timeout"] = compensate.timeout
    try:
        code = scope.graph.code(at).compensation
        if code is not None:
            frozen["inputs"] = code.evaluate(step_context(draft.state, scope, at, outputs))
    except ExpressionError as problem:
        frozen |= {"inputs": None, "error": expression_failure("compensate.with", problem)}
    return {"compensation": frozen}
