"""Gates: which steps they judge, and the routes of those that do not meet them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from treadle_engine.expressions import ExpressionError, references
from treadle_engine.gates import PREFIX, as_expression
from treadle_engine.plan import Gate
from treadle_hookspecs import figure_marks

from treadle.definition import _model as model
from treadle.definition._catalogue import Catalogue
from treadle.definition._document import Path
from treadle.definition._known_outputs import RUN
from treadle.definition._report import Report
from treadle.definition._scopes import Scope, StepAt

FIXED: Final = ("fail", "warn", "approval")
"""What can become of a step that does not meet a gate, beside going to another one."""


@dataclass(frozen=True, slots=True)
class GateAt:
    """A gate and where it stands; `foreign`: in a file that was not written for this workflow."""

    name: str
    gate: model.Gate
    path: Path
    report: Report
    foreign: bool = False
    replaces: model.Gate | None = None
    """The definition's own of the same name, whose route stays an edge: what it leads to is out of the sequence."""


@dataclass(frozen=True, slots=True)
class Gated:
    """The scopes with the routes that gates take, the gates as the engine has them, and those that judge nothing."""

    scopes: tuple[Scope, ...]
    gates: tuple[Gate, ...] = ()
    idle: tuple[str, ...] = ()


def own_gates(workflow: model.Workflow, report: Report) -> list[GateAt]:
    """The definition's own."""
    return [GateAt(name, gate, ("gates", name), report) for name, gate in workflow.gates.items()]


def figure_pairs(step: model.Step, catalogue: Catalogue) -> tuple[tuple[str, str], ...]:
    """`(figure, output)`: what the step marks, and what its action marks besides."""
    own = tuple((output.figure, name) for name, output in step.outputs.items() if output.figure)
    taken = {figure for figure, _ in own}
    schema = catalogue.action_outputs(RUN if step.run is not None else str(step.uses))
    return (*own, *((figure, path) for figure, path in figure_marks(schema) if figure not in taken))


def gated(scopes: tuple[Scope, ...], found: Sequence[GateAt], catalogue: Catalogue) -> Gated:
    """Check the gates and add their routes. Problems go to the report of the gate's own file."""
    if not found:
        return Gated(scopes)
    return _Gating(scopes, catalogue).over(found)


class _Gating:
    def __init__(self, scopes: tuple[Scope, ...], catalogue: Catalogue) -> None:
        self._scopes = scopes
        self._published = {
            at.path: frozenset(figure for figure, _ in figure_pairs(at.step, catalogue))
            for scope in scopes
            for at in scope.steps
            if at.sound and at.calls
        }
        self._figures = frozenset[str]().union(*self._published.values())
        self._routes: dict[Path, list[tuple[str, tuple[str, ...]]]] = {}
        self._further: dict[Path, list[StepAt]] = {}

    def over(self, found: Sequence[GateAt]) -> Gated:
        gates: list[Gate] = []
        idle: list[str] = []
        for at in found:
            figures = self._figures_of(at)
            self._keep_edges(at)
            if figures is None:
                idle += [at.name] if at.foreign else []
            else:
                gates.append(self._gate(at, figures))
        return Gated(tuple(map(self._routed, self._scopes)), tuple(gates), tuple(idle))

    def _figures_of(self, at: GateAt) -> tuple[str, ...] | None:
        """The figures that a rule is about; None when it cannot be judged here."""
        place = (*at.path, "if" if at.foreign and (*at.path, "if") in _paths(at) else "when")
        try:
            found = references(as_expression(at.gate.when), expression=True)
        except ExpressionError as problem:
            at.report.at_value("TRD0130", f"the rule of gate `{at.name}` cannot be read: {problem.message}", place)
            return None
        names = tuple(dict.fromkeys(str(reference.path[0]) for reference in found))
        unknown = [name for name in names if name not in self._figures]
        if not names:
            at.report.at_value("TRD0148", f"the rule of gate `{at.name}` names no figure", place)
        for name in unknown if not at.foreign else ():
            hint = at.report.suggest(name, self._figures) or "mark an output with `figure`"
            at.report.at_value("TRD0148", f"no step publishes the figure `{name}`", place, hint=hint)
        return None if unknown or not names else names

    def _gate(self, at: GateAt, figures: tuple[str, ...]) -> Gate:
        gate = at.gate
        verdict = self._verdict(at, list(self._judged(figures)))
        message = gate.message
        if verdict == "warn" and gate.then not in FIXED and not message:
            message = gate.then.replace("_", " ").replace("-", " ")
        return Gate(at.name, gate.when, as_expression(gate.when), figures, verdict, gate.severity, message)  # type: ignore[arg-type]

    def _keep_edges(self, at: GateAt) -> None:
        own = at.replaces
        if own is None or own.then in FIXED:
            return
        names = tuple(str(found.path[0]) for found in references(as_expression(own.when), expression=True))
        for scope, step in self._judged(names):
            if own.then in scope.by_id:
                self._routes.setdefault(step.path, []).append((f"{PREFIX}{at.name}:replaced", (own.then,)))

    def _judged(self, figures: tuple[str, ...]) -> Iterator[tuple[Scope, StepAt]]:
        for scope in self._scopes:
            for at in scope.steps:
                if not self._published.get(at.path, frozenset()).isdisjoint(figures):
                    yield scope, at

    def _verdict(self, at: GateAt, judged: Sequence[tuple[Scope, StepAt]]) -> str:
        then = at.gate.then
        if then in ("fail", "warn"):
            return then
        if at.foreign and then.startswith("abort"):
            return "fail"
        if then == "approval":
            return self._ask(at, judged)
        reachable = [(scope, step) for scope, step in judged if then in scope.by_id and not step.repeated]
        if not reachable:
            return self._unreachable(at, judged)
        for _, step in reachable:
            self._routes.setdefault(step.path, []).append((f"{PREFIX}{at.name}", (then,)))
        return "route"

    def _unreachable(self, at: GateAt, judged: Sequence[tuple[Scope, StepAt]]) -> str:
        """There is no such step beside those that the gate judges. In a file for any workflow it is advice."""
        if at.foreign:
            return "warn"
        place, then = (*at.path, "then"), at.gate.then
        beside = {name for scope, _ in judged for name in scope.by_id}
        hint = at.report.suggest(then, {*beside, *FIXED})
        known = any(then in scope.by_id for scope in self._scopes)
        if known:
            steps = " and ".join(f"`{step.step.id}`" for _, step in judged)
            message = f"the gate judges {steps}, from where no route leads to `{then}`"
            at.report.at_value("TRD0107", message, place, hint="take a step of the same list, outside of `for_each`")
        else:
            at.report.at_value(
                "TRD0107", f"step `{then}` is not defined", place, hint=hint, label="no step has this id"
            )
        return "fail"

    def _ask(self, at: GateAt, judged: Sequence[tuple[Scope, StepAt]]) -> str:
        """Beside each step that is judged stands one that asks people; approved, it goes on as after success."""
        for scope, step in judged:
            if step.repeated or step.step.switch:
                key = step.repeated or "switch"
                message = f"`approval` cannot follow step `{step.step.id}`, which has `{key}`"
                at.report.at_value("TRD0112", message, (*at.path, "then"), hint="route to an approval of your own")
                continue
            asking = self._asking(at, scope, step)
            self._further.setdefault(scope.path, []).append(asking)
            self._routes.setdefault(step.path, []).append((f"{PREFIX}{at.name}", (asking.step.id,)))
        return "approval"

    def _asking(self, at: GateAt, scope: Scope, step: StepAt) -> StepAt:
        taken = {*scope.by_id, *(each.step.id for each in self._further.get(scope.path, ()))}
        wanted = f"approve-{at.name}"[:60]
        names = (wanted, *(f"{wanted}-{number}" for number in range(2, 1000)))
        prompt = at.gate.message or f"Gate {at.name} is not met by {step.step.id}: {at.gate.when}. Go on all the same?"
        asked = {
            "id": next(name for name in names if name not in taken),
            "name": f"Gate {at.name}",
            "approval": {"prompt": prompt},
            "recovers": True,
            "on_success": step.step.on_success,
        }
        return StepAt(model.Step.model_validate(asked), (*at.path, "then"))

    def _routed(self, scope: Scope) -> Scope:
        steps = tuple(replace(at, gates=(*at.gates, *self._routes.get(at.path, ()))) for at in scope.steps)
        return replace(scope, steps=(*steps, *self._further.get(scope.path, ())))


def _paths(at: GateAt) -> set[Path]:
    node = at.report.document.node(at.path)
    return {(*at.path, key) for key in getattr(node, "entries", ())}


def merged_gates(own: Sequence[GateAt], foreign: Sequence[GateAt]) -> list[GateAt]:
    """Those of a file win over the definition's of the same name."""
    written = {at.name: at for at in own}
    over = [replace(at, replaces=written[at.name].gate if at.name in written else None) for at in foreign]
    return list({at.name: at for at in (*own, *over)}.values())
