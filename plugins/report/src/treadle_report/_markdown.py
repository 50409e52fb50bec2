"""A report as Markdown: the answer first, then what it rests on."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from treadle_hookspecs import Json

from treadle_report._facts import Facts, StepFacts
from treadle_report._summary import Line, achievements, next_steps, recommendations, totals
from treadle_report._text import NOTHING, code, duration, moment, place, plain, table, value

HEADLINES: Final = {
    "pass": "**pass**: every check says pass.",
    "fail": "**fail**: not every check passes.",
    "not-checked": "**not-checked**: nothing fails, and not everything could be looked at.",
}
LISTED: Final = 50
BAR: Final = 20
HOWS: Final = {"added": "created", "modified": "modified", "deleted": "deleted", "mode": "with another mode:"}
SEVERITIES: Final = ("high", "medium", "low")


def render(facts: Facts, title: str = "") -> str:
    """The whole report."""
    parts = (
        _head,
        _in_the_way,
        _summary,
        _achievements,
        _recommendations,
        _next_steps,
        _gates,
        _files,
        _steps,
        _figures,
        _tasks,
        _findings,
        _time,
        _notes,
        _foot,
    )
    lines = [f"# {plain(title or f'{facts.execution.workflow}: report')}", ""]
    return "\n".join([*lines, *(line for part in parts for line in part(facts))]) + "\n"


def _head(facts: Facts) -> Iterator[str]:
    execution = facts.execution
    yield "Verdict: " + HEADLINES[facts.verdict] if facts.verdict else f"The execution is **{execution.status}**."
    yield ""
    rows = [("execution", code(execution.id)), ("workflow", code(execution.workflow)), ("root", code(execution.root))]
    rows.append(("started", moment(execution.started_at)))
    if execution.finished_at is not None:
        took = (execution.finished_at - execution.started_at) / 1_000_000
        rows += [("status", execution.status), ("took", duration(took))]
    if facts.waited:
        rows.append(("waited for people, signals and times", duration(facts.waited)))
    given = {name: value for name, value in facts.inputs.items() if value not in (None, "", [])}
    rows += [(f"input {code(name)}", code(_as_text(value))) for name, value in given.items()]
    yield from table(("", ""), rows)


def _as_text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _in_the_way(facts: Facts) -> Iterator[str]:
    if not facts.in_the_way:
        return
    yield "## What stands in the way"
    yield ""
    for step in facts.in_the_way:
        kind = "could not check" if step.verdict == "not-checked" else step.verdict or step.row.state.replace("_", " ")
        yield f"* {code(step.address)} ({kind}): " + "; ".join(plain(reason) for reason in step.reasons)
    yield ""


def _summary(facts: Facts) -> Iterator[str]:
    rows = [
        (plain(total.title), value(total.value, total.unit), ", ".join(map(code, total.steps)) or "the files")
        for total in totals(facts)
    ]
    if rows:
        yield "## Summary"
        yield ""
        yield from table(("figure", "value", "from"), rows)


def _achievements(facts: Facts) -> Iterator[str]:
    yield from _said("Achievements", achievements(facts))


def _recommendations(facts: Facts) -> Iterator[str]:
    yield from _said("Recommendations", recommendations(facts))


def _next_steps(facts: Facts) -> Iterator[str]:
    lines = next_steps(facts)
    if lines:
        yield from ("## Next steps", "", *(f"{number}. {plain(line.text)}" for number, line in enumerate(lines, 1)), "")


def _said(title: str, lines: Sequence[Line]) -> Iterator[str]:
    """A list whose items name the rule, the figure and the step behind them."""
    if lines:
        told = (f"* {plain(line.text)} ({plain(_source(line))})" for line in lines)
        yield from (f"## {title}", "", *told, "")


def _source(line: Line) -> str:
    """`rule; figure; step`: where a line comes from."""
    figure = line.figure if " = " in line.figure else ""
    return "; ".join(part for part in (line.rule, figure, f"`{line.step}`" if line.step else "") if part)


def _gates(facts: Facts) -> Iterator[str]:
    if facts.gates:
        yield "## Gates"
        yield ""
        rows = [
            (plain(gate["gate"]), code(gate["rule"]), plain(_figures_of(gate)), gate["verdict"], code(gate["step"]))
            for gate in facts.gates
        ]
        yield from table(("gate", "rule", "figures", "verdict", "step"), rows)


def _figures_of(gate: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {found}" for name, found in gate["figures"].items())


def _files(facts: Facts) -> Iterator[str]:
    if facts.files:
        told = [f"* {HOWS[file.how]} {code(file.path)}" for file in facts.files[:LISTED]]
        yield from ("## Files", "", *told, "")
        if len(facts.files) > LISTED:
            yield from (f"{len(facts.files) - LISTED} more: `treadle diff {facts.execution.id} --name-only`.", "")


def _steps(facts: Facts) -> Iterator[str]:
    yield "## Steps"
    yield ""
    rows = [
        (code(visit.address), code(visit.row.action), _state(visit), visit.verdict or NOTHING,
         plain(visit.summary) or NOTHING, duration(visit.seconds))
        for visit in facts.visits
    ]  # fmt: skip
    yield from table(("step", "action", "state", "verdict", "what it says", "took"), rows)


def _state(visit: StepFacts) -> str:
    state = ", ".join(word.replace("_", " ") for word in (visit.row.state, visit.forgiven) if word)
    return f"{state}, {visit.row.attempts} attempts" if visit.row.attempts > 1 else state


def _figures(facts: Facts) -> Iterator[str]:
    rows = [_figure(step, figure) for step in facts.steps for figure in step.figures]
    if rows:
        yield "## Figures"
        yield ""
        yield from table(("figure", "value", "limit", "step"), rows)


def _figure(step: StepFacts, figure: Mapping[str, Any]) -> tuple[str, str, str, str]:
    note = f" ({plain(figure['note'])})" if figure.get("note") else ""
    shown = value(figure["value"], str(figure.get("unit") or ""))
    return plain(figure["name"]), shown + note, value(figure.get("limit")), code(step.address)


def _tasks(facts: Facts) -> Iterator[str]:
    for step in facts.steps:
        if not step.tasks:
            continue
        yield f"## Tasks from {code(step.address)}"
        yield ""
        rows = [_task(task) for task in step.tasks[:LISTED]]
        yield from table(("task", "where", "rule", "evidence", "id"), rows)
        yield from _left_out(len(step.tasks), step)


def _task(task: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    lines = task.get("lines")
    span = f"{lines[0]}-{lines[1]}" if lines and lines[0] != lines[1] else lines[0] if lines else None
    evidence = task.get("evidence")
    told = (
        ", ".join(f"{name.replace('_', ' ')}: {_as_text(found)}" for name, found in evidence.items())
        if isinstance(evidence, Mapping)
        else ""
    )
    rule = f"{code(task.get('rule', ''))} {plain(task.get('severity', ''))}".strip()
    named = task.get("files") or ()
    return (
        plain(task["title"]),
        ", ".join(map(code, named[:3])) if named and not task.get("file") else place(task.get("file"), span),
        rule,
        plain(told),
        code(task.get("id", "")),
    )


def _findings(facts: Facts) -> Iterator[str]:
    """Those of the subject; what stood there before is counted."""
    for step in facts.steps:
        known = sum(found.get("new") is False for found in step.findings)
        shown = sorted((found for found in step.findings if found.get("new") is not False), key=_urgency)
        if not step.findings:
            continue
        yield f"## Findings of {code(step.address)}"
        yield ""
        if shown:
            rows = [_finding(found) for found in shown[:LISTED]]
            yield from table(("severity", "where", "rule", "finding"), rows)
        yield from _left_out(len(shown), step)
        if known:
            yield f"{known} known before are in the outputs of {code(step.address)}."
            yield ""


def _finding(found: Mapping[str, Any]) -> tuple[str, str, str, str]:
    where = place(found.get("file"), found.get("line"))
    return plain(found.get("severity", "")), where, code(found.get("rule", "")), plain(found["message"])


def _urgency(finding: Mapping[str, Any]) -> int:
    severity = finding.get("severity")
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def _left_out(count: int, step: StepFacts) -> Iterator[str]:
    if count > LISTED:
        yield f"{count - LISTED} more are in the outputs of {code(step.address)}."
        yield ""


def _time(facts: Facts) -> Iterator[str]:
    if not facts.slowest:
        return
    total = sum(visit.worked or 0.0 for visit in facts.slowest)
    yield "## Where the time went"
    yield ""
    rows = [
        (code(visit.address), duration(visit.worked), _share(visit.worked or 0.0, total)) for visit in facts.slowest
    ]
    yield from table(("step", "worked", "share of all steps"), rows)


def _share(seconds: float, total: float) -> str:
    part = seconds / total if total else 0.0
    return f"{'█' * round(BAR * part)} {100 * part:.0f} %".strip()


def _notes(facts: Facts) -> Iterator[str]:
    notes = [f"* {code(step.address)}: {plain(note)}" for step in facts.steps for note in step.notes]
    if notes:
        yield from ("## Notes", "", *notes, "")


def _foot(facts: Facts) -> Iterator[str]:
    yield (
        "Every figure, task and finding is an output of the step that is named with it: "
        f"`treadle status {facts.execution.id}`, `treadle logs {facts.execution.id} STEP`."
    )
