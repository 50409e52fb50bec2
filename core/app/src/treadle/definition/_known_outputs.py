"""Which outputs a step can have, as far as one can know before it runs."""

from dataclasses import dataclass
from typing import Final

from treadle_hookspecs import JsonObject

from treadle.definition._catalogue import Catalogue
from treadle.definition._family import Children
from treadle.definition._model import SCOPED
from treadle.definition._scopes import StepAt, inner_bodies

ANSWER: Final = ("decision", "by", "comment", "answers")
"""The outputs that every approval has; no field of a form can have such a name."""
RUN: Final = "command/run"


@dataclass(frozen=True, slots=True)
class KnownOutputs:
    """Names, and whether there can be others."""

    names: frozenset[str]
    closed: bool


def known_outputs(at: StepAt, catalogue: Catalogue, children: Children, *, of_item: bool = False) -> KnownOutputs:
    """The outputs that a step declares and those that its action is known to have; of a group its steps, by id.

    A step that runs for several items has the list of theirs, `items`; `of_item` asks for one item's.
    """
    if at.repeated and not of_item:
        return KnownOutputs(frozenset({"items"}), closed=at.sound)
    if at.sound and at.kind == "race":
        return KnownOutputs(frozenset({"winner", "outputs"}), closed=True)
    if at.sound and at.kind in SCOPED:
        return KnownOutputs(frozenset(step.id for _, steps in inner_bodies(at.step) for step in steps), closed=True)
    if at.sound and at.step.workflow is not None:
        return _of_workflow(at, at.step.workflow, children)
    declared = frozenset(at.step.outputs)
    if at.sound and at.step.approval is not None:
        return KnownOutputs(frozenset((*ANSWER, *at.step.approval.form)), closed=True)
    if not at.calls or not at.sound:
        return KnownOutputs(frozenset(), closed=False)
    schema = catalogue.action_outputs(RUN if at.kind == "run" else str(at.step.uses))
    names = frozenset(_properties(schema))
    if at.kind == "run":
        return KnownOutputs(declared | names, closed=bool(declared and names))
    return KnownOutputs(declared | names, closed=_closed(schema) or bool(declared and schema is None))


def _of_workflow(at: StepAt, reference: str, children: Children) -> KnownOutputs:
    """Those that the workflow declares; the id of an execution of its own."""
    if at.step.detached:
        return KnownOutputs(frozenset({"execution"}), closed=True)
    member = children.find(reference) if "{{" not in reference else None
    workflow = member.workflow if member is not None else None
    if workflow is None:
        return KnownOutputs(frozenset(), closed=False)
    return KnownOutputs(frozenset(workflow.outputs), closed=True)


def _properties(schema: JsonObject | None) -> JsonObject:
    properties = (schema or {}).get("properties")
    return properties if isinstance(properties, dict) else {}


def _closed(schema: JsonObject | None) -> bool:
    return schema is not None and bool(_properties(schema)) and not schema.get("additionalProperties")
