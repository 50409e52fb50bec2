"""`treadle hooks`: what templates would run."""

import json
from typing import Annotated

import typer
from treadle_hookspecs import ExitCode, Host

app = typer.Typer(no_args_is_help=True)

Template = Annotated[str, typer.Option("--template", "-t", metavar="T", help="A name, a folder or a git URL.")]
Json = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]


@app.callback()
def hooks() -> None:
    """Look at the code that templates bring, before it runs."""


@app.command("list")
def list_(ctx: typer.Context, template: Template, json_output: Json = False) -> None:
    """List a template's hooks: what they run, when, with which rights, and whether they are trusted."""
    from treadle_compose import _library_view

    host: Host = ctx.obj
    found = _library_view.hooks(_library_view.candidate(host, template))
    told = [{**it.to_json(), "trust": host.trust.level(it.digest) if it.is_code else "not needed"} for it in found]
    if json_output:
        host.console.data(json.dumps({"schema": "treadle/hooks@1", "hooks": told}, ensure_ascii=False, indent=2))
        return
    if not told:
        host.console.say(f"{template} has no hooks")
    for it in told:
        needs = [*(["network"] if it["network"] else []), *it["read"], *it["env"]]  # type: ignore[misc]
        host.console.data(f"{it['kind']} {it['name']}: {it['does']}")
        host.console.data(f"  in: {it['in']}" + (f", when {it['condition']}" if it["condition"] else ""))
        host.console.data(f"  needs: {', '.join(map(str, needs)) or 'nothing beside the project'}")
        host.console.data(f"  trust: {it['trust'] or 'nobody was asked'}   {str(it['digest'])[:16]}")


@app.command()
def validate(ctx: typer.Context, template: Template, json_output: Json = False) -> None:
    """Check a template's hooks: files, conditions, interpreters. Exits 2 when something is wrong."""
    from treadle_compose import _library_view
    from treadle_compose._hooks import problems

    host: Host = ctx.obj
    found = [line for it in _library_view.hooks(_library_view.candidate(host, template)) for line in problems(it)]
    if json_output:
        host.console.data(json.dumps({"schema": "treadle/problems@1", "problems": [{"message": it} for it in found]}))
    else:
        for line in found:
            host.console.data(line)
        if not found:
            host.console.say(f"{template}: no problems")
    raise typer.Exit(ExitCode.USAGE if found else ExitCode.OK)
