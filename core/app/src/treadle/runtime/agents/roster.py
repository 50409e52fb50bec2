"""The agents that the user has named, and the kinds that plugins bring."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from treadle_hookspecs import AgentBackend, AgentHealth, ExitCode, Json, JsonObject, TreadleError

from treadle.suggestions import did_you_mean

if TYPE_CHECKING:
    from treadle.plugins import PluginHost

HUMAN: Final = "human"
DEFAULT_VARIABLE: Final = "TREADLE_AGENT"
_CHECK_SECONDS: Final = 10.0
_OWN: Final = ("kind", "timeout")
_PLUGIN: Final = "plugin"
"""The origin of a kind under its own name."""
_INSTALL: Final[Mapping[str, str]] = {
    "command": "pip install treadle-agents-command",
    "acp": "pip install treadle-agents-acp",
    "http": "pip install treadle-agents-http",
    "llm": "pip install treadle-agents-llm",
}


@dataclass(frozen=True, slots=True)
class AgentEntry:
    """One agent that can be asked by its name.

    Attributes:
        name: what steps write.
        kind: of the plugin that does it.
        settings: what the kind needs to know, `endpoint` and the like.
        origin: where it comes from: a file, a variable, or the plugin.
        timeout: seconds for one task.
    """

    name: str
    kind: str
    settings: JsonObject
    origin: str
    timeout: float = 1800.0


@dataclass(frozen=True, slots=True)
class KnownAgent:
    """One line of `treadle agents`.

    `ok` is None when nobody looked; `default` is asked where nobody is named; `version` is what it says of itself.
    """

    name: str
    kind: str
    origin: str
    default: bool
    ok: bool | None = None
    message: str = ""
    version: str = ""

    def to_json(self) -> JsonObject:
        """As a member of `treadle/agents@1`."""
        return {
            "name": self.name,
            "kind": self.kind,
            "origin": self.origin,
            "default": self.default,
            "ok": self.ok,
            "message": self.message,
            "version": self.version,
        }


class Roster:
    """All agents of this user.

    Args:
        plugins: who brings the kinds.
        file: the user's settings; their tables `[agents.NAME]` are read here.
        environ: variables by which kinds find agents.
    """

    def __init__(self, plugins: "PluginHost", file: Path, environ: Mapping[str, str] | None = None) -> None:
        self._plugins = plugins
        self._file = file
        self._environ = os.environ if environ is None else environ
        self._entries: dict[str, AgentEntry] | None = None
        self._made: dict[str, AgentBackend] = {}

    @property
    def entries(self) -> Mapping[str, AgentEntry]:
        """By name: kinds by their own name, then what variables say, then what the user's file says.

        Raises:
            TreadleError: the file says something wrong.
        """
        if self._entries is None:
            self._entries = {entry.name: entry for entry in (*self._by_kind(), *self._of_file())}
        return self._entries

    @property
    def default(self) -> str:
        """Who is asked where nobody is named: `TREADLE_AGENT`, else the user's `default_agent`, else a person."""
        return self._environ.get(DEFAULT_VARIABLE) or str(self._table().get("default_agent") or HUMAN)

    def entry(self, name: str) -> AgentEntry:
        """An agent. Raises `TreadleError` when there is none of that name, or its kind is not installed."""
        entry = self.entries.get(name)
        if entry is None:
            raise TreadleError(
                f"there is no agent {name!r}",
                context={"agents": list(self.entries)},
                suggestions=(
                    did_you_mean(name, self.entries) or "treadle agents lists those that there are",
                    f"name it in {self._file}: [agents.{name}] with kind = …",
                ),
                exit_code=ExitCode.NOT_FOUND,
            )
        if entry.kind not in self._kinds():
            install = _INSTALL.get(entry.kind)
            raise TreadleError(
                f"the agent {name!r} is of the kind {entry.kind!r}, which no plugin brings",
                suggestions=(install,) if install else (f"kinds: {', '.join(sorted(self._kinds()))}",),
                exit_code=ExitCode.NOT_FOUND,
            )
        return entry

    def backend(self, name: str) -> AgentBackend:
        """What does an agent's work, made once. Raises `TreadleError`."""
        if name not in self._made:
            entry = self.entry(name)
            self._made[name] = self._plugins.agent(entry.kind)(name, entry.settings)
        return self._made[name]

    async def health(self, name: str) -> AgentHealth:
        """Whether it could be asked now. Never raises."""
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                return await self.backend(name).check()
        except TreadleError as error:
            return AgentHealth(ok=False, message="; ".join([error.message, *error.suggestions]))
        except TimeoutError:
            return AgentHealth(ok=False, message=f"no answer within {_CHECK_SECONDS:g} s")
        except Exception as error:  # noqa: BLE001 - a broken agent is no reason not to ask the next one
            return AgentHealth(ok=False, message=f"{type(error).__name__}: {error}")

    async def listed(self, name: str = "", *, check: bool = False) -> Sequence[KnownAgent]:
        """All agents, or one; `check` looks at all side by side. Raises `TreadleError` for an unknown name."""
        wanted = [self.entry(name)] if name else list(self.entries.values())
        lines = [KnownAgent(it.name, it.kind, it.origin, it.name == self.default) for it in wanted]
        if not check:
            return lines
        return await asyncio.gather(*(self._looked_at(line, named=bool(name)) for line in lines))

    async def _looked_at(self, line: KnownAgent, *, named: bool) -> KnownAgent:
        if line.origin == _PLUGIN and not named and not self._is_whole(line.name):
            return replace(line, message=f'a kind: [agents.NAME] with kind = "{line.kind}" makes an agent of it')
        found = await self.health(line.name)
        version = await self._version(line.name) if found.ok else ""
        return replace(line, ok=found.ok, message=found.message, version=version)

    def _is_whole(self, name: str) -> bool:
        """It can be asked as it is. A kind that needs settings is no agent before somebody gives it some."""
        try:
            self.backend(name)
        except TreadleError:
            return False
        return True

    async def _version(self, name: str) -> str:
        """What it says of itself, where its kind asks that."""
        ask = getattr(self.backend(name), "version", None)
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                return str(await ask()) if ask is not None else ""
        except Exception:  # noqa: BLE001 - it can be asked to work all the same
            return ""

    def _kinds(self) -> Mapping[str, Any]:
        return {found.value.name: found.value for found in self._plugins.agents()}

    def _by_kind(self) -> Sequence[AgentEntry]:
        kinds = self._kinds().values()
        own = [AgentEntry(kind.name, kind.name, {}, _PLUGIN) for kind in kinds]
        for kind in kinds:
            for name, variable in kind.variables.items():
                if endpoint := self._environ.get(variable):
                    own.append(AgentEntry(name, kind.name, {"endpoint": endpoint}, variable))
        return own

    def _of_file(self) -> Sequence[AgentEntry]:
        agents = self._table().get("agents", {})
        if not isinstance(agents, dict):
            raise self._wrong("`agents` is a table of agents by name")
        return [self._entry_of(name, table) for name, table in agents.items()]

    def _entry_of(self, name: str, table: Json) -> AgentEntry:
        if not isinstance(table, dict) or not isinstance(table.get("kind"), str):
            raise self._wrong(f"[agents.{name}] has to say its kind", f'kind = "{next(iter(_INSTALL))}"')
        timeout = table.get("timeout", AgentEntry.__dataclass_fields__["timeout"].default)
        if isinstance(timeout, bool) or not isinstance(timeout, int | float) or timeout <= 0:
            raise self._wrong(f"[agents.{name}]: timeout is a number of seconds")
        own = _OWN if table["kind"] != HUMAN else _OWN[:1]  # a person is not ended, but waited for as long
        settings = {key: value for key, value in table.items() if key not in own}
        return AgentEntry(name, table["kind"], settings, str(self._file), float(timeout))

    def _table(self) -> dict[str, Any]:
        try:
            text = self._file.read_text("utf-8")
            import tomllib

            return tomllib.loads(text)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise self._wrong(f"cannot be read: {error}") from error

    def _wrong(self, what: str, *hints: str) -> TreadleError:
        return TreadleError(f"{self._file}: {what}", context={"file": str(self._file)}, suggestions=hints)
