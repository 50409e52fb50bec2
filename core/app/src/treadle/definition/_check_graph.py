"""Checks of a scope's edges: what the engine's analysis finds, in words and with places."""

from collections.abc import Callable, Sequence
from typing import Final

from treadle_engine.link import Finding, analyse

from treadle.definition._document import Path
from treadle.definition._model import Workflow
from treadle.definition._order import Order
from treadle.definition._report import Report
from treadle.definition._scopes import Scope, StepAt, scope_edges


def check_graph(workflow: Workflow, scopes: Sequence[Scope], report: Report) -> dict[Path, Order]:
    """Cycles of needs, steps that are never reached, notes on what surprises. Returns the scopes' orders by path."""
    orders = {}
    for scope in scopes:
        start = workflow.start if scope.main else []
        by_id = {at.step.id: at for at in scope.steps}
        analysis = analyse(scope_edges(scope, start))
        orders[scope.path] = Order(analysis)
        for finding in analysis.findings:
            tell = _TELLERS.get(finding.kind)
            if finding.kind == "repeats" and not orders[scope.path].on_cycle(finding.step):
                continue  # more than one thread may come by: `threads-meet` says so
            if tell is not None:
                tell(finding, by_id, report)
    return orders


def _cycle(finding: Finding, by_id: dict[str, StepAt], report: Report) -> None:
    path = _key(by_id[finding.step], "needs")
    hint = "leave one of these needs out; a loop is made with a route back, such as on_failure"
    report.at_key("TRD0121", f"steps wait for each other: {' -> '.join(finding.others)}", path, hint=hint)


def _no_start(_finding: Finding, by_id: dict[str, StepAt], report: Report) -> None:
    first = next(iter(by_id.values()))
    hint = "give one step `needs: []`, or name the first in `start`"
    report.at_value("TRD0122", "no step can start: each waits for another", (*first.path, "id"), hint=hint)


def _unreachable(finding: Finding, by_id: dict[str, StepAt], report: Report) -> None:
    at = by_id[finding.step]
    if finding.others:
        blocker = by_id[finding.others[0]]
        line = report.line_of((*blocker.path, "id"))
        why = f"it follows `{blocker.step.id}` (line {line}), whose success goes elsewhere"
        hint = "route to it, give it `needs`, or remove it"
    else:
        why = "nothing leads to it"
        hint = "route to it, give it needs that can be met, or name it in `start`"
    report.at_value("TRD0120", f"step `{finding.step}` is never reached: {why}", (*at.path, "id"), hint=hint)


def _after_failure(finding: Finding, by_id: dict[str, StepAt], report: Report) -> None:
    if by_id[finding.step].judges:
        return  # that is what it is for
    message = f"step `{finding.step}` can be reached only after a failure"
    place = (*by_id[finding.step].path, "id")
    hint = "right for a handler; a step of the main path needs a way from success as well"
    report.at_value("TRD0123", message, place, hint=hint, severity="note")


def _meeting(finding: Finding, by_id: dict[str, StepAt], report: Report) -> None:
    sources = " and ".join(f"`{source}`" for source in finding.others[:2])
    message = f"two threads can reach step `{finding.step}`, from {sources}: it then runs once for each"
    hint = "`merge: once` runs it once; `needs` waits for both"
    report.at_value("TRD0124", message, (*by_id[finding.step].path, "id"), hint=hint, severity="warning")


def _repeats(finding: Finding, by_id: dict[str, StepAt], report: Report) -> None:
    at = by_id[finding.step]
    if at.step.max_visits is None:
        message = f"step `{finding.step}` can run more than once, at most 10 times"
        hint = "say how often with `max_visits`"
        report.at_value("TRD0125", message, (*at.path, "id"), hint=hint, severity="note")


def _key(at: StepAt, key: str) -> Path:
    return (*at.path, key)


_TELLERS: Final[dict[str, Callable[[Finding, dict[str, StepAt], Report], None]]] = {
    "needs-cycle": _cycle,
    "no-start": _no_start,
    "unreachable": _unreachable,
    "after-failure-only": _after_failure,
    "threads-meet": _meeting,
    "repeats": _repeats,
}
"""Unknown and duplicate ids are told by `_check_steps`, with better places."""
