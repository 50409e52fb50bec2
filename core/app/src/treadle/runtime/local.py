"""The local runtime: claims executions, drives them in one asyncio loop, and listens to what other processes say."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final, TypeVar

import orjson
from treadle_engine.decide import decide
from treadle_engine.plan import Plan, plan_to_json
from treadle_engine.protocol import Start, StartWorkflow
from treadle_engine.state import State
from treadle_hookspecs import (
    Append,
    AuditEntry,
    Claim,
    Event,
    ExecutionRow,
    ExitCode,
    JsonObject,
    TreadleError,
)

from treadle.last_used import LastUsed
from treadle.runtime.clock import new_id, now
from treadle.runtime.codec import Codec, with_data
from treadle.runtime.detached import id_of, launch_of
from treadle.runtime.driver import Driver
from treadle.runtime.environment import Environment
from treadle.runtime.execution import Execution
from treadle.runtime.garbage import uncollected
from treadle.runtime.hearing import SORTS, delivered
from treadle.runtime.launch import Launch as Launch
from treadle.runtime.making import codec_of, execution_of, header_of, new_row, read_state
from treadle.runtime.queueing import EVERYTHING, Queue, regained
from treadle.runtime.step_cache import StepCache, of_home
from treadle.runtime.watching import Watcher
from treadle.runtime.writer import Writer
from treadle.secrets import Masker
from treadle.status import TERMINAL, Status

_WATCH_AFTER: Final = 0.05
"""Seconds until a run is worth listening for signals of other processes."""

_Result = TypeVar("_Result")


class LocalRuntime:
    """Drives executions in the running loop. One object per loop; `close` it there."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._loop = asyncio.get_running_loop()
        self._writer = Writer(environment.store, self._alone, self._busy)
        self._drivers: dict[str, Driver] = {}
        self._detached: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(environment.settings.max_concurrent_executions)
        self._watcher: Watcher | None = None
        self._watching: asyncio.TimerHandle | None = None
        self._step_cache: StepCache | None = None
        self._written = LastUsed(_written)
        self._queue = Queue(environment, self._loop, self._drivers, self._adopt)
        self._interrupts = 0
        self.interrupted_by: int | None = None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop it lives in."""
        return self._loop

    @property
    def commits(self) -> int:
        """Transactions so far."""
        return self._writer.commits

    async def start(
        self, launch: Launch, *, on_start: Callable[[str], None] | None = None, stay_paused: bool = False
    ) -> str:
        """Start an execution and drive it to its end or rest; its id. Waits while too many run already."""
        async with self._slots:
            driver, header = self._new(launch, stay_paused=stay_paused)
            id_ = driver.execution.id

            def begin() -> None:
                if on_start is not None:
                    on_start(id_)
                self._begin(driver, launch, header)

            await self._drive(driver, begin)
        return id_

    def _begin(self, driver: Driver, launch: Launch, header: JsonObject) -> None:
        audit = AuditEntry(now(), launch.actor, "run", driver.execution.id, {"workflow": launch.plan.name})
        trigger = {"type": launch.trigger_type, **launch.trigger_data}
        driver.handle(Start(now(), launch.inputs, trigger, header, launch.actor, self._groups()), audit=audit)

    def _groups(self) -> tuple[JsonObject, ...]:
        """The group of all executions, where their number is limited."""
        limit = self._environment.settings.max_concurrent_workflows
        return ({"group": EVERYTHING, "limit": limit, "on_conflict": "queue"},) if limit else ()

    async def go_on(
        self,
        row: ExecutionRow,
        begin: Callable[[Driver], None],
        *,
        stay_paused: bool = False,
        regain: bool = False,
    ) -> None:
        """Claim an execution that nobody drives, fold its log, let `begin` say what is new, and drive it.

        `regain` waits for places that it lost meanwhile, before anything goes on.
        """
        driver = self.recover(row, stay_paused=stay_paused)

        def begin_and_listen() -> None:
            with driver.held():
                begin(driver)
                for message in self._environment.store.inbox((row.id,)):
                    driver.receive(message)

        async with self._slots:
            if regain and driver.execution.places is not None:
                await regained(driver)
            await self._drive(driver, begin_and_listen)

    async def _adopt(self, row: ExecutionRow) -> None:
        """Drive an execution on that waits in line and that nobody drives."""
        from treadle.runtime.again import go_on

        await self.go_on(row, lambda driver: go_on(driver, {}, "", ""))

    def recover(self, row: ExecutionRow, *, stay_paused: bool = False) -> Driver:
        """Claim an execution and fold its log. Raises `TreadleError` (exit code 5) when another process drives it."""
        store = self._environment.store
        claim = store.claim(row.id)
        if claim is None:
            raise TreadleError(
                f"execution {row.id} is driven by another process",
                exit_code=ExitCode.CONFLICT,
                suggestions=(f"treadle watch {row.id}", f"treadle pause {row.id}"),
            )
        try:
            return self._folded(row, claim, stay_paused=stay_paused)
        except BaseException:
            claim.release()
            raise

    def stop_all(self, reason: str) -> None:
        """Bring every execution to rest, resumable."""
        for driver in tuple(self._drivers.values()):
            driver.stop(reason)

    def close(self) -> None:
        """End what is left and let go of threads."""
        if self._watching is not None:
            self._watching.cancel()
        if self._watcher is not None:
            self._watcher.close()
        self._queue.close()
        if self._step_cache is not None:
            self._step_cache.close()
        self._writer.close()

    def told(self, result: _Result) -> _Result:
        """The result; the status of an execution that a signal brought to rest ends with that signal's exit code."""
        if self.interrupted_by is None or not isinstance(result, Status) or result.status in TERMINAL:
            return result
        return replace(result, exit_code=128 + self.interrupted_by)

    @contextmanager
    def obeying_signals(self) -> Iterator[None]:
        """While inside, SIGINT and SIGTERM bring executions to rest; the second one kills. Main thread only."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = [number for name in ("SIGINT", "SIGTERM") if (number := getattr(signal, name, None)) is not None]
        try:
            for number in numbers:
                self._loop.add_signal_handler(number, self._interrupt, number)
        except NotImplementedError:  # Windows: KeyboardInterrupt ends the loop instead
            yield
            return
        try:
            yield
        finally:
            for number in numbers:
                self._loop.remove_signal_handler(number)

    # Making executions

    async def finish(self) -> None:
        """Wait until what steps have started, and whose turn came meanwhile, has come to its end or rest as well."""
        while self._detached or self._queue.serving:
            await asyncio.wait({*self._detached, *self._queue.serving})

    def _start_workflow(self, parent: Execution, command: StartWorkflow) -> str:
        """Start the execution that a visit asks for, unless that was done; its id.

        It is written before the visit's end is: the writer keeps the order.
        """
        id_ = id_of(parent.id, command)
        if self._environment.store.execution(id_) is None:
            launch = launch_of(parent, command, self._environment.store)
            driver, header = self._new(launch, stay_paused=False, id_=id_)
            self._drivers[id_] = driver
            self._begin(driver, launch, header)
            task = self._loop.create_task(self._drive(driver, lambda: None))
            self._detached.add(task)
            task.add_done_callback(self._has_rested)
        return id_

    def _has_rested(self, task: "asyncio.Task[None]") -> None:
        self._detached.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._environment.warned(f"an execution that a step had started could not go on: {error}")

    def _new(self, launch: Launch, *, stay_paused: bool, id_: str = "") -> tuple[Driver, JsonObject]:
        execution_id = id_ or new_id()
        claim = self._environment.store.claim(execution_id)
        if claim is None:
            raise TreadleError(f"the id {execution_id} is taken", exit_code=ExitCode.INTERNAL)
        try:
            return self._fresh(launch, execution_id, claim, stay_paused=stay_paused)
        except BaseException:
            claim.release()
            raise

    def _fresh(
        self, launch: Launch, execution_id: str, claim: Claim, *, stay_paused: bool
    ) -> tuple[Driver, JsonObject]:
        logs = Masker()
        codec = self._codec(logs)
        plan_hash = codec.keep(self._written(launch.plan))
        for definition in (launch.definition, *launch.definitions):
            self._environment.store.put_definition(definition)
        row = new_row(launch, execution_id, plan_hash, codec)
        state = State(launch.plan, execution_id)
        execution = self._execution(row, state, claim, codec, logs)
        execution.publish_ends = launch.publish_ends
        header = header_of(launch, row, self._environment.settings.host_name)
        return self._driver(execution, stay_paused=stay_paused), header

    @uncollected()
    def _folded(self, row: ExecutionRow, claim: Claim, *, stay_paused: bool) -> Driver:
        logs = Masker()
        codec = self._codec(logs)
        state, events = self._read(row, codec)
        execution = self._execution(row, state, claim, codec, logs)
        execution.projector.project(state, events)
        execution.last_seq = state.last_seq
        return self._driver(execution, stay_paused=stay_paused)

    def _driver(self, execution: Execution, *, stay_paused: bool) -> Driver:
        environment = self._environment
        execution.start_workflow = lambda command: self._start_workflow(execution, command)
        return Driver(
            execution,
            self._writer,
            self._observe(execution),
            stay_paused=stay_paused,
            rest=environment.rest,
            inbox=lambda: environment.store.inbox((execution.id,)),
        )

    def log_of(self, row: ExecutionRow) -> Sequence[Event]:
        """The log of an execution that nobody is to claim, with plain values."""
        codec = self._codec(Masker())
        return [codec.reveal(event) for event in self._environment.store.read(row.id)]

    def folded(self, row: ExecutionRow) -> tuple[State, Sequence[str]]:
        """The state of an execution that nobody is to claim, with plain values, and the values sealed in its log."""
        codec = self._codec(Masker())
        state, _ = self._read(row, codec)
        return state, codec.sensitive

    def expected(self, row: ExecutionRow) -> tuple[State, Codec]:
        """The state as it will be once what lies in the execution's inbox has been heard, and how its log is sealed."""
        codec = self._codec(Masker())
        state, _ = self._read(row, codec)
        for message in self._environment.store.inbox((row.id,)):
            if message.name in SORTS:
                decide(state, delivered(message, codec))
        return state, codec

    def _read(self, row: ExecutionRow, codec: Codec) -> tuple[State, list[Event]]:
        return read_state(self._environment.store, row, codec)

    def _execution(self, row: ExecutionRow, state: State, claim: Claim, codec: Codec, logs: Masker) -> Execution:
        return execution_of(row, state, claim, codec, logs, self._environment, self._opened_cache)

    def _opened_cache(self) -> StepCache:
        if self._step_cache is None:
            self._step_cache = of_home(self._environment.home, self._environment.settings.cache_limit)
        return self._step_cache

    def _codec(self, logs: Masker) -> Codec:
        environment = self._environment
        return codec_of(environment.home, environment.settings, environment.store, logs)

    # Driving

    async def _drive(self, driver: Driver, begin: Callable[[], None]) -> None:
        execution = driver.execution
        self._drivers[execution.id] = driver
        if self._watcher is None and self._watching is None:
            self._watching = self._loop.call_later(_WATCH_AFTER, self._watch)
        if execution.places is not None and not self._queue.busy:
            self._queue.begin()
        try:
            begin()
            await driver.done
        finally:
            self._drivers.pop(execution.id, None)
            execution.claim.release()
            if execution.places is not None:
                self._queue.look()

    def _observe(self, execution: Execution) -> Callable[[Append], None]:
        listeners = self._environment.listeners

        def observe(append: Append) -> None:
            if not listeners.deaf:
                display = execution.codec.display
                listeners.tell([with_data(event, display(event.data)) for event in append.events])
            if append.published:
                self._environment.published(append, execution)

        return observe

    def _alone(self) -> bool:
        return len(self._drivers) == 1 and not self._busy()

    def _busy(self) -> bool:
        for driver in self._drivers.values():  # noqa: SIM110 - a loop and not `any`: it runs twice a step
            if driver.running:
                return True
        return False

    def _watch(self) -> None:
        self._watching = None
        self._watcher = Watcher(self._environment.store, self._loop, self._poll)
        self._poll()

    def _poll(self) -> None:
        if self._drivers:
            for message in self._environment.store.inbox(tuple(self._drivers)):
                driver = self._drivers.get(message.execution)
                if driver is not None:
                    driver.receive(message)

    def _interrupt(self, number: int) -> None:
        self._interrupts += 1
        self.interrupted_by = number
        if self._interrupts > 1:
            from treadle.runtime.processes import kill_all

            kill_all()
            os._exit(128 + number)
        self._environment.stopping(number)
        self.stop_all(signal.Signals(number).name)


def _written(plan: Plan) -> bytes:
    return orjson.dumps(plan_to_json(plan))
