"""The runtimes that are compared. Another one, or a store, is a line in `RUNTIMES`."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from unittest import mock

from conducting import Clock, Key, Runtime
from temporalio import workflow as temporal
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.bridge.proto.activity_result import ActivityResolution, Success
from temporalio.bridge.proto.workflow_activation import (
    FireTimer,
    InitializeWorkflow,
    ResolveActivity,
    SignalWorkflow,
    WorkflowActivation,
    WorkflowActivationJob,
)
from temporalio.common import Priority, TypedSearchAttributes
from temporalio.converter import DefaultFailureConverter
from temporalio.worker import UnsandboxedWorkflowRunner, WorkflowInstanceDetails
from treadle import Treadle
from treadle.runtime import driver as driving
from treadle.runtime import local as local_runtime
from treadle.runtime.launch import Launch
from treadle_engine.decide import decide
from treadle_engine.exchange import command_from_json, event_from_json, stimulus_to_json
from treadle_engine.plan import Plan, plan_to_json
from treadle_engine.protocol import (
    AttemptEnded,
    CancelAttempt,
    CancelTimer,
    Compensate,
    CompensationEnded,
    Start,
    StartAttempt,
    StartTimer,
    Stimulus,
    TimerFired,
)
from treadle_engine.state import State
from treadle_hookspecs import Definition, Event, Json
from treadle_temporal._interpreter import Interpreter
from treadle_temporal._names import BIND, KEEP, PERFORM, SAY
from treadle_temporal._ordered import OrderedPayloads


class Decider:
    """The decider and nothing else: what all others are compared with."""

    def __init__(self, plan: Plan, clock: Clock, folder: Path) -> None:
        self._state = State(plan, "conducted")
        self._clock = clock
        self._log: list[Event] = []
        self._running: dict[Key, bool] = {}
        self._timers: dict[str, int] = {}

    def begin(self, start: Start) -> None:
        self.say(start)

    def running(self) -> Sequence[Key]:
        return list(self._running)

    def called_off(self, key: Key) -> bool:
        return self._running[key]

    def end(self, key: Key, ended: AttemptEnded | CompensationEnded) -> None:
        del self._running[key]
        self.say(ended)

    def timers(self) -> Mapping[str, int]:
        return self._timers

    def fire(self, timer: str) -> None:
        del self._timers[timer]
        self.say(TimerFired(timer, self._clock.now))

    def say(self, stimulus: Stimulus) -> None:
        turn = decide(self._state, stimulus)
        self._log += turn.events
        for command in turn.commands:
            match command:
                case StartAttempt() | Compensate():
                    self._running[command.address, isinstance(command, Compensate)] = False
                case CancelAttempt():
                    self._running[command.address, False] = True
                case StartTimer():
                    self._timers[command.timer] = command.due
                case CancelTimer():
                    self._timers.pop(command.timer, None)

    def log(self) -> Sequence[Event]:
        return self._log

    def close(self) -> None:
        pass


class Local:
    """The runtime of this machine, as it is, on a real store; only its clock and the actions are the conductor's."""

    def __init__(self, plan: Plan, clock: Clock, folder: Path, store: str = "sqlite:") -> None:
        self._plan = plan
        self._clock = clock
        self._ends: dict[Key, asyncio.Future[Any]] = {}
        self._off: set[Key] = set()
        self._timers = _VirtualTimers()
        self._loop = asyncio.new_event_loop()
        overrides: dict[str, Json] = {"home": str(folder / "home"), "store": store, "cache": False}
        self._treadle = Treadle(folder, overrides=overrides)
        self._patches: list[Any] = [
            mock.patch.object(driving, "Performer", mock.Mock(return_value=self)),
            mock.patch.object(driving, "Timers", self._timers),
            mock.patch.object(driving, "now", clock),
            mock.patch.object(local_runtime, "now", clock),
        ]
        self._id = ""

    def begin(self, start: Start) -> None:
        for patch in self._patches:
            patch.start()
        definition = Definition("0" * 64, self._plan.name, "", "")
        launch = Launch(self._plan, definition, start.inputs, self._treadle.root, actor=start.actor)
        self._loop.run_until_complete(self._start(launch))

    async def _start(self, launch: Launch) -> None:
        runtime = self._runtime = self._treadle._local()
        self._patches.append(mock.patch.object(runtime, "_poll"))  # what an execution emits is not for itself here
        self._patches[-1].start()
        self._task = asyncio.ensure_future(runtime.start(launch, on_start=self._named, stay_paused=True))
        await self._settled()

    def _named(self, id_: str) -> None:
        self._id = id_

    async def _settled(self) -> None:
        """Until it has written and done all that follows from what was said."""
        quiet = 0
        while quiet < 5:
            await asyncio.sleep(0)
            quiet = 0 if self._is_busy else quiet + 1

    @property
    def _is_busy(self) -> bool:
        writer, driver = self._runtime._writer, self._runtime._drivers.get(self._id)
        at_work = writer._committing or writer._scheduled or writer._sources
        return bool(at_work or (driver and (driver._in_flight or driver._events or driver._commands)))

    @property
    def _driver(self) -> Any:
        return self._runtime._drivers[self._id]

    # What the driver has performed

    async def visit(self, command: StartAttempt, context: Any, *, interrupted: Any) -> AttemptEnded:
        ended: AttemptEnded = await self._played((command.address, False))
        return ended

    async def undo(self, command: Compensate, context: Any) -> AttemptEnded:
        ended = await self._played((command.address, True))
        return AttemptEnded(ended.address, ended.at, "success", {}, ended.error, ended.draw)

    async def _played(self, key: Key) -> Any:
        end = self._ends[key] = self._loop.create_future()
        while not end.done():
            with suppress(asyncio.CancelledError):
                await asyncio.shield(end)
                break
            self._off.add(key)
        del self._ends[key]
        return end.result()

    def running(self) -> Sequence[Key]:
        return list(self._ends)

    def called_off(self, key: Key) -> bool:
        return key in self._off

    def end(self, key: Key, ended: AttemptEnded | CompensationEnded) -> None:
        self._ends[key].set_result(ended)
        self._loop.run_until_complete(self._settled())

    def timers(self) -> Mapping[str, int]:
        return self._timers.due

    def fire(self, timer: str) -> None:
        del self._timers.due[timer]
        self.say(TimerFired(timer, self._clock.now))

    def say(self, stimulus: Stimulus) -> None:
        async def said() -> None:
            self._driver.handle(stimulus)
            await self._settled()

        self._loop.run_until_complete(said())

    def log(self) -> Sequence[Event]:
        return self._treadle.store.read(self._id)

    def close(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._task)
        left = asyncio.all_tasks(self._loop)
        for end in self._ends.values():
            end.set_result(None)
        for task in left:
            task.cancel()
        if left:
            self._loop.run_until_complete(asyncio.wait(left))
        self._treadle._close_runtime()
        self._loop.close()
        self._treadle.close()
        for patch in self._patches:
            patch.stop()


class _VirtualTimers:
    """Stands for the driver's timers: nothing fires by itself, and nothing rests before its end."""

    def __init__(self) -> None:
        self.due: dict[str, int] = {}

    def __call__(self, fire: Callable[[str], None]) -> "_VirtualTimers":
        return self

    def __bool__(self) -> bool:
        return True

    def set(self, timer: str, due: int) -> None:
        self.due[timer] = due

    def cancel(self, timer: str) -> None:
        self.due.pop(timer, None)

    def clear(self) -> None:
        self.due.clear()

    def any_before(self, until: float) -> bool:
        return True


class Temporal:
    """The interpreter workflow in Temporal's own host for workflows; the service is the conductor's."""

    def __init__(self, plan: Plan, clock: Clock, folder: Path) -> None:
        self._plan = plan
        self._clock = clock
        self._running: dict[Key, tuple[int, bool]] = {}
        self._timers: dict[str, tuple[int, int]] = {}
        self._known: dict[str, Any] = {}
        self._kept: list[Event] = []
        self._converter = OrderedPayloads()
        self._instance: Any = None

    def begin(self, start: Start) -> None:
        plan = plan_to_json(self._plan)
        beginning = {
            "execution": "conducted",
            "workflow": self._plan.name,
            "version": "",
            "origin": "",
            "plan": plan,
            "plan_hash": "",
            "state": None,
            "heartbeat": 60.0,
            "history": 1_000_000,
            "lost_after": None,
        }
        self._instance = asyncio.run(self._made())
        initialize = InitializeWorkflow(workflow_type="treadle", workflow_id="w", arguments=[self._payload(beginning)])
        self._activate(_job(initialize_workflow=initialize), self._signal(start))

    async def _made(self) -> Any:
        return UnsandboxedWorkflowRunner().create_instance(self._details())

    def _details(self) -> WorkflowInstanceDetails:
        began = self._time()
        info = temporal.Info(
            attempt=1, continued_run_id=None, cron_schedule=None, execution_timeout=None,
            first_execution_run_id="r", headers={}, namespace="default", original_execution_run_id="r",
            parent=None, root=None, priority=Priority(), raw_memo={}, retry_policy=None, run_id="r",
            run_timeout=None, search_attributes={}, start_time=began, workflow_start_time=began, task_queue="q",
            task_timeout=timedelta(seconds=10), typed_search_attributes=TypedSearchAttributes.empty, workflow_id="w",
            workflow_type="treadle",
        )  # fmt: skip
        return WorkflowInstanceDetails(
            payload_converter_factory=OrderedPayloads,
            failure_converter_class=DefaultFailureConverter,
            interceptor_classes=[],
            defn=temporal._Definition.must_from_class(Interpreter),
            info=info,
            randomness_seed=1,
            extern_functions={},
            disable_eager_activity_execution=True,
            worker_level_failure_exception_types=[],
            patch_activation_callback=None,
            last_completion_result=Payloads(),
            last_failure=None,
        )

    def _activate(self, *jobs: WorkflowActivationJob) -> None:
        activation = WorkflowActivation(run_id="r", history_length=5, jobs=jobs)
        activation.timestamp.FromDatetime(self._time())
        completion = self._instance.activate(activation)
        assert completion.HasField("successful"), completion.failed
        self._obey(completion.successful.commands)

    def _obey(self, commands: Sequence[Any]) -> None:
        tasks = {name: task for name, (_, task) in self._object._timers.items()}
        fresh = [name for name, task in tasks.items() if self._known.get(name) is not task]
        self._known = tasks
        resolved: list[WorkflowActivationJob] = []
        for command in commands:
            kind = command.WhichOneof("variant")
            if kind == "schedule_activity":
                resolved += self._scheduled(command.schedule_activity)
            elif kind == "request_cancel_activity":
                self._called_off(command.request_cancel_activity.seq)
            elif kind == "start_timer":
                name = fresh.pop(0)
                self._timers[name] = (command.start_timer.seq, self._object._timers[name][0])
        assert not fresh, fresh
        self._timers = {name: self._timers[name] for name in self._object._timers}
        if resolved:
            self._activate(*resolved)

    @property
    def _object(self) -> Any:
        return self._instance._object

    def _scheduled(self, activity: Any) -> list[WorkflowActivationJob]:
        arguments: Any = [self._converter.from_payload(payload, Any) for payload in activity.arguments]
        if activity.activity_type == PERFORM:
            command = command_from_json(arguments[0]["command"])
            self._running[command.address, isinstance(command, Compensate)] = (activity.seq, False)
            return []
        if activity.activity_type == KEEP:
            self._kept += [event_from_json(event) for event in arguments[0]]
        assert activity.activity_type in {BIND, KEEP}
        return [self._resolved(activity.seq, "" if activity.activity_type == KEEP else {"queue": "q", "tree": ""})]

    def _called_off(self, seq: int) -> None:
        for key, (known, _) in self._running.items():
            if known == seq:
                self._running[key] = (seq, True)

    def running(self) -> Sequence[Key]:
        return list(self._running)

    def called_off(self, key: Key) -> bool:
        return self._running[key][1]

    def end(self, key: Key, ended: AttemptEnded | CompensationEnded) -> None:
        seq, _ = self._running.pop(key)
        self._activate(self._resolved(seq, stimulus_to_json(ended)))

    def timers(self) -> Mapping[str, int]:
        return {name: due for name, (_, due) in self._timers.items()}

    def fire(self, timer: str) -> None:
        seq, _ = self._timers[timer]
        self._activate(_job(fire_timer=FireTimer(seq=seq)))

    def say(self, stimulus: Stimulus) -> None:
        self._activate(self._signal(stimulus))

    def log(self) -> Sequence[Event]:
        return [*self._kept, *[event_from_json(event) for event in self._object._events]]

    def close(self) -> None:
        pass

    def _time(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now / 1_000_000, tz=UTC)

    def _payload(self, value: Any) -> Payload:
        return self._converter.to_payload(value)

    def _signal(self, stimulus: Stimulus) -> WorkflowActivationJob:
        return _job(
            signal_workflow=SignalWorkflow(signal_name=SAY, input=[self._payload([stimulus_to_json(stimulus)])])
        )

    def _resolved(self, seq: int, result: Any) -> WorkflowActivationJob:
        completed = ActivityResolution(completed=Success(result=self._payload(result)))
        return _job(resolve_activity=ResolveActivity(seq=seq, result=completed))


def _job(**variant: Any) -> WorkflowActivationJob:
    return WorkflowActivationJob(**variant)


Make = Callable[[Plan, Clock, Path], Runtime]
RUNTIMES: Final[dict[str, Make]] = {
    "local on SQLite": Local,
    "Temporal": Temporal,
}
"""By name; a store is `functools.partial(Local, store=URL)`, and `conftest.py` adds Postgres, which needs a server."""
