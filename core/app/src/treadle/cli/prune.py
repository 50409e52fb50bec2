"""`treadle prune`: delete what ended long ago."""

import re
from typing import TYPE_CHECKING, Annotated, Final

import typer
from treadle_hookspecs import ExitCode, TreadleError

from treadle.amounts import bytes_of
from treadle.cli import describe, options, shapes
from treadle.cli.moments import local, now
from treadle.cli.session import Session

if TYPE_CHECKING:
    from treadle.seeing.pruning import Pruning

_UNITS: Final = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_AGE: Final = re.compile(r"(?:\d+[dhms])+")
_SHOWN: Final = 20


def prune(
    ctx: typer.Context,
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="AGE", help="Only what ended longer ago: 30d, 12h, 1d12h.")
    ] = "30d",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go, and delete nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json_output: options.JsonOutput = False,
) -> None:
    """Delete executions that ended long ago, in every project, with their logs and scratch files.

    What has not ended stays, and so does the audit. What was deleted cannot be resumed, retried or rolled back.
    """
    session: Session = ctx.obj
    treadle = session.treadle
    before = now() - _microseconds(older_than)
    found = treadle.pruning(before)
    if not dry_run and found.executions and not yes and not _confirmed(session, found):
        raise typer.Exit(ExitCode.NOT_ALLOWED)
    if not dry_run and found.executions:
        treadle.prune(before)
    if json_output:
        session.terminal.data(shapes.text(found.to_json(deleted=not dry_run)))
        return
    if dry_run and found.executions:
        session.terminal.data(_listed(session, found, limit=0))
    session.terminal.say(_summary(found, older_than, "would be freed" if dry_run else "freed"))


def _microseconds(age: str) -> int:
    if not _AGE.fullmatch(age):
        raise TreadleError(f"`--older-than {age}` is no age", suggestions=("write --older-than 30d, 12h or 1d12h",))
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)([dhms])", age)) * 1_000_000


def _confirmed(session: Session, found: "Pruning") -> bool:
    if session.terminal.interactive:
        session.terminal.say(_listed(session, found, limit=_SHOWN))
    return session.terminal.confirm(f"delete {_count(found)} for good?", flag="--yes")


def _listed(session: Session, found: "Pruning", *, limit: int) -> str:
    rows = found.executions[:limit] if limit else found.executions
    cells = [
        [row.id, row.workflow, row.status, local(row.finished_at), bytes_of(found.size[row.id]), row.root]
        for row in rows
    ]
    text = describe.table(["ID", "WORKFLOW", "STATUS", "ENDED", "FILES", "ROOT"], cells, session.terminal)
    left = len(found.executions) - len(rows)
    return f"{text}\n… and {left} more; --dry-run shows all" if left else text


def _summary(found: "Pruning", age: str, verb: str) -> str:
    if not found.executions:
        return f"nothing ended more than {age} ago"
    return (
        f"{_count(found)}; {bytes_of(found.bytes)} of logs and scratch files {verb}; the store uses its own room again"
    )


def _count(found: "Pruning") -> str:
    return f"{len(found.executions)} execution{'s' if len(found.executions) != 1 else ''}"
