"""Checks of the order in which groups of `concurrency` are entered: executions could wait for each other."""

from collections.abc import Iterator, Sequence
from pathlib import Path as File
from typing import TypeAlias

from treadle.definition._document import Path
from treadle.definition._family import Children
from treadle.definition._model import Concurrency, Workflow
from treadle.definition._report import Report
from treadle.definition._scopes import Scope, StepAt, scopes_of

_Seen: TypeAlias = set[tuple[File, tuple[str, ...]]]
"""The workflows that were looked into, each with the groups that are held around it."""


def check_groups(workflow: Workflow, scopes: Sequence[Scope], children: Children, report: Report) -> None:
    """Groups that this definition, with the workflows that it runs, enters in both orders."""
    found = _entries(workflow, scopes, children, (), set())
    entered: dict[tuple[str, str], Path] = {}
    for outer, inner, path in sorted(found, key=lambda entry: report.document.key(entry[2]).start):
        entered.setdefault((outer, inner), path)
    told: set[tuple[str, str]] = set()
    for (outer, inner), path in entered.items():
        if (inner, outer) in told:
            line = report.line_of(entered[inner, outer])
            message = f"`{inner}` is waited for inside of `{outer}` here, and the other way round at line {line}"
            hint = "two executions could wait for each other: take both at once, `concurrency: [a, b]`, or in one order"
            report.at_key("TRD0119", message, path, hint=hint, severity="warning")
        told.add((outer, inner))


def _entries(
    workflow: Workflow, scopes: Sequence[Scope], children: Children, around: tuple[str, ...], seen: _Seen
) -> Iterator[tuple[str, str, Path]]:
    """Each group that is entered inside of another one: `(outer, inner, where)`."""
    own = _new(workflow.concurrency, around)
    yield from _pairs(around, own, ("concurrency",))
    for scope in scopes:
        held = (*around, *own)
        for owner in reversed([inner.owner for inner in scope.outward() if inner.owner is not None]):
            held = (*held, *_new(owner.step.concurrency, held))
        for at in scope.steps:
            asked = _new(at.step.concurrency, held)
            yield from _pairs(held, asked, (*at.path, "concurrency"))
            yield from _of_child(at, children, (*held, *asked), seen)


def _of_child(at: StepAt, children: Children, held: tuple[str, ...], seen: _Seen) -> Iterator[tuple[str, str, Path]]:
    """What the workflow of a step enters; an execution of its own has nothing of what is around it."""
    member = children.find(at.step.workflow) if at.sound and at.step.workflow and "{{" not in at.step.workflow else None
    inside = () if at.step.detached else held
    if member is None or member.found is None or (member.path, inside) in seen:
        return
    seen.add((member.path, inside))
    beside = children.family.beside(member.path.parent, str(member.path.parent.resolve()))
    for outer, inner, _ in _entries(member.found.workflow, scopes_of(member.found), beside, inside, seen):
        yield outer, inner, (*at.path, "workflow")


def _new(groups: Sequence[Concurrency], held: Sequence[str]) -> tuple[str, ...]:
    """Those that are not held already, which nobody asks for again."""
    return tuple(dict.fromkeys(one.group for one in groups if one.group not in held))


def _pairs(held: Sequence[str], asked: Sequence[str], path: Path) -> Iterator[tuple[str, str, Path]]:
    for inner in asked:
        yield from ((outer, inner, path) for outer in held)
