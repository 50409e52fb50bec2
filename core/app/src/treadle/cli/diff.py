"""`treadle diff`: what an execution changed on disk."""

from typing import Annotated, Final

import typer

from treadle.cli import options, shapes
from treadle.cli.console import Terminal, printable
from treadle.cli.session import Session

_COLORS: Final = (("+++", "bold"), ("---", "bold"), ("@@", "cyan"), ("+", "green"), ("-", "red"), ("diff ", "bold"))


def diff(
    ctx: typer.Context,
    execution: options.ExecutionId,
    step: Annotated[str, typer.Argument(metavar="[STEP]", help="Only this step; test#2 is its second visit.")] = "",
    name_only: Annotated[bool, typer.Option("--name-only", help="Print the paths, and how each changed.")] = False,
    json_output: options.JsonOutput = False,
) -> None:
    """Show what an execution, or one step of it, changed on disk.

    It is known of steps with snapshots around them (a workflow with a `checkpoint`, or `run --checkpoint`), and of what
    actions wrote through treadle. A step that was interrupted is compared with what is there now.
    """
    session: Session = ctx.obj
    found = session.treadle.diff(execution, step)
    if json_output:
        session.terminal.data(shapes.text(found.to_json()))
    elif not found.files:
        session.terminal.say("nothing was changed")
    elif name_only:
        session.terminal.data("\n".join(f"{it.how:<8}  {printable(it.path)}" for it in found.files))
    else:
        only_named = [it for it in found.files if it.how == "mode" or not found.text]
        lines = [_painted(printable(line), session.terminal) for line in found.text.splitlines()]
        session.terminal.data("\n".join([*lines, *(f"{it.how}: {printable(it.path)}" for it in only_named)]))


def _painted(line: str, terminal: Terminal) -> str:
    style = next((style for lead, style in _COLORS if line.startswith(lead)), "")
    return terminal.paint(line, style, data=True) if style else line
