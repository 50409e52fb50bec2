"""What drives executions in this process: the loop, the runtime, the listeners. The facade's methods stand on it."""

import asyncio
import getpass
import hashlib
import os
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar, cast

from treadle_hookspecs import (
    Append,
    Console,
    Definition,
    Event,
    EventListener,
    ExecutionRow,
    ExitCode,
    Host,
    Json,
    JsonObject,
    Signal,
    TreadleError,
)

from treadle.diagnostics import Diagnostics
from treadle.dispatch import Dispatcher, Triggered
from treadle.lookup import project_root
from treadle.modes import LOCAL, RuntimeChoice
from treadle.runtime.clock import now
from treadle.runtime.listeners import Listeners, ProgressListener, QueueListener, StopListener
from treadle.status import TERMINAL, Status
from treadle.workflows import Workflows

if TYPE_CHECKING:
    from treadle_engine.plan import Plan

    from treadle.api import Treadle
    from treadle.lookup import Found
    from treadle.plugins import PluginHost
    from treadle.runtime.environment import Environment
    from treadle.runtime.execution import Execution
    from treadle.runtime.local import Launch, LocalRuntime
    from treadle.runtime.spoken import Addressed

_Result = TypeVar("_Result")


class Driving(Workflows):
    """Drives executions of one project; see `treadle.Treadle`, whose arguments these are."""

    def __init__(
        self,
        root: Path | None = None,
        *,
        overrides: Mapping[str, Json] | None = None,
        plugins: "PluginHost | None" = None,
    ) -> None:
        super().__init__(root, overrides=overrides, plugins=plugins)
        self._runtime: LocalRuntime | None = None
        self._dispatcher = Dispatcher(self._root, lambda: self.plugins, self._start_triggered, self._warn)
        self._warnings: list[str] = []
        self._drove = False
        self._patience: float | None = None
        self._asks = False
        self._diagnostics = Diagnostics(lambda: self.settings)
        self._listeners = Listeners(self._plugin_listeners, self._warn)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let plugins hear the last events, delete what is kept long enough, and close the store."""
        self._close_runtime()
        self._listeners.close()
        if self._drove and self.settings.retention_days:
            self.prune(now() - self.settings.retention_days * 86_400_000_000)
        super().close()
        self._diagnostics.close()

    @property
    def warnings(self) -> Sequence[str]:
        """What listeners and triggers complained of so far."""
        return tuple(self._warnings)

    def rest_when(self, *, patience: float | None = None, ask: bool = False) -> None:
        """When executions that only wait are left alone, from the next one on.

        Args:
            patience: seconds; what is due within them is waited for. None: the setting `wait`.
            ask: people are asked where executions are driven: these rest as soon as a person has to answer.
        """
        self._patience, self._asks = patience, ask

    @property
    def commits(self) -> int:
        """Transactions of the running loop's executions so far."""
        return self._runtime.commits if self._runtime is not None else 0

    def host(self, console: Console | None = None) -> Host:
        """What plugins are handed."""
        from treadle.host import FacadeHost

        return FacadeHost(cast("Treadle", self), console)

    def subscribe(self, listener: EventListener, *types: str) -> Callable[[], None]:
        """Call `listener` with each event of executions that this object drives; call the result to stop.

        `types` are event types or their aliases of `treadle_engine.events.ALIASES`; none means all.
        """
        return self._listeners.subscribe(listener, types)

    def subscribe_progress(self, listener: ProgressListener) -> Callable[[], None]:
        """Call `listener` with a `StepProgress` when an action says how far it is, from any thread.

        Progress is no event: it is told and forgotten. Call the result to stop.
        """
        return self._listeners.subscribe_progress(listener)

    def subscribe_stop(self, listener: StopListener) -> Callable[[], None]:
        """Call `listener(number)` when SIGINT or SIGTERM brings executions to rest. Call the result to stop."""
        return self._listeners.subscribe_stop(listener)

    def subscribe_queue(self, listener: QueueListener) -> Callable[[], None]:
        """Call `listener(execution, text)` when the place of a waiting execution in a queue changes."""
        return self._listeners.subscribe_queue(listener)

    def _launch(
        self,
        found: "Found",
        text: str,
        plan: "Plan",
        inputs: JsonObject,
        kind: str,
        data: Mapping[str, Json],
    ) -> "Launch":
        from treadle.runtime.local import Launch

        path = found.path.resolve()
        own = path.is_relative_to(self._root)
        root = self._root if own or found.source != "path" else project_root(path.parent)
        plan = self._settled(plan)
        definition = self._pinned(found, text, plan)
        launch = Launch(plan, definition, inputs, root, kind, dict(data), actor=self._actor, publish_ends=own)
        return self._with_children(launch, found)

    def _with_children(self, launch: "Launch", found: "Found") -> "Launch":
        """With the definitions of the workflows that its steps start as executions of their own."""
        from treadle.runtime.sealed import steps_of

        if not any(step.detached for step in steps_of(launch.plan)):
            return launch
        members = self._load(found).members
        pinned = {
            member.key: Definition(member.hash, plan.name, plan.version, member.text, str(member.path.resolve()), now())
            for member in members
            if (plan := member.plan) is not None
        }
        hashes = {key: definition.hash for key, definition in pinned.items()}
        return replace(launch, children=hashes, definitions=tuple(pinned.values()))

    async def _start(
        self,
        launch: "Launch",
        *,
        listener: EventListener | None = None,
        on_start: Callable[[str], None] | None = None,
        stay_paused: bool = False,
        choice: RuntimeChoice | None = None,
    ) -> Status:
        choice = choice or self._inherited(launch.origin)
        if choice.name != LOCAL:
            with self._listening(listener):
                row = self.elsewhere.begin(launch, choice, self._tell)
                if on_start is not None:
                    on_start(row.id)
                return await self._follow(row, stay_paused=stay_paused)
        runtime = self._local()
        with self._listening(listener):
            id_ = await runtime.start(launch, on_start=on_start, stay_paused=stay_paused)
            await runtime.finish()
            await self._dispatcher.finish()
        return self._ended(self.status(id_))

    async def _go_on(
        self,
        row: ExecutionRow,
        begin: "Callable[[Addressed], None]",
        listener: EventListener | None,
        *,
        regain: bool = False,
    ) -> Status:
        if self.location(row.id) is not None:
            tokens = await asyncio.to_thread(self.elsewhere.speak, row, begin)
            with self._listening(listener):
                return await self._follow(row, tokens)
        runtime = self._local()
        with self._listening(listener):
            await runtime.go_on(row, begin, regain=regain)
            await runtime.finish()
            await self._dispatcher.finish()
        return self._ended(self.status(row.id))

    async def _follow(self, row: ExecutionRow, tokens: Collection[str] = (), *, stay_paused: bool = False) -> Status:
        """Look on while another runtime drives an execution, to its end or next rest. Ctrl-C ends the looking on."""
        runtime = self._local()

        def rests(row: ExecutionRow) -> bool:
            return runtime.interrupted_by is not None or self._rests(row, stay_paused=stay_paused)

        row = await self.elsewhere.follow(row, self._tell, rests, tokens)
        if runtime.interrupted_by is not None and row.status not in TERMINAL:
            self._say_aside(f"execution {row.id} goes on without this process: treadle watch {row.id}")
        elif row.status in TERMINAL:
            await asyncio.to_thread(self.elsewhere.fetch_logs, row)
        return self._ended(self.status(row.id))

    def _rests(self, row: ExecutionRow, *, stay_paused: bool) -> bool:
        """As `Rest` has it for what is driven here."""
        if row.status != "waiting":
            return row.status in TERMINAL or row.status == "interrupted" or (row.status == "paused" and not stay_paused)
        waits, patience = self.store.waits((row.id,)), self.settings.wait if self._patience is None else self._patience
        if self._asks and any(wait.kind == "approval" for wait in waits):
            return True
        present = now()
        soon = present + patience * 1_000_000
        due = [(wait.due, soon if wait.address else present) for wait in waits if wait.due is not None]
        return not any(at <= until for at, until in due)

    def _tell(self, events: Sequence[Event]) -> None:
        if not self._listeners.deaf:
            shown = [(event, cast("JsonObject", self._display(event.data))) for event in events]
            self._listeners.tell([event._replace(data=data) for event, data in shown])

    def _inherited(self, origin: str) -> RuntimeChoice:
        """What drove the execution that another one goes on from, else what the settings say."""
        location = self.location(origin) if origin else None
        if location is None:
            return RuntimeChoice(LOCAL if origin else self.settings.runtime)
        name = str(location["runtime"])
        known = self.settings.section(name)
        return RuntimeChoice(name, tuple((key, value) for key, value in location.items() if key in known))

    async def drive_on(self, row: ExecutionRow, begin: "Callable[[Addressed], None]") -> Status:
        """Drive an execution of this project to its end or next rest; see `LocalRuntime.go_on`."""
        return await self._go_on(row, begin, None, regain=True)

    def stop_all(self, reason: str) -> None:
        """Bring every execution that this object drives to rest, resumable."""
        if self._runtime is not None:
            self._runtime.stop_all(reason)

    def warn(self, message: str) -> None:
        """Complain of something that ends nothing; `warnings` has it."""
        self._warn(message)

    async def _heard(self, row: ExecutionRow, listener: EventListener | None) -> None:
        """Drive an execution to its next rest; somebody else may be quicker."""
        try:
            with self._listening(listener):
                await self._local().go_on(row, self._recover)
        except TreadleError as error:
            if error.exit_code != ExitCode.CONFLICT:
                raise

    def _recover(self, driver: "Addressed") -> None:
        from treadle.runtime.again import wake

        wake(driver)

    def _told(self) -> Sequence[ExecutionRow]:
        """Executions of this project that an event has reached and that nobody drives."""
        due = [row for id_ in self.store.due(0) if (row := self.store.execution(id_)) is not None]
        here = [row for row in due if row.root == str(self._root) and not self.driven(row.id)]
        reached = {signal.execution for signal in self.store.inbox([row.id for row in here]) if signal.name == "event"}
        return [row for row in here if row.id in reached]

    def _wake_told(self) -> "list[asyncio.Task[Status | None]]":
        """Have the executions go on that an event has reached."""
        return [self._dispatcher.also(self._wake(row)) for row in self._told()]

    def _published(self, append: Append, execution: "Execution") -> None:
        """An append put events on the bus."""
        self._dispatcher.published(append, execution)
        self._wake_told()

    async def _wake(self, row: ExecutionRow) -> Status | None:
        await self._heard(row, None)
        return self.status(row.id)

    def _ended(self, status: Status) -> Status:
        self._diagnostics.say("DEBUG", f"{status.workflow} {status.id}: {status.status}, exit code {status.exit_code}")
        return status

    def _definition(self, row: ExecutionRow) -> Definition:
        definition = self.store.definition(row.definition)
        if definition is None:
            raise TreadleError(f"the definition of execution {row.id} is missing", exit_code=ExitCode.STORAGE)
        return definition

    def _pinned(self, found: "Found", text: str, plan: "Plan") -> Definition:
        digest = hashlib.sha256(text.encode()).hexdigest()
        return Definition(digest, plan.name, plan.version, text, str(found.path.resolve()), now())

    def _say(self, row: ExecutionRow, name: str, reason: str, data: JsonObject | None = None) -> Status:
        self.store.send([Signal(row.id, name, {"reason": reason, **(data or {})}, self._actor, now())])
        if self.location(row.id) is not None:
            self.elsewhere.hear(row)
        return self.status(row.id)

    def _say_aside(self, message: str) -> None:
        self.host().console.say(message)

    def _warn(self, message: str) -> None:
        self._warnings.append(message)
        self._diagnostics.say("WARNING", message)

    @property
    def _actor(self) -> str:
        try:
            return f"user:{getpass.getuser()}"
        except (KeyError, OSError):
            return f"user:{os.getuid() if hasattr(os, 'getuid') else '?'}"

    @property
    def actor(self) -> str:
        """Who uses this facade, as the log and the audit name it."""
        return self._actor

    async def _start_triggered(self, start: "Triggered", data: JsonObject) -> Status:
        inputs = self._inputs(start.plan, start.inputs)
        launch = self._launch(start.found, start.text, start.plan, inputs, "event", data)
        return self.status(await self._local().start(launch))

    def _sync(self, work: Coroutine[None, None, _Result]) -> _Result:
        return asyncio.run(self._in_loop(work))

    async def _in_loop(self, work: Awaitable[_Result]) -> _Result:
        runtime = self._local()
        try:
            with runtime.obeying_signals():
                result = await work
                await runtime.finish()
                return runtime.told(result)
        finally:
            self._close_runtime()

    def _local(self) -> "LocalRuntime":
        from treadle.runtime.local import LocalRuntime

        if self._runtime is None or self._runtime.loop is not asyncio.get_running_loop():
            self._close_runtime()
            self._drove = True
            self._runtime = LocalRuntime(self._environment())
        return self._runtime

    def _environment(self) -> "Environment":
        from treadle.runtime.environment import Environment
        from treadle.runtime.execution import Rest

        return Environment(
            self.store,
            self.settings,
            self.plugins,
            self.host(),
            self._listeners,
            self.home,
            self._published,
            self._listeners.tell_progress,
            self.roster,
            self._listeners.tell_stop,
            Rest(self.settings.wait if self._patience is None else self._patience, self._asks),
            self._warn,
            self._listeners.tell_queue,
        )

    def _close_runtime(self) -> None:
        if self._runtime is not None:
            self._runtime.close()
            self._runtime = None

    def _plugin_listeners(self) -> Iterator[tuple[str, EventListener]]:
        for record, listener in self.plugins.listeners():
            yield record.name, listener

    @contextmanager
    def _listening(self, listener: EventListener | None) -> Iterator[None]:
        if listener is None:
            yield
            return
        stop = self._listeners.subscribe(listener, ())
        try:
            yield
        finally:
            stop()
