"""The head of a report: what was measured in all, what was achieved, what to do about the rest. Each line says why.

Nothing is said without a rule that says it: a figure above or below a limit, a step that ended in some way.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from treadle_hookspecs import FIGURES, Figure, Json, figure_kind

from treadle_report._facts import Facts, StepFacts

LONG: Final = 60.0
"""Seconds from which on it matters where the time goes."""
MOST: Final = 0.5
TERMINAL: Final = ("completed", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Total:
    """A figure of the whole execution, and the steps that it comes from; none: from the files, before and after."""

    name: str
    title: str
    value: Json
    unit: str
    steps: tuple[str, ...]

    def to_json(self) -> dict[str, Json]:
        """All of it by name."""
        return {
            "figure": self.name,
            "title": self.title,
            "value": self.value,
            "unit": self.unit,
            "steps": list(self.steps),
        }


@dataclass(frozen=True, slots=True)
class Line:
    """Something said, with the rule that says it, the figure that the rule looked at, and the step of that figure."""

    text: str
    rule: str
    figure: str
    step: str

    def to_json(self) -> dict[str, Json]:
        """All of it by name."""
        return {"text": self.text, "rule": self.rule, "figure": self.figure, "step": self.step}


_BY_FILES: Final = {"files_created": ("added",), "files_modified": ("modified", "mode"), "files_deleted": ("deleted",)}
"""What the files from before and after tell better than the steps."""


def totals(facts: Facts) -> list[Total]:
    """Figures of the whole, those with a shared name first, in the order of `treadle_hookspecs.FIGURES`."""
    found: dict[str, list[Figure]] = {}
    for figure in facts.measured:
        found.setdefault(figure.name, []).append(figure)
    for name, hows in _BY_FILES.items():
        if facts.files or (facts.files is not None and name not in found):
            changed = sum(file.how in hows for file in facts.files)
            found[name] = [Figure(name, changed, "", 0)]
    names = [name for name in FIGURES if name in found] + sorted(name for name in found if name not in FIGURES)
    return [_total(name, found[name]) for name in names if figure_kind(name).form != "lines"]


def _total(name: str, figures: Sequence[Figure]) -> Total:
    """Added up over steps, of each its last visit; or the last figure of all."""
    kind = figure_kind(name)
    last = {figure.step: figure for figure in figures}
    counted = list(last.values()) if kind.adds else [figures[-1]]
    values: list[Any] = [figure.value for figure in counted]
    value = values[0] if len(values) == 1 else sum(values)
    return Total(name, kind.title, value, kind.unit, tuple(_address(figure) for figure in counted if figure.step))


def _address(figure: Figure) -> str:
    return figure.step if figure.visit <= 1 else f"{figure.step}#{figure.visit}"


def achievements(facts: Facts) -> list[Line]:
    """What steps say they achieved, and each check that passed."""
    said = [
        Line(str(text), "said by the step", figure.name, _address(figure))
        for figure in facts.measured
        if figure.name == "achievements"
        for text in _lines(figure.value)
    ]
    passed = [
        Line(step.summary or f"{step.address} says pass", "verdict == pass", "verdict", step.address)
        for step in facts.steps
        if step.verdict == "pass"
    ]
    return [*said, *passed, *_measured(facts, _GOOD)]


def recommendations(facts: Facts) -> list[Line]:
    """What to look at: gates that were not met, then the rules of this module."""
    last = {(gate["gate"], str(gate["step"]).partition("#")[0]): gate for gate in facts.gates}
    gates = [
        Line(f"{gate['message']}", f"gate {gate['gate']}: {gate['rule']}", _shown(gate["figures"]), str(gate["step"]))
        for gate in last.values()
        if gate["verdict"] != "pass"
    ]
    return [*gates, *_measured(facts, _BAD), *_retried(facts), *_slow(facts)]


def _shown(figures: Any) -> str:
    return ", ".join(f"{name} = {value}" for name, value in figures.items())


def _lines(value: Json) -> list[Json]:
    return list(value) if isinstance(value, list | tuple) else [value]


@dataclass(frozen=True, slots=True)
class _Rule:
    figure: str
    holds: Callable[[float], bool]
    rule: str
    text: str


_GOOD: Final = (
    _Rule("test_coverage", lambda it: it >= 100, "test_coverage >= 100 %", "the tests run every statement"),
    _Rule("security_issues", lambda it: it == 0, "security_issues == 0", "no new security issue was found"),
)
_BAD: Final = (
    _Rule("tests_failed", lambda it: it > 0, "tests_failed > 0", "repair the tests that fail: {value:g}"),
    _Rule("test_errors", lambda it: it > 0, "test_errors > 0", "make the tests run that could not: {value:g}"),
    _Rule("tests", lambda it: it == 0, "tests == 0", "write tests: there are none"),
    _Rule(
        "changed_coverage", lambda it: it < 80, "changed_coverage < 80 %", "test the change: {value:g} % of it is run"
    ),
    _Rule(
        "test_coverage", lambda it: it < 80, "test_coverage < 80 %", "add tests: {value:g} % of the statements are run"
    ),
    _Rule("complexity", lambda it: it > 15, "complexity > 15", "split the most complex function: {value:g}"),
    _Rule("security_issues", lambda it: it > 0, "security_issues > 0", "look at the security issues: {value:g}"),
    _Rule("style_findings", lambda it: it > 0, "style_findings > 0", "settle what the style check found: {value:g}"),
)


def _measured(facts: Facts, rules: Sequence[_Rule]) -> Iterator[Line]:
    known = {total.name: total for total in totals(facts)}
    for rule in rules:
        total = known.get(rule.figure)
        if total is not None and isinstance(total.value, int | float) and rule.holds(total.value):
            figure = f"{rule.figure} = {total.value}"
            yield Line(rule.text.format(value=total.value), rule.rule, figure, ", ".join(total.steps))


def _retried(facts: Facts) -> Iterator[Line]:
    for step in facts.visits:
        if step.row.attempts > 1 and step.row.state == "succeeded":
            text = f"find out why {step.address} does not always work at the first attempt"
            yield Line(text, "attempts > 1", f"attempts = {step.row.attempts}", step.address)


def _slow(facts: Facts) -> Iterator[Line]:
    total = sum(visit.worked or 0.0 for visit in facts.slowest)
    for step in facts.slowest[:1] if total >= LONG and len(facts.slowest) > 1 else ():
        share = (step.worked or 0.0) / total
        if share > MOST:
            text = f"look at {step.address} first if this is to be faster"
            yield Line(text, "share of all steps' time > 50 %", f"share = {share:.0%}", step.address)


def next_steps(facts: Facts) -> list[Line]:
    """What steps ask for, what the state of the execution asks for, with the command."""
    pull_request = [
        Line(f"Review {figure.value}", "a pull request was made", f"pull_request = {figure.value}", _address(figure))
        for figure in facts.measured
        if figure.name == "pull_request"
    ]
    said = [
        Line(str(text), "said by the step", figure.name, _address(figure))
        for figure in facts.measured
        if figure.name == "next_steps"
        for text in _lines(figure.value)
    ]
    return [*pull_request, *said, *_by_status(facts)]


def _by_status(facts: Facts) -> Iterator[Line]:
    execution, status = facts.execution, facts.execution.status
    if status in ("failed", "cancelled"):
        for step in _broken(facts):
            yield _command(f"See why: `treadle why {execution.id} {step.row.address}`", "state == failed", step.address)
        yield _command(f"Try again: `treadle resume {execution.id}`", f"status == {status}", "")
    elif status == "waiting":
        yield _command("See what it waits for, and what answers it: `treadle waiting`", "status == waiting", "")
    elif status in ("paused", "interrupted"):
        yield _command(f"Go on: `treadle resume {execution.id}`", f"status == {status}", "")
    if facts.files and status in TERMINAL and execution.rollback == "none":
        yield _command(f"See what changed: `treadle diff {execution.id}`", f"files = {len(facts.files)}", "")
        yield _command(f"Take it back: `treadle rollback {execution.id}`", f"files = {len(facts.files)}", "")
    if execution.rollback == "partial":
        yield _command(f"Undo the rest: `treadle rollback {execution.id} --continue`", "rollback == partial", "")


def _broken(facts: Facts) -> list[StepFacts]:
    return [step for step in facts.steps if step.broke and step.row.state != "upstream_failed"]


def _command(text: str, rule: str, step: str) -> Line:
    return Line(text, rule, rule.partition(" ")[0], step)
