"""A report as one HTML file: nothing is loaded from anywhere, every text is escaped, every table has heads."""

from importlib.resources import files

from treadle_report import _text
from treadle_report._facts import Facts
from treadle_report._markdown import HEADLINES
from treadle_report._summary import achievements, next_steps, recommendations, totals


def html(facts: Facts, title: str = "") -> str:
    """The whole report."""
    from jinja2 import Environment

    template = files("treadle_report").joinpath("report.html.jinja").read_text("utf-8")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["duration"] = _text.duration
    environment.filters["moment"] = _text.moment
    return environment.from_string(template).render(
        title=title or f"{facts.execution.workflow}: report",
        facts=facts,
        execution=facts.execution,
        headline=HEADLINES.get(facts.verdict, "").replace("**", ""),
        took=_took(facts),
        totals=totals(facts),
        achievements=achievements(facts),
        recommendations=recommendations(facts),
        next_steps=next_steps(facts),
        inputs={name: value for name, value in facts.inputs.items() if value not in (None, "", [])},
    )


def _took(facts: Facts) -> float | None:
    execution = facts.execution
    return None if execution.finished_at is None else (execution.finished_at - execution.started_at) / 1_000_000
