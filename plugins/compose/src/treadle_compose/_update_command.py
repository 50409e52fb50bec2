"""`treadle update`: the templates of a project as they are now, with all that the user has made of it."""

from pathlib import Path
from typing import Annotated, Any

import typer
from treadle_hookspecs import ExitCode, Host, TreadleError

from treadle_compose._command import Sandbox, Trust, driven

app = typer.Typer()


@app.command()
def update(
    ctx: typer.Context,
    project: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="The project.")] = Path(),
    only: Annotated[list[str] | None, typer.Option("--only", metavar="ID", help="This template and no other.")] = None,
    variables: Annotated[
        list[str] | None, typer.Option("--variables", metavar="K=V,…", help="Other answers than those before.")
    ] = None,
    data_file: Annotated[
        Path | None, typer.Option("--data-file", metavar="FILE", help="Answers in a YAML or JSON file.")
    ] = None,
    defaults: Annotated[bool, typer.Option("--defaults", help="Ask nothing.")] = False,
    resolve: Annotated[
        list[str] | None,
        typer.Option("--resolve", metavar="PATH[#KEY]=STRATEGY", help="Decide a conflict: ours, theirs, markers …"),
    ] = None,
    decisions: Annotated[
        Path | None, typer.Option("--decisions", metavar="FILE", help="Decisions in a file, `PATH[#KEY]: STRATEGY`.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and write nothing.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show differences; writes nothing.")] = False,
    plan_out: Annotated[
        Path | None, typer.Option("--plan-out", metavar="FILE", help="Keep the plan for treadle apply.")
    ] = None,
    trust: Annotated[Trust | None, typer.Option("--trust", help="What the templates' own code may do.")] = None,
    sandbox: Annotated[Sandbox, typer.Option("--sandbox", help="How that code is confined.")] = Sandbox.auto,
    hooks: Annotated[bool, typer.Option("--hooks/--no-hooks", help="The templates' hooks take part.")] = True,
    offline: Annotated[bool, typer.Option("--offline", help="Use the cache only.")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Bring a composed project to its templates' newest versions; what you have changed stays.

    treadle update
    treadle update --only docker --diff
    """
    host: Host = ctx.obj
    target = project.expanduser().absolute()
    words: dict[str, Any] = {
        **_of_lock(target, only or []),
        "into": target,
        "variables": variables or [],
        "data_file": data_file,
        "resolve": resolve or [],
        "decisions": decisions,
        "optional": [],
        "without": [],
        "trust": trust.value if trust else "",
        "sandbox": sandbox.value,
        "hooks": hooks,
        "offline": offline,
        "diff": diff,
        "plan_out": plan_out,
        "write": not (dry_run or diff or plan_out),
    }
    driven(host, words, silent=defaults, as_json=json_output)


def _of_lock(target: Path, only: list[str]) -> dict[str, Any]:
    """The templates that somebody asked for, where they came from, and what they were composed under."""
    from treadle_compose._lock import Lock, not_composed
    from treadle_compose._sources import update_spec

    lock = Lock.read(target)
    if not lock.templates:
        raise not_composed(target)
    known = {str(it["id"]): it for it in lock.templates}
    for id_ in only:
        if id_ not in known:
            raise TreadleError(
                f"{id_} is not composed into {target}",
                suggestions=(f"there are: {', '.join(known)}",),
                exit_code=ExitCode.NOT_FOUND,
            )
    named = [known[id_] for id_ in only] or [it for it in known.values() if it.get("asked", True)]
    return {
        "templates": [update_spec(it) for it in named],
        "project_name": lock.project_name,
        "subdirs": [f"{id_}={folder}" for id_, folder in lock.subdirs.items()],
        "whole": not only,
    }
