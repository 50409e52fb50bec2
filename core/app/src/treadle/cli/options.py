"""Options that several commands share, so that they read the same everywhere."""

from typing import Annotated

import typer

from treadle.cli.session import Session

_LATEST = 20
"""Executions that the shell's completion offers."""


def workflow_names(ctx: typer.Context) -> list[str]:
    """For the shell's completion: what can be run by name. Nothing when that cannot be told."""
    try:
        return [entry.name for entry in ctx.obj.treadle.workflows()] if isinstance(ctx.obj, Session) else []
    except Exception:  # noqa: BLE001 a key was pressed, no command was given: there is nobody to complain to
        return []


def execution_ids(ctx: typer.Context) -> list[tuple[str, str]]:
    """For the shell's completion: the latest executions, with what they run and where they stand."""
    try:
        rows = ctx.obj.treadle.executions(limit=_LATEST) if isinstance(ctx.obj, Session) else ()
        return [(row.id, f"{row.workflow}, {row.status}") for row in rows]
    except Exception:  # noqa: BLE001 as above
        return []


JsonOutput = Annotated[bool, typer.Option("--json", help="Answer in JSON, on stdout.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept in the log.")]
ExecutionId = Annotated[
    str,
    typer.Argument(metavar="ID", help="The execution's id, or its first characters.", autocompletion=execution_ids),
]
Progress = Annotated[
    bool, typer.Option("--progress/--no-progress", help="Show what happens while it happens.", show_default=False)
]
JsonLinesOutput = Annotated[bool, typer.Option("--json-lines", help="Write each event as a line of JSON, on stdout.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show what the steps print.")]


def _seconds(text: str) -> float:
    from treadle_engine.durations import DurationError, seconds_of
    from treadle_hookspecs import TreadleError

    try:
        return seconds_of(float(text) if text.replace(".", "", 1).isdigit() else text)
    except DurationError as error:
        raise TreadleError(f"--wait {error}", suggestions=("write --wait 5m, or --wait 0",)) from error


Wait = Annotated[
    float | None,
    typer.Option(
        "--wait",
        metavar="DURATION",
        parser=_seconds,
        help="Stay for timers and time-outs that are due so soon; leave an execution that only waits for later ones.",
        show_default="5m",
    ),
]

NoWait = Annotated[
    bool, typer.Option("--no-wait", help="As --wait 0: leave an execution that waits, also for its turn in a queue.")
]


def patience(wait: float | None, *, no_wait: bool) -> float | None:
    """Seconds to wait, by these two options; None: what the settings say."""
    return 0.0 if no_wait else wait
