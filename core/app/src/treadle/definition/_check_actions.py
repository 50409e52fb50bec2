"""Checks against the installed plugins: actions, their inputs, rollback actions, triggers."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from treadle_hookspecs import Json, JsonObject

from treadle.definition._catalogue import Catalogue
from treadle.definition._document import Path, plain
from treadle.definition._known_outputs import RUN
from treadle.definition._model import Workflow
from treadle.definition._report import Report, kind_of
from treadle.definition._scopes import Scope, StepAt
from treadle.definition._values import fits, type_words

_PRINTED: Final = 12


def check_actions(workflow: Workflow, scopes: Sequence[Scope], catalogue: Catalogue, report: Report) -> None:
    """Every action, rollback action and trigger type that the definition names."""
    for scope in scopes:
        for at in scope.steps:
            if at.sound:
                _check_call(at, catalogue, report)
                _check_compensation(at, catalogue, report)
    for number, trigger in enumerate(workflow.triggers):
        name = next(iter(trigger.model_fields_set), "")
        if name and name not in catalogue.trigger_types():
            _unknown_trigger(name, number, catalogue, report)


def _check_call(at: StepAt, catalogue: Catalogue, report: Report) -> None:
    if at.step.uses is not None:
        _check_action(at.step.uses, (*at.path, "uses"), catalogue, report)
        _check_inputs(at.step.uses, at.step.with_ or {}, at.path, "uses", catalogue, report)
    elif at.step.run is not None:
        _check_action(RUN, (*at.path, "run"), catalogue, report)


def _check_compensation(at: StepAt, catalogue: Catalogue, report: Report) -> None:
    undo, path = at.step.compensate, (*at.path, "compensate")
    if undo is None:
        return
    if undo.uses is not None:
        _check_action(undo.uses, (*path, "uses"), catalogue, report)
        _check_inputs(undo.uses, undo.with_, path, "uses", catalogue, report)
    elif undo.action is not None and catalogue.rollback_action(undo.action) is None:
        known = list(catalogue.rollback_types())
        hint = report.suggest(undo.action, known) or _installing(undo.action, catalogue) or _there_is(known)
        report.at_value("TRD0144", f"there is no rollback action `{undo.action}`", (*path, "action"), hint=hint)


def _check_action(name: str, place: Path, catalogue: Catalogue, report: Report) -> None:
    if catalogue.action(name) is not None:
        return
    known = list(catalogue.action_names())
    reason = catalogue.unavailable(name)
    message = f"action `{name}` is not installed" + (f": {reason}" if reason else "")
    hint = "" if reason else _installing(name, catalogue)
    guess = report.suggest(name, known)
    module = [other for other in known if other.split("/")[0] == name.split("/")[0]]
    report.at_value("TRD0140", message, place, hint=hint or guess or _there_is(module) or "treadle plugins lists them")


def _installing(name: str, catalogue: Catalogue) -> str:
    hint = catalogue.install_hint(name)
    return f"run: {hint}" if hint else ""


def _there_is(names: Sequence[str]) -> str:
    return f"there is {', '.join(sorted(names)[:_PRINTED])}" if names else ""


def _unknown_trigger(name: str, number: int, catalogue: Catalogue, report: Report) -> None:
    node = report.document.node(("triggers", number))
    path: Path = ("triggers", number, name) if hasattr(node, "entries") else ("triggers", number)
    known = list(catalogue.trigger_types())
    report.at_key(
        "TRD0145", f"there is no trigger `{name}`", path, hint=report.suggest(name, known) or _there_is(known)
    )


def _check_inputs(
    name: str, given: Mapping[str, Any], path: Path, culprit: str, catalogue: Catalogue, report: Report
) -> None:
    schema = catalogue.action_inputs(name)
    if schema is None:
        return
    properties = schema.get("properties")
    known: Mapping[str, Json] = properties if isinstance(properties, Mapping) else {}
    required = schema.get("required")
    for missing in required if isinstance(required, Sequence) else ():
        if missing not in given:
            message = f"action `{name}` needs the input `{missing}`"
            report.at_value("TRD0141", message, (*path, culprit), hint=_described(str(missing), known))
    for key, value in given.items():
        place = (*path, "with", key)
        if key not in known:
            if not schema.get("additionalProperties"):
                hint = report.suggest(key, known) or _there_is(list(known))
                report.at_key("TRD0142", f"action `{name}` has no input `{key}`", place, hint=hint)
        else:
            _check_literal(name, key, value, known[key], place, schema, report)


def _check_literal(
    action: str, key: str, value: Any, schema: Json, place: Path, whole: JsonObject, report: Report
) -> None:
    if isinstance(schema, Mapping) and not fits(value, schema, whole):
        node = report.document.node(place)
        shown = kind_of(plain(node)) if node is not None else kind_of(value)
        expected = type_words(schema, whole)
        report.at_value("TRD0143", f"the input `{key}` of `{action}` must be {expected}, not {shown}", place)


def _described(name: str, known: Mapping[str, Json]) -> str:
    schema = known.get(name)
    description = schema.get("description") if isinstance(schema, Mapping) else None
    return f"{name}: {description}" if description else f"add `with: {{{name}: …}}`"
