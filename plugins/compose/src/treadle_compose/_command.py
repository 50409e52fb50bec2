"""`treadle compose`: from words to a request, from the execution to what a person reads."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from treadle_hookspecs import Host

app = typer.Typer()


class Trust(StrEnum):
    """What templates' code may do."""

    none = "none"
    sandboxed = "sandboxed"
    full = "full"


class Sandbox(StrEnum):
    """How hooks are confined."""

    auto = "auto"
    strict = "strict"
    limits = "limits"
    off = "off"


@app.command()
def compose(
    ctx: typer.Context,
    from_templates: Annotated[
        list[str] | None, typer.Option("--from-templates", "-t", metavar="A,B,…", help="Names, folders, git URLs.")
    ] = None,
    project_name: Annotated[str, typer.Option("--project-name", metavar="NAME", help="The project's name.")] = "",
    into: Annotated[Path | None, typer.Option("--into", metavar="DIR", help="Its folder; by default ./NAME.")] = None,
    variables: Annotated[
        list[str] | None,
        typer.Option("--variables", metavar="K=V,…", help="Variables, or TEMPLATE.K=V for one template."),
    ] = None,
    data_file: Annotated[
        Path | None, typer.Option("--data-file", metavar="FILE", help="Variables in a YAML or JSON file.")
    ] = None,
    defaults: Annotated[bool, typer.Option("--defaults", help="Ask nothing.")] = False,
    resolve: Annotated[
        list[str] | None, typer.Option("--resolve", metavar="PATH[#KEY]=STRATEGY", help="Decide a conflict.")
    ] = None,
    decisions: Annotated[
        Path | None,
        typer.Option("--decisions", metavar="FILE", help="Decisions in a file, `PATH[#KEY]: STRATEGY` each."),
    ] = None,
    optional: Annotated[
        list[str] | None, typer.Option("--optional", metavar="ID", help="Go on without it when it fails.")
    ] = None,
    subdir: Annotated[
        list[str] | None, typer.Option("--subdir", metavar="ID=DIR", help="Put a template's whole tree into a folder.")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option("--without", metavar="ID", help="Take a template out of the project.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and write nothing.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show differences; writes nothing.")] = False,
    plan_out: Annotated[
        Path | None,
        typer.Option("--plan-out", metavar="FILE", help="Keep the plan for treadle apply; writes nothing else."),
    ] = None,
    trust: Annotated[Trust | None, typer.Option("--trust", help="What the templates' own code may do.")] = None,
    sandbox: Annotated[Sandbox, typer.Option("--sandbox", help="How that code is confined.")] = Sandbox.auto,
    hooks: Annotated[bool, typer.Option("--hooks/--no-hooks", help="The templates' hooks take part.")] = True,
    offline: Annotated[bool, typer.Option("--offline", help="Use the cache only.")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Make one project from several templates: planned whole, written whole or not at all.

    treadle compose -t python-service,postgres,docker --project-name my-app
    """
    host: Host = ctx.obj
    words: dict[str, Any] = {
        "templates": from_templates or [],
        "project_name": project_name,
        "into": into,
        "variables": variables or [],
        "data_file": data_file,
        "resolve": resolve or [],
        "decisions": decisions,
        "optional": optional or [],
        "subdirs": subdir or [],
        "without": without or [],
        "whole": False,
        "trust": trust.value if trust else "",
        "sandbox": sandbox.value,
        "hooks": hooks,
        "offline": offline,
        "diff": diff,
        "plan_out": plan_out,
        "write": not (dry_run or diff or plan_out),
    }
    driven(host, words, silent=defaults, as_json=json_output)


def driven(host: "Host", words: dict[str, Any], *, silent: bool, as_json: bool) -> None:
    """Compose as the words say, asking a person where one is there; print what came of it, and end."""
    from treadle_compose import _outcome
    from treadle_compose._asking import Asking

    asking = Asking(host, words, silent=silent or as_json or not host.console.interactive)
    inputs = asking.inputs()
    status = host.drive("compose", inputs)
    while (more := asking.more(_outcome.of(host, status))) is not None:
        status = host.drive("compose", more)
    _outcome.tell(host, status, as_json=as_json)
