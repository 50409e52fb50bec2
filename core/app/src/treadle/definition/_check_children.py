"""Checks of the steps that run other workflows: that they are there, and get what they ask for."""

from collections.abc import Iterable
from typing import Final

from treadle_engine.inputs import is_type, kind_of

from treadle.definition._document import Path
from treadle.definition._family import Children, Member
from treadle.definition._model import Input
from treadle.definition._report import Report
from treadle.definition._scopes import Scope, StepAt
from treadle.definition._values import holds_expression

_PRINTED: Final = 8


def check_children(scopes: Iterable[Scope], children: Children, report: Report) -> None:
    """Every workflow that a step runs, and what it is given."""
    for scope in scopes:
        for at in scope.steps:
            if at.sound and at.step.workflow is not None:
                _check(at, at.step.workflow, children, report)


def _check(at: StepAt, reference: str, children: Children, report: Report) -> None:
    place = (*at.path, "workflow")
    if "{{" in reference:
        hint = "a step that runs one of several: give each a step of its own with `when`"
        report.at_value("TRD0150", "which workflow a step runs has to be known before the run", place, hint=hint)
        return
    member = children.find(reference)
    if member is None:
        names = children.family.names()
        hint = (
            report.suggest(reference, names)
            or f"looked beside this file, in workflows/ and in the catalogues: {_some(names)}"
        )
        report.at_value("TRD0150", f"there is no workflow `{reference}`", place, hint=hint)
    elif member.workflow is not None:
        _check_given(at, member, member.workflow.inputs, report)


def _check_given(at: StepAt, member: Member, declared: dict[str, Input], report: Report) -> None:
    given = at.step.with_ or {}
    for name, spec in declared.items():
        if spec.required and "default" not in spec.model_fields_set and name not in given:
            message = f"workflow `{member.key}` needs the input `{name}`"
            hint = f"{name}: {spec.description}" if spec.description else f"add `with: {{{name}: …}}`"
            report.at_value("TRD0151", message, (*at.path, "workflow"), hint=hint)
    for name, value in given.items():
        place = (*at.path, "with", name)
        if name not in declared:
            hint = report.suggest(name, declared) or _there_is(declared)
            report.at_key("TRD0151", f"workflow `{member.key}` has no input `{name}`", place, hint=hint)
        else:
            _check_type(name, value, declared[name], member, place, report)


def _check_type(name: str, value: object, spec: Input, member: Member, place: Path, report: Report) -> None:
    """A literal; texts are read as the input's type when the step runs."""
    if holds_expression(value) or isinstance(value, str) or value is None or is_type(value, spec.type):
        return
    message = f"the input `{name}` of workflow `{member.key}` must be of type {spec.type}, not {kind_of(value)}"
    report.at_value("TRD0151", message, place)


def _there_is(names: Iterable[str]) -> str:
    shown = _some(names)
    return f"there is {shown}" if shown else "it takes no inputs"


def _some(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)[:_PRINTED])
