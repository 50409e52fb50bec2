"""Text for people: tables, where an execution stands, what a workflow or an action is."""

import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from treadle_engine.plan import InputSpec, Plan, StepPlan
from treadle_engine.walks import steps_throughout
from treadle_hookspecs import Action, Json

from treadle.cli import shapes
from treadle.cli.console import Terminal, printable
from treadle.cli.follow import layout
from treadle.cli.follow.view import ExecutionView, StepView, message_of
from treadle.cli.inputs import describe as describe_input
from treadle.cli.moments import duration, from_iso, local, now

if TYPE_CHECKING:
    from treadle.api import DryRun, PreviewedStep, Status

_WIDE = 200
"""Columns where nobody looks: a pipe gets the whole text."""


def columns() -> int:
    """How wide stdout is."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDE


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], terminal: Terminal) -> str:
    """Rows under their heads, in columns as wide as need be; the last one is cut at the terminal's edge."""
    cells = [list(map(_one_line, row)) for row in rows]
    widths = [max(len(head), *(len(row[at]) for row in cells)) if cells else len(head) for at, head in enumerate(heads)]
    if sys.stdout.isatty():
        widths[-1] = max(8, min(widths[-1], columns() - sum(width + 2 for width in widths[:-1])))
    lines = [terminal.paint(_joined(list(heads), widths), "bold", data=True)]
    return "\n".join([*lines, *(_joined(row, widths) for row in cells)])


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _joined(row: list[str], widths: list[int]) -> str:
    return "  ".join(text[:width].ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()


def status_lines(status: "Status", terminal: Terminal) -> list[str]:
    """Where an execution stands: a head, a line for each step, outputs and error."""
    view = view_of(status)
    took = duration(view.started_at, view.finished_at)
    spans = [f"{terminal.paint(status.workflow, 'bold', data=True)} {status.id}", status.status]
    spans += [f"rollback {status.rollback}"] if status.rollback != "none" else []
    spans += [f"{status.warnings} warning(s)"] if status.warnings else []
    lines = ["  ".join(spans), f"started {local(view.started_at)}" + (f", took {took}" if took else "")]
    width = max((len(step.label) for step in view.steps.values()), default=0)
    room = min(width, columns() // 2)
    rows = (layout.row(step, now(), columns(), room, terminal.marks) for step in view.steps.values())
    lines += [painted(row, terminal) for row in rows]
    lines += [f"{each['step'] or 'it'} is {each['line']}" for each in status.waiting if each["kind"] == "slots"]
    lines += [f"{name}: {_value(value)}" for name, value in status.outputs.items()]
    return [*lines, f"error: {message_of(status.error)}"] if status.error else lines


def question_lines(asked: Mapping[str, Any]) -> list[str]:
    """What an approval asks, of whom, and what has been said so far."""
    lines = [f"  {line}" for line in printable(str(asked.get("prompt") or "")).splitlines()]
    if asked.get("gate"):
        lines.append("  the step begins once it is approved")
    for key, words in (("task", "the task:"), ("place", "work in:")):
        if asked.get(key):
            lines.append(f"  {words} {printable(str(asked[key]))}")
    tried = ((each["agent"], printable(str(each["reason"])).splitlines()[0]) for each in asked.get("tried", ()))
    lines += [f"  {agent} did not do it: {reason}" for agent, reason in tried]
    for key, words in (("approvers", "may be answered by"), ("not_by", "may not be answered by")):
        names = asked.get(key)
        if names:
            lines.append(f"  {words} {names if isinstance(names, str) else ', '.join(map(str, names))}")
    if asked.get("quorum"):
        lines.append(f"  {asked['quorum']} approvals are needed")
    if asked.get("line"):
        lines.append(f"  {asked['line']}")
    for given in asked.get("answers", ()):
        said = f": {given['comment']}" if given.get("comment") else ""
        lines.append(f"  {given['by']} {str(given['decision']).replace('_', ' ')}{printable(said)}")
    return lines


def painted(spans: Iterable[layout.Span], terminal: Terminal) -> str:
    """A line of a layout as text for stdout."""
    return "".join(terminal.paint(text, style, data=True) if style else text for text, style in spans).rstrip()


def view_of(status: "Status") -> ExecutionView:
    """The view that following the execution would have led to."""
    view = ExecutionView(status.workflow, status.id, status.status)
    view.started_at, view.finished_at = from_iso(status.started_at), from_iso(status.finished_at)
    for address, step in status.steps.items():
        view.steps[address] = _step_view(address, step)
    return view


def _step_view(address: str, step: Mapping[str, Any]) -> StepView:
    return StepView(
        address,
        str(step["state"]),
        int(step.get("visits") or 0),
        int(step.get("attempts") or 1),
        from_iso(step.get("started_at")),
        from_iso(step.get("finished_at")),
        error=message_of(step.get("error")),
        reason="waits" if step["state"] == "waiting" else "",
        undone={"done": "undone", "failed": "not undone"}.get(str(step.get("compensation")), ""),
    )


def _value(value: Json) -> str:
    return value.rstrip("\n") if isinstance(value, str) else shapes.line_of(value)


def dry_run_lines(preview: "DryRun", terminal: Terminal) -> list[str]:
    """What a run would do, step after step."""
    lines = [f"{terminal.paint(preview.workflow, 'bold', data=True)} would run in {preview.root}"]
    lines += [f"  {name} = {_value(value)}" for name, value in preview.inputs.items()]
    for step in preview.steps:
        lines += _previewed(step, terminal)
    return lines


def _previewed(step: "PreviewedStep", terminal: Terminal) -> list[str]:
    import shlex

    after = f" after {', '.join(step.follows)}" if step.follows else ""
    what = step.action or step.kind
    lines = [
        f"{terminal.paint(step.id, 'bold', data=True)}: {what}"
        + (f" ({step.provided_by})" if step.provided_by else "")
        + after
    ]
    given = step.inputs if isinstance(step.inputs, Mapping) else {}
    lines += [f"    {name} = {_value(value)}" for name, value in given.items()]
    lines += [f"    $ {shlex.join(command)}" for command in step.commands]
    lines += [f"    writes {path}" for path in step.writes]
    lines += [f"    note: {note}" for note in step.notes]
    return lines + [terminal.paint(f"    missing: {tool}", "red", data=True) for tool in step.missing_tools]


def plan_json(plan: Plan, path: str, source: str) -> dict[str, Json]:
    """`treadle/workflow-description@1`."""
    return {
        "schema": "treadle/workflow-description@1",
        "name": plan.name,
        "title": plan.title,
        "version": plan.version,
        "description": plan.description,
        "path": path,
        "source": source,
        "inputs": [_input_json(spec) for spec in plan.inputs],
        "outputs": [name for name, _ in plan.outputs],
        "triggers": [{"type": kind, **entry} for kind, entry in plan.triggers],
        "steps": [
            {"id": step.id, "address": path, "action": step.action or step.kind, "needs": list(step.needs or ())}
            for path, step in steps_throughout(plan)
        ],
    }


def _input_json(spec: InputSpec) -> dict[str, Json]:
    return {
        "name": spec.name,
        "type": spec.type,
        "required": spec.required and not spec.has_default,
        "default": None if spec.sensitive else spec.default,
        "sensitive": spec.sensitive,
        "enum": list(spec.enum),
        "description": spec.description,
    }


def plan_lines(plan: Plan, path: str, source: str, terminal: Terminal) -> list[str]:
    """A workflow: what it is for, what goes in, what comes out, its steps."""
    lines = [
        " ".join(part for part in (terminal.paint(plan.name, "bold", data=True), plan.version, plan.title) if part)
    ]
    lines += plan.description.strip().splitlines()
    lines += [f"from {source}: {path}", "", "inputs:"]
    lines += [f"  {spec.name} ({spec.type}): {describe_input(spec)}" for spec in plan.inputs] or ["  none"]
    lines += ["outputs:", *([f"  {name}" for name, _ in plan.outputs] or ["  none"]), "steps:"]
    for path, step in steps_throughout(plan):
        after = f"  after {', '.join(step.needs)}" if step.needs else ""
        lines.append(f"  {path}: {_what(step)}{after}")
    return lines


def _what(step: StepPlan) -> str:
    """The action, the workflow or the kind of a step."""
    return step.action or (f"workflow {step.workflow}" if step.workflow else step.kind)


def action_lines(
    name: str, action: Action, provider: str, inputs: Json, outputs: Json, terminal: Terminal
) -> list[str]:
    """An action: what it does, what it takes and gives."""
    lines = [terminal.paint(name, "bold", data=True), *([action.summary] if action.summary else []), f"from {provider}"]
    lines += [f"also called {', '.join(action.aliases)}"] if action.aliases else []
    lines += ["inputs:", *_schema_lines(inputs), "outputs:", *_schema_lines(outputs)]
    tools = [f"  {tool.name}" + (f" ({tool.install})" if tool.install else "") for tool in action.tools]
    lines += ["programs:", *tools] if tools else []
    return [*lines, f"idempotent: {'yes' if action.idempotent else 'no'}, risk: {action.risk}"]


def _schema_lines(schema: Json) -> list[str]:
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(schema, Mapping) or not isinstance(properties, Mapping) or not properties:
        return ["  not declared" if schema is None else "  none"]
    required = schema.get("required")
    needed = required if isinstance(required, list | tuple) else ()
    return [_property_line(name, value, name in needed) for name, value in properties.items()]


def _property_line(name: str, schema: Json, required: bool) -> str:
    about = schema if isinstance(schema, Mapping) else {}
    notes = [_type_name(about)] + (["required"] if required else [])
    notes += [f"default: {shapes.line_of(about['default'])}"] if "default" in about else []
    described = str(about.get("description") or "")
    return f"  {name} ({', '.join(notes)})" + (f": {described}" if described else "")


def _type_name(schema: Mapping[str, Json]) -> str:
    if isinstance(options := schema.get("anyOf"), list | tuple):
        return " or ".join(_type_name(option) for option in options if isinstance(option, Mapping))
    if isinstance(choices := schema.get("enum"), list | tuple):
        return "|".join(map(str, choices))
    kind, items = schema.get("type", "any"), schema.get("items")
    if kind == "array" and isinstance(items, Mapping):
        return f"list of {_type_name(items)}"
    return " or ".join(map(str, kind)) if isinstance(kind, list | tuple) else str(kind)
