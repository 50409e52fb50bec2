"""The agent kind `acp`. The protocol's library takes 1.3 s to import: it is imported when an agent is asked."""

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from treadle_hookspecs import (
    ActionContext,
    AgentHealth,
    AgentResult,
    AgentTask,
    Json,
    JsonObject,
    TreadleError,
)

_SETTINGS: Final = ("argv", "env", "mode", "any_mode", "allow", "probe")
KINDS: Final = ("read", "edit", "delete", "move", "search", "execute", "think", "fetch", "switch_mode", "other")
_ALLOWED: Final = ("read", "edit", "delete", "move", "search", "think")
_INSTALL: Final[Mapping[str, str]] = {
    "claude-agent-acp": "npm install -g @agentclientprotocol/claude-agent-acp",
    "codex-acp": "npm install -g @zed-industries/codex-acp",
    "gemini": "npm install -g @google/gemini-cli",
    "goose": "brew install block-goose-cli, or see https://block.github.io/goose",
    "opencode": "npm install -g opencode-ai",
    "qwen": "npm install -g @qwen-code/qwen-code",
    "vibe-acp": "pip install mistral-vibe",
}
_PROBE_SECONDS: Final = 3.0
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the user said of one agent; see the README."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    mode: str
    any_mode: bool
    allow: frozenset[str]
    probe: str


class AcpAgent:
    """A coding agent that speaks the Agent Client Protocol.

    Raises:
        TreadleError: the settings are wrong.
    """

    def __init__(self, name: str, settings: JsonObject) -> None:
        unknown = [key for key in settings if key not in _SETTINGS]
        if unknown:
            raise _wrong(name, f"there is no setting {', '.join(unknown)}; known: {', '.join(_SETTINGS)}")
        argv, allow = _texts(name, settings, "argv"), _texts(name, settings, "allow", _ALLOWED)
        if not argv:
            raise _wrong(name, "`argv` is the program and its arguments")
        strange = [kind for kind in allow if kind not in KINDS]
        if strange:
            raise _wrong(name, f"`allow` names no kind of tool call: {', '.join(strange)}; kinds: {', '.join(KINDS)}")
        self._configuration = Configuration(
            tuple(argv),
            _variables(name, settings.get("env", {})),
            str(settings.get("mode", "")),
            settings.get("any_mode") is True,
            frozenset(allow),
            str(settings.get("probe", "")),
        )

    async def check(self) -> AgentHealth:
        """The program is on PATH, and what `probe` names answers."""
        program, probe = self._configuration.argv[0], self._configuration.probe
        found = shutil.which(program)
        if found is None and not Path(program).parent.name:
            hint = f"; install it: {_INSTALL[program]}" if program in _INSTALL else ""
            return AgentHealth(ok=False, message=f"{program} is not on PATH{hint}")
        if probe and not await _answers(probe):
            return AgentHealth(ok=False, message=f"nothing answers at {probe}")
        return AgentHealth(ok=True, message=found or program)

    async def perform(self, task: AgentTask, context: ActionContext) -> AgentResult:
        """Hold a session with one prompt; what it asks for is allowed or not by kind and place."""
        from treadle_agents_acp._session import hold_session

        return await hold_session(self._configuration, task, context)


def _texts(name: str, settings: JsonObject, key: str, default: Sequence[str] = ()) -> list[str]:
    value: Any = settings.get(key, list(default))
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise _wrong(name, f"`{key}` is a list of texts")
    return value


def _variables(name: str, value: Json) -> Mapping[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(text, str) for text in value.values()):
        raise _wrong(name, "`env` is a table of texts")
    return {key: str(text) for key, text in value.items()}


def _wrong(name: str, what: str) -> TreadleError:
    return TreadleError(f"agent {name}: {what}")


async def _answers(address: str) -> bool:
    """Somebody accepts a connection there."""
    parts = urlsplit(address if "//" in address else f"//{address}")
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port or _PORTS.get(parts.scheme, 80))
    except (OSError, TimeoutError, ValueError):
        return False
    writer.close()
    return True
