"""`treadle fmt`: the canonical layout of definitions."""

from typing import Annotated

import typer
from treadle_hookspecs import ExitCode

from treadle.cli.session import Session


def fmt(
    ctx: typer.Context,
    workflows: Annotated[list[str], typer.Argument(metavar="WORKFLOW...", help="Files, or names of workflows.")],
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 when a file would change.")] = False,
) -> None:
    """Bring YAML definitions into their canonical layout: indentation, spaces, empty lines.

    Comments, texts and the order of keys stay. A file with problems is not touched.
    """
    session: Session = ctx.obj
    changed = [workflow for workflow in workflows if session.treadle.format(workflow, check=check)]
    for workflow in workflows:
        verb = "would be formatted" if check else "formatted"
        session.terminal.say(f"{workflow}: {verb if workflow in changed else 'as it should be'}")
    raise typer.Exit(ExitCode.FAILED if check and changed else ExitCode.OK)
