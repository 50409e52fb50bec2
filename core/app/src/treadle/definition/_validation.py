"""All checks of a document, and its plan when they find no error."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from treadle_engine.plan import Plan

from treadle.definition._catalogue import Catalogue
from treadle.definition._check_actions import check_actions
from treadle.definition._check_children import check_children
from treadle.definition._check_graph import check_graph
from treadle.definition._check_groups import check_groups
from treadle.definition._check_inputs import check_declared_inputs
from treadle.definition._check_names import check_names
from treadle.definition._check_steps import check_steps
from treadle.definition._check_waits import check_waits
from treadle.definition._compile import compiled
from treadle.definition._document import Document
from treadle.definition._family import Children, Family, compile_members
from treadle.definition._gates import GateAt, gated, merged_gates, own_gates
from treadle.definition._problems import Problem
from treadle.definition._report import Report
from treadle.definition._scopes import scopes_of
from treadle.definition._structure import Structure, structure


def validated(
    document: Document, catalogue: Catalogue, family: Family, folder: Path, gates: Sequence[GateAt] = ()
) -> tuple[Plan | None, list[Problem]]:
    """The plan, or None; and every problem, in no particular order.

    `family` gets the workflows that its steps run; they are compiled as well. `folder` is the definition's. `gates` win
    over its own.
    """
    report = Report(document)
    found = structure(report)
    plan = _checked(found, report, family.beside(folder), catalogue, gates) if found is not None else None
    members = tuple(compile_members(family, lambda model, told, inner: _checked(model, told, inner, catalogue)))
    problems = [problem for member in members for problem in member.problems if problem.severity == "error"]
    if plan is None or problems:
        return None, report.problems + problems
    children = tuple((member.key, member.plan) for member in members if member.plan is not None)
    return replace(plan, children=children), report.problems


def _checked(
    found: Structure, report: Report, children: Children, catalogue: Catalogue, further: Sequence[GateAt] = ()
) -> Plan | None:
    workflow, scopes = found.workflow, scopes_of(found)
    check_steps(workflow, scopes, found.ids, report)
    check_waits(scopes, report)
    gating = gated(scopes, merged_gates(own_gates(workflow, report), further), catalogue)
    scopes = gating.scopes
    # An error in the edges would make the graph say things that nobody meant.
    orders = {} if report.broken else check_graph(workflow, scopes, report)
    check_children(scopes, children, report)
    check_groups(workflow, scopes, children, report)
    check_names(found, scopes, catalogue, children, orders, report)
    del orders  # of a large definition they are as much as the plan that is made next
    check_actions(workflow, scopes, catalogue, report)
    check_declared_inputs(workflow, report)
    return None if report.broken else compiled(workflow, gating, catalogue, children, report.document)
