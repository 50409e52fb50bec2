"""Writing definitions: `init`, `validate`, `schema`, `explain`."""

import json
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from treadle_hookspecs import ExitCode, TreadleError

from treadle.cli import options
from treadle.cli.session import Session

if TYPE_CHECKING:
    from treadle.definition import Loaded, Problem

_HELLO: Final = """\
# A first workflow. Run it:
#
#     treadle run hello
#     treadle run hello --name Ada
#
# `treadle validate hello` finds mistakes in this file, `treadle show hello` describes it.

treadle: 1                        # the version of the language
name: hello
title: Say hello

inputs:                           # each one is an option of `treadle run hello`
  name:
    type: string
    default: world
    description: Who is greeted

steps:                            # one after the other, unless they say something else
  - id: greet
    run: echo "Hello, {{ inputs.name }}!"

outputs:                          # what the run prints at its end
  greeting: "{{ steps.greet.outputs.stdout }}"
"""

_SETTINGS: Final = """\
# Settings of treadle in this project; docs/reference/settings.md lists them all.
# Where state is kept, plugins, trust and secrets are not a project's to set: they belong to the user.
"""

_FILES: Final = {
    "workflow": "json_schema",
    "test-cases": "cases_schema",
    "gates": "gates_schema",
    "module": "module_schema",
}
"""Files that people write, and what makes their schema."""
_EXAMPLES: Final = {"hello": {Path("workflows/hello.yaml"): _HELLO}}
_EMPTY_PROJECT: Final = {Path("treadle.toml"): _SETTINGS}


def init(
    ctx: typer.Context,
    example: Annotated[str, typer.Option("--example", metavar="NAME", help="Write a ready workflow: hello.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")] = False,
) -> None:
    """Begin a project: treadle.toml and a folder for workflows, or an example that can be run at once."""
    session: Session = ctx.obj
    if example and example not in _EXAMPLES:
        raise TreadleError(
            f"there is no example `{example}`",
            suggestions=(f"take one of: {', '.join(_EXAMPLES)}",),
            exit_code=ExitCode.NOT_FOUND,
        )
    root = session.treadle.root
    files = _EXAMPLES.get(example, _EMPTY_PROJECT)
    _refuse_to_overwrite([path for path in files if (root / path).exists()], force=force)
    for path, content in files.items():
        _write(root, path, content)
        session.terminal.say(f"wrote {path} in {root}")
    session.terminal.say(f"next: treadle run {example}" if example else "next: treadle init --example hello")


def _refuse_to_overwrite(paths: list[Path], *, force: bool) -> None:
    if paths and not force:
        raise TreadleError(
            f"{', '.join(map(str, paths))} is there already; nothing was written",
            suggestions=("--force overwrites it",),
            exit_code=ExitCode.CONFLICT,
        )


def _write(root: Path, path: Path, content: str) -> None:
    try:
        (root / "workflows").mkdir(exist_ok=True)
        (root / path).write_text(content, encoding="utf-8")
    except OSError as error:
        raise TreadleError(
            f"cannot write {path} in {root}: {error.strerror}",
            context={"file": str(error.filename or root / path)},
            exit_code=ExitCode.NOT_ALLOWED if isinstance(error, PermissionError) else ExitCode.CONFLICT,
        ) from error


class Format(StrEnum):
    """What `treadle validate` can write."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"
    JUNIT = "junit"


def validate(
    ctx: typer.Context,
    workflows: Annotated[list[str], typer.Argument(metavar="WORKFLOW...", help="Files, or names of workflows.")],
    output: Annotated[Format, typer.Option("--format", help="For people, or for a machine.")] = Format.TEXT,
    json_output: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Find all problems of definitions at once. Exits 2 when one of them is an error."""
    session: Session = ctx.obj
    loaded = [session.treadle.load(workflow) for workflow in workflows]
    problems = [problem for each in loaded for problem in each.problems]
    chosen = Format.JSON if json_output else output
    _print_problems(session, loaded, problems, chosen)
    raise typer.Exit(ExitCode.USAGE if any(problem.severity == "error" for problem in problems) else ExitCode.OK)


def _print_problems(session: Session, loaded: "list[Loaded]", problems: "list[Problem]", chosen: Format) -> None:
    from treadle.definition import render_problems

    terminal = session.terminal
    sources = {name: text for each in loaded for name, text in each.sources.items()}
    rendered = render_problems(problems, sources, chosen.value, terminal.data_color and chosen is Format.TEXT)
    if rendered.strip():
        terminal.data(rendered.rstrip("\n"))
    if chosen is Format.TEXT and not problems:
        terminal.say(f"{', '.join(str(each.path) for each in loaded)}: no problems")


def schema(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What of; --list shows the names.")] = "workflow",
    list_: Annotated[bool, typer.Option("--list", help="List the names there are.")] = False,
) -> None:
    """Print a JSON Schema: of files, for editors (`workflow`, `test-cases`), or of what a command prints as JSON."""
    from treadle.cli.schemas import SCHEMAS

    session: Session = ctx.obj
    offered = session.treadle.plugins.schemas() if list_ or name not in (*_FILES, *SCHEMAS) else {}
    names = [*_FILES, *SCHEMAS, *sorted(offered)]
    if list_:
        session.terminal.data("\n".join(names))
        return
    found = offered[name]() if name in offered else _schema(name, names)
    session.terminal.data(json.dumps(found, ensure_ascii=False, indent=2))


def _schema(name: str, names: list[str]) -> Any:
    from treadle.cli.schemas import SCHEMAS

    if name in _FILES:
        from treadle import definition

        return getattr(definition, _FILES[name])()
    if name not in SCHEMAS:
        raise _unknown("schema", name, names, "treadle schema --list")
    return SCHEMAS[name]


def explain(
    ctx: typer.Context,
    code: Annotated[str, typer.Argument(metavar="CODE", help="As it stands in a message, e.g. TRD0107.")] = "",
    step: Annotated[str, typer.Argument(metavar="[STEP]", help="With --cache: a step, or a visit of it.")] = "",
    cache: Annotated[bool, typer.Option("--cache", help="With ID STEP: why a step was, or was not, reused.")] = False,
    json_output: options.JsonOutput = False,
) -> None:
    """Explain an error code, with an example that is wrong and one that is right; without a code, list them.

    `treadle explain --cache ID STEP` tells which attempts of a step were reused, and of each other one what of its key
    had changed since which earlier run.
    """
    from treadle.definition import codes
    from treadle.definition import explain as page_of

    session: Session = ctx.obj
    if cache or step:
        from treadle.cli.cache import explain_reuse

        explain_reuse(session, code, step, as_json=json_output)
        return
    if not code:
        session.terminal.data("\n".join(codes()))
        return
    page = page_of(code.upper())
    if page is None:
        raise _unknown("error code", code, list(codes()), "treadle explain")
    document = {"schema": "treadle/explanation@1", "code": code.upper(), "text": page}
    session.terminal.data(json.dumps(document, ensure_ascii=False, indent=2) if json_output else page.rstrip("\n"))


def _unknown(kind: str, name: str, names: list[str], listing: str) -> TreadleError:
    close = get_close_matches(name.upper() if kind == "error code" else name, names, n=1)
    return TreadleError(
        f"there is no {kind} `{name}`",
        suggestions=(*(f"did you mean `{match}`?" for match in close), f"see all of them: {listing}"),
        exit_code=ExitCode.NOT_FOUND,
    )
