"""`treadle template`: list, show, validate, new, test."""

import json
import shlex
from pathlib import Path
from typing import Annotated, Any

import typer
from treadle_hookspecs import ExitCode, Host, TreadleError

app = typer.Typer(no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]


@app.callback()
def template() -> None:
    """List, look at, check, write and test templates."""


@app.command("list")
def list_(
    ctx: typer.Context,
    project: Annotated[
        Path | None, typer.Option("--project", metavar="DIR", help="Those that a project is composed of.")
    ] = None,
    json_output: Json = False,
) -> None:
    """List the templates that can be named, or those that a project is composed of."""
    from treadle_compose import _library_view

    host: Host = ctx.obj
    if project is not None:
        _tell_project(host, _library_view.of_project(project.expanduser().absolute()), as_json=json_output)
        return
    found = _library_view.listed(host)
    if json_output:
        host.console.data(
            json.dumps({"schema": "treadle/templates@1", "templates": found}, ensure_ascii=False, indent=2)
        )
        return
    if not found:
        host.console.say("no templates are installed; pip install treadle-templates brings some")
    width = max((len(it["id"]) for it in found), default=0)
    for it in found:
        host.console.data(f"{it['id'].ljust(width)}  {it['version']}  {it['title'] or it['description']}".rstrip())


def _tell_project(host: Host, about: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        host.console.data(json.dumps(about, ensure_ascii=False, indent=2))
        return
    width = max((len(it["id"]) for it in about["templates"]), default=0)
    for it in about["templates"]:
        answers = ", ".join(f"{name}={value}" for name, value in it["answers"].items())
        paths = f"{it['paths']} paths" + (f", {it['changed']} changed by you" if it["changed"] else "")
        host.console.data(f"{it['id'].ljust(width)}  {it['version']}  {it['source']}  {paths}  {answers}".rstrip())


@app.command()
def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="TEMPLATE", help="A name, a folder or a git URL.")],
    json_output: Json = False,
) -> None:
    """Describe a template: what it asks for, what it needs, what it runs."""
    from treadle_compose import _library_view

    host: Host = ctx.obj
    about = _library_view.described(_library_view.candidate(host, name))
    text = json.dumps(about, ensure_ascii=False, indent=2) if json_output else "\n".join(_library_view.lines(about))
    host.console.data(text)


@app.command()
def validate(
    ctx: typer.Context,
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Templates.")],
    json_output: Json = False,
) -> None:
    """Find problems of templates: the manifest, conditions, files that do not render. Exits 2 when there are any."""
    from treadle_compose._validation import problems

    host: Host = ctx.obj
    found = [problem for folder in folders for problem in problems(folder.absolute(), host)]
    if json_output:
        host.console.data(json.dumps({"schema": "treadle/problems@1", "problems": found}, ensure_ascii=False, indent=2))
    else:
        for one in found:
            host.console.data(one["message"])
        if not found:
            host.console.say(f"{', '.join(map(str, folders))}: no problems")
    raise typer.Exit(ExitCode.USAGE if found else ExitCode.OK)


@app.command()
def new(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The template's id; its folder is called so.")],
    into: Annotated[Path | None, typer.Option("--into", metavar="DIR", help="Its folder, instead of ./NAME.")] = None,
) -> None:
    """Write a template to begin with: a manifest with comments, two files, a test."""
    from treadle_compose._skeleton import skeleton

    host: Host = ctx.obj
    folder = (into or Path(name)).absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise TreadleError(f"{folder} is there already; nothing was written", exit_code=ExitCode.CONFLICT)
    files = skeleton(name)
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        host.workspace(folder).write_text(path, text)
    host.console.say(f"wrote {folder}; next: treadle template test {folder}")


@app.command("test")
def try_(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A template.")] = Path(),
    trust: Annotated[str, typer.Option("--trust", help="For its hooks: none, sandboxed, full.")] = "none",
    json_output: Json = False,
) -> None:
    """Compose a template as each file in its tests/ folder says, and check the result. Exits 1 when a case fails."""
    from treadle_compose._template_test import run_cases

    host: Host = ctx.obj
    results: list[dict[str, Any]] = run_cases(folder.absolute(), host, trust)
    if json_output:
        host.console.data(
            json.dumps({"schema": "treadle/template-test@1", "cases": results}, ensure_ascii=False, indent=2)
        )
    else:
        for result in results:
            host.console.data(f"{'failed' if result['problems'] else 'passed'}  {result['case']}")
            for problem in result["problems"]:
                host.console.data(f"        {problem}")
    raise typer.Exit(ExitCode.FAILED if any(it["problems"] for it in results) else ExitCode.OK)


@app.command()
def check(
    ctx: typer.Context,
    templates: Annotated[list[str], typer.Argument(metavar="TEMPLATE...", help="Names, folders, git URLs.")],
    trust: Annotated[str, typer.Option("--trust", help="For their code: none, sandboxed, full.")] = "",
    resolve: Annotated[
        list[str] | None, typer.Option("--resolve", metavar="PATH[#KEY]=STRATEGY", help="Decide.")
    ] = None,
    json_output: Json = False,
) -> None:
    """Compose templates for a trial and hold the result against what a composition promises. Exits 1 when it is broken.

    What is open is decided by the first strategy that is offered.
    """
    from treadle_compose._check import PROMISES
    from treadle_compose._check import check as held

    host: Host = ctx.obj
    report = held(templates, host, Path.cwd(), trust=trust, resolve=resolve or ())
    if json_output:
        host.console.data(json.dumps(report.to_json(), ensure_ascii=False, indent=2))
    else:
        names = ", ".join(report.templates)
        host.console.data(f"{names}: {report.paths} paths, {report.shared} of several, {report.merged} of these merged")
        for promise, meaning in PROMISES.items():
            broken = [one for one in report.findings if one.promise == promise]
            host.console.data(f"{'broken' if broken else 'kept'}  {meaning}")
            for one in broken:
                host.console.data(f"        {one.path}: {one.detail}")
        for words in report.decided:
            host.console.say(f"decided: --resolve {shlex.quote(words)}")
    raise typer.Exit(ExitCode.FAILED if report.findings else ExitCode.OK)
