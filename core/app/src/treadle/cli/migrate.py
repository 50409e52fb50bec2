"""`treadle migrate`: everything from one state store into another."""

from typing import Annotated

import typer

from treadle.cli import options, shapes
from treadle.cli.session import Session


def migrate(
    ctx: typer.Context,
    source: Annotated[
        str, typer.Argument(metavar="FROM", help="The store's URL; `sqlite:` is `state.db` in the home.")
    ],
    target: Annotated[
        str, typer.Argument(metavar="TO", help="An empty store's, or one that a migration began to fill.")
    ],
    json_output: options.JsonOutput = False,
) -> None:
    """Copy definitions, executions, their history and the audit into another store, and compare the two.

    Nothing may be driven meanwhile. The source stays as it is. When it was cut off, type the same again.
    """
    session: Session = ctx.obj

    def told(number: int, count: int) -> None:
        if number % 100 == 0 or number == count:
            session.terminal.say(f"{number} of {count} executions")

    moved = session.treadle.migrate(source, target, told)
    if json_output:
        session.terminal.data(shapes.text(moved.to_json()))
        return
    session.terminal.data(
        f"{moved.executions} executions with {moved.events} events are the same in both stores ({moved.copied} copied)"
    )
    session.terminal.say(f"from now on: TREADLE_STORE={moved.target}")
