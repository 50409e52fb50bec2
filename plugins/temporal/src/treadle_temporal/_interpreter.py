"""The one Temporal workflow: it hosts the decider. An attempt is an activity, a due time a timer, a word a signal.

It runs in Temporal's sandbox, in which the engine is passed through: it is pure, so nothing of it needs watching.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, TypeAlias

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError, TimeoutType
from temporalio.exceptions import TimeoutError as OutOfTime

with workflow.unsafe.imports_passed_through():
    from treadle_engine.decide import decide
    from treadle_engine.exchange import command_from_json, command_to_json, stimulus_from_json
    from treadle_engine.plan import plan_from_json
    from treadle_engine.protocol import (
        AcquireSlots,
        Address,
        AttemptEnded,
        AttemptLost,
        CancelAttempt,
        CancelTimer,
        Command,
        Compensate,
        CompensationEnded,
        SlotsTaken,
        Start,
        StartAttempt,
        StartTimer,
        Stimulus,
        TimerFired,
    )
    from treadle_engine.state import State

    from treadle_temporal._names import (
        BIND,
        HEARD,
        INTERPRETER,
        KEEP,
        LOG,
        PERFORM,
        SAY,
        Beginning,
        Bound,
        Ended,
        LogPart,
    )

_ENDS: Final = frozenset({"completed", "failed", "cancelled"})
_ANY_TIME: Final = timedelta(days=3650)
_ONCE: Final = RetryPolicy(maximum_attempts=1)
_SMALL_TASK: Final = timedelta(minutes=1)
_LARGE_TASK: Final = timedelta(hours=1)

_Work: TypeAlias = StartAttempt | Compensate
_Key: TypeAlias = tuple[Address, bool]


class _Task:
    """An attempt, or a try to undo a visit, under way."""

    def __init__(self) -> None:
        self.activity: workflow.ActivityHandle[Any] | None = None
        self.called_off = False

    def call_off(self) -> None:
        self.called_off = True
        if self.activity is not None:
            self.activity.cancel()


@workflow.defn(name=INTERPRETER)
class Interpreter:
    """One execution, or the part of it since its last run.

    Signals: `say`, stimuli in their JSON form, each with a `token`. Queries: `log` (events after a seq), `heard`
    (whether tokens were).
    """

    @workflow.init
    def __init__(self, beginning: Beginning) -> None:
        self._facts = {name: beginning.get(name, "") for name in ("execution", "workflow", "version", "origin")}
        self._plan = beginning["plan"]
        self._plan_hash = beginning["plan_hash"]
        self._heartbeat = timedelta(seconds=beginning["heartbeat"])
        self._history = beginning["history"]
        lost_after = beginning["lost_after"]
        self._lost_after = None if lost_after is None else timedelta(seconds=lost_after)
        plan, state = plan_from_json(self._plan), beginning["state"]
        self._state = State(plan, beginning["execution"]) if state is None else State.load(plan, state)
        carried = beginning.get("carried") or {}
        self._segments: list[Any] = carried.get("segments", [])
        self._heard: dict[str, None] = dict.fromkeys(carried.get("heard", ()))
        self._logs: dict[str, str] = carried.get("logs", {})
        self._queue: str = carried.get("queue", "")
        self._carried_timers: dict[str, int] = carried.get("timers", {})
        self._carried_work = [command_from_json(one) for one in carried.get("work", ())]
        self._events: list[dict[str, Any]] = []
        self._running: dict[_Key, _Task] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: dict[str, tuple[int, asyncio.Task[None]]] = {}
        self._put_off: list[_Work] = []
        self._tree: str = carried.get("tree", "")
        self._binding: asyncio.Task[Bound] | None = None
        self._leaving = False

    @workflow.run
    async def run(self, beginning: Beginning) -> Ended:
        """Drive it to its end, or to where a new run goes on."""
        for timer, due in self._carried_timers.items():
            self._set_timer(timer, due)
        for work in self._carried_work:
            self._start(work)  # type: ignore[arg-type]
        while True:
            await workflow.wait_condition(lambda: self._has_ended or self._is_full)
            if self._is_full:
                await self._go_on_anew(beginning)
            else:
                await self._keep_events()
                if self._has_ended and not self._events:
                    return {"status": self._state.status, "segments": self._segments, "logs": self._logs}

    @workflow.signal(name=SAY)
    def say(self, said: list[dict[str, Any]]) -> None:
        """Answer what has not been heard yet."""
        for one in said:
            token = one.pop("token", "")
            if token in self._heard:
                continue
            if token:
                self._heard[token] = None
            self._handle(_now_said(stimulus_from_json(one)))

    @workflow.query(name=LOG)
    def log(self, after: int) -> LogPart:
        """What has happened after an event."""
        return {
            "segments": [segment for segment in self._segments if segment["last"] > after],
            "events": [event for event in self._events if event["seq"] > after],
            "logs": self._logs,
        }

    @workflow.query(name=HEARD)
    def heard(self, tokens: list[str]) -> bool:
        """All of these were heard."""
        return all(token in self._heard for token in tokens)

    # Deciding

    def _handle(self, stimulus: Stimulus) -> None:
        turn = decide(self._state, stimulus)
        self._events += [event.to_json() for event in turn.events]
        for command in turn.commands:
            self._obey(command)

    def _obey(self, command: Command) -> None:
        match command:
            case StartAttempt() | Compensate():
                self._start(command)
            case CancelAttempt():
                self._call_off(command.address)
            case StartTimer():
                self._set_timer(command.timer, command.due)
            case CancelTimer():
                self._forget_timer(command.timer)
            case AcquireSlots():  # only what has no group in common with another execution is begun here
                self._soon(SlotsTaken(_now(), command.holder))
            case _:
                pass

    def _soon(self, stimulus: Stimulus) -> None:
        """Say something once the turn is over."""

        async def say() -> None:
            self._handle(stimulus)

        self._spawn(say())

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Performing

    def _start(self, work: _Work) -> None:
        if self._leaving:
            self._put_off.append(work)
            return
        task = self._running[work.address, isinstance(work, Compensate)] = _Task()
        self._spawn(self._perform(work, task))

    async def _perform(self, work: _Work, task: _Task) -> None:
        try:
            stimulus = await self._performed(work, task)
        finally:
            del self._running[work.address, isinstance(work, Compensate)]
        self._handle(stimulus)

    async def _performed(self, work: _Work, task: _Task) -> Stimulus:
        """How it ended. An attempt whose worker is gone is lost; an undoing is tried again."""
        while True:
            queue = await self._own_queue()
            if task.called_off:
                return _cancelled(work.address)
            try:
                said = await self._activity(work, task, queue)
            except ActivityError as error:
                if _never_began(error):
                    self._give_up(queue)
                    continue
                ended = _end_of(work, error)
            else:
                self._logs.update(said.pop("log", {}))
                self._tree = said.pop("tree", "") or self._tree
                ended = stimulus_from_json(said)
            if ended is not None:
                return ended

    def _activity(self, work: _Work, task: _Task, queue: str) -> "workflow.ActivityHandle[Any]":
        task.activity = workflow.start_activity(
            PERFORM,
            {**self._task, "plan": self._plan_hash, "command": command_to_json(work)},
            task_queue=queue,
            schedule_to_start_timeout=self._lost_after,
            start_to_close_timeout=_ANY_TIME,
            heartbeat_timeout=self._heartbeat,
            retry_policy=_ONCE,
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            summary=f"{work.action} {work.address.step}#{work.address.visit}.{work.address.attempt}",
        )
        return task.activity

    def _call_off(self, address: Address) -> None:
        task = self._running.get((address, False))
        if task is not None:
            task.call_off()
            return
        waiting = [work for work in self._put_off if work.address == address and isinstance(work, StartAttempt)]
        for work in waiting:
            self._put_off.remove(work)
        self._soon(_cancelled(address))

    @property
    def _task(self) -> dict[str, Any]:
        """What every worker is told."""
        return {**self._facts, "keeps": self._lost_after is not None}

    async def _own_queue(self) -> str:
        """The queue of the worker that has the execution's files; the first that is asked has them from then on."""
        if not self._queue:
            if self._binding is None:
                task = {**self._task, "tree": self._tree}
                bound: Any = workflow.execute_activity(BIND, task, start_to_close_timeout=_LARGE_TASK)
                self._binding = asyncio.create_task(bound)
            found = await self._binding
            self._queue, self._tree = found["queue"], found["tree"] or self._tree
        return self._queue

    def _give_up(self, queue: str) -> None:
        """A worker did not come for too long: another one is to have the files as they were kept last."""
        if self._queue == queue:
            self._queue, self._binding = "", None

    # Time

    def _set_timer(self, timer: str, due: int) -> None:
        self._forget_timer(timer)
        self._timers[timer] = (due, asyncio.create_task(self._wait(timer, due)))

    def _forget_timer(self, timer: str) -> None:
        found = self._timers.pop(timer, None)
        if found is not None:
            found[1].cancel()

    async def _wait(self, timer: str, due: int) -> None:
        await workflow.sleep(max(0.0, (due - _now()) / 1_000_000))
        del self._timers[timer]
        self._handle(TimerFired(timer, max(due, _now())))

    # Ending, or going on in a new run

    @property
    def _has_ended(self) -> bool:
        return self._state.status in _ENDS and not self._running and not self._tasks

    @property
    def _is_full(self) -> bool:
        info = workflow.info()
        return info.is_continue_as_new_suggested() or info.get_current_history_length() >= self._history

    async def _keep_events(self) -> None:
        """Write the events that are in no segment yet to the blobs."""
        events = self._events
        if not events:
            return
        digest = await workflow.execute_activity(
            KEEP, args=[events], start_to_close_timeout=_SMALL_TASK, result_type=str
        )
        self._segments.append({"first": events[0]["seq"], "last": events[-1]["seq"], "hash": digest})
        self._events = [event for event in self._events if event["seq"] > events[-1]["seq"]]

    async def _go_on_anew(self, beginning: Beginning) -> None:
        """Let what runs end, start nothing new meanwhile, and hand all on."""
        self._leaving = True
        await workflow.wait_condition(lambda: not self._running and not self._tasks)
        while self._events:
            await self._keep_events()
        carried = {
            "segments": self._segments,
            "logs": self._logs,
            "heard": list(self._heard),
            "queue": self._queue,
            "tree": self._tree,
            "timers": {timer: due for timer, (due, _) in self._timers.items()},
            "work": [command_to_json(work) for work in self._put_off],
        }
        workflow.continue_as_new({**beginning, "state": self._state.dump(), "carried": carried})


def _now() -> int:
    return workflow.time_ns() // 1000


def _now_said(stimulus: Stimulus) -> Stimulus:
    """What somebody says is said when it is heard; the beginning has its own time, which whoever began it knows."""
    if isinstance(stimulus, Start | tuple):
        return stimulus
    return replace(stimulus, at=_now())


def _cancelled(address: Address) -> AttemptEnded:
    return AttemptEnded(address, _now(), "cancelled", {}, {"type": "cancelled", "message": "the step was cancelled"})


def _never_began(error: ActivityError) -> bool:
    return isinstance(error.cause, OutOfTime) and error.cause.type is TimeoutType.SCHEDULE_TO_START


def _end_of(work: _Work, error: ActivityError) -> Stimulus | None:
    """What an activity without a result says of its attempt; None when it has to be tried again."""
    undo, cause = isinstance(work, Compensate), error.cause
    if isinstance(cause, ApplicationError) and cause.type != "lost":
        failure = {"type": cause.type or "error", "message": cause.message}
        if undo:
            return CompensationEnded(work.address, _now(), failure, workflow.random().random())
        return AttemptEnded(work.address, _now(), "failure", {}, failure, workflow.random().random())
    if undo:
        return None
    return _cancelled(work.address) if isinstance(cause, CancelledError) else AttemptLost(work.address, _now())
