"""Where expressions stand in a definition, and which names are known there."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from treadle.definition._document import Path
from treadle.definition._model import Step, Workflow
from treadle.definition._scopes import Scope, StepAt

EARLY: Final = frozenset({"inputs", "trigger", "execution", "workflow"})
RUNNING: Final = EARLY | {"env", "vars", "steps"}


@dataclass(frozen=True, slots=True)
class Spot:
    """One value that may hold expressions.

    Attributes:
        path: where it stands.
        names: what is known there.
        bare: its texts are expressions themselves.
        step: the step that it belongs to, None for the workflow's own.
        scope: the list of steps around it.
        after: it is evaluated when the step's visit has ended.
        interpreter: the shell that runs the text, where it is a script; else "".
        inner: its `outputs` are those of one item, where the step runs for several.
    """

    path: Path
    names: frozenset[str]
    bare: bool = False
    step: StepAt | None = None
    scope: Scope | None = None
    after: bool = False
    interpreter: str = ""
    inner: bool = False


def spots_of(workflow: Workflow, scopes: tuple[Scope, ...]) -> Iterator[Spot]:
    """Every value that may hold expressions, in no particular order."""
    yield Spot(("env",), EARLY | {"secrets"})
    yield Spot(("vars",), EARLY | {"env"})
    yield Spot(("outputs",), RUNNING)
    yield Spot(("concurrency",), EARLY | {"env", "vars"})
    for number, trigger in enumerate(workflow.triggers):
        if trigger.event is not None:
            event = frozenset({"event", "trigger"})
            yield Spot(("triggers", number, "event", "match"), event, bare=True)
            yield Spot(("triggers", number, "event", "with"), event)
    for scope in scopes:
        if scope.owner is not None and scope.owner.step.loop is not None:
            for key in ("until", "while"):
                path = (*scope.owner.path, "loop", key)
                yield Spot(path, RUNNING | given(scope), bare=True, scope=scope, after=True)
        for at in scope.steps:
            if at.sound:
                yield from (replace(spot, names=spot.names | given(scope)) for spot in _of_step(at, scope))


def given(scope: Scope) -> frozenset[str]:
    """The names that the steps around a scope give to what is in it."""
    owners = [inner.owner for inner in scope.outward() if inner.owner is not None]
    return frozenset({owner.kind for owner in owners} & {"loop"}).union(*map(_item, owners))


def _item(at: StepAt) -> frozenset[str]:
    """The name of its item, to all that is evaluated for each item."""
    return frozenset({"for_each": ["item"], "matrix": ["matrix"]}.get(at.repeated, ()))


def _interpreter(step: Step) -> str:
    """What runs a step's command; "" for one that is started without a shell."""
    if not isinstance(step.run, str):
        return ""
    return str(step.shell[0]) if isinstance(step.shell, list) else step.shell or "sh"


def _of_step(at: StepAt, scope: Scope) -> Iterator[Spot]:
    path, here = at.path, RUNNING | _item(at)
    yield Spot((*path, "when"), RUNNING, bare=True, step=at, scope=scope)
    for key in ("for_each", "matrix", "include", "exclude"):
        yield Spot((*path, key), RUNNING, step=at, scope=scope)
    yield Spot((*path, "stop_when"), RUNNING | {"items"}, bare=True, step=at, scope=scope, after=True)
    yield Spot((*path, "env"), here | {"secrets"}, step=at, scope=scope)
    yield Spot((*path, "with"), here | {"secrets"}, step=at, scope=scope)
    yield Spot((*path, "run"), here | {"secrets"}, step=at, scope=scope, interpreter=_interpreter(at.step))
    for key in ("cwd", "set", "emit", "wait", "concurrency"):
        yield Spot((*path, key), here, step=at, scope=scope)
    for keys in (("prompt",), ("approvers",), ("not_by",), ("escalate", "approvers")):
        yield Spot((*path, "approval", *keys), here, step=at, scope=scope)
    sort = "signal" if at.step.wait_for is not None and at.step.wait_for.signal is not None else "event"
    yield Spot((*path, "wait_for", "match"), here | {sort}, bare=True, step=at, scope=scope)
    yield Spot((*path, "wait_for", "condition"), here, bare=True, step=at, scope=scope, after=True)
    for number, _ in enumerate(at.step.switch):
        place = (*path, "switch", number, "when")
        yield Spot(place, RUNNING | {"outputs"}, bare=True, step=at, scope=scope, after=True)
    own = here | {"outputs"}
    yield Spot((*path, "retry", "when"), own | {"error"}, bare=True, step=at, scope=scope, after=True, inner=True)
    undo = (*path, "compensate")
    yield Spot((*undo, "with"), own | {"secrets"}, step=at, scope=scope, after=True, inner=True)
    yield Spot((*undo, "run"), own, step=at, scope=scope, after=True, interpreter="sh", inner=True)
    if at.step.join is not None and hasattr(at.step.join, "text"):
        yield Spot((*path, "join"), RUNNING, bare=True, step=at, scope=scope)
