"""Steps that open scopes: they open them, look after them, and end as they end."""

from treadle_engine import events as kinds
from treadle_engine.addresses import child_address
from treadle_engine.contexts import published
from treadle_engine.draft import Draft
from treadle_engine.scope_state import ScopeState
from treadle_engine.settling import settle


def attend(draft: Draft, scope: ScopeState) -> None:
    """Look after the visits whose scopes something happened to."""
    for at in sorted(scope.attention):
        _look_through(scope, at)
        scope.attention.discard(at)
        if _is_stopping(scope, at):
            _stop(draft, scope, at)
        _group(draft, scope, at)


def has_ended(scope: ScopeState) -> None:
    """A scope inside another one has finished: the visit that opened it is to be looked after."""
    parent = scope.parent
    nest = parent.nests.get(scope.owner) if parent is not None else None
    if parent is not None and nest is not None and nest.open.get(scope.number) is scope:
        nest.ended[scope.number] = nest.open.pop(scope.number)
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
        if child.closing is None and child.closing_due is None:
            draft.record(kinds.EXECUTION_CLOSING, child.address, data={"reason": reason})


def _group(draft: Draft, scope: ScopeState, at: int) -> None:
    """`parallel` and `steps`: one scope; as it ends, the visit ends."""
    nest = scope.nests[at]
    if not nest.open and not nest.ended:
        if _is_stopping(scope, at):
            settle(draft, scope, at, "cancelled")
        elif draft.state.paused:
            scope.attention.add(at)
        else:
            draft.record(kinds.SCOPE_OPENED, child_address(scope.address, scope.graph.ids[at], scope.visits[at]))
    elif nest.ended:
        child = nest.ended[0]
        settle(draft, scope, at, _OUTCOMES[child.verdict], published(child), error=child.error)


_OUTCOMES = {"completed": "success", "failed": "failure", "cancelled": "cancelled"}
