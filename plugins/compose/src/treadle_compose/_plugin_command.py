"""`treadle plugin new`: a plugin of one's own, composed from a template."""

from pathlib import Path
from typing import Annotated, Any

import typer
from treadle_hookspecs import Host, TreadleError

app = typer.Typer(no_args_is_help=True)
TEMPLATE = "treadle-plugin"


@app.callback()
def plugin() -> None:
    """Write plugins for treadle."""


@app.command()
def new(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="e.g. weather: the distribution is treadle-weather.")],
    into: Annotated[Path | None, typer.Option("--into", metavar="DIR", help="Its folder, not ./treadle-NAME.")] = None,
    variables: Annotated[list[str] | None, typer.Option("--variables", metavar="K=V", help="A variable.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Begin a plugin: a distribution that builds, installs, and passes its own tests."""
    from treadle_compose import _outcome
    from treadle_compose._asking import assigned
    from treadle_compose._sources import Library

    host: Host = ctx.obj
    if not any(listing.id == TEMPLATE for _, listing in Library(host, host.console.say).listings()):
        raise TreadleError("the template for plugins is not installed", suggestions=("pip install treadle-templates",))
    target = (into or Path(f"treadle-{name}")).absolute()
    inputs: dict[str, Any] = {
        "templates": [TEMPLATE],
        "target": str(target),
        "project_name": name,
        "here": str(target.parent),
        "variables": assigned(variables or [], "--variables"),
    }
    _outcome.tell(host, host.drive("compose", inputs), as_json=json_output)
