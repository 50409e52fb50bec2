"""`treadle run`: the workflow's inputs become options once its name is known."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from treadle_engine.plan import Plan
from treadle_hookspecs import ExitCode, Json, TreadleError
from typer.core import TyperCommand

from treadle.cli import inputs, options, shapes
from treadle.cli import run_options as ways
from treadle.cli.follow.driving import Driving
from treadle.cli.plain_values import PlainParameters
from treadle.cli.session import Session

if TYPE_CHECKING:
    from treadle.api import DryRun, RunOptions


class RunCommand(PlainParameters, TyperCommand):
    """Reads the workflow's name first, then the words again with the workflow's inputs as options."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """The context of the command with the options of the workflow that these words name."""
        session = parent.obj if parent is not None else None
        name = self._workflow(args)
        if not name and isinstance(session, Session) and not extra.get("resilient_parsing"):
            name = self._workflow_behind_inputs(session, args)
        if not name or not isinstance(session, Session):
            return super().make_context(info_name, args, parent, **extra)
        try:
            command = _command_for(session.plan(name), panels=self.rich_markup_mode is not None)
        except TreadleError:
            if extra.get("resilient_parsing"):  # the shell completes a word: no time for errors
                return super().make_context(info_name, args, parent, **extra)
            raise
        return command.make_context(info_name, args, parent, **extra)

    def _workflow(self, args: list[str]) -> str:
        """The first word that is neither an option nor an option's value, "" when there is none.

        What the command does not know ends the search: inputs are known only after the workflow.
        """
        known = {name: param for param in self.params for name in (*param.opts, *param.secondary_opts)}
        words = iter(args)
        for word in words:
            if not word.startswith("-"):
                return word
            option, equals, _ = word.partition("=")
            if option not in known:
                return next(words, "") if word == "--" else ""
            if not equals and not getattr(known[option], "is_flag", False):
                next(words, None)
        return ""

    def _workflow_behind_inputs(self, session: Session, args: list[str]) -> str:
        """The workflow in `--who me FILE`: the one that leaves all other words to be its inputs, else the only one.

        Raises the `DefinitionError` of a file with problems when no other word is a workflow.
        """
        found: dict[str, Plan] = {}
        broken: TreadleError | None = None
        for word in (word for word in args if not word.startswith("-")):
            try:
                found[word] = session.plan(word)
            except TreadleError as error:
                broken = broken or (error if error.exit_code != ExitCode.NOT_FOUND else None)
        fitting = [word for word, plan in found.items() if _parsed_workflow(plan, args) == word]
        if not found and broken is not None:
            raise broken
        return fitting[0] if fitting else next(iter(found), "")


def _parsed_workflow(plan: Plan, args: list[str]) -> str:
    """What is the workflow in these words if they are meant for this plan."""
    context = _command_for(plan, panels=False).make_context("run", list(args), None, resilient_parsing=True)
    return str(context.params.get("workflow") or "")


def _command_for(plan: Plan, *, panels: bool) -> Any:
    from treadle.cli.shell import built, core_command

    own = frozenset(name for param in _visible(core_command("run")) for name in (*param.opts, *param.secondary_opts))
    unreachable = inputs.unreachable(plan.inputs, own)
    epilog = f"By --input NAME=VALUE only: {', '.join(unreachable)}." if unreachable else None
    command = built(inputs.with_inputs(execute, plan.inputs, own), "run", panels=panels, epilog=epilog)
    command.help = "\n\n".join(text for text in (plan.title, plan.description.strip(), command.help) if text)
    return command


def _visible(command: Any) -> Any:
    return [param for param in command.params if not param.hidden]


def execute(
    ctx: typer.Context,
    workflow: Annotated[
        str,
        typer.Argument(
            metavar="WORKFLOW",
            help="A file, or a name that `treadle list` shows.",
            autocompletion=options.workflow_names,
        ),
    ],
    input_: Annotated[
        list[str] | None,
        typer.Option("--input", metavar="NAME=VALUE", help="An input; NAME=@FILE takes the file's content."),
    ] = None,
    inputs_file: Annotated[
        Path | None, typer.Option("--inputs-file", metavar="FILE", help="Inputs in a YAML or JSON file.")
    ] = None,
    report: Annotated[
        list[Path] | None,
        typer.Option(
            "--report",
            metavar="FILE",
            help="Write a report at the end: .md, .json, .html, .xml for JUnit; several times for several.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and start nothing.")] = False,
    mode: ways.Mode = "",
    strict: ways.Strict = False,
    lenient: ways.Lenient = False,
    custom_gates: ways.CustomGates = None,
    parallel: ways.Parallel = None,
    timeout: ways.Timeout = "",
    checkpoint: ways.Checkpoint = False,
    resume: ways.Resume = False,
    runtime: ways.Runtime = "",
    address: ways.Address = "",
    namespace: ways.Namespace = "",
    task_queue: ways.TaskQueue = "",
    wait: options.Wait = None,
    no_wait: options.NoWait = False,
    json_output: options.JsonOutput = False,
    json_lines: options.JsonLinesOutput = False,
    verbose: options.Verbose = False,
    progress: options.Progress = True,
    *,
    given: dict[str, Json],
) -> None:
    """Run a workflow by path or name, to its end or until it waits for something.

    Its inputs are options: `treadle run WORKFLOW --help` shows them. Where one is given twice, its own option wins
    over `--input`, and that over `--inputs-file`.
    """
    session: Session = ctx.obj
    values = _values(inputs_file, input_ or (), given)
    chosen = ways.run_options(
        mode=mode,
        gates=custom_gates,
        strict=strict,
        lenient=lenient,
        parallel=parallel,
        timeout=timeout,
        checkpoint=checkpoint,
        runtime=ways.runtime_choice(runtime, address, namespace, task_queue),
    )
    if resume:
        _refuse_to_change(chosen, values)
    if dry_run:
        _show_dry_run(session, session.treadle.preview(workflow, values, chosen), as_json=json_output)
        return
    if report:
        from treadle.reports import form_of

        for path in report:  # a name that says nothing is told before anything runs
            form_of(path, session.treadle.plugins)
    driving = Driving(
        session,
        json_output=json_output,
        json_lines=json_lines,
        progress=progress,
        verbose=verbose,
        reports=report or (),
        patience=options.patience(wait, no_wait=no_wait),
    )
    if not resume:
        raise typer.Exit(driving.run(workflow, values, chosen))
    from treadle.cli.control import resumed

    status = resumed(driving, session, session.treadle.newest(workflow).id)
    raise typer.Exit(driving.finish(driving.asked(status)))


def _refuse_to_change(chosen: "RunOptions", values: dict[str, Json]) -> None:
    """What an execution was started with stays."""
    if values or chosen != type(chosen)():
        raise TreadleError(
            "--resume goes on with what the execution was started with: it takes no inputs, modes, gates or limits",
            suggestions=("leave them out", "or start a new execution, without --resume"),
        )


run = inputs.with_inputs(execute)
"""The command before its workflow is known."""


def _values(file: Path | None, assignments: Sequence[str], given: dict[str, Json]) -> dict[str, Json]:
    from_file = inputs.from_inputs_file(file) if file else {}
    return {**from_file, **inputs.assigned(assignments, Path()), **given}


def _show_dry_run(session: Session, preview: "DryRun", *, as_json: bool) -> None:
    if as_json:
        session.terminal.data(shapes.text(shapes.dry_run(preview)))
        return
    from treadle.cli.describe import dry_run_lines

    session.terminal.data("\n".join(dry_run_lines(preview, session.terminal)))
