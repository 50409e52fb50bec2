"""`treadle retry`: run a step of an execution that has ended again, and all that follows it."""

from enum import StrEnum
from typing import Annotated

import typer

from treadle.cli import options
from treadle.cli.follow.driving import Driving
from treadle.cli.session import Session


class Which(StrEnum):
    """By which definition the retry runs."""

    SAME = "same"
    NEW = "new"


def retry(
    ctx: typer.Context,
    execution: options.ExecutionId,
    steps: Annotated[
        list[str],
        typer.Option("--from", metavar="STEP[#VISIT]", help="The step to begin with; may be repeated."),
    ],
    definition: Annotated[
        Which,
        typer.Option("--definition", help="That of the execution, or what its file has by now."),
    ] = Which.SAME,
    json_output: options.JsonOutput = False,
    json_lines: options.JsonLinesOutput = False,
    verbose: options.Verbose = False,
    progress: options.Progress = True,
) -> None:
    """Run a step of an execution that has ended again, and all that follows it, as a new execution linked to it.

    What is not run again is taken over: its outputs, and how it can be undone. With `--definition new` the steps that
    are taken over have to be the same in the file.
    """
    session: Session = ctx.obj
    treadle = session.treadle
    id = treadle.resolve(execution).id  # noqa: A001 the contract's name
    driving = Driving(session, json_output=json_output, json_lines=json_lines, progress=progress, verbose=verbose)
    status = driving.go_on(
        id,
        lambda listener: treadle.retry(id, steps, present_definition=definition is Which.NEW, listener=listener),
    )
    raise typer.Exit(driving.finish(status))
