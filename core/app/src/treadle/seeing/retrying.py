"""`treadle retry`: a new execution that runs some steps of an old one again, and all that follows them (R13a)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from treadle_engine.addresses import opened_by
from treadle_engine.events import VISIT_STARTED
from treadle_engine.graph import bits
from treadle_engine.plan import HANDLERS, Plan, StepPlan
from treadle_engine.state import State, fold, graph_of
from treadle_engine.takeover import takeover_of
from treadle_hookspecs import Definition, Event, ExecutionRow, ExitCode, Json, JsonObject, TreadleError

from treadle.seeing._places import located

if TYPE_CHECKING:
    from treadle.runtime.local import Launch


@dataclass(frozen=True, slots=True)
class Present:
    """The definition as its file has it now, and its plan."""

    definition: Definition
    plan: Plan
    inputs: JsonObject


def launch_retry(
    row: ExecutionRow,
    state: State,
    definition: Definition,
    sensitive: Sequence[str],
    actor: str,
    steps: Sequence[str],
    log: Sequence[Event],
    present: Present | None = None,
) -> "Launch":
    """A new execution that takes over all but the given steps and what follows them.

    Args:
        row: of the execution that ended.
        state: folded from its log, with plain values.
        definition: its own.
        sensitive: the values that are sealed in its log.
        actor: who asks.
        steps: `step`, `scope/step`, and a visit of one: `scope/step#2`. What came before that visit is taken over as
            it was then.
        log: its events, with plain values.
        present: run the rest by this definition instead.

    Raises:
        TreadleError: the execution has not ended (5), has no such step or visit (3), or a step that would be taken
            over is another one in `present` (5).
    """
    from treadle.runtime.again import children_of
    from treadle.runtime.local import Launch

    visits = [_named(state, address) for address in steps]
    again = [f"{scope}/{step}" if scope else step for scope, step, _ in visits]
    then = _before(state, log, visits)
    takeover = _taken_over(state, again, then) if present is None else _adapted(state, again, present.plan)
    data = row.trigger_data if isinstance(row.trigger_data, Mapping) else {}
    return Launch(
        state.plan if present is None else present.plan,
        definition if present is None else present.definition,
        state.inputs if present is None else present.inputs,
        Path(row.root),
        row.trigger_type,
        data,
        origin=row.id,
        takeover=takeover,
        actor=actor,
        sensitive=tuple(sensitive),
        children=children_of(state),
    )


def _named(state: State, address: str) -> tuple[str, str, int]:
    """Scope, step and visit that an address names, checked to be one that a retry can begin with.

    Without a visit it is the step's last one; 0 when it has had none.
    """
    scope, step, visit = located(state.plan, address)
    parts = scope.split("/")
    handler = next((name for name in parts if name in HANDLERS), "")
    if handler:
        whose = "the workflow itself" if parts[0] == handler else "a workflow"
        raise TreadleError(
            f"`{address}` belongs to the handler `{handler}`: a retry begins with a step of {whose}",
            suggestions=("the handlers run again by themselves, if the retry ends the same way",),
        )
    if scope not in state.scopes:
        raise _never_opened(state, scope, address)
    last = state.step(scope, step).visits
    if visit > last:
        raise TreadleError(f"`{step}` has no visit {visit}; it had {last}", exit_code=ExitCode.NOT_FOUND)
    return scope, step, visit or last


def _never_opened(state: State, scope: str, address: str) -> TreadleError:
    takeover: Any = state.header.get("takeover") or {}
    origin = takeover.get("execution", "")
    elsewhere = f"if its results were taken over: treadle retry {origin} --from '{address}'"
    return TreadleError(
        f"`{scope}` did not open in execution {state.execution}",
        exit_code=ExitCode.NOT_FOUND,
        suggestions=(elsewhere,) if origin else (f"treadle status {state.execution} shows what has run",),
    )


def _before(state: State, log: Sequence[Event], visits: Sequence[tuple[str, str, int]]) -> State | None:
    """The state before the first of these visits started; None when none of them has."""
    then = State(state.plan, state.execution)
    for event in log:
        if event.type == VISIT_STARTED and (event.scope, event.step, event.visit) in visits:
            return then
        fold(then, event)
    return None


def _taken_over(state: State, again: Sequence[str], then: State | None = None) -> dict[str, Json]:
    try:
        return takeover_of(state, again, then)
    except ValueError as error:
        raise TreadleError(
            str(error), exit_code=ExitCode.CONFLICT, suggestions=(f"treadle resume {state.execution}",)
        ) from error


def _adapted(state: State, again: Sequence[str], plan: Plan) -> dict[str, Json]:
    """What can be taken over into another plan: steps that are the same there, and that nothing new leads to.

    Steps that hold scopes run again as a whole: what is inside may be another thing by now.
    """
    wanted = [address.partition("/")[0].partition("#")[0] for address in again]
    wanted = [opened_by(name).step if name not in state.root.graph.number else name for name in wanted]
    graph = graph_of(plan.root)
    while True:
        takeover: dict[str, Any] = _taken_over(state, wanted)
        _check_same(state, takeover["steps"], plan)
        kept = sum(1 << at for at, id_ in enumerate(graph.ids) if id_ in takeover["steps"])
        reach = 0
        for at in range(len(graph)):
            reach |= 0 if kept >> at & 1 else graph.closures[at]
        reached = [graph.ids[at] for at in bits(reach & kept)]
        if not reached:
            tokens = [id_ for id_ in takeover["tokens"] if id_ in graph.number]
            return {**takeover, "tokens": tokens, "before": {}, "scopes": {}}
        wanted += reached


def _check_same(state: State, kept: Mapping[str, Json], plan: Plan) -> None:
    now = {step.id: step for step in plan.root.steps}
    for old in state.plan.root.steps:
        if old.id in kept and old.id not in now:
            raise _differs(state, old.id, "it is no longer there")
        if old.id in kept and (changed := _changed(old, now[old.id])):
            raise _differs(state, old.id, f"{', '.join(changed)} changed")


def _changed(old: StepPlan, new: StepPlan) -> list[str]:
    """The fields in which two steps differ, but for where they stand and what people call them."""
    new = replace(new, line=old.line, name=old.name)
    written = {"with_": "run" if old.action == "command/run" else "with"}
    differing = (one.name for one in fields(old) if getattr(old, one.name) != getattr(new, one.name))
    return [f"`{written.get(name, name)}`" for name in differing]


def _differs(state: State, step: str, what: str) -> TreadleError:
    return TreadleError(
        f"step `{step}`, whose result would be taken over, is another one in the present definition: {what}",
        exit_code=ExitCode.CONFLICT,
        context={"step": step},
        suggestions=(
            f"run it again as well: --from {step}",
            "keep to the definition of that execution: --definition same",
            f"treadle run {state.plan.name} starts anew",
        ),
    )
