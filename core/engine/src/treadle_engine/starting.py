"""R2, R9: a step whose turn it is: its bound, its condition, its inputs, then its first attempt or its small change."""

from collections.abc import Mapping
from heapq import heappop, heappush
from typing import Any, Final

from treadle_hookspecs import JsonObject

from treadle_engine import budgets, slots
from treadle_engine import events as kinds
from treadle_engine.addresses import child_of
from treadle_engine.attempts import begin_attempt
from treadle_engine.contexts import step_context
from treadle_engine.draft import Draft
from treadle_engine.expression_errors import ExpressionError, expression_failure
from treadle_engine.items import ItemsError, items_of
from treadle_engine.liveness import join_holds
from treadle_engine.protocol import Address, Publish, StartWorkflow
from treadle_engine.scope_state import IDLE, ScopeState
from treadle_engine.settling import settle
from treadle_engine.waiting import begin as begin_wait
from treadle_engine.workflow_stages import given

_NOTHING: Final[JsonObject] = {}


def start_ready(draft: Draft, scope: ScopeState) -> None:
    """Start what is ready, in the order written, while `max_parallel` and pause allow."""
    while not draft.state.held_back and not scope.disturbed and scope.has_room:
        if scope.cleared:
            cleared = min(scope.cleared)
            if _rests_on_budget(scope, cleared) and not budgets.allows(draft, scope, cleared):
                return
            _go_on(draft, scope, cleared)
            continue
        at = _next_ready(scope)
        if at is None:
            return
        if draft.state.plan.budget is not None and not budgets.allows(draft, scope, at):
            heappush(scope.queue, at)
            return
        _activate(draft, scope, at)


def _rests_on_budget(scope: ScopeState, at: int) -> bool:
    """An attempt stopped in the middle because the budget was used up: the next one begins when there is more."""
    replies: Any = scope.replies.get(at)
    return bool(replies) and "budget" in next(reversed(replies.values()))


def _go_on(draft: Draft, scope: ScopeState, at: int) -> None:
    """People have approved what a visit is to do, and it has its places: it begins."""
    step = scope.graph.steps[at]
    if step.concurrency and slots.holder_of(scope, at) not in draft.state.slots:
        slots.ask(draft, scope, at)
        return
    draft.record(kinds.ATTEMPT_STARTED, scope.address, step.id, scope.visits[at], scope.attempts[at])
    if step.kind == "call" or scope.graph.nested[at]:
        begin_attempt(draft, scope, at)
    else:
        change(draft, scope, at)


def _next_ready(scope: ScopeState) -> int | None:
    queue, ready, late = scope.queue, scope.ready, scope.late
    while queue and (queue[0] not in ready):
        heappop(queue)
    if late and (not queue or late[0] < queue[0]):
        at = late[0]
        late.clear()  # what starts may re-enter what the others' needs wait for: they are looked at again
        return at
    return heappop(queue) if queue else None


def _activate(draft: Draft, scope: ScopeState, at: int) -> None:
    graph = scope.graph
    step = graph.steps[at]
    if not graph.once[at] and scope.activations.get(at, 0) >= step.max_visits:
        _exhaust(draft, scope, at)
        return
    key = "join"
    try:
        if graph.joins[at].expression:
            join_holds(draft, scope, at)
        key = "when"
        holds = not step.when or _condition_holds(draft, scope, at)
    except ExpressionError as error:
        _fail_at_start(draft, scope, at, expression_failure(key, error))
        return
    if holds:
        _begin(draft, scope, at)
    else:
        _skip(draft, scope, at)


def _condition_holds(draft: Draft, scope: ScopeState, at: int) -> bool:
    condition = scope.graph.code(at).when
    return condition is None or bool(condition.evaluate(step_context(draft.state, scope, at)))


def _exhaust(draft: Draft, scope: ScopeState, at: int) -> None:
    """R9: above the bound. Through a route once per scope; the second time it is an unhandled failure."""
    step = scope.graph.steps[at]
    routed: tuple[str, ...] = ()
    if not scope.exhaustions.get(at):
        routed = next((targets for outcome, targets in step.routes if outcome == "exhausted"), step.on_failure or ())
    message = f"step {step.id} was to start again after {step.max_visits} times; max_visits is {step.max_visits}"
    data: dict[str, Any] = {
        "outcome": "exhausted",
        "state": "failed",
        "error": {"type": "exhausted", "message": message},
    }
    if routed:
        data["routed"] = list(routed)
    draft.record(kinds.VISIT_SETTLED, scope.address, step.id, data=data)


def _skip(draft: Draft, scope: ScopeState, at: int) -> None:
    """R2: the condition does not hold. A token goes on along `routes.skipped`, else `on_success`."""
    step = scope.graph.steps[at]
    routed: tuple[str, ...] = ()
    if at in scope.held:
        routed = next((targets for outcome, targets in step.routes if outcome == "skipped"), step.on_success or ())
    if scope.closing is not None:
        routed = tuple(id_ for id_ in routed if scope.phase[scope.graph.number[id_]] == IDLE)
    draft.skip(scope, at, "skipped", "when", routed)


def _begin(draft: Draft, scope: ScopeState, at: int) -> None:
    step = scope.graph.steps[at]
    try:
        value, env = _inputs(draft, scope, at)
    except ExpressionError as error:
        _fail_at_start(draft, scope, at, expression_failure("with", error))
        return
    if step.items is not None:
        try:
            value = {"items": items_of(step.kind, value)}
        except ItemsError as error:
            _fail_at_start(draft, scope, at, {"type": "items", "message": str(error)})
            return
    if step.kind == "call":
        _record_start(draft, scope, at, step.action, value, env)
        if not scope.graph.waits[at]:
            begin_attempt(draft, scope, at)
            return
    else:
        if step.workflow:
            value, problem = given(scope, child_of(draft.state.plan, step.workflow), value)
            if problem is not None:
                _fail_at_start(draft, scope, at, problem)
                return
        _record_start(draft, scope, at, step.kind, value, _NOTHING)
    if scope.graph.waits[at]:
        begin_wait(draft, scope, at)
    elif scope.graph.nested[at]:
        begin_attempt(draft, scope, at)
    else:
        change(draft, scope, at)


def change(draft: Draft, scope: ScopeState, at: int) -> None:
    """The small change that a `set`, `emit`, `cancel` or `end` step is: it settles at once.

    Or the start of a workflow that is not waited for: it settles when that has started; asking again does no harm.
    """
    kind, value = scope.graph.steps[at].kind, scope.requests[at].inputs
    if kind == "set":
        settle(draft, scope, at, "success", variables=value)
    elif kind == "emit":
        draft.command(Publish(str(value["event"]), value.get("data")))
        settle(draft, scope, at, "success")
    elif kind == "workflow":
        address = Address(scope.address, scope.graph.ids[at], scope.visits[at], scope.attempts[at])
        draft.command(StartWorkflow(address, scope.graph.steps[at].workflow, value))
    else:
        settle(draft, scope, at, "success", value)


def _inputs(draft: Draft, scope: ScopeState, at: int) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """`with` and the environment of a step, evaluated once."""
    code, step = scope.graph.code(at), scope.graph.steps[at]
    workflow_env = scope.frame.plan.env
    with_, own_env = code.with_, code.env
    context = step_context(draft.state, scope, at) if with_ is not None or own_env is not None else {}
    value: Any = step.with_ if with_ is None else with_.evaluate(context)
    env: Any = step.env if own_env is None else own_env.evaluate(context)
    if workflow_env:
        env = {**{name: scope.frame.env[name] for name in workflow_env}, **env}
    return value, env


def _record_start(draft: Draft, scope: ScopeState, at: int, action: str, inputs: JsonObject, env: JsonObject) -> None:
    data: dict[str, Any] = {"action": action}
    if inputs:
        data["inputs"] = inputs
    if env:
        data["env"] = env
    draft.record(kinds.VISIT_STARTED, scope.address, scope.graph.ids[at], scope.visits[at] + 1, 1, data)


def _fail_at_start(draft: Draft, scope: ScopeState, at: int, error: JsonObject) -> None:
    """Nothing ran: the visit fails, and there is nothing to undo."""
    step = scope.graph.steps[at]
    _record_start(draft, scope, at, step.action or step.kind, _NOTHING, _NOTHING)
    settle(draft, scope, at, "failure", error=error, ran=False)
