"""What an action is handed: one attempt's view of its execution."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from treadle_engine.protocol import Address
from treadle_hookspecs import (
    ActionError,
    AgentAnswer,
    AgentTask,
    Expectation,
    Host,
    Json,
    JsonObject,
    Log,
    ProcessResult,
    Secrets,
    Talk,
    Workspace,
)

if TYPE_CHECKING:
    from treadle_engine.plan import Limits

    from treadle.plugins import ResolvedAction
    from treadle.runtime.agents.roster import Roster
    from treadle.runtime.files import KeptFiles
    from treadle.runtime.limits import Watch
    from treadle.runtime.logs import StepLog
    from treadle.runtime.reuse import Reuse
    from treadle.workspace import JournaledWorkspace

Progress = Callable[[Address, float | None, str, str], None]
"""`progress(address, fraction, message, part)`."""
"""Told how far an attempt is: its address, a fraction 0.0 … 1.0 or None, a message."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all attempts of one execution share.

    Attributes:
        execution: its id.
        root: the folder it works in.
        scratch: the folder below which each visit gets its own.
        workspace: the files below `root`.
        secrets: the workflow's secrets.
        host: the core as plugins see it.
        open_log: makes the log of an attempt, by its address.
        resolve: an action by name.
        progress: told how far an attempt is.
        grace: seconds between TERM and KILL.
        output_limit: bytes of stdout and of stderr that a result holds at the most.
        files: keeps what visits change on disk; None where nothing is kept.
        roster: the agents that can be asked; None where none can.
        agents: the names that a step's attempt asks for, in order.
        left: what it may still spend, by `money` and `tokens`; a kind without a bound is not in it.
    """

    execution: str
    root: Path
    scratch: Path
    workspace: Workspace
    secrets: Secrets
    host: Host
    open_log: "Callable[[str], StepLog]"
    resolve: "Callable[[str], ResolvedAction]"
    progress: Progress
    grace: float
    output_limit: int
    files: "KeptFiles | None" = None
    roster: "Roster | None" = None
    agents: Callable[[Address], Sequence[str]] = lambda _: ()
    left: Callable[[Address], Mapping[str, float]] = lambda _: {}


class StepContext:
    """`ActionContext` of one attempt. Its log, scratch folder and environment are made when first asked for."""

    __slots__ = (
        "_address",
        "_apart",
        "_asked",
        "_env",
        "_held",
        "_log",
        "_purpose",
        "_surroundings",
        "_workspace",
        "agent_env",
        "cancelled",
        "closed",
        "looked",
        "replies",
        "reuse",
        "usage",
        "watch",
    )

    def __init__(
        self,
        surroundings: Surroundings,
        address: Address,
        env: JsonObject,
        purpose: str = "",
        limits: "Limits | None" = None,
        replies: JsonObject | None = None,
    ) -> None:
        self.replies: JsonObject = replies or {}
        self._surroundings = surroundings
        self._address = address
        self._env = env
        self._purpose = f"!{purpose}" if purpose else ""
        self._log: StepLog | None = None
        self._workspace: JournaledWorkspace | None = None
        self._apart: Workspace | None = None
        self._asked = 0
        self._held: Callable[[], None] | None = None
        self.agent_env: Mapping[str, str] = {}
        self.cancelled = False
        self.reuse: Reuse | None = None
        self.usage: dict[str, float] = {}
        self.closed = False
        self.looked = False
        self.watch = None if limits is None else self._watched(limits)

    @property
    def execution(self) -> str:
        """The execution's id."""
        return self._surroundings.execution

    @property
    def address(self) -> str:
        """`scope/step#visit.attempt`."""
        return f"{self._visit}.{self._address.attempt}"

    @property
    def attempt(self) -> int:
        """1 for the first."""
        return self._address.attempt

    @property
    def idempotency_key(self) -> str:
        """`execution/scope/step#visit`, for its compensation `…!undo`."""
        return f"{self.execution}/{self._visit}"

    @property
    def workspace(self) -> Workspace:
        """The files of the execution's root, or of the worktree that stands for it; changes can be undone."""
        if self._apart is not None:
            return self._apart
        files = self.files
        if files is None or self._purpose:
            return self._surroundings.workspace
        if self._workspace is None:
            self._workspace = files.workspace(self.visit, lambda: self.closed)
        return self._workspace

    def move_to(self, workspace: Workspace) -> None:
        """The attempt works there, and not in the execution's root."""
        self._apart = workspace

    @property
    def files(self) -> "KeptFiles | None":
        """Keeps what the visit changes on disk."""
        return self._surroundings.files

    @property
    def changed(self) -> bool:
        """The attempt changed files through its workspace."""
        return self._workspace is not None and self._workspace.changed

    @property
    def scratch(self) -> Path:
        """The visit's own folder, made now if it is not there."""
        folder = self._surroundings.scratch / self._visit.replace("/", "-")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    @property
    def log(self) -> Log:
        """The attempt's log."""
        return self.step_log

    @property
    def step_log(self) -> "StepLog":
        """The attempt's log, as processes write to it."""
        if self._log is None:
            self._log = self._surroundings.open_log(self.address)
        return self._log

    @property
    def secrets(self) -> Secrets:
        """The workflow's secrets."""
        return self._surroundings.secrets

    @property
    def host(self) -> Host:
        """The core."""
        return self._surroundings.host

    @property
    def env(self) -> Mapping[str, str]:
        """What the workflow and the step declare, as text, secrets resolved."""
        revealed = reveal(self._env, self.secrets)
        return {name: as_text(value) for name, value in revealed.items()} if isinstance(revealed, Mapping) else {}

    def progress(self, fraction: float | None = None, message: str = "", *, part: str = "") -> None:
        """Tell how far it is."""
        self._surroundings.progress(self._address, fraction, message, part)

    def spend(self, *, tokens: int = 0, money: float = 0.0) -> None:
        """Tell what the attempt has used."""
        for kind, amount in (("tokens", tokens), ("money", money)):
            if amount:
                self.usage[kind] = self.usage.get(kind, 0) + amount

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
        """Run a program; see `treadle_hookspecs.ActionContext.run`."""
        from treadle.runtime.processes import run_process

        result = await run_process(
            argv,
            cwd=cwd or self.workspace.root,
            env=self._environment(env or {}),
            stdin=stdin,
            timeout=timeout,
            grace=self._surroundings.grace,
            limit=min(limit, self._surroundings.output_limit),
            log=self.step_log,
            watch=self.watch,
        )
        if check and not result.ok:
            raise _failed(result)
        return result

    def talk(
        self, argv: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> AbstractAsyncContextManager[Talk]:
        """Start a program to talk with; see `treadle_hookspecs.ActionContext.talk`."""
        from treadle.runtime.talking import talking

        folder, environ = cwd or self.workspace.root, self._environment(env or {})
        return talking(argv, cwd=folder, env=environ, grace=self._surroundings.grace, log=self.step_log)

    async def call(self, action: str, **inputs: Json) -> JsonObject:
        """Use another plugin's action; its outputs. What it raises passes through."""
        from treadle.runtime.attempts import invoke, published

        return published(await invoke(self._surroundings.resolve(action), inputs, self))[1]

    async def agent(
        self,
        instructions: str,
        *,
        files: Sequence[str] = (),
        expect: Expectation = "changes",
        check: Sequence[str] = (),
        agents: Sequence[str] = (),
        feedback: str = "",
        commits: bool = False,
    ) -> AgentAnswer:
        """Have an agent do something; see `treadle_hookspecs.ActionContext.agent`."""
        from treadle.runtime.agents.asking import Asking

        roster, files_kept = self._surroundings.roster, self.files
        if roster is None or files_kept is None:
            raise ActionError("no agents can be asked here", error_class="unavailable", retryable=False)
        self._asked += 1
        task = AgentTask(
            instructions,
            tuple(files),
            expect,
            feedback,
            money=max(0.0, self.left.get("money", 0.0)),
            tokens=max(0, int(self.left.get("tokens", 0))),
            idempotency_key=self.idempotency_key,
        )
        names = agents or self._surroundings.agents(self._address) or (roster.default,)
        asking = Asking(roster, self, files_kept.store(self.workspace.root), self._asked, check, commits=commits)
        return await asking.answer(task, names)

    @property
    def left(self) -> Mapping[str, float]:
        """What the attempt could spend when it began; see `Surroundings`."""
        return self._surroundings.left(self._address)

    def work_alone(self, place: Path) -> None:
        """Be the only agent in the workspace until the attempt ends. Raises `ActionError` (`busy`)."""
        from treadle.runtime.agents.alone import alone

        if self._held is None:
            self._held = alone(place, self.workspace.root, f"step {self._visit} of {self.execution}")

    async def look(self) -> None:
        """Have the visit's files kept as they are now, if they are not yet: something is about to change them."""
        if self.files is not None and not self.looked:
            self.looked = True
            await self.files.begin(self.visit)

    def close(self) -> None:
        """The attempt has ended: its log is complete, and it changes nothing any more."""
        self.closed = True
        if self._held is not None:
            self._held()
            self._held = None
        if self._log is not None:
            self._log.close()

    @property
    def visit(self) -> str:
        """`scope/step#visit`, also in its compensation."""
        scope, step, visit, _ = self._address
        return f"{scope}/{step}#{visit}" if scope else f"{step}#{visit}"

    @property
    def _visit(self) -> str:
        return self.visit + self._purpose

    def _watched(self, limits: "Limits") -> "Watch":
        from treadle.runtime.limits import Watch

        around = self._surroundings
        folder = around.scratch / self._visit.replace("/", "-")
        return Watch(limits, (around.root, folder), around.scratch.parents[1])

    def _environment(self, added: Mapping[str, str]) -> dict[str, str]:
        return {
            **os.environ,
            "TREADLE_EXECUTION": self.execution,
            "TREADLE_STEP": self.address,
            "TREADLE_IDEMPOTENCY_KEY": self.idempotency_key,
            **self.env,
            **self.agent_env,
            **added,
        }


def reveal(value: Json, secrets: Secrets) -> Json:
    """JSON with every `{"$secret": NAME}` replaced by the secret's value."""
    if isinstance(value, Mapping):
        if len(value) == 1 and isinstance(name := value.get("$secret"), str):
            return secrets.get(name)
        return {key: reveal(item, secrets) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [reveal(item, secrets) for item in value]
    return value


def as_text(value: Json) -> str:
    """A value as an environment variable holds it: text as it is, true and false in lower case, the rest as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    import orjson

    return orjson.dumps(value).decode()


def _failed(result: ProcessResult) -> ActionError:
    last = (result.stderr or result.stdout).strip().splitlines()[-5:]
    how = "took too long and was ended" if result.timed_out else f"exited with {result.exit_code}"
    return ActionError("\n".join([f"{result.argv[0]} {how}", *last]), error_class="exit-code")
