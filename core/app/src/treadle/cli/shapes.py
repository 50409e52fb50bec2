"""The JSON that scripts rely on. Each output names its `schema`; `treadle.cli.schemas` holds the JSON Schemas."""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from treadle_hookspecs import Action, Event, ExecutionRow, Finding, Json

from treadle.cli.moments import iso

if TYPE_CHECKING:
    from treadle.api import DryRun, LogLine, WorkflowEntry


def text(document: Mapping[str, Any]) -> str:
    """A document as it is printed."""
    return json.dumps(document, ensure_ascii=False, indent=2, default=str)


def line(document: Mapping[str, Any]) -> str:
    """A document on one line, for streams of them."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=str)


def line_of(value: Json) -> str:
    """Any value on one line, for people."""
    return json.dumps(value, ensure_ascii=False, default=str)


def word_of(value: Json) -> str:
    """A value as a person would write it: a text without quotes."""
    return value if isinstance(value, str) and value else line_of(value)


def executions(rows: Iterable[ExecutionRow]) -> dict[str, Json]:
    """`treadle/executions@1`."""
    return {"schema": "treadle/executions@1", "executions": [_execution(row) for row in rows]}


def _execution(row: ExecutionRow) -> dict[str, Json]:
    return {
        "id": row.id,
        "workflow": row.workflow,
        "status": row.status,
        "started_at": iso(row.started_at),
        "finished_at": iso(row.finished_at),
    }


def history(events: Iterable[Event]) -> dict[str, Json]:
    """`treadle/history@1`."""
    return {"schema": "treadle/history@1", "events": [event(each) for each in events]}


def event(each: Event) -> dict[str, Json]:
    """One event; `step` is its address without the visit, or ""."""
    return {
        "seq": each.seq,
        "type": each.type,
        "step": place(each),
        "visit": each.visit,
        "at": iso(each.at),
        "data": each.data,
    }


def place(each: Event) -> str:
    """`scope/step` of an event; "" for one of the whole execution."""
    return f"{each.scope}/{each.step}" if each.scope and each.step else each.step


def workflows(entries: "Iterable[WorkflowEntry]") -> dict[str, Json]:
    """`treadle/workflows@1`."""
    names = ("name", "title", "description", "version", "path", "source")
    return {
        "schema": "treadle/workflows@1",
        "workflows": [{name: getattr(entry, name) for name in names} for entry in entries],
    }


def action(name: str, each: Action, provider: str, inputs: Json, outputs: Json) -> dict[str, Json]:
    """`treadle/action@1`."""
    return {
        "schema": "treadle/action@1",
        "name": name,
        "summary": each.summary,
        "provided_by": provider,
        "aliases": list(each.aliases),
        "inputs": inputs,
        "outputs": outputs,
        "idempotent": each.idempotent,
        "risk": each.risk,
        "tools": [{"name": tool.name, "install": tool.install} for tool in each.tools],
    }


def plugins(records: Iterable[Any]) -> dict[str, Json]:
    """`treadle/plugins@1`."""
    names = ("name", "distribution", "version", "status", "reason")
    return {
        "schema": "treadle/plugins@1",
        "plugins": [
            {**{name: str(getattr(record, name)) for name in names}, "provides": list(record.provides)}
            for record in records
        ],
    }


def logs(execution: str, lines: "Iterable[LogLine]") -> dict[str, Json]:
    """`treadle/logs@1`."""
    return {
        "schema": "treadle/logs@1",
        "id": execution,
        "lines": [{"address": each.address, "stream": each.stream, "text": each.text} for each in lines],
    }


def findings(
    found: Iterable[Finding], facts: Mapping[str, str], settings: Iterable[Mapping[str, Json]]
) -> dict[str, Json]:
    """`treadle/doctor@1`."""
    return {
        "schema": "treadle/doctor@1",
        "environment": facts,
        "settings": [dict(each) for each in settings],
        "findings": [{"invariant": each.invariant, "message": each.message, "remedy": each.remedy} for each in found],
    }


def rollback_plan(execution: str, entries: Iterable[Mapping[str, Json]]) -> dict[str, Json]:
    """`treadle/rollback-plan@1`."""
    return {"schema": "treadle/rollback-plan@1", "id": execution, "entries": [dict(entry) for entry in entries]}


def dry_run(preview: "DryRun") -> dict[str, Json]:
    """`treadle/dry-run@1`."""
    names = ("id", "kind", "action", "provided_by", "inputs")
    lists = ("writes", "notes", "missing_tools", "follows")
    return {
        "schema": "treadle/dry-run@1",
        "workflow": preview.workflow,
        "root": preview.root,
        "inputs": preview.inputs,
        "steps": [
            {
                **{name: getattr(step, name) for name in names},
                "commands": [list(command) for command in step.commands],
                **{name: list(getattr(step, name)) for name in lists},
            }
            for step in preview.steps
        ],
    }
