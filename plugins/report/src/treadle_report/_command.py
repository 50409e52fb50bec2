"""`treadle report`: a report of any execution."""

import json
from pathlib import Path
from typing import Annotated

import typer
from treadle_hookspecs import Host, TreadleError

from treadle_report import plugin

app = typer.Typer()


@app.command()
def report(
    ctx: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID", help="An execution, by the beginning of its id.")] = "",
    format: Annotated[
        str, typer.Option("--format", "-f", metavar="FORM", help="md, json, html, junit, or one that a plugin offers.")
    ] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "--out", "-o", metavar="FILE", help="Write it there; its name says how.")
    ] = None,
    title: Annotated[str, typer.Option(help="The heading.")] = "",
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of `--format json`.")] = False,
) -> None:
    """Report on an execution: what stands in the way, every figure with its step, what to do next."""
    host: Host = ctx.obj
    if schema:
        from treadle_report._document import SCHEMA

        host.console.data(json.dumps(SCHEMA, indent=2))
        return
    if not id:
        raise TreadleError("which execution? give its id", suggestions=("treadle status lists them",))
    text = host.report(id, format or _form_of(output), title)
    if output is None:
        host.console.data(text.rstrip("\n"))
        return
    path = output.expanduser().absolute()
    host.console.say(f"written to {host.workspace(path.parent).write_text(path.name, text)}")


def _form_of(output: Path | None) -> str:
    """What a file's name asks for; Markdown where it says nothing."""
    suffix = output.suffix.lower() if output is not None else ""
    return next((form.name for form in plugin.FORMS if suffix in form.suffixes), "md")
