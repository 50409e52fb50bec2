"""`for_each` and `matrix` open one scope an item."""

from collections.abc import Mapping
from typing import Any, Final

from treadle_hookspecs import Json, JsonObject

from treadle_engine import events as kinds
from treadle_engine.contexts import published, scope_context
from treadle_engine.draft import Draft
from treadle_engine.expression_errors import ExpressionError, expression_failure
from treadle_engine.nested_ends import conclude, is_ending, open_scope
from treadle_engine.plan import Items
from treadle_engine.scope_state import ScopeState

_STATES: Final[Mapping[str, str]] = {"completed": "succeeded", "failed": "failed", "cancelled": "cancelled"}


def items(draft: Draft, scope: ScopeState, at: int) -> None:
    """One scope an item, a few at a time, until there are no more, or it is enough."""
    nest, total = scope.nests[at], len(_given(scope, at))
    problem = scope.draining.get(at)
    opened = len(nest.open) + len(nest.ended)
    if opened < total and problem is None and not is_ending(scope, at):
        enough, problem = _is_enough(draft, scope, at)
        if enough and nest.open:
            _drain(draft, scope, at, problem)
        elif not enough:
            _open_items(draft, scope, at, opened, total)
            return
    if not nest.open:
        _conclude(draft, scope, at, problem)


def _open_items(draft: Draft, scope: ScopeState, at: int, opened: int, total: int) -> None:
    """Open what there is room for."""
    nest = scope.nests[at]
    limits = [around.graph.scope.max_parallel for around in scope.around()]
    limit = _items_plan(scope, at).max_parallel or min(filter(None, limits), default=total)
    if draft.state.paused:
        scope.attention.add(at)
        return
    for number in range(opened + 1, min(total, opened + limit - len(nest.open)) + 1):
        open_scope(draft, scope, at, f"[{number}]")


def _is_enough(draft: Draft, scope: ScopeState, at: int) -> tuple[bool, JsonObject | None]:
    """No further item opens: `stop_when` says so, or one failed where the scope fails fast. And what went wrong."""
    nest, condition = scope.nests[at], scope.graph.code(at).stop_when
    if nest.failed and _items_plan(scope, at).min_success is None and scope.graph.fails_fast:
        return True, None
    if condition is None or not nest.ended:
        return False, None
    try:
        context = {**scope_context(draft.state, scope), "items": _items_so_far(scope, at)}
        return bool(condition.evaluate(context)), None
    except ExpressionError as problem:
        return True, expression_failure("stop_when", problem)


def _drain(draft: Draft, scope: ScopeState, at: int, problem: JsonObject | None) -> None:
    data: dict[str, Json] = {"for": "items"}
    if problem:
        data["error"] = problem
    draft.record(kinds.VISIT_WAITING, scope.address, scope.graph.ids[at], scope.visits[at], data=data)


def _conclude(draft: Draft, scope: ScopeState, at: int, problem: JsonObject | None) -> None:
    """The end of a visit whose items have ended."""
    nest, total, least = scope.nests[at], len(_given(scope, at)), _items_plan(scope, at).min_success
    outcome, error = "success", problem or None
    if error is not None:
        outcome = "failure"
    elif least is not None and total:
        if nest.succeeded < least:
            message = f"{nest.succeeded} of {total} items succeeded; min_success is {least}"
            outcome, error = "failure", {"type": "items", "message": message}
    elif nest.failed:
        first = min(number for number, child in nest.ended.items() if child.verdict == "failed")
        outcome, error = "failure", nest.ended[first].error
    if outcome == "success" and is_ending(scope, at) and nest.succeeded < total:
        outcome = "cancelled"
    outputs: list[Json] = [_outputs_of(scope, at, number) for number in range(1, total + 1)]
    conclude(draft, scope, at, outcome, {"items": outputs}, error=error)


def _given(scope: ScopeState, at: int) -> list[Json]:
    inputs: Any = scope.requests[at].inputs
    return inputs["items"]  # type: ignore[no-any-return]


def _items_plan(scope: ScopeState, at: int) -> Items:
    return scope.graph.steps[at].items or Items()


def _items_so_far(scope: ScopeState, at: int) -> list[JsonObject]:
    """What `stop_when` sees of each item: `state` and `outputs`."""
    nest = scope.nests[at]
    states = {number: _STATES[child.verdict] for number, child in nest.ended.items()}
    states |= dict.fromkeys(nest.open, "running")
    return [
        {"state": states.get(number, "pending"), "outputs": _outputs_of(scope, at, number)}
        for number in range(1, len(_given(scope, at)) + 1)
    ]


def _outputs_of(scope: ScopeState, at: int, number: int) -> Json:
    """The outputs of an item; null while it has not ended."""
    child = scope.nests[at].ended.get(number)
    if child is None:
        return None
    outputs = published(child)
    return outputs.get(child.graph.ids[0], {}) if _items_plan(scope, at).single else outputs
