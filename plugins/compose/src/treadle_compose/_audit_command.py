"""`treadle audit`: who composed what."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from treadle_hookspecs import Host

app = typer.Typer()


@app.command()
def audit(
    ctx: typer.Context,
    project: Annotated[Path | None, typer.Option("--project", metavar="DIR", help="About this project only.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="A line of JSON for each entry.")] = False,
) -> None:
    """Show who composed what: templates with their hashes, the code that ran, decisions. It never holds a secret.

    Each entry's hash covers the one before it; `treadle doctor` verifies the chain.
    """
    from treadle_compose._audit import entries, line

    host: Host = ctx.obj
    for it in entries(host, project.expanduser().absolute() if project is not None else None):
        entry: dict[str, Any] = dict(it)
        if json_output:
            host.console.data(json.dumps(entry, ensure_ascii=False))
            continue
        at = datetime.fromtimestamp(entry["at"] / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        host.console.data(f"{at}  {entry['actor']}  {entry['execution']}  {line(it)}")
