"""Sub-workflows: one that a step runs as a part of its execution has its own steps, undoing and handlers."""

from treadle_engine import events as kinds
from treadle_engine import rollback
from treadle_engine.draft import Draft
from treadle_engine.frames import Frame
from treadle_engine.nested_ends import OUTCOMES, conclude, is_ending, open_scope
from treadle_engine.scope_state import ScopeState
from treadle_engine.workflow_stages import begun, due_handler, results


def child(draft: Draft, scope: ScopeState, at: int) -> None:
    """Its steps, then undoing, then its handler, then its `finally`; the visit ends as the workflow does."""
    nest = scope.nests[at]
    if nest.open:
        return
    first = nest.ended.get(0)
    if first is None and is_ending(scope, at):
        conclude(draft, scope, at, "cancelled")
    elif draft.state.paused:
        scope.attention.add(at)
    elif first is None:
        _begin(draft, scope, at)
    elif first.address not in draft.state.log.undoing:
        _next_stage(draft, scope, at, first.frame)


def _begin(draft: Draft, scope: ScopeState, at: int) -> None:
    """Open its scope, with its environment and its variables evaluated once."""
    key = scope.graph.steps[at].workflow
    data, problem = begun(draft.state, key, scope.requests[at].inputs, scope.place(at))
    address = open_scope(draft, scope, at, data={name: data[name] for name in ("env", "vars") if name in data})
    if problem is not None:
        draft.record(kinds.EXECUTION_CLOSING, address, data={"reason": "end", "status": "failed", "error": problem})


def _next_stage(draft: Draft, scope: ScopeState, at: int, frame: Frame) -> None:
    """Go on to what comes after the scopes that have finished."""
    if rollback.is_due(draft.state, frame):
        rollback.begin(draft, rollback.reason_of(frame), frame.address)
        rollback.go_on(draft)
    elif handler := due_handler(frame):
        draft.record(kinds.SCOPE_OPENED, f"{frame.address}/{handler}")
    else:
        _finish(draft, scope, at, frame)


def _finish(draft: Draft, scope: ScopeState, at: int, frame: Frame) -> None:
    """R11 of a sub-workflow. A failure in a handler fails it as well."""
    outputs, problem = results(draft.state, frame)
    error = frame.error
    verdict = frame.root.verdict if error is None else "failed"
    if verdict == "completed" and problem is not None:
        verdict, error = "failed", {**problem, "step": scope.place(at)}
    conclude(draft, scope, at, OUTCOMES[verdict], outputs, error=error)
