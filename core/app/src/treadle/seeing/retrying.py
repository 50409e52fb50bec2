"""`treadle retry`: a new execution that runs some steps of an old one again, and all that follows them (R13a)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from treadle_engine.graph import bits
from treadle_engine.plan import Plan, StepPlan
from treadle_engine.state import State, graph_of
from treadle_engine.takeover import takeover_of
from treadle_hookspecs import Definition, ExecutionRow, ExitCode, Json, JsonObject, TreadleError

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
    present: Present | None = None,
) -> "Launch":
    """A new execution that takes over all but the given steps and what follows them.

    Args:
        row: of the execution that ended.
        state: folded from its log, with plain values.
        definition: its own.
        sensitive: the values that are sealed in its log.
        actor: who asks.
        steps: `step` or `step#visit`, the visit being the step's last.
        present: run the rest by this definition instead.

    Raises:
        TreadleError: the execution has not ended (5), has no such step or visit (3), or a step that would be taken
            over is another one in `present` (5).
    """
    from treadle.runtime.again import children_of
    from treadle.runtime.local import Launch

    again = [_named(state, address) for address in steps]
    takeover = _taken_over(state, again) if present is None else _adapted(state, again, present.plan)
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


def _named(state: State, address: str) -> str:
    """The step that an address names, checked to be one that a retry can begin with."""
    scope, step, visit = located(state.plan, address)
    if scope:
        raise TreadleError(
            f"`{address}` belongs to the handler `{scope}`: a retry begins with a step of the workflow itself",
            suggestions=("the handlers run again by themselves, if the retry ends the same way",),
        )
    if visit:
        _check_visit(state, step, visit)
    return step


def _check_visit(state: State, step: str, visit: int) -> None:
    last = state.step("", step).visits
    if visit > last:
        raise TreadleError(f"`{step}` has no visit {visit}; it had {last}", exit_code=ExitCode.NOT_FOUND)
    if visit < last:
        raise TreadleError(
            f"`{step}#{visit}` is not the last visit of `{step}`: what came after it rests on its results",
            exit_code=ExitCode.CONFLICT,
            suggestions=(f"--from {step}#{last}", f"--from {step} is the same"),
        )


def _taken_over(state: State, again: Sequence[str]) -> dict[str, Json]:
    try:
        return takeover_of(state, again)
    except ValueError as error:
        raise TreadleError(
            str(error), exit_code=ExitCode.CONFLICT, suggestions=(f"treadle resume {state.execution}",)
        ) from error


def _adapted(state: State, again: Sequence[str], plan: Plan) -> dict[str, Json]:
    """What can be taken over into another plan: steps that are the same there, and that nothing new leads to."""
    wanted = list(again)
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
            return {**takeover, "tokens": [id_ for id_ in takeover["tokens"] if id_ in graph.number]}
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
