"""Answering what waits: `approve`, `reject`, `answer`, `signal`; and `waiting`, which shows what there is to answer."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer
from treadle_hookspecs import Json, JsonObject, TreadleError

from treadle.cli import describe, options, shapes
from treadle.cli.follow.driving import Driving
from treadle.cli.moments import from_iso, local
from treadle.cli.session import Session

if TYPE_CHECKING:
    from treadle.open_waits import Waiting

Step = Annotated[
    str, typer.Option("--step", metavar="ADDRESS", help="The step that is meant; needed where several ask.")
]
Comment = Annotated[str, typer.Option("--comment", metavar="TEXT", help="Why; later steps can use it.")]
Data = Annotated[
    list[str] | None,
    typer.Option("--data", metavar="NAME=VALUE|JSON", help="The form's values; may be repeated, or one JSON object."),
]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who answers, if not this user; kept in the log.")]
NoRun = Annotated[bool, typer.Option("--no-run", help="Leave the answer in the inbox; a worker, or resume, goes on.")]

_DECISIONS: Final = {"done": "approved", "approved": "approved", "rejected": "rejected", "pushed-back": "pushed_back"}


def approve(
    ctx: typer.Context,
    execution: options.ExecutionId,
    step: Step = "",
    comment: Comment = "",
    data: Data = None,
    by: By = "",
    no_run: NoRun = False,
    json_output: options.JsonOutput = False,
    progress: options.Progress = True,
) -> None:
    """Approve what an execution asks, and go on with it to its end or next rest."""
    _answer(ctx.obj, execution, "approved", step, comment, data, by, no_run, json_output, progress)


def reject(
    ctx: typer.Context,
    execution: options.ExecutionId,
    push_back: Annotated[
        bool, typer.Option("--push-back", help="Send it back to the earlier step that the approval names.")
    ] = False,
    step: Step = "",
    comment: Comment = "",
    by: By = "",
    no_run: NoRun = False,
    json_output: options.JsonOutput = False,
    progress: options.Progress = True,
) -> None:
    """Reject what an execution asks, or send it back with a comment, and go on with it to its end or next rest."""
    decision = "pushed_back" if push_back else "rejected"
    _answer(ctx.obj, execution, decision, step, comment, None, by, no_run, json_output, progress)


def answer(
    ctx: typer.Context,
    execution: options.ExecutionId,
    decision: Annotated[
        str, typer.Argument(metavar="[done|approved|rejected|pushed-back]", help="The answer.")
    ] = "approved",
    step: Step = "",
    comment: Comment = "",
    data: Data = None,
    by: By = "",
    no_run: NoRun = False,
    json_output: options.JsonOutput = False,
    progress: options.Progress = True,
) -> None:
    """Answer what an execution asks. On a terminal and without a decision it asks you, the form's fields included."""
    session: Session = ctx.obj
    if decision not in _DECISIONS:
        raise TreadleError(
            f"an answer is one of {', '.join(_DECISIONS)}, not {decision!r}",
            suggestions=("treadle approve ID, treadle reject ID",),
        )
    _answer(session, execution, _DECISIONS[decision], step, comment, data, by, no_run, json_output, progress)


def signal(
    ctx: typer.Context,
    execution: options.ExecutionId,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The signal's name.")],
    step: Step = "",
    data: Data = None,
    by: By = "",
    no_run: NoRun = False,
    json_output: options.JsonOutput = False,
    progress: options.Progress = True,
) -> None:
    """Send a signal to an execution, and go on with it to its end or next rest."""
    session: Session = ctx.obj
    id = session.treadle.resolve(execution).id  # noqa: A001 the contract's name
    driving = Driving(session, json_output=json_output, progress=progress)
    payload = values(data or ()) or None
    status = driving.go_on(
        id,
        lambda listener: session.treadle.signal(id, name, payload, step=step, by=by, run=not no_run, listener=listener),
    )
    raise typer.Exit(driving.finish(status) if not no_run else driving.accepted(status))


def _answer(
    session: Session,
    execution: str,
    decision: str,
    step: str,
    comment: str,
    data: Sequence[str] | None,
    by: str,
    no_run: bool,
    as_json: bool,
    progress: bool,
) -> None:
    id = session.treadle.resolve(execution).id  # noqa: A001 the contract's name
    driving = Driving(session, json_output=as_json, progress=progress)
    given = values(data or ())
    status = driving.go_on(
        id,
        lambda listener: session.treadle.answer(
            id, decision, step=step, comment=comment, data=given, by=by, run=not no_run, listener=listener
        ),
    )
    raise typer.Exit(driving.accepted(status) if no_run else driving.finish(driving.asked(status)))


def values(words: Sequence[str]) -> JsonObject:
    """What `--data name=value` and `--data '{"name": value}'` say; later ones win."""
    found: dict[str, Json] = {}
    for word in words:
        if word.lstrip().startswith("{"):
            found |= _object(word)
            continue
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise TreadleError(
                f"`--data {word}` has no value",
                suggestions=("write --data name=value", """or a JSON object: --data '{"name": 1}'"""),
            )
        found[name] = value
    return found


def _object(text: str) -> JsonObject:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise TreadleError(
            f"--data is no JSON: {error}", suggestions=("""quote it: --data '{"key": "value"}'""",)
        ) from error
    return data if isinstance(data, dict) else {}


def waiting(
    ctx: typer.Context,
    execution: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="Only what this one waits for.", autocompletion=options.execution_ids),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Of every project.")] = False,
    json_output: options.JsonOutput = False,
) -> None:
    """Show what executions of this project wait for, since when, until when, and the commands that answer."""
    session: Session = ctx.obj
    found = session.treadle.waiting(execution or "", all_roots=all_)
    if json_output:
        document = {"schema": "treadle/waiting@1", "waiting": [each.to_json() for each in found]}
        session.terminal.data(shapes.text(document))
    elif not found:
        session.terminal.say("nothing waits here; treadle waiting --all shows every project's")
    else:
        for each in found:
            session.terminal.data("\n".join(_lines(each, session)))


def _lines(each: "Waiting", session: Session) -> list[str]:
    place = session.terminal.paint(f"{each.workflow} {each.execution} {each.address}", "bold", data=True)
    what = f"{each.kind} {each.name}".rstrip()
    times = [f"since {local(from_iso(each.since))}"] + ([f"due {local(from_iso(each.due))}"] if each.due else [])
    return [f"{place}: {what}, {', '.join(times)}", *describe.question_lines(each.asked), *_commands(each)]


def _commands(each: "Waiting") -> list[str]:
    return [f"  {command}" for command in each.commands]
