"""Testing workflows without running them: `test`."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from treadle_hookspecs import ExitCode, TreadleError

from treadle.cli import options, shapes
from treadle.cli.moments import duration
from treadle.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from treadle.cli.console import Terminal
    from treadle.rehearsal import CaseResult, FileResult


class Format(StrEnum):
    """What `treadle test` can write."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"


def rehearse(
    ctx: typer.Context,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE...]",
            help="Test files, folders, or workflows that have one. Default: all of this project.",
        ),
    ] = None,
    only: Annotated[str, typer.Option("-k", metavar="TEXT", help="Only cases with this text in their names.")] = "",
    init: Annotated[str, typer.Option("--init", metavar="WORKFLOW", help="Write a first test file for it.")] = "",
    force: Annotated[bool, typer.Option("--force", help="With --init: overwrite a file that is there.")] = False,
    output: Annotated[Format, typer.Option("--format", help="For people, or for a machine.")] = Format.TEXT,
    json_output: options.JsonOutput = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the path of cases that passed, too.")] = False,
) -> None:
    """Play the cases of test files in virtual time. Exits 1 when one fails, 2 when a file has problems."""
    session: Session = ctx.obj
    if init:
        _init(session, init, files or [], force=force)
        return
    results = session.treadle.rehearse(files or (), only=only)
    _print(session.terminal, results, Format.JSON if json_output else output, verbose=verbose)
    raise typer.Exit(_exit_code(results))


def _init(session: Session, workflow: str, files: list[str], *, force: bool) -> None:
    if files:
        raise TreadleError("--init names the workflow; no other file is taken", exit_code=ExitCode.USAGE)
    path = session.treadle.write_test(workflow, force=force)
    session.terminal.say(f"wrote {path}")
    session.terminal.say(f"next: treadle test {path}")


def _exit_code(results: "Sequence[FileResult]") -> ExitCode:
    from treadle.rehearsal import broken, failed

    if broken(results):
        return ExitCode.USAGE
    return ExitCode.FAILED if failed(results) else ExitCode.OK


def _print(terminal: "Terminal", results: "Sequence[FileResult]", chosen: Format, *, verbose: bool) -> None:
    from treadle.rehearsal import as_json, as_junit, failed, passed

    if chosen is Format.JSON:
        terminal.data(shapes.text(as_json(results)))
        return
    if chosen is Format.JUNIT:
        terminal.data(as_junit(results))
        return
    for file in results:
        _print_file(terminal, file, verbose=verbose)
    terminal.data(f"{passed(results)} passed, {failed(results)} failed")


def _print_file(terminal: "Terminal", file: "FileResult", *, verbose: bool) -> None:
    from treadle.definition import render_problems

    if file.loaded.problems:
        sources = {file.loaded.path: file.loaded.text}
        terminal.data(render_problems(file.loaded.problems, sources, "text", terminal.data_color).rstrip("\n"))
    for case in file.cases:
        _print_case(terminal, file.path, case, verbose=verbose)


def _print_case(terminal: "Terminal", path: str, case: "CaseResult", *, verbose: bool) -> None:
    from treadle.rehearsal import lines_of

    marks = terminal.marks
    mark, style = (marks.done, "green") if case.passed else (marks.failed, "red")
    took = (
        f" ({duration(0, round(case.played.seconds * 1_000_000))})"
        if case.played is not None and case.played.seconds
        else ""
    )
    terminal.data(f"{terminal.paint(mark, style, data=True)} {path}:{case.line} {case.name}{took}")
    for line in lines_of(case, verbose=verbose):
        style = {"- ": "red", "+ ": "green"}.get(line.strip()[:2], "")
        terminal.data(f"    {terminal.paint(line, *filter(None, [style]), data=True)}")
