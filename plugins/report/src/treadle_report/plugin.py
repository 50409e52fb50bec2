"""What treadle-report contributes."""

from collections.abc import Iterable

from treadle_hookspecs import Action, Command, JsonObject, Module, ReportFormat, hookimpl


def _outputs(**types: str) -> JsonObject:
    return {"type": "object", "properties": {name: {"type": kind} for name, kind in types.items()}}


ACTIONS = (
    Action(
        "markdown",
        "treadle_report._write:markdown",
        "Write a report of the execution so far, every figure with its step",
        outputs=_outputs(path="string", reported_verdict="string", figures_shown="integer", summary="string"),
        idempotent=True,
        preview="treadle_report._preview:preview_markdown",
    ),
)


@hookimpl
def treadle_modules() -> Iterable[Module]:
    """The module `report`."""
    yield Module("report", "0.1.0", ACTIONS, "Reports of executions")


FORMS = (
    ReportFormat("md", "treadle_report._forms:markdown", (".md", ".markdown"), "Markdown"),
    ReportFormat("json", "treadle_report._forms:as_json", (".json",), "`treadle/report@1`"),
    ReportFormat("html", "treadle_report._forms:html", (".html", ".htm"), "one file for a browser"),
    ReportFormat("junit", "treadle_report._forms:junit", (".xml",), "JUnit XML, a test case a visit"),
)


@hookimpl
def treadle_report_formats() -> Iterable[ReportFormat]:
    """Markdown, JSON, HTML and JUnit XML."""
    yield from FORMS


@hookimpl
def treadle_commands() -> Iterable[Command]:
    """`treadle report`."""
    yield Command("report", "treadle_report._command:app", "Report on an execution: figures, findings, times.")
