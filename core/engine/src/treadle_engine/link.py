"""R0: the order in which steps are written becomes explicit needs; and what an author should know of a scope."""

from dataclasses import dataclass, replace
from typing import Final

from treadle_engine.findings import Finding, FindingKind, findings_of
from treadle_engine.graph import DEFAULT_JOIN, Graph, route_lists
from treadle_engine.plan import Join, ScopePlan, StepPlan

__all__ = ["Analysis", "Finding", "FindingKind", "analyse", "link"]

_SEQUENCE: Final = Join(mode="none_failed")


@dataclass(frozen=True, slots=True)
class Analysis:
    """What can be known of a scope before it runs: its findings, in the order of the steps, and its edges."""

    findings: tuple[Finding, ...]
    graph: Graph


def link(scope: ScopePlan) -> ScopePlan:
    """Resolve R0: every step of the result has `needs` and `join`. Linking what is linked changes nothing.

    A step without a `needs` key that no forward route targets follows the nearest earlier step that no forward route
    targets, with `join: none_failed`; such a step is `sequential`. Scopes inside are linked as well.
    """
    targeted = _forward_targets(scope)
    steps: list[StepPlan] = []
    follows: str | None = None
    for step in scope.steps:
        steps.append(_with_linked_body(_linked(step, follows if step.id not in targeted else None)))
        if scope.ordered and step.id not in targeted:
            follows = step.id
    return replace(scope, steps=tuple(steps))


def analyse(scope: ScopePlan) -> Analysis:
    """Look at a scope, linked or not: it is linked first."""
    linked = link(scope)
    graph = Graph(linked)
    return Analysis(tuple(findings_of(graph)), graph)


def _with_linked_body(step: StepPlan) -> StepPlan:
    if step.branches:
        return replace(step, branches=tuple((name, link(branch)) for name, branch in step.branches))
    if step.body is None:
        return step
    body = step.body if step.kind != "parallel" else replace(step.body, ordered=False)
    return replace(step, body=link(body))


def _linked(step: StepPlan, follows: str | None) -> StepPlan:
    if step.needs is not None:
        return step if step.join is not None else replace(step, join=DEFAULT_JOIN)
    if follows is None:
        return replace(step, needs=(), join=step.join or DEFAULT_JOIN)
    return replace(step, needs=(follows,), join=step.join or _SEQUENCE, sequential=True)


def _forward_targets(scope: ScopePlan) -> set[str]:
    """The steps that a route from an earlier step targets."""
    found: set[str] = set()
    written = {step.id: at for at, step in enumerate(scope.steps)}
    for at, step in enumerate(scope.steps):
        for _, targets in route_lists(step):
            found.update(target for target in targets if written.get(target, -1) > at)
    return found
