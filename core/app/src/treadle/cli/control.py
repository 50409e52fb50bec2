"""Saying something to executions: `resume`, `pause`, `cancel`, `rollback`, `emit`."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

import typer
from treadle_hookspecs import ExitCode, Json, JsonObject, TreadleError

from treadle.cli import options, shapes
from treadle.cli.follow.driving import Driving
from treadle.cli.session import Session

if TYPE_CHECKING:
    from treadle.api import Status

_CHOICES: Final = ("retry", "fail")
_NOTHING: Final[Mapping[str, str]] = {}


def resume(
    ctx: typer.Context,
    execution: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="The execution's id, or its first characters; not with --due.",
            autocompletion=options.execution_ids,
        ),
    ] = "",
    interrupted: Annotated[
        list[str] | None,
        typer.Option(
            "--interrupted",
            metavar="[STEP=]retry|fail",
            help="What becomes of steps that were interrupted, of all or of one; may be repeated.",
        ),
    ] = None,
    due: Annotated[
        bool, typer.Option("--due", help="Instead of one: every execution for which something is due; for cron.")
    ] = False,
    budget: Annotated[
        list[str] | None,
        typer.Option("--budget", metavar="+AMOUNT", help="Raise what is used up: +1h, +5usd, +1000tokens, +10visits."),
    ] = None,
    wait: options.Wait = None,
    no_wait: options.NoWait = False,
    reason: options.Reason = "",
    json_output: options.JsonOutput = False,
    json_lines: options.JsonLinesOutput = False,
    verbose: options.Verbose = False,
    progress: options.Progress = True,
) -> None:
    """Continue an execution that was interrupted, paused, or waits; of one that has failed, start a new one from there.

    Finished steps do not run again. On a terminal it asks what becomes of a step that was interrupted.
    """
    session: Session = ctx.obj
    if due:
        _resume_due(session, execution, json_output=json_output)
        return
    if not execution:
        raise TreadleError("say which execution", suggestions=("treadle resume ID", "treadle resume --due"))
    id = session.treadle.resolve(execution).id  # noqa: A001 the contract's name
    answers = _answers(interrupted or ())
    driving = Driving(
        session,
        json_output=json_output,
        json_lines=json_lines,
        progress=progress,
        verbose=verbose,
        patience=options.patience(wait, no_wait=no_wait),
    )
    raise typer.Exit(driving.finish(driving.asked(resumed(driving, session, id, answers, reason, budget or ()))))


def resumed(
    driving: Driving,
    session: Session,
    id: str,
    answers: Mapping[str, str] = _NOTHING,
    reason: str = "",
    budget: Sequence[str] = (),
) -> "Status":
    """Continue an execution until nothing more has to be asked of its interrupted steps."""
    if not answers:
        answers = _asked(session, session.treadle.status(id))
    status = _resumed(driving, session, id, answers, reason, budget)
    while status.questions and (answers := _asked(session, status)):
        status = _resumed(driving, session, status.id, answers, reason)
    return status


def _resume_due(session: Session, execution: str, *, json_output: bool) -> None:
    from treadle.cli.worker import drive_due

    if execution:
        raise TreadleError("--due is for every execution", suggestions=(f"treadle resume {execution}",))
    drive_due(session, once=True, max_concurrent=0, all_roots=True, json_output=json_output)


def _resumed(
    driving: Driving,
    session: Session,
    id: str,
    answers: Mapping[str, str],
    reason: str,
    budget: Sequence[str] = (),
) -> "Status":
    resume = partial(session.treadle.resume, id, interrupted=answers or None, reason=reason, budget=budget)
    return driving.go_on(id, lambda listener: resume(listener=listener))


def _answers(words: Sequence[str]) -> dict[str, str]:
    """By address; what is said of all stands under ""."""
    answers = {}
    for word in words:
        address, _, choice = word.rpartition("=")
        if choice not in _CHOICES:
            raise TreadleError(
                f"`--interrupted {word}` does not say what to do",
                suggestions=("write --interrupted retry, --interrupted fail, or --interrupted STEP=retry",),
            )
        answers[address] = choice
    return answers


def _asked(session: Session, status: "Status") -> dict[str, str]:
    """A person's answers by address; none where nobody can be asked."""
    if not session.terminal.interactive:
        return {}
    return {
        str(question["address"]): session.terminal.choose(
            f"`{question['address']}` was interrupted and may have had an effect: run it again, or let it fail?",
            _CHOICES,
            flag="--interrupted retry|fail",
        )
        for question in status.questions
    }


def pause(
    ctx: typer.Context,
    execution: options.ExecutionId,
    reason: options.Reason = "",
    json_output: options.JsonOutput = False,
) -> None:
    """Start nothing new in an execution; what runs may finish. `treadle resume ID` goes on."""
    session: Session = ctx.obj
    _answer(session, session.treadle.pause(session.treadle.resolve(execution).id, reason=reason), as_json=json_output)


def cancel(
    ctx: typer.Context,
    execution: options.ExecutionId,
    reason: options.Reason = "",
    json_output: options.JsonOutput = False,
) -> None:
    """End an execution: running steps are ended, its handlers run, and it says what can be undone."""
    session: Session = ctx.obj
    _answer(session, session.treadle.cancel(session.treadle.resolve(execution).id, reason=reason), as_json=json_output)


def _answer(session: Session, status: "Status", *, as_json: bool) -> None:
    """What was asked for was done: the exit code is 0 whatever the execution's own would be."""
    if as_json:
        session.terminal.data(shapes.text(status.to_json()))
    else:
        session.terminal.data(f"{status.id} {status.workflow}: {status.status}")


def rollback(
    ctx: typer.Context,
    execution: options.ExecutionId,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be undone, in order.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    again: Annotated[bool, typer.Option("--continue", help="Try again what an earlier rollback left.")] = False,
    to: Annotated[
        str, typer.Option("--to", metavar="CHECKPOINT", help="Undo only what came after this checkpoint.")
    ] = "",
    reason: options.Reason = "",
    json_output: options.JsonOutput = False,
    progress: options.Progress = True,
) -> None:
    """Undo an execution: the steps that know how, latest first. What cannot be undone is listed, the rest goes on."""
    session: Session = ctx.obj
    treadle = session.treadle
    id = treadle.resolve(execution).id  # noqa: A001 the contract's name
    plan = treadle.rollback_plan(id, to=to)
    if dry_run:
        _show_plan(session, id, plan, as_json=json_output)
        return
    if plan and not yes and not _confirmed(session, id, plan):
        raise typer.Exit(ExitCode.NOT_ALLOWED)
    driving = Driving(session, json_output=json_output, progress=progress)
    status = driving.go_on(
        id, lambda listener: treadle.rollback(id, reason=reason, again=again, to=to, listener=listener)
    )
    driving.finish(status, cause=False)
    raise typer.Exit(ExitCode.OK if status.rollback in ("done", "none") else ExitCode.FAILED)


def _show_plan(session: Session, id: str, plan: Sequence[JsonObject], *, as_json: bool) -> None:
    if as_json:
        session.terminal.data(shapes.text(shapes.rollback_plan(id, plan)))
    elif plan:
        session.terminal.data("\n".join(_plan_lines(plan)))
    else:
        session.terminal.say("nothing to undo")


def _plan_lines(plan: Sequence[JsonObject]) -> list[str]:
    return [f"{number}. {entry['address']}: {entry['action']}" for number, entry in enumerate(plan, 1)]


def _confirmed(session: Session, id: str, plan: Sequence[JsonObject]) -> bool:
    if session.terminal.interactive:
        session.terminal.say("\n".join(_plan_lines(plan)))
    return session.terminal.confirm(f"undo these {len(plan)} steps of {id}?", flag="--yes")


def emit(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The event's name.")],
    data: Annotated[str, typer.Option("--data", metavar="JSON", help="What it carries, a JSON object.")] = "{}",
    json_output: options.JsonOutput = False,
    progress: options.Progress = True,
) -> None:
    """Publish an event, and run the workflows of this project that it triggers."""
    session: Session = ctx.obj
    driving = Driving(session, json_output=False, progress=progress)
    statuses = session.treadle.emit(name, _object(data))
    if json_output:
        document = {"schema": "treadle/emitted@1", "name": name, "executions": [each.to_json() for each in statuses]}
        session.terminal.data(shapes.text(document))
    elif not statuses:
        session.terminal.say(f"published `{name}`; no workflow or execution of this project waits for it")
    codes = [each.exit_code if json_output else driving.finish(each) for each in statuses]
    raise typer.Exit(next((code for code in codes if code), ExitCode.OK))


def _object(text: str) -> Mapping[str, Json]:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise TreadleError(
            f"--data is no JSON: {error}", suggestions=("""quote it: --data '{"key": "value"}'""",)
        ) from error
    if not isinstance(data, dict):
        raise TreadleError("--data has to be a JSON object", suggestions=("""write --data '{"key": "value"}'""",))
    return data
