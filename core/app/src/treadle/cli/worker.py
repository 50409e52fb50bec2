"""`treadle worker`: drive all that is due."""

from typing import TYPE_CHECKING, Annotated

import typer

from treadle.cli import options, shapes
from treadle.cli import run_options as ways
from treadle.cli.session import Session

if TYPE_CHECKING:
    from treadle.api import Status
    from treadle.modes import RuntimeChoice


def worker(
    ctx: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Come back when nothing is due any more; for cron.")] = False,
    max_concurrent: Annotated[
        int, typer.Option("--max-concurrent", metavar="N", min=0, help="Executions at a time; 0: as the settings say.")
    ] = 0,
    here: Annotated[bool, typer.Option("--here", help="Only executions of this project.")] = False,
    runtime: ways.Runtime = "",
    address: ways.Address = "",
    namespace: ways.Namespace = "",
    task_queue: ways.TaskQueue = "",
    json_output: options.JsonOutput = False,
) -> None:
    """Drive all that is due, of every project: timers, signals, events, what is queued, what a crash cut off.

    Several workers share the work. SIGTERM, or Ctrl-C, lets what runs come to its next rest; the second one ends it.
    With --runtime it is a worker of that runtime instead: it performs steps in this project's folder.
    """
    choice = ways.runtime_choice(runtime, address, namespace, task_queue)
    if choice is not None and choice.name != "local":
        _work_for(ctx.obj, choice)
        return
    drive_due(ctx.obj, once=once, max_concurrent=max_concurrent, all_roots=not here, json_output=json_output)


def _work_for(session: Session, choice: "RuntimeChoice") -> None:
    session.terminal.say(f"worker of the runtime {choice.name} in {session.treadle.root}; Ctrl-C ends it")
    session.treadle.work_for(choice)
    for warning in session.treadle.warnings:
        session.terminal.say(f"warning: {warning}")


def drive_due(session: Session, *, once: bool, max_concurrent: int, all_roots: bool, json_output: bool) -> None:
    """Work, and tell of each execution that came to rest: one line each, or one JSON document at the end."""

    def told(status: "Status") -> None:
        if not json_output:
            session.terminal.data(f"{status.id} {status.workflow}: {status.status}")

    if not once:
        session.terminal.say("worker: waiting for what is due; Ctrl-C ends it")
    driven = session.treadle.worker(once=once, max_concurrent=max_concurrent, all_roots=all_roots, told=told)
    for warning in session.treadle.warnings:
        session.terminal.say(f"warning: {warning}")
    if json_output:
        document = {"schema": "treadle/driven@1", "executions": [status.to_json() for status in driven]}
        session.terminal.data(shapes.text(document))
