"""Attempts within a visit: when another one follows, and how it begins."""

from typing import Any

from treadle_engine import events as kinds
from treadle_engine.closing import limit_timer, retry_timer
from treadle_engine.draft import Draft
from treadle_engine.protocol import Address, AttemptEnded, StartAttempt, StartTimer
from treadle_engine.scope_state import ScopeState
from treadle_engine.settling import retry_due, tries_of


def retry(draft: Draft, scope: ScopeState, at: int, ended: AttemptEnded) -> None:
    """Record that an attempt failed and another one follows, at once or when it is due."""
    due = retry_due(scope.graph.steps[at].retry, tries_of(scope, at), draft.at, ended.draw)
    data: dict[str, Any] = {"outcome": ended.outcome, "error": ended.error, "draw": ended.draw, "due": due}
    if ended.facts:
        data["facts"] = ended.facts
    address = (scope.address, scope.graph.ids[at], scope.visits[at])
    draft.record(kinds.ATTEMPT_FAILED, *address, scope.attempts[at], data)
    if due == draft.at and not draft.state.paused:
        next_attempt(draft, scope, at)
    else:
        draft.command(StartTimer(retry_timer(scope, at), due))


def next_attempt(draft: Draft, scope: ScopeState, at: int) -> None:
    """Begin another attempt of a live visit."""
    address = (scope.address, scope.graph.ids[at], scope.visits[at])
    draft.record(kinds.ATTEMPT_STARTED, *address, scope.attempts[at] + 1)
    begin_attempt(draft, scope, at)


def begin_attempt(draft: Draft, scope: ScopeState, at: int) -> None:
    """Have the attempt run that the last event began; its inputs were evaluated when the visit started."""
    if not scope.graph.nested[at]:
        request = scope.requests[at]
        address = Address(scope.address, scope.graph.ids[at], scope.visits[at], scope.attempts[at])
        timeout, replies = scope.graph.steps[at].timeout, scope.replies.get(at, {})
        draft.command(StartAttempt(address, request.action, request.inputs, request.env, timeout, replies))
    elif at in scope.deadlines:
        draft.command(StartTimer(limit_timer(scope, at), scope.deadlines[at]))
