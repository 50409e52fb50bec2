"""`treadle report`: a report of any execution."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from treadle_hookspecs import Host

from treadle_report._facts import Facts
from treadle_report._markdown import render

app = typer.Typer()


class Format(StrEnum):
    """How a report is written."""

    md = "md"
    json = "json"


@app.command()
def report(
    ctx: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID", help="An execution, by the beginning of its id.")],
    format: Annotated[Format, typer.Option("--format", "-f", help="Markdown or JSON.")] = Format.md,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write it there.")] = None,
    title: Annotated[str, typer.Option(help="The heading.")] = "",
) -> None:
    """Report on an execution: what stands in the way, every figure with its step, where the time went."""
    host: Host = ctx.obj
    facts = Facts.collect(host, id)
    text = render(facts, title) if format is Format.md else json.dumps(facts.to_json(), indent=2, ensure_ascii=False)
    if out is None:
        host.console.data(text)
        return
    path = out.expanduser().absolute()
    host.console.say(f"written to {host.workspace(path.parent).write_text(path.name, text)}")
