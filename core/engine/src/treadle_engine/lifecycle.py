"""From the first step to the end: the steps, undoing, a handler, `finally`, the final event (R11, R12)."""

from heapq import heappop
from typing import Any, Final

from treadle_engine import rollback
from treadle_engine.closing import call_off, close_if_due
from treadle_engine.draft import Draft
from treadle_engine.joins import judge
from treadle_engine.liveness import survey
from treadle_engine.nesting import attend, has_ended
from treadle_engine.protocol import CancelTimer, Finish
from treadle_engine.rearm import announce, end_waits, let_in
from treadle_engine.scope_state import IDLE, ScopeState
from treadle_engine.starting import start_ready
from treadle_engine.waiting import review
from treadle_engine.workflow_stages import due_handler, results

TIMEOUT_TIMER: Final = "timeout"
"""The id of the timer for the workflow's time-out."""


def proceed(draft: Draft) -> None:
    """Do all that follows from the state as it is."""
    state = draft.state
    if not state.scopes:
        return
    while True:
        rollback.go_on(draft)
        if not state.terminal:
            _run_queued(draft)
            while state.waiting and (end_waits(draft) or review(draft)):
                _run_queued(draft)
            if not state.root.finished or not all(scope.finished for scope in state.tops):
                return
        if state.log.active or state.terminal or not _next_stage(draft):
            return


def _run_queued(draft: Draft) -> None:
    """Take every scope that something happened to as far as it goes, the outer ones first."""
    state = draft.state
    while (scope := state.next_queued()) is not None:
        if scope.disturbed or not scope.finished:
            _run(draft, scope)
        if not scope.finished:
            if (scope.queue or scope.late or scope.cleared) and not state.paused and not scope.has_room:
                state.starved[scope.address] = scope
        elif scope.parent is not None:
            has_ended(scope)
            state.queue(scope.parent)
        scope.queued = False


def _run(draft: Draft, scope: ScopeState) -> None:
    """Take a scope as far as it goes without anything from outside."""
    while True:
        before = draft.state.last_seq
        if scope.disturbed:
            scope.disturbed = False
            close_if_due(draft, scope)
            call_off(draft, scope)
        if scope.attention:
            attend(draft, scope)
        start_ready(draft, scope)
        _settle_doomed(draft, scope)
        if draft.state.last_seq == before:
            survey(draft, scope)
            if scope.parked and scope.closing is None and not scope.disturbed:
                let_in(draft, scope)
        if draft.state.last_seq == before and not (scope.late and not draft.state.held_back and scope.has_room):
            break
    if scope.parked or scope.absorbed:
        announce(draft, scope)


def _settle_doomed(draft: Draft, scope: ScopeState) -> None:
    """R4, R5 of steps that are activated at most once: their join cannot hold, or no token will come."""
    while scope.doomed and not scope.disturbed:
        at = heappop(scope.doomed)
        if scope.phase[at] != IDLE or at in scope.ready:
            continue
        if not scope.activated(at):
            draft.skip(scope, at, "skipped", "dead")
            continue
        good, bad = scope.good_needs[at], scope.bad_needs[at]
        skipped = len(scope.graph.needs[at]) - good - bad
        draft.skip(scope, at, judge(scope.graph.joins[at], good, bad, skipped, 0), "join")


def _next_stage(draft: Draft) -> bool:
    """Go on to what comes after the scopes that have finished; False when it has to wait or nothing is left."""
    state = draft.state
    if rollback.is_due(state, state):
        if state.paused:
            return False
        rollback.begin(draft, rollback.reason_of(state))
        return True
    handler = "" if state.unbegun else due_handler(state)
    if handler:
        state.open_scope(handler)
        return True
    _finish(draft)
    return False


def _finish(draft: Draft) -> None:
    """R11: the final event. A failure in a handler fails the execution as well."""
    state = draft.state
    outputs, problem = results(state, state)
    error = state.error
    verdict = state.root.verdict if error is None else "failed"
    if verdict == "completed" and problem is not None:
        verdict, error = "failed", problem
    data: dict[str, Any] = {"outputs": outputs} if outputs else {}
    if state.warnings:
        data["warnings"] = state.warnings
    if verdict == "failed":
        data["error"] = error
        if state.timed_out:
            data["timed_out"] = True
        if state.attention or rollback.is_barred(state):
            data["attention"] = True
    if verdict == "cancelled":
        data["reason"] = state.cancel_reason
    if state.plan.timeout is not None:
        draft.command(CancelTimer(TIMEOUT_TIMER))
    draft.record(f"execution_{verdict}", data=data)
    draft.command(Finish(verdict))
