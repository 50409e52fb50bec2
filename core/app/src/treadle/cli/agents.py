"""`treadle agents`: who can be asked."""

from typing import Annotated

import typer
from treadle_hookspecs import ExitCode

from treadle.cli import options, shapes
from treadle.cli.console import printable
from treadle.cli.session import Session


def agents(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Only this one.")] = "",
    check: Annotated[bool, typer.Option("--check", help="Look whether each could be asked; exits 1 if not.")] = False,
    json_output: options.JsonOutput = False,
) -> None:
    """List the agents that steps can ask, by name, with their kind and where they come from.

    Agents get their names in your own settings, in tables `[agents.NAME]` with `kind = …`.
    """
    session: Session = ctx.obj
    found = session.treadle.agents(name, check=check)
    if json_output:
        session.terminal.data(shapes.text({"schema": "treadle/agents@1", "agents": [it.to_json() for it in found]}))
    else:
        width = max((len(it.name) for it in found), default=0)
        for it in found:
            state = "" if it.ok is None else "ok   " if it.ok else "not  "
            mark = " (default)" if it.default else ""
            told = "".join(f"  {printable(text)}" for text in (it.version, it.message) if text)
            session.terminal.data(f"{state}{it.name.ljust(width)}  {it.kind}  {it.origin}{mark}{told}")
    if any(it.ok is False for it in found):
        raise typer.Exit(ExitCode.FAILED)
