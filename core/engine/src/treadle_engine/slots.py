"""`concurrency`: places in groups, all of them had before a visit, or the execution, begins.

Who else has a place is nothing that one execution's log says: the decider asks (`AcquireSlots`), the runtime gets the
places from the store, and says so (`SlotsTaken`), or that the others were first (`SlotsRefused`). A place is given up
by the end of the visit, or of the execution. What a scope around it has, a step does not ask for again.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from treadle_hookspecs import Json, JsonObject

from treadle_engine import events as kinds
from treadle_engine.contexts import step_context
from treadle_engine.draft import Draft
from treadle_engine.expression_errors import ExpressionError, expression_failure
from treadle_engine.plan import Concurrency
from treadle_engine.protocol import AcquireSlots, CancelVisit, SlotsRefused, SlotsTaken
from treadle_engine.scope_state import ScopeState
from treadle_engine.settling import settle
from treadle_engine.step_code import compiled_value
from treadle_engine.workflow_stages import beginning_context

if TYPE_CHECKING:
    from treadle_engine.expressions import CompiledValue
    from treadle_engine.state import State

LONGEST: Final = 500
"""Characters that a group's name may have."""


class GroupError(Exception):
    """A group's expression gives no name."""


def holder_of(scope: ScopeState, at: int) -> str:
    """Who has the places of a step's visit: `scope/step#visit`."""
    return f"{scope.place(at)}#{scope.visits[at]}"


def evaluated(
    declared: Sequence[Concurrency], code: "CompiledValue | None", context: Mapping[str, object]
) -> list[JsonObject]:
    """The groups with their names. Raises `ExpressionError`, or `GroupError` for what is no name."""
    written: Any = [one.group for one in declared]
    names: Any = written if code is None else code.evaluate(context)
    return [
        {"group": _name(name), "limit": one.limit, "on_conflict": one.on_conflict}
        for one, name in zip(declared, names, strict=True)
    ]


def _name(value: Json) -> str:
    text = value if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""
    if not text or len(text) > LONGEST:
        raise GroupError(f"a group's name is a text of at most {LONGEST} characters, not {value!r:.80}")
    return text


def workflow_code(declared: Sequence[Concurrency]) -> "CompiledValue | None":
    """The expressions in a workflow's groups, None for literals."""
    return compiled_value([one.group for one in declared])


def ask(draft: Draft, scope: ScopeState, at: int) -> None:
    """A visit may begin once it has its places; where the scopes around it have them all, at once."""
    step = scope.graph.steps[at]
    try:
        groups = _groups(draft.state, scope, at)
    except ExpressionError as problem:
        settle(draft, scope, at, "failure", error=expression_failure("concurrency", problem), ran=False)
        return
    except GroupError as problem:
        settle(draft, scope, at, "failure", error={"type": "concurrency", "message": str(problem)}, ran=False)
        return
    around = _held_around(draft.state, scope)
    wanted = [group for group in groups if group["group"] not in around]
    place = (scope.address, step.id, scope.visits[at])
    if wanted:
        draft.record(kinds.VISIT_WAITING, *place, data={"for": "slots", "ask": {"groups": wanted}})
        ask_again(draft, scope, at)
    else:
        draft.record(kinds.SLOTS_GRANTED, *place, data={"groups": []})


def _groups(state: "State", scope: ScopeState, at: int) -> list[JsonObject]:
    """The groups of a step, and those of the workflow that it runs; each name once."""
    step, code = scope.graph.steps[at], scope.graph.code(at).groups
    own = [one for one in step.concurrency if not one.inner]
    found = evaluated(own, code, {} if code is None else step_context(state, scope, at))
    inner = [one for one in step.concurrency if one.inner]
    if inner:
        context = beginning_context(state, step.workflow, scope.requests[at].inputs, scope.place(at))
        found += evaluated(inner, workflow_code(inner), context)
    return list({group["group"]: group for group in reversed(found)}.values())[::-1]


def ask_again(draft: Draft, scope: ScopeState, at: int) -> None:
    """Have the places got that a visit waits for."""
    asked: Any = scope.waits[at].ask
    draft.command(AcquireSlots(holder_of(scope, at), tuple(asked["groups"])))


def _held_around(state: "State", scope: ScopeState) -> set[str]:
    """Groups in which the execution, or a visit that a scope is inside of, has a place."""
    held = set(state.slots.get("", ()))
    for inner in scope.around():
        if inner.parent is not None:
            held.update(state.slots.get(holder_of(inner.parent, inner.owner), ()))
    return held


def taken(draft: Draft, stimulus: SlotsTaken) -> None:
    """The places were got."""
    state = draft.state
    if not stimulus.holder:
        if state.queued_for:
            draft.record(kinds.SLOTS_GRANTED, data={"groups": [group["group"] for group in state.queued_for]})
        return
    found = waiting_for(state, stimulus.holder)
    if found is not None:
        scope, at = found
        asked: Any = scope.waits[at].ask
        data: JsonObject = {"groups": [group["group"] for group in asked["groups"]]}
        draft.record(kinds.SLOTS_GRANTED, scope.address, scope.graph.ids[at], scope.visits[at], data=data)


def refused(draft: Draft, stimulus: SlotsRefused) -> None:
    """Others were first, and it does not wait for them: the visit, or the execution, fails."""
    state = draft.state
    if not stimulus.holder:
        if state.queued_for:
            error = {"step": "", **stimulus.error}
            draft.record(kinds.EXECUTION_CLOSING, data={"reason": "end", "status": "failed", "error": error})
        return
    found = waiting_for(state, stimulus.holder)
    if found is not None:
        settle(draft, *found, "failure", error=stimulus.error, ran=False)


def cancel_visit(draft: Draft, stimulus: CancelVisit) -> None:
    """A later one wants the place of a visit: it ends."""
    place, _, visit = stimulus.holder.rpartition("#")
    address, _, step = place.rpartition("/")
    scope = draft.state.scopes.get(address)
    at = -1 if scope is None else scope.graph.number.get(step, -1)
    if scope is not None and at in scope.live and visit == str(scope.visits[at]) and at not in scope.called_off:
        data: JsonObject = {"reason": stimulus.reason}
        draft.record(kinds.VISIT_CANCEL_REQUESTED, address, step, scope.visits[at], data=data)


def waiting_for(state: "State", holder: str) -> tuple[ScopeState, int] | None:
    """The visit of that name, if it waits for places."""
    for scope, at in state.waiting.values():
        if scope.waits[at].kind == "slots" and holder_of(scope, at) == holder:
            return scope, at
    return None
