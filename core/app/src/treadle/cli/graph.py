"""`treadle graph`: a workflow drawn, before a run or after one."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer
from treadle_hookspecs import TreadleError

from treadle.cli import options, shapes
from treadle.cli.console import Marks, Terminal
from treadle.cli.session import Session
from treadle.suggestions import did_you_mean

if TYPE_CHECKING:
    from treadle.seeing import Analysis, CriticalPath, Figure
    from treadle.seeing.graph import Body, Link, Node, WorkflowGraph

_TERMINAL: Final = "terminal"
_MARKS: Final = {
    "succeeded": ("done", "green"),
    "failed": ("failed", "red"),
    "upstream_failed": ("failed", "red"),
    "cancelled": ("failed", "red"),
    "interrupted": ("failed", "red"),
    "running": ("running", "cyan"),
    "retrying": ("running", "cyan"),
    "waiting": ("running", "cyan"),
    "skipped": ("skipped", "dim"),
}


def graph(
    ctx: typer.Context,
    workflow: Annotated[
        str, typer.Argument(metavar="WORKFLOW|ID", help="A workflow by path or name, or an execution by its id.")
    ],
    form: Annotated[
        str, typer.Option("--format", metavar="FORM", help="terminal, mermaid, dot, or a plugin's exporter.")
    ] = _TERMINAL,
    critical_path: Annotated[
        bool,
        typer.Option(
            "--critical-path", help="Mark what decides how long it takes, and say what could run side by side."
        ),
    ] = False,
    json_output: options.JsonOutput = False,
) -> None:
    """Draw a workflow: its steps in the order in which they can run, what they need and where they route.

    Of an execution it shows how the steps ended and which routes were taken.
    """
    session: Session = ctx.obj
    treadle = session.treadle
    _check_form(session, form)
    found = treadle.graph(workflow, critical_path=critical_path)
    analysis = treadle.analysis(workflow) if critical_path or form == _TERMINAL else None
    if json_output:
        more = {"analysis": analysis.to_json()} if critical_path and analysis else {}
        session.terminal.data(shapes.text({**found.to_json(), **more}))
    elif form != _TERMINAL or analysis is None:
        session.terminal.data(treadle.export(found, form).rstrip("\n"))
    else:
        session.terminal.data("\n".join(_drawn(found, analysis, session.terminal)))
        if critical_path:
            session.terminal.data("\n".join(_told(analysis)))


def _check_form(session: Session, form: str) -> None:
    known = [_TERMINAL, *sorted(offer.value.name for offer in session.treadle.plugins.exporters())]
    if form not in known:
        hint = did_you_mean(form, known)
        raise TreadleError(
            f"there is no form `{form}` to draw a workflow in",
            suggestions=(*([hint] if hint else []), f"take one of: {', '.join(known)}"),
        )


def _drawn(found: "WorkflowGraph", analysis: "Analysis", terminal: Terminal) -> Iterator[str]:
    head = [terminal.paint(found.workflow, "bold", data=True), found.version, found.title]
    yield "  ".join(part for part in [*head, found.execution, found.status] if part)
    for body in found.bodies:
        if body.address:
            yield f"{body.title}:"
        yield from _body(body, analysis.batches if not body.address else (), terminal)


def _body(body: "Body", batches: Sequence[Sequence[str]], terminal: Terminal) -> Iterator[str]:
    """The steps of a scope; the number in front of one says which of them can run side by side."""
    number = {id_: at for at, batch in enumerate(batches, 1) for id_ in batch}
    width = max((len(_label(node)) for node in body.nodes), default=0)
    digits = len(str(len(batches))) if batches else 0
    for node in sorted(body.nodes, key=lambda node: number.get(node.address, 0)):
        place = [str(number[node.address]).rjust(digits)] if node.address in number else []
        name = _label(node).ljust(width)
        marks = [_mark(node, terminal)] if node.state is not None else []
        shown = terminal.paint(name, "bold", "yellow", data=True) if node.critical else name
        needs = [link for link in body.links if link.end == node.address and link.kind != "route"]
        yield "  ".join([*place, *marks, shown, node.action or node.kind, *_needs(node, needs)])
        indent = " " * (2 + sum(map(len, place)) + 3 * len(marks) + 2 * bool(place))
        routes = (link for link in body.links if link.start == node.address and link.kind == "route")
        yield from (f"{indent}{_route(link, terminal.marks)}" for link in routes)


def _label(node: "Node") -> str:
    """The address, how often it was visited if more than once, and a star on the critical path."""
    return node.address + (f" {node.visits}x" if node.visits > 1 else "") + (" *" if node.critical else "")


def _mark(node: "Node", terminal: Terminal) -> str:
    name, style = _MARKS.get(node.state or "", ("pending", "dim"))
    return terminal.paint(getattr(terminal.marks, name), style, data=True)


def _needs(node: "Node", links: Sequence["Link"]) -> list[str]:
    if not links:
        return []
    join = f" (join {node.join})" if node.join not in ("", "none_failed_min_one_success") else ""
    return [f"after {', '.join(link.start for link in links)}{join}"]


def _route(link: "Link", marks: Marks) -> str:
    back = " (back)" if link.back else ""
    taken = f", taken {link.taken}x" if link.taken else ""
    return f"{marks.running} {link.end} by {link.label}{back}{taken}"


def _told(analysis: "Analysis") -> Iterator[str]:
    yield ""
    yield from _path(analysis.critical_path)
    if analysis.elapsed is not None:
        yield f"  the execution took {_seconds(analysis.elapsed)}"
    yield ""
    yield "could run side by side:" if analysis.opportunities else "nothing found that could run side by side"
    for one in analysis.opportunities:
        yield f"  {one.text}{_saving(one.saving)}"


def _path(path: "CriticalPath") -> Iterator[str]:
    total = f", {_seconds(path.seconds)}" if path.seconds is not None else ""
    unknown = f", {path.unknown} of unknown duration" if path.unknown else ""
    yield f"critical path (*): {len(path.steps)} steps{total}{unknown}"
    width = max((len(step.address) for step in path.steps), default=0)
    for step in path.steps:
        took = f"{_seconds(step.duration.seconds)} ({step.duration.source})" if step.duration else "unknown"
        waited = f", began {_seconds(step.waited)} after the one before it" if step.waited >= 0.01 else ""
        yield f"  {step.address.ljust(width)}  {took}{waited}"
    yield f"  found by {path.source}"


def _saving(saving: "Figure | None") -> str:
    if saving is None:
        return ""
    gain = f"saves {_seconds(saving.seconds)}" if saving.seconds >= 0.001 else "saves nothing"
    return f" [{gain}: {saving.source}]"


def _seconds(seconds: float) -> str:
    from treadle.cli.moments import duration

    return f"{seconds * 1000:.0f}ms" if seconds < 1 else duration(0, round(seconds * 1e6))
