"""The facade: everything the command line does, for programs.

`Treadle` is cheap to make; the store is opened and the plugins are discovered when first needed. Methods that drive an
execution come twice, as `run` and `run_async`; the others answer at once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from treadle_hookspecs import Event, EventListener, ExecutionRow, Finding, Json, JsonObject

if TYPE_CHECKING:
    from treadle.definition import Loaded, Problem
    from treadle.plugins import PluginHost
    from treadle.settings import Settings


@dataclass(frozen=True, slots=True)
class Status:
    """Where an execution stands. `to_json` is the shape of `treadle status ID --json`."""

    id: str
    workflow: str
    status: str
    rollback: str = "none"
    warnings: int = 0
    outputs: JsonObject = field(default_factory=dict)
    error: JsonObject | None = None
    steps: Mapping[str, JsonObject] = field(default_factory=dict)
    """By address: `state, outcome, visits, attempts, started_at, finished_at, error`; times are ISO 8601 UTC."""
    questions: tuple[JsonObject, ...] = ()
    """What the execution waits for a person to say: `{address, kind: interrupted, choices}`."""
    exit_code: int = 0
    log_dir: str = ""

    def to_json(self) -> dict[str, Json]:
        """`treadle/execution@1`."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class WorkflowEntry:
    """A workflow that can be run by name."""

    name: str
    title: str
    description: str
    version: str
    path: str
    source: str
    """`project`, or the distribution whose catalogue holds it."""


@dataclass(frozen=True, slots=True)
class PreviewedStep:
    """One step of a dry run."""

    id: str
    kind: str
    action: str
    provided_by: str
    inputs: Json
    """With every expression evaluated that needs no step's result; the others stand as written."""
    commands: tuple[tuple[str, ...], ...] = ()
    writes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    missing_tools: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a run would do. Nothing was started."""

    workflow: str
    root: str
    inputs: JsonObject
    steps: tuple[PreviewedStep, ...]


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a step's log. `stream` is `stdout`, `stderr` or `log`."""

    address: str
    stream: str
    text: str


class Treadle:
    """treadle in one project folder.

    Args:
        root: the project; default: the git top level above the current folder, or that folder.
        overrides: settings that win over every file and variable, e.g. `{"store": "sqlite:///tmp/x.db"}`.
        plugins: a plugin host to use instead of discovering one.
    """

    def __init__(
        self,
        root: Path | None = None,
        *,
        overrides: Mapping[str, Json] | None = None,
        plugins: "PluginHost | None" = None,
    ) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the store."""

    @property
    def root(self) -> Path:
        """The project's folder."""
        raise NotImplementedError

    @property
    def settings(self) -> "Settings":
        """The settings in force."""
        raise NotImplementedError

    @property
    def plugins(self) -> "PluginHost":
        """The plugin host."""
        raise NotImplementedError

    # Definitions

    def load(self, workflow: str) -> "Loaded":
        """Find a workflow by path or name, load and compile it. Raises `TreadleError` (3) when there is none."""
        raise NotImplementedError

    def validate(self, workflow: str) -> "tuple[Problem, ...]":
        """All problems of a definition: errors, warnings, notes."""
        raise NotImplementedError

    def workflows(self) -> Sequence[WorkflowEntry]:
        """What can be run by name: the project's, then the catalogues'."""
        raise NotImplementedError

    def preview(self, workflow: str, inputs: Mapping[str, Json] | None = None) -> DryRun:
        """What `run` would do, starting nothing. Raises `TreadleError` for invalid inputs or definitions."""
        raise NotImplementedError

    # Driving

    def run(
        self,
        workflow: str,
        inputs: Mapping[str, Json] | None = None,
        *,
        listener: EventListener | None = None,
        on_start: Callable[[str], None] | None = None,
    ) -> Status:
        """Run a workflow to its end or rest. A workflow that fails is a `Status`, not an exception."""
        raise NotImplementedError

    async def run_async(
        self,
        workflow: str,
        inputs: Mapping[str, Json] | None = None,
        *,
        trigger: Mapping[str, Json] | None = None,
        listener: EventListener | None = None,
        on_start: Callable[[str], None] | None = None,
        stay_paused: bool = False,
    ) -> Status:
        """As `run`. `stay_paused` waits through a pause instead of returning the status `paused`."""
        raise NotImplementedError

    def resume(
        self,
        id: str,
        *,
        interrupted: Mapping[str, str] | None = None,
        listener: EventListener | None = None,
        reason: str = "",
    ) -> Status:
        """Continue what was interrupted or paused; of what failed, start a linked execution (R13a).

        `interrupted` says what becomes of interrupted visits: `retry` or `fail` by address, or for all under "".
        """
        raise NotImplementedError

    def rollback(self, id: str, *, reason: str = "", again: bool = False, listener: EventListener | None = None) -> Status:
        """Undo an execution; `again` tries what an earlier rollback left."""
        raise NotImplementedError

    def rollback_plan(self, id: str) -> Sequence[JsonObject]:
        """What `rollback` would undo, in order: `{address, action}`."""
        raise NotImplementedError

    def pause(self, id: str, *, reason: str = "") -> Status:
        """Ask for a pause; the driving process obeys after its running steps."""
        raise NotImplementedError

    def cancel(self, id: str, *, reason: str = "") -> Status:
        """Ask for the end; running steps are ended, handlers run. Drives the execution when nobody does."""
        raise NotImplementedError

    def emit(self, name: str, data: Mapping[str, Json] | None = None, *, listener: EventListener | None = None) -> Sequence[Status]:
        """Publish an event and run the project's workflows that it triggers."""
        raise NotImplementedError

    # Looking

    def resolve(self, prefix: str) -> ExecutionRow:
        """The execution whose id begins so. Raises `TreadleError` (3 for none, 2 for several, with the candidates)."""
        raise NotImplementedError

    def status(self, id: str) -> Status:
        """Where an execution stands, sensitive values masked."""
        raise NotImplementedError

    def executions(self, *, all_roots: bool = False, statuses: Sequence[str] = (), limit: int = 0) -> Sequence[ExecutionRow]:
        """Executions of this root, newest first."""
        raise NotImplementedError

    def active(self) -> Sequence[ExecutionRow]:
        """Executions that have not ended."""
        raise NotImplementedError

    def history(self, id: str, *, after: int = 0) -> Sequence[Event]:
        """The log, sensitive values masked."""
        raise NotImplementedError

    def watch(self, id: str, *, after: int = 0) -> Iterator[Event]:
        """The log from `after` on, and what is appended to it, until the execution ends or rests."""
        raise NotImplementedError

    def logs(self, id: str, step: str = "") -> Iterator[LogLine]:
        """What the steps printed, in the order of the steps' start; of one address when given."""
        raise NotImplementedError

    def metrics(self) -> JsonObject:
        """Executions by status, success rate, mean duration, retries, rollbacks; per workflow and in all."""
        raise NotImplementedError

    def subscribe(self, listener: EventListener, *types: str) -> Callable[[], None]:
        """Call `listener` with each event of executions that this object drives; call the result to stop.

        `types` are event types or their aliases of `treadle_engine.events.ALIASES`; none means all.
        """
        raise NotImplementedError

    def doctor(self) -> Sequence[Finding]:
        """Look at the invariants I1 to I10, as far as they can be seen from outside a run."""
        raise NotImplementedError
