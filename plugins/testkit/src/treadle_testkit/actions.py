"""Run one action by itself: no workflow, no store, real files and real child processes.

context = StandaloneContext(tmp_path / "project", tmp_path / "scratch")
assert context.perform("git/status").outputs["clean"]
"""

import asyncio
import inspect
import os
import shutil
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from pkgutil import resolve_name
from typing import cast

from treadle.definition import load_yaml
from treadle.workspace import FolderWorkspace
from treadle_hookspecs import (
    Action,
    ActionError,
    Changes,
    Event,
    ExecutionRow,
    Figure,
    FileChange,
    Host,
    Json,
    JsonObject,
    Module,
    Outcome,
    ProcessResult,
    RollbackAction,
    Secrets,
    StepRow,
    ToolMissingError,
    TreadleError,
    Workspace,
)


@dataclass(slots=True)
class Notes:
    """A log that keeps what it is told: `lines` of `(level, message)`."""

    lines: list[tuple[str, str]] = field(default_factory=list)

    def debug(self, message: str) -> None:
        """Keep it."""
        self.lines.append(("debug", message))

    def info(self, message: str) -> None:
        """Keep it."""
        self.lines.append(("info", message))

    def warning(self, message: str) -> None:
        """Keep it."""
        self.lines.append(("warning", message))

    def error(self, message: str) -> None:
        """Keep it."""
        self.lines.append(("error", message))


@dataclass(frozen=True, slots=True)
class PlainWorkspace:
    """Files below a folder."""

    root: Path

    def path(self, name: str) -> Path:
        """The absolute path; one that leads out is refused."""
        path = (self.root / name).resolve()
        if not path.is_relative_to(self.root.resolve()):
            raise TreadleError(f"{name} leads out of {self.root}")
        return path

    def read_text(self, name: str) -> str:
        """The text of a file."""
        return self.path(name).read_text("utf-8")

    def write_text(self, name: str, text: str) -> Path:
        """Write a file."""
        return self.write_bytes(name, text.encode())

    def write_bytes(self, name: str, content: bytes) -> Path:
        """Write a file, folders included."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def transaction(self, id: str | None = None) -> AbstractContextManager[Changes]:
        """Several changes that happen all or not at all when the block ends."""
        return FolderWorkspace(self.root).transaction(id)


@dataclass(frozen=True, slots=True)
class PlainSecrets:
    """Secrets from a mapping."""

    values: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        """The value."""
        return self.values[name]

    def names(self) -> Sequence[str]:
        """The names."""
        return tuple(self.values)


@dataclass(slots=True)
class RecordedConsole:
    """A console that keeps what is written to stdout (`out`) and to stderr (`talk`). Nobody sits at it."""

    out: list[str] = field(default_factory=list)
    talk: list[str] = field(default_factory=list)
    interactive: bool = False

    def data(self, text: str) -> None:
        """Keep it in `out`."""
        self.out.append(text)

    def say(self, text: str) -> None:
        """Keep it in `talk`."""
        self.talk.append(text)

    def confirm(self, question: str, *, flag: str) -> bool:
        """Refuse, as a console without a person does."""
        raise TreadleError(f"{question}: give {flag}")


@dataclass(slots=True)
class RecordedHost:
    """The part of `Host` that a report reads: executions, steps and events that the test puts in."""

    rows: list[ExecutionRow] = field(default_factory=list)
    step_rows: list[StepRow] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    measured: list[Figure] = field(default_factory=list)
    changed: list[FileChange] | None = None
    let_pass: dict[str, str] = field(default_factory=dict)
    forms: "dict[str, Callable[[Host, str, str], str]]" = field(default_factory=dict)
    console: RecordedConsole = field(default_factory=RecordedConsole)

    def executions(self, *, all_roots: bool = False) -> Sequence[ExecutionRow]:  # noqa: ARG002 - there is one root
        """The executions."""
        return self.rows

    def execution(self, id: str) -> ExecutionRow:
        """The execution whose id begins so."""
        for row in self.rows:
            if row.id.startswith(id):
                return row
        raise TreadleError(f"there is no execution {id}")

    def steps(self, execution: str) -> Sequence[StepRow]:
        """The visits of an execution."""
        return [row for row in self.step_rows if row.execution == execution]

    def figures(self, execution: str) -> Sequence[Figure]:  # noqa: ARG002 - those of the one that is tested
        """What the visits measured."""
        return self.measured

    def file_changes(self, execution: str) -> Sequence[FileChange] | None:  # noqa: ARG002 - of the one that is tested
        """The files that it changed."""
        return self.changed

    def forgiven(self, execution: str) -> Mapping[str, str]:  # noqa: ARG002 - those of the one that is tested
        """Failures that nothing stands against any more."""
        return self.let_pass

    def history(self, execution: str) -> Sequence[Event]:
        """The log of an execution."""
        return [event for event in self.events if event.execution == execution]

    def report(self, execution: str, form: str, title: str = "") -> str:
        """A report in one of `forms`."""
        return self.forms[form](cast("Host", self), execution, title)

    def workspace(self, root: Path) -> Workspace:
        """The files below a folder."""
        return PlainWorkspace(root)

    def load_yaml(self, text: str, name: str) -> Json:
        """As the host reads it."""
        return load_yaml(text, name)


@dataclass(slots=True)
class StandaloneContext:
    """An `ActionContext` without an execution behind it.

    Args:
        root: the folder that the execution would have.
        scratch: a folder for the visit.
        env: what the workflow and the step would declare.
        secrets: by name.
        host: what `context.host` is.

    Attributes:
        log: holds what the action said.
        commands: every command line that was run.
        spent: `tokens` and `money` that the action said it used.
    """

    root: Path
    scratch: Path
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: Secrets = field(default_factory=PlainSecrets)
    host: Host | RecordedHost = field(default_factory=RecordedHost)
    execution: str = "standalone"
    address: str = "step#1.1"
    attempt: int = 1
    idempotency_key: str = "standalone/step#1"
    cancelled: bool = False
    log: Notes = field(default_factory=Notes)
    commands: list[tuple[str, ...]] = field(default_factory=list)
    spent: dict[str, float] = field(default_factory=dict)

    @property
    def workspace(self) -> Workspace:
        """The files below `root`."""
        return PlainWorkspace(self.root)

    def progress(self, fraction: float | None = None, message: str = "", *, part: str = "") -> None:
        """Note it in the log."""
        self.log.debug(f"{part}: {fraction} {message}" if part else f"{fraction} {message}")

    def spend(self, *, tokens: int = 0, money: float = 0.0) -> None:
        """Add to `spent`."""
        for kind, amount in (("tokens", tokens), ("money", money)):
            self.spent[kind] = self.spent.get(kind, 0) + amount

    async def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        timeout: float | None = None,  # noqa: ASYNC109 - the process is ended by it, not the coroutine
        limit: int = 1_000_000,
        check: bool = False,
    ) -> ProcessResult:
        """Run a program to its end."""
        self.commands.append(tuple(argv))
        environ = {**os.environ, **self.env, **(env or {})}
        if shutil.which(argv[0], path=environ.get("PATH")) is None:
            raise ToolMissingError(argv[0], f"put {argv[0]} on PATH")
        started = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *argv, cwd=cwd or self.root, env=environ, stdin=-1, stdout=-1, stderr=-1
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(stdin), timeout)
            timed_out = False
        except TimeoutError:
            process.kill()
            out, err = await process.communicate()
            timed_out = True
        result = ProcessResult(
            tuple(argv),
            process.returncode or 0,
            out[:limit].decode("utf-8", "replace"),
            err[:limit].decode("utf-8", "replace"),
            truncated=max(len(out), len(err)) > limit,
            duration=time.monotonic() - started,
            timed_out=timed_out,
        )
        if check and not result.ok:
            raise ActionError(f"{argv[0]} exited with {result.exit_code}", error_class="exit-code")
        return result

    async def call(self, action: str, **inputs: Json) -> JsonObject:
        """Run another action of the installed plugins; its outputs."""
        return (await self.invoke(action, **inputs)).outputs

    async def invoke(self, action: str, **inputs: Json) -> Outcome:
        """Run an action, or a rollback action by its type; `success` unless it chose another outcome."""
        function = cast("Callable[..., Awaitable[Json] | Json]", resolve_name(_target(action)))
        given = {**inputs, "context": self} if "context" in inspect.signature(function).parameters else inputs
        answer = function(**given)
        result = await answer if inspect.isawaitable(answer) else answer
        if isinstance(result, Outcome):
            return result
        return Outcome("success", cast("JsonObject", result or {}))

    def perform(self, action: str, **inputs: Json) -> Outcome:
        """As `invoke`, from a test that is no coroutine."""
        return asyncio.run(self.invoke(action, **inputs))


def _target(name: str) -> str:
    """The import string behind `module/action`, an alias, or a rollback action's type."""
    for entry in entry_points(group="treadle"):
        plugin = entry.load()
        for module in getattr(plugin, "treadle_modules", tuple)():
            if target := _target_in(module, name):
                return target
        for undo in cast("Iterable[RollbackAction]", getattr(plugin, "treadle_rollback_actions", tuple)()):
            if undo.type == name:
                return undo.target
    raise LookupError(f"no installed plugin offers {name}")


def _target_in(module: Module, name: str) -> str:
    return next((action.target for action in module.actions if name in _names(module, action)), "")


def _names(module: Module, action: Action) -> tuple[str, ...]:
    return (f"{module.name}/{action.name}", *action.aliases)
