"""What one call of the command line shares: the global options, the terminal, and a facade opened when needed."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from treadle_hookspecs import TreadleError

from treadle.cli.console import Terminal
from treadle.cli.table import COMMANDS, PLUGINS, Entry

if TYPE_CHECKING:
    from treadle_engine.plan import Plan
    from treadle_hookspecs import Command, Host, Json

    from treadle.api import Treadle
    from treadle.plugins import PluginHost


@dataclass(frozen=True, slots=True)
class Options:
    """The options that stand before the command."""

    root: Path | None = None
    store: str = ""
    plugins: bool = True
    color: bool | None = None
    debug: bool = False
    verbose: bool = False
    quiet: bool = False


Connect: TypeAlias = Callable[[Options], "Treadle"]


def connect(options: Options, plugins: "PluginHost | None" = None) -> "Treadle":
    """The facade for these options; plugins are not discovered and no store is opened before they are needed."""
    from treadle.api import Treadle

    return Treadle(options.root, overrides=_overrides(options), plugins=plugins)


def _disabled() -> list[str]:
    return [name for name in os.environ.get("TREADLE_DISABLE", "").split(",") if name]


def _overrides(options: Options) -> "Mapping[str, Json]":
    overrides: dict[str, Json] = {}
    if options.store:
        overrides["store"] = options.store
    if options.debug:
        overrides["debug"] = True
    if not options.plugins:
        overrides["plugins.enabled"] = False
    return overrides


@dataclass
class Session:
    """The state of one call. `ctx.obj` of the core's own commands."""

    connect: Connect = connect
    options: Options = field(default_factory=Options)
    terminal: Terminal = field(default_factory=Terminal)
    _treadle: "Treadle | None" = None
    _offered: dict[str, Entry] | None = None
    _plugins: "PluginHost | None" = None
    _plans: "dict[str, Plan]" = field(default_factory=dict)

    def begin(self, options: Options) -> None:
        """Take over the global options."""
        self.options = options
        self.terminal = Terminal(options.color, quiet=options.quiet, setting=self._color)

    def _color(self) -> str:
        """The setting `color`; its variable alone before anything opened the facade, for help has to come at once."""
        if self._treadle is None:
            return os.environ.get("TREADLE_COLOR", "auto")
        try:
            return self._treadle.settings.color
        except TreadleError:
            return "auto"  # what is wrong with the settings is told by the command that needs them

    @property
    def treadle(self) -> "Treadle":
        """The facade, made on first use."""
        if self._treadle is None:
            own = self.connect is connect
            self._treadle = connect(self.options, self._plugins) if own else self.connect(self.options)
        return self._treadle

    @property
    def plugins(self) -> "PluginHost":
        """The plugins in use. The facade is not opened for them: the help of their commands has to come at once."""
        if self._treadle is not None or self.connect is not connect:
            return self.treadle.plugins
        if self._plugins is None:
            self._plugins = self._plugins_in_use()
        return self._plugins

    def plan(self, workflow: str) -> "Plan":
        """The plan of a workflow by path or name, loaded once. Raises `TreadleError`."""
        if workflow not in self._plans:
            self._plans[workflow] = self.treadle.plan(workflow)
        return self._plans[workflow]

    def host(self) -> "Host":
        """What a plugin's command finds in `ctx.obj`; the facade behind it is opened when it is first asked."""
        return cast("Host", _LateHost(lambda: self.treadle.host(self.terminal)))

    def offered_commands(self) -> dict[str, Entry]:
        """The plugins' commands, but those that would hide one of our own. Never raises: help has to work."""
        if self._offered is None:
            offers = self._plugin_commands() if self.options.plugins else ()
            self._offered = {
                command.name: Entry(command.target, command.help, PLUGINS)
                for command in offers
                if command.name not in COMMANDS
            }
        return self._offered

    def _plugin_commands(self) -> "Sequence[Command]":
        """Asked of a host without settings: reading those costs more than all the rest of `treadle --help`."""
        try:
            return [offer.value for offer in self._plugins_by_default.commands()]
        except Exception as error:  # noqa: BLE001 whatever is broken there, the core's own commands still work
            self.terminal.say(f"warning: the plugins' commands cannot be listed: {error}")
            return ()

    @cached_property
    def _plugins_by_default(self) -> "PluginHost":
        """All that no variable disables."""
        from treadle.plugins import PluginHost

        return PluginHost(disabled=_disabled())

    def _plugins_in_use(self) -> "PluginHost":
        """Those that the settings leave; mostly they say nothing of plugins, and nothing is discovered twice."""
        from treadle.lookup import project_root
        from treadle.plugins import PluginHost
        from treadle.settings import load_settings

        root = self.options.root
        place = root.resolve() if root is not None else project_root(Path.cwd())
        settings = load_settings(place, _overrides(self.options), os.environ)
        plugins = settings.plugins
        if (plugins.enabled, plugins.strict, list(plugins.disable)) == (True, False, _disabled()):
            return self._plugins_by_default
        return PluginHost.from_settings(settings)

    def close(self) -> None:
        """Close the facade if it was opened."""
        if self._treadle is not None:
            self._treadle.close()


class _LateHost:
    """A `Host` that is made when it is first asked for anything."""

    def __init__(self, make: "Callable[[], Host]") -> None:
        self._make = make
        self._host: Host | None = None

    def __getattr__(self, name: str) -> Any:
        if self._host is None:
            self._host = self._make()
        return getattr(self._host, name)
