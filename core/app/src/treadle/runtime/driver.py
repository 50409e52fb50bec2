"""Drives one execution: stimuli in, events to the log, and only then the commands carried out."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias, TypeVar

from treadle_engine.decide import decide
from treadle_engine.protocol import (
    AcquireSlots,
    Address,
    AskInterrupted,
    AttemptAsks,
    AttemptEnded,
    CancelAttempt,
    CancelTimer,
    Command,
    Compensate,
    CompensationEnded,
    Pause,
    StartAttempt,
    StartTimer,
    StartWorkflow,
    Stimulus,
    TimerFired,
)
from treadle_hookspecs import (
    Append,
    AuditEntry,
    BusEvent,
    ClaimLostError,
    Event,
    ExitCode,
    Signal,
    TreadleError,
)

from treadle.runtime.clock import now
from treadle.runtime.context import StepContext
from treadle.runtime.execution import PATIENT, Execution, Rest
from treadle.runtime.heard import heard
from treadle.runtime.performing import Performer, cancelled
from treadle.runtime.projection import TERMINAL
from treadle.runtime.protecting import protected_row, protected_waits
from treadle.runtime.publishing import outgoing
from treadle.runtime.sealed import given_secretly
from treadle.runtime.timers import Timers
from treadle.runtime.writer import Durable, Writer

Observer: TypeAlias = Callable[[Append], None]
"""Told of an append once it is durable."""

_Work: TypeAlias = tuple[StepContext, Coroutine[None, None, None]]
_Item = TypeVar("_Item")
_End: TypeAlias = AttemptEnded | AttemptAsks


class Driver:
    """One execution in this process, from its claim to its end or rest.

    Args:
        execution: what to drive; its state is folded up to `last_seq`.
        writer: commits its events.
        observer: told of what is durable.
        stay_paused: a pause is waited through; otherwise it ends the driving.
        rest: when an execution that waits is left alone.
        inbox: what has been said to it and not been taken.
    """

    def __init__(
        self,
        execution: Execution,
        writer: Writer,
        observer: Observer,
        *,
        stay_paused: bool = False,
        rest: Rest = PATIENT,
        inbox: Callable[[], Sequence[Signal]] = tuple,
    ) -> None:
        self.execution = execution
        self._loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = self._loop.create_future()
        self.stopping = False
        self._writer = writer
        self._observer = observer
        self._performer = Performer(execution)
        self._stay_paused = stay_paused
        self._rest = rest
        self._inbox = inbox
        self._events: list[Event] = []
        self._commands: list[Command] = []
        self._taken: list[int] = []
        self._heard: set[int] = set()
        self._audit: list[AuditEntry] = []
        self._published: list[BusEvent] = []
        self._in_flight = False
        self._running: dict[Address, tuple[asyncio.Task[None], StepContext]] = {}
        self._called_off: set[Address] = set()
        self._timers = Timers(self._fire)
        self._asked = False
        self._held = False
        self._gone: list[Address] = []

    @property
    def running(self) -> int:
        """Attempts under way."""
        return len(self._running)

    def handle(self, *stimuli: Stimulus, audit: AuditEntry | None = None) -> None:
        """Let the decider decide, and have what it said written at once. An error of the decider ends the driving."""
        try:
            turns = [decide(self.execution.state, stimulus) for stimulus in stimuli]
        except Exception as error:  # noqa: BLE001 - whoever waits for the execution gets it
            self.fail(error)
            return
        for turn in turns:
            self._events += turn.events
            self._commands += turn.commands
        if audit is not None:
            self._audit.append(audit)
        self._request()

    @contextmanager
    def held(self) -> Iterator[None]:
        """While inside, the execution does not come to rest: there is more to be said to it."""
        self._held = True
        yield
        self._held = False
        self._rest_if_idle()

    def receive(self, signal: Signal) -> None:
        """Answer a signal from the inbox; once, however often it is read before its answer is durable."""
        if signal.id in self._heard:
            return
        self._heard.add(signal.id)
        self._taken.append(signal.id)
        said, audit = heard(signal, self.execution.codec)
        if said is None:
            self._request()
        else:
            self.handle(said, audit=audit)

    def stop(self, reason: str) -> None:
        """Come to rest: start nothing new, end what runs without recording its end, so that `resume` asks about it."""
        if self.stopping:
            return
        self.stopping = True
        if self.execution.state.status not in TERMINAL:
            self.handle(Pause(now(), "process", reason))
        self._cancel_running()
        self._rest_if_idle()

    def fail(self, error: BaseException) -> None:
        """Give up driving: the storage refused, or the claim is lost. The log says how far it came."""
        self.stopping = True
        self._cancel_running()
        self._timers.clear()
        if not self.done.done():
            self.done.set_exception(error)

    # Towards the log

    def _request(self) -> None:
        if self._events or self._taken or self._audit:
            self._writer.request(self.execution.id, self._collect)
        elif not self._in_flight:
            self._carry_out()

    def _collect(self) -> tuple[Append, Durable] | None:
        if self.done.done():
            return None
        execution = self.execution
        events, self._events = self._events, []
        commands, self._commands = self._commands, []
        if execution.sensitive_inputs:
            for value in given_secretly(events, execution.sensitive_inputs):
                execution.codec.add_sensitive(value)
        stored = [execution.codec.protect(event) for event in events]
        rows = execution.projector.project(execution.state, stored)
        if rows.execution is not None:
            rows.execution = protected_row(execution.projector.row, execution.codec)
        freed, slots = execution.places.written(commands, stored) if execution.places is not None else ((), ())
        append = Append(
            execution.id,
            execution.claim.epoch,
            execution.last_seq,
            stored,
            rows.execution,
            rows.steps,
            rows.updates,
            execution.codec.take_payloads(),
            _taken(self._taken),
            _taken(self._audit),
            outgoing(execution.projector.row, commands, ends=execution.publish_ends),
            freed,
            slots,
            waited=rows.waited,
            waits=protected_waits(rows.waits, execution.codec) if rows.waits else (),
        )
        execution.last_seq += len(stored)
        self._in_flight = True
        return append, lambda error: self._durable(error, append, commands)

    def _durable(self, error: BaseException | None, append: Append, commands: list[Command]) -> None:
        self._in_flight = False
        if error is not None:
            self.fail(_explained(error, self.execution.id))
            return
        self._observer(append)
        self._obey(commands)
        if not self._events:
            self._carry_out()

    # Towards the world

    def _carry_out(self) -> None:
        commands, self._commands = self._commands, []
        self._obey(commands)
        self._rest_if_idle()

    def _obey(self, commands: Iterable[Command]) -> None:
        """Carry out all of them, and only then say which attempts had ended before they were to be cancelled."""
        for command in commands:
            self._act(command)
        if self._gone:
            gone, self._gone = [address for address in self._gone if self._unsettled(address)], []
            self.handle(*map(self._performer.unseen, gone))

    def _unsettled(self, address: Address) -> bool:
        """The log has no end of this attempt: it was another process's, and did not end here a moment ago."""
        step = self.execution.state.step(address.scope, address.step)
        return (step.state, step.visits, step.attempts) == ("running", address.visit, address.attempt)

    def _act(self, command: Command) -> None:
        match command:
            case StartAttempt() if not self.stopping:
                self._start(command.address, self._attempt(command))
            case StartWorkflow() if not self.stopping:
                self._start(command.address, self._workflow(command))
            case Compensate() if not self.stopping:
                self._start(command.address, self._compensation(command))
            case CancelAttempt():
                self._call_off(command.address)
            case StartTimer():
                self._timers.set(command.timer, command.due)
            case CancelTimer():
                self._timers.cancel(command.timer)
            case AskInterrupted():
                self._asked = True
            case AcquireSlots():
                self._ask_for_places(command)
            case _:
                pass

    def _ask_for_places(self, command: AcquireSlots) -> None:
        places = self.execution.places
        said = places.ask(command) if places is not None and not self.stopping else None
        if said is not None:
            self.handle(said)

    def seek_places(self) -> None:
        """Look whose turn it is of those that wait for places; without patience, rest."""
        places = self.execution.places
        if places is not None and places.waiting and not self.stopping:
            self.handle(*places.taken())
            self._rest_if_idle()

    def _start(self, address: Address, work: _Work) -> None:
        context, coroutine = work
        self._running[address] = (self._loop.create_task(coroutine), context)

    def _cancel_running(self) -> None:
        for address in self._running:
            self._cancel(address)

    def _cancel(self, address: Address) -> None:
        task, context = self._running[address]
        context.cancelled = True
        task.add_done_callback(lambda ended: self._never_ran(address, ended))
        task.cancel()

    def _never_ran(self, address: Address, task: asyncio.Task[None]) -> None:
        """A task that is cancelled before its first step tells nobody."""
        if not task.cancelled() or self._running.pop(address, None) is None:
            return
        if address in self._called_off:
            self._called_off.discard(address)
            self.handle(cancelled(address))
        else:
            self._rest_if_idle()

    def _attempt(self, command: StartAttempt) -> _Work:
        execution, address = self.execution, command.address
        limits = execution.state.limits_of(address.scope, address.step) if execution.limited else None
        context = StepContext(execution.surroundings, address, command.env, limits=limits, replies=command.replies)
        if execution.reuse is not None:
            context.reuse = execution.reuse(command)

        def interrupted() -> bool:
            return self.stopping and address not in self._called_off

        return context, self._run(context, self._performer.visit(command, context, interrupted=interrupted))

    def _workflow(self, command: StartWorkflow) -> _Work:
        context = StepContext(self.execution.surroundings, command.address, {})
        return context, self._run(context, self._performer.start_workflow(command))

    async def _run(self, context: StepContext, work: Coroutine[None, None, _End]) -> None:
        try:
            ended = await self._end_of(context, work)
            if isinstance(ended, AttemptAsks):
                self.handle(ended._replace(ask=self.execution.guard.mask_json(ended.ask)))
            elif ended is not None:
                self.handle(self._guarded(ended))
        except Exception as error:  # noqa: BLE001 - whoever waits for the execution gets it
            self.fail(error)

    def _compensation(self, command: Compensate) -> _Work:
        context = StepContext(self.execution.surroundings, command.address, {}, purpose="undo")
        return context, self._run_compensation(command, context)

    async def _run_compensation(self, command: Compensate, context: StepContext) -> None:
        try:
            ended = await self._end_of(context, self._performer.undo(command, context))
            if isinstance(ended, AttemptEnded):
                told = ended.facts.get("told")
                self.handle(CompensationEnded(ended.address, ended.at, ended.error, ended.draw, told))
        except Exception as error:  # noqa: BLE001 - whoever waits for the execution gets it
            self.fail(error)

    async def _end_of(self, context: StepContext, work: Coroutine[None, None, _End]) -> _End | None:
        """How the attempt ended, or None when the driver is stopping and nobody may say."""
        try:
            ended = await work
        finally:
            context.close()
        address = ended.address
        self._running.pop(address, None)
        if self.stopping and _is_cut_off(ended) and address not in self._called_off:
            self._rest_if_idle()
            return None
        self._called_off.discard(address)
        return ended

    def _guarded(self, ended: AttemptEnded) -> AttemptEnded:
        """Secrets in what an attempt gives back are masked; declared sensitive outputs are marked for sealing."""
        execution = self.execution
        for name in execution.sensitive_outputs.get(ended.address.step, ()):
            execution.codec.add_sensitive(ended.outputs.get(name))
        if not ended.outputs and ended.error is None:
            return ended
        mask = execution.guard.mask_json
        return ended._replace(outputs=mask(ended.outputs), error=mask(ended.error))

    def _call_off(self, address: Address) -> None:
        if address not in self._running:
            self._gone.append(address)
            return
        self._called_off.add(address)
        self._cancel(address)

    def _fire(self, timer: str) -> None:
        if not self.stopping:
            self.handle(TimerFired(timer, now()))

    # Rest

    def _rest_if_idle(self) -> None:
        if (
            self._held
            or self.done.done()
            or self._running
            or self._in_flight
            or self._events
            or self._taken
            or self._commands
        ):
            return
        if self._at_rest() and not self._listen():
            self._timers.clear()
            self.done.set_result(None)

    def _at_rest(self) -> bool:
        status = self.execution.state.status
        if status in TERMINAL or self.stopping or self._asked:
            return True
        if status == "paused":
            return not self._stay_paused
        if self.execution.places is not None and self.execution.places.patient:
            return False
        if status == "waiting":
            return not self._is_soon_due()
        return not self._timers

    def _listen(self) -> bool:
        """Before an execution that waits is left alone: what it or others have said to it in the last moment."""
        if self.stopping or self.execution.state.status != "waiting":
            return False
        fresh = [message for message in self._inbox() if message.id not in self._heard]
        for message in fresh:
            self.receive(message)
        return bool(fresh)

    def _is_soon_due(self) -> bool:
        """Something goes on by itself so soon that it is waited for."""
        waits = (scope.waits[at] for scope, at in self.execution.state.waiting.values())
        if self._rest.ask and any(wait.kind == "approval" for wait in waits):
            return False
        return self._timers.any_before(now() + self._rest.patience * 1_000_000)


def _taken(items: list[_Item]) -> tuple[_Item, ...]:
    taken = tuple(items)
    items.clear()
    return taken


def _is_cut_off(ended: _End) -> bool:
    return isinstance(ended, AttemptEnded) and ended.outcome == "cancelled"


def _explained(error: BaseException, execution: str) -> BaseException:
    if isinstance(error, ClaimLostError):
        return TreadleError(
            f"another process has taken over execution {execution}",
            exit_code=ExitCode.CONFLICT,
            suggestions=(f"treadle status {execution}",),
        )
    return error
