"""Who hears of events: subscribers of the facade in the loop, plugins' `treadle_on_event` in a thread of its own."""

import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from treadle_engine import events as kinds
from treadle_engine.protocol import Address
from treadle_hookspecs import Event, EventListener

_QUEUE_LENGTH: Final = 10_000
_PATIENCE: Final = 2
"""Exceptions of a plugin's listener until it is disabled."""

Warn = Callable[[str], None]
StopListener = Callable[[int], None]
"""`listener(number)`: the number of the signal, e.g. `signal.SIGINT`."""


class StepProgress(NamedTuple):
    """How far a step is: its address, 0.0 … 1.0 or None, what it is at, and which part of its work is meant or ""."""

    execution: str
    step: str
    fraction: float | None
    message: str
    part: str = ""


ProgressListener = Callable[[StepProgress], None]

QueueListener = Callable[[str, str], None]
"""Told of an execution's id, and where it, or a step of it, stands in a queue: a text for people."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscriber of the facade; `types` empty means all."""

    listener: EventListener
    types: frozenset[str]


class Listeners:
    """All listeners of one facade.

    Args:
        plugins: gives `(name, listener)` of every plugin that has `treadle_on_event`; asked once, when first needed.
        warn: told of a listener that raised or lagged behind.
    """

    def __init__(self, plugins: Callable[[], Iterable[tuple[str, EventListener]]], warn: Warn) -> None:
        self._subscriptions: list[Subscription] = []
        self._watching: list[ProgressListener] = []
        self._stopping: list[StopListener] = []
        self._queueing: list[QueueListener] = []
        self._plugins = plugins
        self._thread: _PluginThread | None = None
        self._warn = warn
        self._started = False

    def subscribe(self, listener: EventListener, types: Sequence[str]) -> Callable[[], None]:
        """Add a subscriber; call the result to remove it."""
        wanted = frozenset(kinds.ALIASES.get(name, name) for name in types)
        failures_only = wanted and "step_failed" in types and "visit_settled" not in types
        chosen = _only_failures(listener) if failures_only else listener
        subscription = Subscription(chosen, wanted)
        self._subscriptions.append(subscription)
        return lambda: self._subscriptions.remove(subscription) if subscription in self._subscriptions else None

    @property
    def deaf(self) -> bool:
        """Nobody listens."""
        self._start_plugins()
        return not self._subscriptions and self._thread is None

    def tell(self, events: Sequence[Event]) -> None:
        """Tell of durable events, as people may see them."""
        self._start_plugins()
        for subscription in tuple(self._subscriptions):
            for event in events:
                if not subscription.types or event.type in subscription.types:
                    self._call(subscription, event)
        if self._thread is not None:
            self._thread.put(events)

    def subscribe_progress(self, listener: ProgressListener) -> Callable[[], None]:
        """Add one who hears how far steps are; call the result to remove it."""
        self._watching.append(listener)
        return lambda: self._watching.remove(listener) if listener in self._watching else None

    def tell_progress(
        self, execution: str, address: Address, fraction: float | None, message: str, part: str = ""
    ) -> None:
        """Tell how far an attempt is. Called from any thread."""
        step = f"{address.scope}/{address.step}" if address.scope else address.step
        told = StepProgress(execution, step, fraction, message, part)
        for listener in tuple(self._watching):
            try:
                listener(told)
            except Exception as error:  # noqa: BLE001 - who watches must never harm an execution
                self._warn(f"a progress listener raised {type(error).__name__}: {error}; it is not called again")
                self._watching.remove(listener)

    def subscribe_stop(self, listener: StopListener) -> Callable[[], None]:
        """Add one who hears that a signal brings executions to rest; call the result to remove it."""
        self._stopping.append(listener)
        return lambda: self._stopping.remove(listener) if listener in self._stopping else None

    def tell_stop(self, number: int) -> None:
        """Tell of a signal."""
        for listener in tuple(self._stopping):
            listener(number)

    def subscribe_queue(self, listener: QueueListener) -> Callable[[], None]:
        """Add one who hears where executions stand in queues; call the result to remove it."""
        self._queueing.append(listener)
        return lambda: self._queueing.remove(listener) if listener in self._queueing else None

    def tell_queue(self, execution: str, text: str) -> None:
        """Tell where an execution stands."""
        for listener in tuple(self._queueing):
            listener(execution, text)

    def close(self) -> None:
        """Wait until the plugins have heard everything, at most five seconds."""
        if self._thread is not None:
            self._thread.close()
            self._thread = None

    def _start_plugins(self) -> None:
        if not self._started:
            self._started = True
            listeners = list(self._plugins())
            if listeners:
                self._thread = _PluginThread(listeners, self._warn)

    def _call(self, subscription: Subscription, event: Event) -> None:
        try:
            subscription.listener(event)
        except Exception as error:  # noqa: BLE001 - a listener must never harm an execution
            self._warn(f"a subscriber raised {type(error).__name__}: {error}; it is not called again")
            if subscription in self._subscriptions:
                self._subscriptions.remove(subscription)


class _PluginThread:
    def __init__(self, listeners: Iterable[tuple[str, EventListener]], warn: Warn) -> None:
        self._queue: queue.Queue[Event | None] = queue.Queue(_QUEUE_LENGTH)
        self._listeners = dict(listeners)
        self._failures = dict.fromkeys(self._listeners, 0)
        self._warn = warn
        self._lagging = False
        self._thread = threading.Thread(target=self._work, name="treadle-listeners", daemon=True)
        self._thread.start()

    def put(self, events: Sequence[Event]) -> None:
        try:
            for event in events:
                self._queue.put_nowait(event)
        except queue.Full:
            if not self._lagging:
                self._lagging = True
                self._warn("the plugins' event listeners lag behind; they miss events: tail the log by its seq instead")

    def close(self) -> None:
        try:
            self._queue.put(None, timeout=1.0)
        except queue.Full:
            return
        self._thread.join(5.0)

    def _work(self) -> None:
        while (event := self._queue.get()) is not None:
            for name, listener in list(self._listeners.items()):
                self._call(name, listener, event)

    def _call(self, name: str, listener: EventListener, event: Event) -> None:
        try:
            listener(event)
        except Exception as error:  # noqa: BLE001 - counted, reported, and at last disabled
            self._failures[name] += 1
            if self._failures[name] >= _PATIENCE:
                del self._listeners[name]
                self._warn(f"plugin {name}: treadle_on_event raised {error!r}; it is disabled for this run")


def _only_failures(listener: EventListener) -> EventListener:
    def filtered(event: Event) -> None:
        if event.type != kinds.VISIT_SETTLED or event.data.get("state") == "failed":
            listener(event)

    return filtered
