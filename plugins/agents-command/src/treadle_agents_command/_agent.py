"""The agent kind `command`."""

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from treadle_hookspecs import (
    ActionContext,
    AgentHealth,
    AgentResult,
    AgentTask,
    Json,
    JsonObject,
    ProcessResult,
    TreadleError,
)

from treadle_agents_command._asking import first_line
from treadle_agents_command._presets import PRESETS, Preset
from treadle_agents_command._reading import read

_SETTINGS: Final = ("argv", "preset", "args", "env", "probe")
_PROBE_SECONDS: Final = 3.0
_PORTS: Final = {"http": 80, "https": 443}
_LIMIT: Final = 5_000_000
_LAST_LINES: Final = 10


class CommandAgent:
    """A program that gets the task, works in the folder it is started in, and ends.

    Args:
        name: the agent's, for messages.
        settings: see the README.

    Raises:
        TreadleError: the settings are wrong.
    """

    def __init__(self, name: str, settings: JsonObject) -> None:
        self._name = name
        unknown = [key for key in settings if key not in _SETTINGS]
        if unknown:
            raise self._wrong(f"there is no setting {', '.join(unknown)}", f"known: {', '.join(_SETTINGS)}")
        preset = self._preset(settings)
        self._argv = (*preset.argv, *self._texts(settings, "args"))
        self._install = preset.install
        self._env = {**preset.env, **self._variables(settings.get("env", {}))}
        self._probe = str(settings.get("probe", ""))

    async def check(self) -> AgentHealth:
        """The program is on PATH, and what `probe` names answers."""
        found = shutil.which(self._argv[0])
        if found is None and not Path(self._argv[0]).parent.name:
            hint = f"; install it: {self._install}" if self._install else ""
            return AgentHealth(ok=False, message=f"{self._argv[0]} is not on PATH{hint}")
        if self._probe and not await _answers(self._probe):
            return AgentHealth(ok=False, message=f"nothing answers at {self._probe}")
        return AgentHealth(ok=True, message=found or self._argv[0])

    async def version(self) -> str:
        """What a known agent says of itself; "" of a program that may not know the question."""
        return await first_line([self._argv[0], "--version"]) if self._install else ""

    async def perform(self, task: AgentTask, context: ActionContext) -> AgentResult:
        """Start it and wait for its end; its exit code is told and not believed."""
        file = context.scratch / f"task-{self._name}.md"
        file.write_text(task.prompt, "utf-8")
        given = {"{prompt}": task.prompt, "{file}": str(file), "{root}": str(context.workspace.root)}
        argv = [_filled(word, given) for word in self._argv]
        told = any(mark in word for word in self._argv for mark in ("{prompt}", "{file}"))
        stdin = b"" if told else task.prompt.encode()
        result = await context.run(argv, env=self._env, stdin=stdin, limit=_LIMIT)
        reading = read(result.stdout)
        transcript = "\n".join(filter(None, [result.stdout, result.stderr]))
        summary = reading.text.partition("\n")[0][:200]
        return AgentResult(summary, reading.text, reading.money, reading.tokens, transcript, _failure(result))

    def _preset(self, settings: JsonObject) -> Preset:
        name, argv = settings.get("preset"), self._texts(settings, "argv")
        if (name is None) == (not argv):
            raise self._wrong("give it either `argv` or `preset`", f"presets: {', '.join(PRESETS)}")
        if name is None:
            return Preset(tuple(argv), "")
        if str(name) not in PRESETS:
            raise self._wrong(f"there is no preset {name!r}", f"presets: {', '.join(PRESETS)}")
        return PRESETS[str(name)]

    def _texts(self, settings: JsonObject, key: str) -> Sequence[str]:
        value = settings.get(key, [])
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise self._wrong(f"`{key}` is a list of texts")
        return [str(word) for word in value]

    def _variables(self, value: Json) -> Mapping[str, str]:
        if not isinstance(value, Mapping) or not all(isinstance(text, str) for text in value.values()):
            raise self._wrong("`env` is a table of texts")
        return {name: str(text) for name, text in value.items()}

    def _wrong(self, what: str, *hints: str) -> TreadleError:
        return TreadleError(f"agent {self._name}: {what}", suggestions=hints)


async def _answers(address: str) -> bool:
    """Somebody accepts a connection there."""
    parts = urlsplit(address if "//" in address else f"//{address}")
    port = parts.port or _PORTS.get(parts.scheme, 80)
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            _, writer = await asyncio.open_connection(parts.hostname, port)
    except (OSError, TimeoutError, ValueError):
        return False
    writer.close()
    return True


def _filled(word: str, given: Mapping[str, str]) -> str:
    """Each mark once: what a task says is never taken for a mark."""
    for mark, text in given.items():
        if mark in word:
            return word.replace(mark, text)
    return word


def _failure(result: ProcessResult) -> str:
    if result.ok:
        return ""
    said = (result.stderr.strip() or result.stdout.strip()).splitlines()[-_LAST_LINES:]
    return "\n".join([f"{result.argv[0]} exited with {result.exit_code}", *said])
