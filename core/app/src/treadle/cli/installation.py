"""What is installed and whether it is well: `plugins`, `doctor`; and `help`."""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from treadle_hookspecs import ExitCode, Finding, TreadleError

from treadle.cli import describe, options, shapes
from treadle.cli.session import Session
from treadle.cli.table import COMMANDS
from treadle.settings import DEFAULT

if TYPE_CHECKING:
    from treadle.plugins import PluginRecord
    from treadle.settings import Settings


def plugins(ctx: typer.Context, json_output: options.JsonOutput = False) -> None:
    """List plugins with what they provide, and why one does not work. Never fails because a plugin does."""
    session: Session = ctx.obj
    records = _records(session)
    if json_output:
        session.terminal.data(shapes.text(shapes.plugins(records)))
        return
    cells = [
        [each.name, f"{each.distribution} {each.version}", each.status, each.reason or ", ".join(each.provides)]
        for each in records
    ]
    session.terminal.data(
        describe.table(["NAME", "DISTRIBUTION", "STATUS", "PROVIDES, OR WHY NOT"], cells, session.terminal)
    )


def _records(session: Session) -> "Sequence[PluginRecord]":
    """The records, with a note where a plugin offers a command by a name of ours."""
    host = session.treadle.plugins
    hidden: dict[str, str] = {}
    for label in (f"command {name}" for name in COMMANDS):
        hidden |= {
            record.name: label for record in host.records if record.status == "active" and label in record.provides
        }
    return [
        replace(record, reason=_noted(record.reason, f"its {hidden[record.name]} is hidden by treadle's own"))
        if record.name in hidden
        else record
        for record in host.records
    ]


def _noted(reason: str, note: str) -> str:
    return f"{reason}; {note}" if reason else note


def doctor(
    ctx: typer.Context,
    clean: Annotated[
        bool, typer.Option("--clean", help="Remove worktrees of ended executions, and what was never merged from them.")
    ] = False,
    json_output: options.JsonOutput = False,
) -> None:
    """Check the state, the plugins and this machine. Exits 1 when something has to be looked after."""
    session: Session = ctx.obj
    for path in session.treadle.clean() if clean else ():
        session.terminal.say(f"removed {path}")
    from treadle.doctor import environment

    facts = environment()
    found = [*session.treadle.doctor(), *_plugin_findings(session)]
    settings = session.treadle.settings
    if json_output:
        session.terminal.data(shapes.text(shapes.findings(found, facts, settings.in_force())))
    else:
        for name, value in facts.items():
            session.terminal.data(f"{name}: {value}" if value else f"{name}: -")
        session.terminal.data("\n".join(_setting_lines(settings)))
        session.terminal.data("\n".join(_finding_lines(found)) or "nothing to complain of")
    raise typer.Exit(ExitCode.FAILED if found else ExitCode.OK)


def _setting_lines(settings: "Settings") -> list[str]:
    """What somebody set, and where; then what could not be taken."""
    given = [one for one in settings.in_force() if one["origin"] != DEFAULT]
    lines = [f"setting {one['key']}: {shapes.line_of(one['value'])} ({one['origin']})" for one in given]
    return [*(lines or ["settings: all have their defaults"]), *(f"note: {note}" for note in settings.notes)]


def _plugin_findings(session: Session) -> list[Finding]:
    return [Finding("plugins", problem, "treadle plugins") for problem in session.treadle.plugins.problems()]


def _finding_lines(found: Sequence[Finding]) -> list[str]:
    return [f"{each.invariant}: {each.message}" + (f"\n  hint: {each.remedy}" if each.remedy else "") for each in found]


class Level(StrEnum):
    """How deep a guide goes."""

    BASIC = "basic"
    INTERMEDIATE = "intermediate"
    ADVANCED = "advanced"


def _show_guide(session: Session, command: str, level: Level | None) -> bool:
    """The guide of a plugin's command, the first level of it unless another is asked for; False without one."""
    wanted = (level or Level.BASIC).value
    guide = "" if command in COMMANDS else session.plugins.guide(command, wanted)
    if not guide and level is not None:
        raise TreadleError(f"the command `{command}` has no levels of help", suggestions=(f"treadle help {command}",))
    if guide:
        session.terminal.data(guide.rstrip("\n"))
    return bool(guide)


def help_(
    ctx: typer.Context,
    command: Annotated[str | None, typer.Argument(metavar="COMMAND", help="Which; all of them without it.")] = None,
    level: Annotated[
        Level | None, typer.Option("--level", help="How deep, for commands that have such a guide.")
    ] = None,
) -> None:
    """Show the help of treadle, or of one of its commands."""
    root = ctx.find_root()
    if command is not None and _show_guide(ctx.obj, command, level):
        return
    if command is None:
        root.command.make_context("treadle", ["--help"], obj=ctx.obj)
        return
    group = root.command
    if not isinstance(group, typer.core.TyperGroup):
        raise TreadleError("there are no commands")
    _, found, _ = group.resolve_command(root, [command])
    if found is not None:
        found.make_context(command, ["--help"], parent=root)
