"""The `treadle` command: global options, and subcommands whose code is imported when they are invoked."""

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import typer
from treadle_hookspecs import TreadleError
from typer.core import TyperCommand, TyperGroup

from treadle.cli.plain_values import PlainParameters, lighten
from treadle.cli.session import Options, Session
from treadle.cli.table import COMMANDS, Entry

AnyCommand: TypeAlias = TyperCommand | TyperGroup

_TALK: Final = ("color", "debug", "verbose", "quiet")


class CoreCommand(PlainParameters, TyperCommand):
    """One of our own commands."""


def imported(target: str) -> Any:
    """What an import string `package.module:attribute` names."""
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)


def built(
    function: Callable[..., None], name: str, *, panels: bool, cls: Any = CoreCommand, epilog: str | None = None
) -> AnyCommand:
    """The Typer command of one function; its help comes in rich's panels, or as plain text."""
    app = typer.Typer(add_completion=False, rich_markup_mode="markdown" if panels else None)
    app.command(name, cls=cls, epilog=epilog)(function)
    command = _command_of(app)
    command.params += _global_options_too(command)
    return command


def _command_of(app: typer.Typer) -> AnyCommand:
    command: AnyCommand = typer.main.get_command(app)  # type: ignore[assignment]
    return command


def _global_options_too(command: AnyCommand) -> list[Any]:
    """Global options that change the talk only stand after the command as well, unless it has one of that name.

    Those that choose the project and its plugins cannot: they are needed to know what the command's options are.
    """
    taken = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
    offered = [
        copy(param)
        for param in shell(panels=False).params
        if param.name in _TALK and not {*param.opts, *param.secondary_opts} & taken
    ]
    for param in offered:
        param.expose_value, param.callback = False, _amend
        param.hidden = True  # type: ignore[attr-defined]
    return offered


def _amend(ctx: Any, param: Any, value: Any) -> Any:
    given = value is not None and (value or param.name == "color")
    if given and isinstance(ctx.obj, Session):
        ctx.obj.begin(replace(ctx.obj.options, **{param.name: value}))
    return value


def core_command(name: str, *, panels: bool = False) -> AnyCommand:
    """One of our own commands, its module imported."""
    entry = COMMANDS[name]
    cls = imported(entry.command_class) if entry.command_class else CoreCommand
    return built(imported(entry.target), name, panels=panels, cls=cls)


def plugin_command(name: str, session: Session) -> AnyCommand:
    """A plugin's Typer app as a command. Raises `TreadleError` when the settings switch it off or it is broken."""
    app = session.plugins.command(name)
    if not isinstance(app, typer.Typer):
        raise TreadleError(
            f"the command `{name}` is no Typer app, but {type(app).__name__}",
            suggestions=("see which distribution brings it: treadle plugins",),
        )
    command = _command_of(app)
    command.name = name
    command.params = [param for param in command.params if param.name not in ("install_completion", "show_completion")]
    lighten(command)
    return command


class Shell(PlainParameters, TyperGroup):
    """Lists commands from the table and from thin plugin modules, and imports the one that is invoked."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Our own in the order of the table, then the plugins' by name."""
        return [*COMMANDS, *sorted(_offers(ctx))]

    def get_command(self, ctx: Any, cmd_name: str) -> AnyCommand | None:
        """A stand-in with name and help: enough for a list, for completion and for a suggestion."""
        entry = COMMANDS.get(cmd_name) or _offers(ctx).get(cmd_name)
        return TyperCommand(cmd_name, help=entry.help, rich_help_panel=entry.panel) if entry else None

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the global options into the session, before any command is looked up."""
        rest = super().parse_args(ctx, args)
        if isinstance(ctx.obj, Session):
            ctx.obj.begin(_options(ctx.params))
        return rest

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command itself: its code is imported here and nowhere else."""
        name, rest = args[0], args[1:]
        if name in COMMANDS:
            return name, core_command(name, panels=self.rich_markup_mode is not None), rest
        offers = _offers(ctx)
        if name not in offers:
            raise _unknown_command(name, [*COMMANDS, *offers])
        command = plugin_command(name, ctx.obj)
        if self.rich_markup_mode is None:
            _plain(command)
        ctx.obj = ctx.obj.host()
        return name, command, rest

    def invoke(self, ctx: Any) -> None:
        """Run a command. What it returns says nothing: only `typer.Exit` carries an exit code."""
        super().invoke(ctx)


def _plain(command: Any) -> None:
    """Let a plugin's help come as plain text too: without a terminal nobody waits for what draws panels."""
    command.rich_markup_mode = None
    for below in getattr(command, "commands", {}).values():
        _plain(below)


def _unknown_command(name: str, known: list[str]) -> TreadleError:
    hints = [f"did you mean `{match}`?" for match in get_close_matches(name, known, n=1)]
    hints += [f"to run that workflow: treadle run {name}"] if Path(name).is_file() else []
    return TreadleError(f"there is no command `{name}`", suggestions=(*hints, "treadle --help"))


def _offers(ctx: Any) -> dict[str, Entry]:
    if not isinstance(ctx.obj, Session) or ctx.params.get("no_plugins"):
        return {}
    return ctx.obj.offered_commands()


def _options(params: dict[str, Any]) -> Options:
    return Options(
        root=params.get("root"),
        store=params.get("store") or "",
        plugins=not params.get("no_plugins"),
        color=params.get("color"),
        debug=bool(params.get("debug")),
        verbose=bool(params.get("verbose")),
        quiet=bool(params.get("quiet")),
    )


def _print_version(value: bool) -> None:
    if value:
        from treadle.cli import version_line

        typer.echo(version_line())
        raise typer.Exit


def global_options(
    root: Annotated[
        Path | None, typer.Option("-C", "--root", metavar="DIR", help="The project's folder, instead of this one's.")
    ] = None,
    store: Annotated[
        str | None, typer.Option("--store", metavar="URL", help="Where state is kept, e.g. sqlite:////tmp/x.db.")
    ] = None,
    no_plugins: Annotated[
        bool, typer.Option("--no-plugins", is_eager=True, help="Use treadle's own parts only.")
    ] = False,
    color: Annotated[
        bool | None, typer.Option("--color/--no-color", help="Colour, whatever the terminal and NO_COLOR say.")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the whole trace of an internal error.")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Say more, e.g. what steps print.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but errors.")] = False,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Show the version and exit.")
    ] = False,
) -> None:
    """Workflows for people who build software: run, watch, resume and undo them."""


def shell(*, panels: bool) -> TyperGroup:
    """The whole command line."""
    app = typer.Typer(
        cls=Shell,
        rich_markup_mode="markdown" if panels else None,
        context_settings={"help_option_names": ["-h", "--help"]},
        subcommand_metavar="COMMAND [ARGS]...",
    )
    app.callback()(global_options)
    group: TyperGroup = _command_of(app)  # type: ignore[assignment]
    group.name = "treadle"
    return group
