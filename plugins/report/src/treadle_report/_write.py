"""`report/markdown`: the report of the running execution, or of any other, as a file."""

import json
from pathlib import Path

from treadle_hookspecs import ActionContext, JsonObject

from treadle_report._document import document
from treadle_report._facts import Facts
from treadle_report._markdown import render

NAME = "report.md"


def markdown(
    title: str = "", out: str = "", execution: str = "", data: str = "", *, context: ActionContext
) -> JsonObject:
    """Write a report.

    Args:
        title: its heading; the workflow's name stands there otherwise.
        out: the file to write: absolute, or relative to the execution's root. Default: `report.md` in the scratch
            folder of the step, which is kept as long as the execution is.
        execution: another execution's id; default: this one, its steps so far.
        data: a file for the same as JSON (`treadle/report@1`), if wanted.
        context: of the visit.

    Returns:
        `path` (absolute), `reported_verdict` (pass, fail, not-checked, or null when no step has one),
        `figures_shown`, `summary`. A bad verdict is what the report is about; it does not fail this step.

    Raises:
        TreadleError: there is no such execution, or the file cannot be written.
    """
    own = context.address.partition("#")[0] if not execution else ""
    facts = Facts.collect(context.host, execution or context.execution, without=own)
    path = _write(context, out, render(facts, title))
    if data:
        _write(context, data, json.dumps(document(facts), indent=2, ensure_ascii=False) + "\n")
    context.log.info(f"the report is in {path}")
    return {
        "path": str(path),
        "reported_verdict": facts.verdict or None,
        "figures_shown": sum(len(step.figures) for step in facts.steps),
        "summary": f"written to {path}",
    }


def _write(context: ActionContext, out: str, text: str) -> Path:
    """An absolute path is the caller's choice; a relative one stays in the root."""
    if not out:
        return context.host.workspace(context.scratch).write_text(NAME, text)
    path = Path(out).expanduser()
    if path.is_absolute():
        return context.host.workspace(path.parent).write_text(path.name, text)
    return context.workspace.write_text(out, text)
