"""Steps that open scopes: they open them, look after them, and end as they end."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from treadle_hookspecs import Json, JsonObject

from treadle_engine import events as kinds
from treadle_engine.addresses import Opened
from treadle_engine.closing import loop_timer
from treadle_engine.contexts import published, scope_context
from treadle_engine.draft import Draft
from treadle_engine.expression_errors import ExpressionError, expression_failure
from treadle_engine.plan import Items, Loop
from treadle_engine.protocol import CancelTimer, StartTimer
from treadle_engine.scope_state import ScopeState
from treadle_engine.settling import settle


def attend(draft: Draft, scope: ScopeState) -> None:
    """Look after the visits whose scopes something happened to."""
    for at in sorted(scope.attention):
        _look_through(scope, at)
        scope.attention.discard(at)
        if at in scope.unplaced:
            continue  # people have not let it begin
        if _is_stopping(scope, at):
            _stop(draft, scope, at)
        _TAKE_ON[scope.graph.steps[at].kind](draft, scope, at)


def has_ended(scope: ScopeState) -> None:
    """A scope inside another one has finished: the visit that opened it is to be looked after."""
    parent = scope.parent
    nest = parent.nests.get(scope.owner) if parent is not None else None
    if parent is not None and nest is not None and nest.open.get(scope.number) is scope:
        nest.ended[scope.number] = nest.open.pop(scope.number)
        nest.failed += scope.verdict == "failed"
        nest.succeeded += scope.verdict == "completed"
        parent.attention.add(scope.owner)


def _look_through(scope: ScopeState, at: int) -> None:
    """After a recovery: which of the open scopes had ended."""
    nest = scope.nests[at]
    if not nest.seen:
        nest.seen = True
        for child in tuple(nest.open.values()):
            if child.finished:
                has_ended(child)


def _is_stopping(scope: ScopeState, at: int) -> bool:
    """The visit was asked to end, or its scope closed after it had started."""
    return at in scope.called_off or scope.started[at] < scope.closed


def _stop(draft: Draft, scope: ScopeState, at: int) -> None:
    """Close what the visit has open, for the reason for which the scope around it closes."""
    outer = scope.closing.reason if scope.closing is not None else "cancelled"
    reason = "cancelled" if at in scope.called_off else outer
    for child in tuple(scope.nests[at].open.values()):
        _close(draft, child, reason)


def _close(draft: Draft, child: ScopeState, reason: str) -> None:
    if child.closing is None and child.closing_due is None:
        draft.record(kinds.EXECUTION_CLOSING, child.address, data={"reason": reason})


def _group(draft: Draft, scope: ScopeState, at: int) -> None:
    """`parallel` and `steps`: one scope; as it ends, the visit ends."""
    nest = scope.nests[at]
    if nest.ended or (_is_stopping(scope, at) and not nest.open):
        _end(draft, scope, at)
    elif draft.state.paused and not nest.open:
        scope.attention.add(at)
    elif not nest.open:
        _open(draft, scope, at)


def _loop(draft: Draft, scope: ScopeState, at: int) -> None:
    """R10: one scope an iteration, until the condition says so, one fails, or there were enough."""
    nest = scope.nests[at]
    if nest.open or scope.delays.get(at):
        if _is_stopping(scope, at) and not nest.open:
            _end(draft, scope, at)
        return
    last = next(reversed(nest.ended.values()), None)
    if _is_stopping(scope, at) or (last is not None and last.verdict != "completed"):
        _end(draft, scope, at)
    elif draft.state.paused:
        scope.attention.add(at)
    elif last is None or at in scope.delays or _goes_on(draft, scope, at, last):
        _open(draft, scope, at, f":{1 if last is None else last.number + 1}")


def _goes_on(draft: Draft, scope: ScopeState, at: int, last: ScopeState) -> bool:
    """Another iteration may open now. If not, the visit has ended or waits for its delay."""
    loop, condition = scope.graph.steps[at].loop, scope.graph.code(at).goes_on
    if loop is None or condition is None:
        raise ValueError(f"the loop {scope.place(at)} has no condition: validate the definition")
    try:
        holds = bool(condition.evaluate(scope_context(draft.state, last)))
    except ExpressionError as problem:
        key = "loop.while" if loop.while_ else "loop.until"
        settle(draft, scope, at, "failure", published(last), error=expression_failure(key, problem))
        return False
    if holds != bool(loop.while_):
        settle(draft, scope, at, "success", published(last))
    elif last.number >= loop.max:
        _exhaust(draft, scope, at, loop, published(last))
    elif loop.delay:
        _delay(draft, scope, at, draft.at + round(loop.delay * 1_000_000))
    else:
        return True
    return False


def _exhaust(draft: Draft, scope: ScopeState, at: int, loop: Loop, outputs: JsonObject) -> None:
    message = f"step {scope.graph.ids[at]} would go on after {loop.max} iterations, which is its max"
    outcome = "success" if loop.on_exhausted == "continue" else "exhausted"
    settle(draft, scope, at, outcome, outputs, error={"type": "exhausted", "message": message})


def _delay(draft: Draft, scope: ScopeState, at: int, due: int) -> None:
    timer = loop_timer(scope, at)
    data: dict[str, Json] = {"timer": timer, "due": due}
    draft.record(kinds.TIMER_SET, scope.address, scope.graph.ids[at], scope.visits[at], data=data)
    draft.command(StartTimer(timer, due))


def _items(draft: Draft, scope: ScopeState, at: int) -> None:
    """One scope an item, a few at a time, until there are no more, or it is enough."""
    nest, total = scope.nests[at], len(_given(scope, at))
    problem = scope.draining.get(at)
    opened = len(nest.open) + len(nest.ended)
    if opened < total and problem is None and not _is_stopping(scope, at):
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
        _open(draft, scope, at, f"[{number}]")


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
    if outcome == "success" and _is_stopping(scope, at) and nest.succeeded < total:
        outcome = "cancelled"
    outputs: list[Json] = [_outputs_of(scope, at, number) for number in range(1, total + 1)]
    settle(draft, scope, at, outcome, {"items": outputs}, error=error)


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


def _race(draft: Draft, scope: ScopeState, at: int) -> None:
    """Every branch has a scope; the one that ends first decides, however it ends, and the others are cancelled."""
    nest, branches = scope.nests[at], scope.graph.steps[at].branches
    opened = len(nest.open) + len(nest.ended)
    if opened < len(branches) and not nest.ended and not _is_stopping(scope, at):
        if draft.state.paused:
            scope.attention.add(at)
            return
        for name, _ in branches[opened:]:
            _open(draft, scope, at, f".{name}")
    if nest.ended:
        for child in tuple(nest.open.values()):
            _close(draft, child, "cancelled")
    if not nest.open:
        _decide_race(draft, scope, at)


def _decide_race(draft: Draft, scope: ScopeState, at: int) -> None:
    """End as the branch did that ended first."""
    nest = scope.nests[at]
    if not nest.ended:
        settle(draft, scope, at, "cancelled")
        return
    first = min(nest.ended.values(), key=lambda child: child.last)
    name = scope.graph.steps[at].branches[first.number][0]
    outputs: dict[str, Json] = {"winner": name, "outputs": published(first)}
    settle(draft, scope, at, _OUTCOMES[first.verdict], outputs, error=first.error)


def _open(draft: Draft, scope: ScopeState, at: int, which: str = "") -> None:
    opened = Opened(scope.address, scope.graph.ids[at], scope.visits[at], which)
    draft.record(kinds.SCOPE_OPENED, opened.address)


def _end(draft: Draft, scope: ScopeState, at: int) -> None:
    """End as the scope that opened last did; what was asked to end before it was done is cancelled."""
    nest = scope.nests[at]
    if scope.delays.get(at):
        draft.command(CancelTimer(loop_timer(scope, at)))
    last = next(reversed(nest.ended.values()), None)
    if last is None:
        settle(draft, scope, at, "cancelled")
        return
    cut = last.verdict == "completed" and scope.graph.steps[at].kind == "loop"
    settle(draft, scope, at, "cancelled" if cut else _OUTCOMES[last.verdict], published(last), error=last.error)


_STATES: Final = {"completed": "succeeded", "failed": "failed", "cancelled": "cancelled"}
_OUTCOMES: Final = {"completed": "success", "failed": "failure", "cancelled": "cancelled"}
_TAKE_ON: Final[Mapping[str, Callable[[Draft, ScopeState, int], None]]] = {
    "parallel": _group,
    "steps": _group,
    "loop": _loop,
    "for_each": _items,
    "matrix": _items,
    "race": _race,
}
