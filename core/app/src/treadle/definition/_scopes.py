"""The bodies of a definition: lists of steps with their places."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from treadle_engine.plan import Case, Join, ScopePlan, StepPlan

from treadle.definition._document import Path
from treadle.definition._fields import ACTION, JOINS
from treadle.definition._model import BODIES, CALLS, KINDS, AtLeast, NamedJoin, Step
from treadle.definition._model_recovery import Recovery
from treadle.definition._structure import Structure


@dataclass(frozen=True, slots=True)
class StepAt:
    """A step and where it stands. `sound` False: it stands in for one that could not be read."""

    step: Step
    path: Path
    sound: bool = True
    gates: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Routes that gates take."""
    judges: bool = False
    """It stands for the `recovery` of the step before it."""

    @property
    def kind(self) -> str:
        """The key that says what the step does; "" without one."""
        return next(iter(kinds_of(self.step)), "")

    @property
    def repeated(self) -> str:
        """`for_each` or `matrix` if it runs for each item of something, else ""."""
        if self.step.for_each is not None:
            return "for_each"
        return "matrix" if self.step.matrix is not None else ""

    @property
    def calls(self) -> bool:
        """It calls an action."""
        return self.kind in CALLS


@dataclass(frozen=True, slots=True)
class Scope:
    """One list of steps: the workflow's, a handler's, or one inside a step.

    Attributes:
        path: where the list stands.
        steps: what is in it.
        owner: the step that opens the scope, None for the workflow's and a handler's.
        around: the list in which the owner stands.
    """

    path: Path
    steps: tuple[StepAt, ...]
    owner: StepAt | None = None
    around: "Scope | None" = None
    by_id: dict[str, StepAt] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_id", {at.step.id: at for at in reversed(self.steps)})

    @property
    def body(self) -> str:
        """How people call it: its key, or the step that it is inside."""
        return str(self.path[0]) if self.owner is None else self.owner.step.id

    @property
    def main(self) -> bool:
        """The workflow's own."""
        return self.path == ("steps",)

    def outward(self) -> "Iterator[Scope]":
        """Itself and the lists around it, from the inside out."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.around


def kinds_of(step: Step) -> list[str]:
    """The kinds whose keys a step has."""
    return [kind for kind in KINDS if getattr(step, kind) is not None]


def scopes_of(structure: Structure) -> tuple[Scope, ...]:
    """The bodies that are there, the workflow's first, each followed by those inside it."""
    found: list[Scope] = []
    for body in BODIES:
        steps = getattr(structure.workflow, "finally_" if body == "finally" else body)
        if steps:
            found += _nested(Scope((body,), _places(steps, (body,), structure)), structure)
    return tuple(found)


def _places(steps: Sequence[Step], path: Path, structure: Structure) -> tuple[StepAt, ...]:
    found: list[StepAt] = []
    for number, step in enumerate(steps):
        at: Path = (*path, number)
        recovery, key = _recovery_of(step)
        if recovery is None or at in structure.replaced:
            found.append(StepAt(step, at, at not in structure.replaced))
        else:
            judge = judging(step, recovery)
            found.append(StepAt(step.model_copy(update={"on_failure": [judge.id]}), at))
            found.append(StepAt(judge, (*at, key), judges=True))
    return tuple(found)


def _recovery_of(step: Step) -> tuple[Recovery | None, str]:
    """`recovery`, or what `on_failure: module/action` is short for; and the key where it stands."""
    named = step.on_failure or []
    if step.recovery is None and len(named) == 1 and is_action(named[0]):
        return Recovery.model_validate({"uses": named[0], "to": {"retry": [step.id]}}), "on_failure"
    return step.recovery, "recovery"


def is_action(target: str) -> bool:
    """What stands where a step's id is expected is the name of an action: no id has a slash."""
    return "/" in target and re.match(ACTION, target) is not None


def judging(step: Step, recovery: Recovery) -> Step:
    """The step that judges a failure of another one; it runs when that one has failed, and routes to a recovery."""
    data: dict[str, object] = {"id": f"{step.id[:55]}-recovery", "max_visits": recovery.max, "routes": recovery.to}
    if recovery.run is not None:
        return Step.model_validate({**data, "run": recovery.run})
    asked = {
        "step": step.id,
        "visit": f"{{{{ steps.{step.id}.visit }}}}",
        "error": f"{{{{ steps.{step.id}.error }}}}",
        "choices": list(recovery.to),
    }
    return Step.model_validate({**data, "uses": recovery.uses, "with": {**asked, **recovery.with_}})


def chosen(step: Step) -> tuple[Case, ...]:
    """A judging step may name the recovery in its output `recovery` as well as by its outcome."""
    return tuple(Case(targets(to) or (), f"outputs.recovery == '{name}'") for name, to in step.routes.items())


def _nested(scope: Scope, structure: Structure) -> Iterator[Scope]:
    yield scope
    for at in scope.steps:
        for keys, steps in inner_bodies(at.step):
            path = (*at.path, *keys)
            yield from _nested(Scope(path, _places(steps, path, structure), at, scope), structure)


def inner_bodies(step: Step) -> Iterator[tuple[Path, Sequence[Step]]]:
    """The lists of steps inside a step, with the keys that lead to them."""
    if step.parallel is not None:
        yield ("parallel", "steps"), step.parallel.steps
    if step.loop is not None:
        yield ("loop", "steps"), step.loop.steps
    if step.steps is not None:
        yield ("steps",), step.steps
    for name, steps in (step.race or {}).items():
        yield ("race", name), steps


def is_mode(join: str) -> bool:
    """A join's text is the name of a mode, perhaps a mistyped one, and no expression."""
    return join.replace("_", "").isalpha() and join.islower()


def joined(value: AtLeast | None) -> Join | None:
    """`join:` as the engine has it."""
    if value is None:
        return None
    if not isinstance(value, NamedJoin):
        return Join("at_least", threshold=value.at_least, cancel_rest=value.cancel_rest)
    if value.text in JOINS:
        return Join("all_done" if value.text == "always" else value.text)  # type: ignore[arg-type]
    return Join("expression", expression=value.text)


def targets(value: list[str] | None) -> tuple[str, ...] | None:
    """Step ids, each once, in the order written."""
    return None if value is None else tuple(dict.fromkeys(value))


def edges(at: StepAt) -> StepPlan:
    """A step as far as the graph of its scope is concerned."""
    step = at.step
    kind = next(iter(kinds_of(step)), "set")
    return StepPlan(
        id=step.id,
        kind="call" if kind in CALLS else kind,  # type: ignore[arg-type]
        with_={"steps": list(targets(step.cancel) or ())} if kind == "cancel" else {},
        needs=targets(step.needs),
        join=joined(step.join),
        when=step.when or "",
        on_success=targets(step.on_success),
        on_failure=targets(step.on_failure),
        routes=tuple((outcome, targets(to) or ()) for outcome, to in step.routes.items()) + _push_back(step) + at.gates,
        switch=tuple(Case(targets(case.goto) or (), case.when or "") for case in step.switch),
        max_visits=step.max_visits or 10,
        recovers=step.recovers,
        merge=step.merge,
        continue_on_error=step.continue_on_error,
    )


def _push_back(step: Step) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The route by which people send the execution back."""
    if step.approval is None or step.approval.push_back is None:
        return ()
    return (("pushed_back", (step.approval.push_back,)),)


def scope_edges(scope: Scope, start: list[str]) -> ScopePlan:
    """The graph of a scope, not yet linked."""
    ordered = scope.owner is None or scope.owner.kind != "parallel"
    return ScopePlan(tuple(edges(at) for at in scope.steps), start=targets(start) or (), ordered=ordered)


def references_of(at: StepAt) -> Iterator[tuple[Path, list[str]]]:
    """The steps that a step names, by the key where they stand."""
    step, path = at.step, at.path
    for key in ("needs", "on_success", "on_failure", "cancel"):
        yield (*path, key), getattr(step, key) or []
    for outcome, named in step.routes.items():
        yield (*path, "routes", outcome), named
    for number, case in enumerate(step.switch):
        yield (*path, "switch", number, "goto"), case.goto
    if step.approval is not None and step.approval.push_back is not None:
        yield (*path, "approval", "push_back"), [step.approval.push_back]
