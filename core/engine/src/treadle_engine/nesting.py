"""Steps that open scopes: they open them, look after them, and end as they end."""

from collections.abc import Callable, Mapping
from typing import Final

from treadle_hookspecs import Json

from treadle_engine.children import child
from treadle_engine.contexts import published
from treadle_engine.draft import Draft
from treadle_engine.item_scopes import items
from treadle_engine.looping import loop
from treadle_engine.nested_ends import OUTCOMES, close, conclude, conclude_as_last, is_ending, open_scope, stop
from treadle_engine.scope_state import RUNNING, ScopeState


def attend(draft: Draft, scope: ScopeState) -> None:
    """Look after the visits whose scopes something happened to."""
    for at in sorted(scope.attention):
        scope.attention.discard(at)
        if scope.phase[at] != RUNNING or at in scope.unplaced:
            continue
        _look_through(scope, at)
        if is_ending(scope, at):
            stop(draft, scope, at)
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


def _group(draft: Draft, scope: ScopeState, at: int) -> None:
    """`parallel` and `steps`: one scope; as it ends, the visit ends."""
    nest = scope.nests[at]
    if nest.ended or (is_ending(scope, at) and not nest.open):
        conclude_as_last(draft, scope, at)
    elif draft.state.paused and not nest.open:
        scope.attention.add(at)
    elif not nest.open:
        open_scope(draft, scope, at)


def _race(draft: Draft, scope: ScopeState, at: int) -> None:
    """Every branch has a scope; the one that ends first decides, however it ends, and the others are cancelled."""
    nest, branches = scope.nests[at], scope.graph.steps[at].branches
    opened = len(nest.open) + len(nest.ended)
    if opened < len(branches) and not nest.ended and not is_ending(scope, at):
        if draft.state.paused:
            scope.attention.add(at)
            return
        for name, _ in branches[opened:]:
            open_scope(draft, scope, at, f".{name}")
    if nest.ended:
        for child in tuple(nest.open.values()):
            close(draft, child, {"reason": "cancelled"})
    if not nest.open:
        _decide_race(draft, scope, at)


def _decide_race(draft: Draft, scope: ScopeState, at: int) -> None:
    """End as the branch did that ended first."""
    nest = scope.nests[at]
    if not nest.ended:
        conclude(draft, scope, at, "cancelled")
        return
    first = min(nest.ended.values(), key=lambda child: child.last)
    name = scope.graph.steps[at].branches[first.number][0]
    outputs: dict[str, Json] = {"winner": name, "outputs": published(first)}
    conclude(draft, scope, at, OUTCOMES[first.verdict], outputs, error=first.error)


_TAKE_ON: Final[Mapping[str, Callable[[Draft, ScopeState, int], None]]] = {
    "parallel": _group,
    "steps": _group,
    "loop": loop,
    "for_each": items,
    "matrix": items,
    "race": _race,
    "workflow": child,
}
