"""What the core hands to plugins, and what the classes that plugins name must offer."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, runtime_checkable

from treadle_hookspecs._agents import AgentAnswer, Expectation
from treadle_hookspecs._changes import Changes, FileChange, ProjectJournal
from treadle_hookspecs._contributions import TriggerEvent
from treadle_hookspecs._events import Event
from treadle_hookspecs._figures import Figure
from treadle_hookspecs._json import Json, JsonObject
from treadle_hookspecs._results import ProcessResult
from treadle_hookspecs._store import ExecutionRow, StepRow

if TYPE_CHECKING:
    from treadle_hookspecs._composition import CompositionHost, Sandbox

TrustLevel: TypeAlias = Literal["none", "sandboxed", "full"]
"""What a template's own code may do: not run; run inside the sandbox; run with the user's rights."""


class Log(Protocol):
    """The step's own log; sensitive values are masked before anything is written."""

    def debug(self, message: str) -> None:
        """For the author of the action."""

    def info(self, message: str) -> None:
        """What a person following the run wants to know."""

    def warning(self, message: str) -> None:
        """Something to look at; the action goes on."""

    def error(self, message: str) -> None:
        """What made the action fail, in more detail than its error."""


class Secrets(Protocol):
    """Secrets by the name under which the workflow declares them."""

    def get(self, name: str) -> str:
        """The value. Raises `TreadleError` naming the source that did not have it."""

    def names(self) -> Sequence[str]:
        """The names declared."""


class Workspace(Protocol):
    """Files below one root. Every path is relative, and cannot leave the root by `..` or a link."""

    @property
    def root(self) -> Path:
        """The absolute folder."""

    def path(self, name: str) -> Path:
        """The absolute path of a name. Raises `TreadleError` when it leads out of the root."""

    def read_text(self, name: str) -> str:
        """The text (UTF-8) of a file."""

    def write_text(self, name: str, text: str) -> Path:
        """Write a file whole or not at all, folders included; its path."""

    def write_bytes(self, name: str, content: bytes) -> Path:
        """As `write_text`, for bytes."""

    def transaction(self, id: str | None = None) -> AbstractContextManager[Changes]:
        """Several changes that happen all or not at all when the block ends, and can be undone later by their id."""


class Console(Protocol):
    """Where a command talks. Data goes to stdout, talk to stderr."""

    @property
    def interactive(self) -> bool:
        """A person sits at a terminal and may be asked."""

    def data(self, text: str) -> None:
        """Write to stdout."""

    def say(self, text: str) -> None:
        """Write to stderr."""

    def confirm(self, question: str, *, flag: str) -> bool:
        """Ask yes or no. Without a terminal: raises `TreadleError` that names the flag to give."""


class Trust(Protocol):
    """What a person has allowed code of strangers to do, by the hash of that code; kept for the user, not a project."""

    def level(self, digest: str) -> TrustLevel | None:
        """What was allowed for this content, or None: nobody was asked yet."""

    def allow(self, digest: str, level: TrustLevel, title: str) -> None:
        """Remember a person's answer. `title` says what it is about."""

    def answers(self) -> Sequence[JsonObject]:
        """All answers as `{digest, level, title, at}`, the newest first; `at` in microseconds since the epoch."""

    def forget(self, prefix: str) -> Sequence[str]:
        """Forget answers by the beginning of their hash; their titles. Raises `TreadleError` (3) when there is none."""


@runtime_checkable
class Host(Protocol):
    """The core, as a plugin's command or action sees it."""

    @property
    def settings(self) -> JsonObject:
        """The settings in force, without secrets."""

    @property
    def console(self) -> Console:
        """Where to talk."""

    def run(self, workflow: str, inputs: JsonObject) -> Awaitable[JsonObject]:
        """Run a workflow to its end or rest; the shape of `treadle status ID --json`."""

    def drive(self, workflow: str, inputs: JsonObject) -> JsonObject:
        """As `run`, for a command, with the key `exit_code`: outside of any loop, obeying SIGINT and SIGTERM."""

    def validate(self, path: Path) -> Sequence[JsonObject]:
        """The problems of a definition, as in `treadle validate --format json`."""

    def executions(self, *, all_roots: bool = False) -> Sequence[ExecutionRow]:
        """Executions, newest first."""

    def execution(self, id: str) -> ExecutionRow:
        """One execution by a unique prefix of its id. Raises `TreadleError` (exit code 3)."""

    def steps(self, execution: str) -> Sequence[StepRow]:
        """The visits of an execution in the order they started, sensitive values masked."""

    def figures(self, execution: str) -> Sequence[Figure]:
        """What the visits of an execution measured, in the order they started, sensitive values masked."""

    def file_changes(self, execution: str) -> Sequence[FileChange] | None:
        """The files that an execution changed, by path; None when nothing was kept that tells."""

    def forgiven(self, execution: str) -> Mapping[str, str]:
        """Failures that nothing stands against any more, by `scope/step#visit`: `recovered` or `continue_on_error`."""

    def history(self, execution: str) -> Sequence[Event]:
        """The log of an execution, sensitive values masked."""

    def audit(self, action: str, execution: str, detail: JsonObject) -> None:
        """Write down who did what, beyond what the log of an execution says. `detail` never holds a secret.

        Entries are chained by their hashes and outlive executions. A step that is repeated after a crash repeats them.
        """

    def audit_log(self, *actions: str) -> Sequence[JsonObject]:
        """What was written down, oldest first: `{number, at, actor, action, execution, detail, hash}`."""

    def report(self, execution: str, form: str, title: str = "") -> str:
        """The report of an execution in a form that some plugin offers. Raises `TreadleError` for any other."""

    def load_yaml(self, text: str, name: str) -> Json:
        """Parse YAML strictly and bounded, as definitions are. Raises `TreadleError` with line and column."""

    def render(self, text: str, context: Mapping[str, Json]) -> Json:
        """Evaluate the expressions in a text, in the sandbox that definitions use."""

    def workspace(self, root: Path) -> Workspace:
        """A workspace for another folder."""

    def journal(self, root: Path) -> ProjectJournal:
        """The journal of a folder, which need not be there yet."""

    @property
    def cache(self) -> Path:
        """The user's cache folder of treadle: what is in it can be deleted at any time."""

    @property
    def composition(self) -> "CompositionHost":
        """What plugins offer to compositions."""

    @property
    def sandbox(self) -> "Sandbox":
        """What confines child processes."""

    @property
    def trust(self) -> Trust:
        """What a person has allowed code of strangers to do."""


class Talk(Protocol):
    """A program that runs and is talked with."""

    async def read_line(self) -> bytes:
        """The next line of its stdout, with its end; b"" when there is no more."""

    def write(self, data: bytes) -> None:
        """Send something to its stdin."""


class ActionContext(Protocol):
    """What an action is handed as `context`."""

    @property
    def execution(self) -> str:
        """The execution's id."""

    @property
    def address(self) -> str:
        """`scope/step#visit.attempt`."""

    @property
    def attempt(self) -> int:
        """1 for the first."""

    @property
    def idempotency_key(self) -> str:
        """`execution/scope/step#visit`: the same for every attempt, also after a crash."""

    @property
    def workspace(self) -> Workspace:
        """The files of the execution's root."""

    @property
    def scratch(self) -> Path:
        """A folder of this visit's own under treadle's state; kept with the execution, removed when it is pruned."""

    @property
    def log(self) -> Log:
        """The step's log."""

    @property
    def secrets(self) -> Secrets:
        """The workflow's secrets."""

    @property
    def host(self) -> Host:
        """The core."""

    @property
    def cancelled(self) -> bool:
        """True once the step is asked to stop; a coroutine action is cancelled as well."""

    @property
    def env(self) -> Mapping[str, str]:
        """The environment that the workflow and the step declare, secrets resolved; not inherited variables."""

    def progress(self, fraction: float | None = None, message: str = "", *, part: str = "") -> None:
        """Tell how far it is: 0.0 … 1.0, or None when unknown.

        `part` names a piece of the work that has a progress of its own, e.g. a file or a component; a step shows as
        many as it names.
        """

    def spend(self, *, tokens: int = 0, money: float = 0.0) -> None:
        """Tell what the attempt has used since it last told: tokens of a model, money. `budget` counts it."""

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
        """Run a program in a process group of its own; it is ended (TERM, grace, KILL) when the step is.

        Args:
            argv: the program and its arguments; no shell.
            cwd: default: the workspace's root.
            env: added to the inherited environment and `self.env`.
            stdin: what it reads.
            timeout: seconds until it is ended.
            limit: bytes of stdout and of stderr that the result keeps; the log keeps more.
            check: a non-zero exit raises `ActionError`.

        Raises:
            ToolMissingError: the program is not on PATH.
        """

    def talk(
        self, argv: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> AbstractAsyncContextManager[Talk]:
        """Start a program to talk with while the block runs; then it is ended with all that it started.

        Its stderr goes to the step's log. The arguments are those of `run`.

        Raises:
            ToolMissingError: the program is not on PATH.
        """

    async def call(self, action: str, **inputs: Json) -> JsonObject:
        """Use another plugin's action by its full name; its outputs."""

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
        """Have an agent do something in the workspace, the next one where it cannot.

        What counts is the diff and the check, not what the agent says. What an agent changed that was not taken is
        undone before the next one begins.

        Args:
            instructions: what is to be done.
            files: paths that matter, relative to the root.
            expect: `changes` fails without a diff (`no-change`), `text` without a text.
            check: a program and its arguments that has to succeed afterwards in the workspace; its output is what an
                agent that is asked again gets to read.
            agents: names in the order in which they are asked; default: the step's `agent` and `fallback`, else the
                workflow's, else the user's default agent.
            feedback: why an earlier answer was not taken.
            commits: the agents may commit, branch and stage. Otherwise what they move in the user's repository is put
                back afterwards, with a warning; what they committed is kept under `refs/treadle/kept`.

        Raises:
            ActionError: none of them did it; the class is the last one's: `no-change`, `check`, `timeout`,
                `unavailable`, `agent`, `busy` (another agent works in the same folder), `rejected` (by a person).
        """


@dataclass(frozen=True, slots=True)
class PreviewContext:
    """What a `preview` function gets: the root that the execution would have."""

    root: Path


class TriggerBackend(Protocol):
    """The class that a `Trigger` names; built without arguments."""

    def matches(self, spec: JsonObject, event: TriggerEvent) -> bool:
        """True when an event starts a workflow whose `triggers:` holds this entry."""

    def inputs(self, spec: JsonObject, event: TriggerEvent) -> JsonObject:
        """The inputs that the execution gets."""


EventListener = Callable[[Event], None]
"""What a subscriber of the facade is."""
