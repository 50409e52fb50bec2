"""`treadle apply FILE`: write what `treadle compose --plan-out FILE` has planned."""

from pathlib import Path
from typing import Annotated

import typer
from treadle_hookspecs import Host

app = typer.Typer()


@app.command()
def apply(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="From treadle compose --plan-out.")],
    json_output: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Write a project that was planned before; refused when anything there has changed since."""
    from treadle_compose import _outcome
    from treadle_compose._bundle import Bundle

    host: Host = ctx.obj
    plan = file.expanduser().absolute()
    target = Bundle.load(plan).target
    _outcome.tell(host, host.drive("apply-plan", {"plan": str(plan), "target": str(target)}), as_json=json_output)
