"""Looking at executions: `status`, `watch`, `logs`, `history`."""

from collections.abc import Sequence
from typing import Annotated

import typer
from treadle_hookspecs import Event, ExecutionRow

from treadle.cli import describe, options, shapes
from treadle.cli.follow.driving import Driving
from treadle.cli.follow.ending import Ending
from treadle.cli.moments import duration, local
from treadle.cli.session import Session

_SHOWN = 20


def status(
    ctx: typer.Context,
    execution: Annotated[
        str | None,
        typer.Argument(
            metavar="ID",
            help="The execution's id, or its first characters; all without it.",
            autocompletion=options.execution_ids,
        ),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", "-a", help="Executions of every project.")] = False,
    state: Annotated[
        list[str] | None, typer.Option("--status", metavar="STATUS", help="Only those; may be repeated.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=0, help="At most so many; 0 is all of them.")
    ] = _SHOWN,
    json_output: options.JsonOutput = False,
) -> None:
    """List the executions of this project, newest first, or show where one stands."""
    session: Session = ctx.obj
    if execution is not None:
        _show_one(session, execution, as_json=json_output)
        return
    rows = session.treadle.executions(all_roots=all_, statuses=tuple(state or ()), limit=limit)
    if json_output:
        session.terminal.data(shapes.text(shapes.executions(rows)))
    elif rows:
        _show_rows(session, rows, all_roots=all_)
        if len(rows) == limit:
            session.terminal.say(f"the latest {limit}; --limit 0 shows all")
    else:
        session.terminal.say("no executions here; treadle status --all shows those of every project")


def _show_one(session: Session, execution: str, *, as_json: bool) -> None:
    found = session.treadle.status(execution)
    if as_json:
        session.terminal.data(shapes.text(found.to_json()))
    else:
        session.terminal.data("\n".join(describe.status_lines(found, session.terminal)))
        for line in Ending(session).next_lines(found):
            session.terminal.say(line)


def _show_rows(session: Session, rows: Sequence[ExecutionRow], *, all_roots: bool) -> None:
    heads = ["ID", "WORKFLOW", "STATUS", "STARTED", "TOOK", *(["ROOT"] if all_roots else [])]
    cells = [
        [row.id, row.workflow, row.status, local(row.started_at), duration(row.started_at, row.finished_at)]
        + ([row.root] if all_roots else [])
        for row in rows
    ]
    session.terminal.data(describe.table(heads, cells, session.terminal))


def history(
    ctx: typer.Context,
    execution: options.ExecutionId,
    after: Annotated[int, typer.Option("--after", metavar="SEQ", min=0, help="Only events with a larger number.")] = 0,
    json_output: options.JsonOutput = False,
) -> None:
    """Print the event log of an execution, oldest first, sensitive values masked."""
    session: Session = ctx.obj
    events = session.treadle.history(session.treadle.resolve(execution).id, after=after)
    if json_output:
        session.terminal.data(shapes.text(shapes.history(events)))
        return
    cells = [[str(event.seq), local(event.at), event.type, event.address, _gist(event)] for event in events]
    session.terminal.data(describe.table(["SEQ", "AT", "TYPE", "STEP", "DATA"], cells, session.terminal))


def _gist(event: Event) -> str:
    return shapes.line_of(event.data) if event.data else ""


def logs(
    ctx: typer.Context,
    execution: options.ExecutionId,
    step: Annotated[str, typer.Argument(metavar="STEP", help="Only what this step printed, e.g. test or test#2.")] = "",
    json_output: options.JsonOutput = False,
) -> None:
    """Print what the steps of an execution printed, in the order the steps started."""
    session: Session = ctx.obj
    id = session.treadle.resolve(execution).id  # noqa: A001 the contract's name
    lines = session.treadle.logs(id, step)
    if json_output:
        session.terminal.data(shapes.text(shapes.logs(id, lines)))
        return
    for line in lines:
        prefix = "" if step else session.terminal.paint(f"{line.address} | ", "dim", data=True)
        session.terminal.data(prefix + line.text)


def watch(
    ctx: typer.Context,
    execution: options.ExecutionId,
    json_output: options.JsonOutput = False,
    json_lines: options.JsonLinesOutput = False,
    verbose: options.Verbose = False,
    progress: options.Progress = True,
) -> None:
    """Follow an execution that another process drives, until it ends or rests. Exits as `run` would."""
    session: Session = ctx.obj
    treadle = session.treadle
    row = treadle.resolve(execution)
    driving = Driving(session, json_output=json_output, json_lines=json_lines, progress=progress, verbose=verbose)
    driving.replay(driving.view(row.workflow, row.id), treadle.watch(row.id))
    raise typer.Exit(driving.finish(treadle.status(row.id)))
