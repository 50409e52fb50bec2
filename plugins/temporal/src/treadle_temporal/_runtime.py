"""The runtime as the core knows it: synchronous methods over a client that lives in a loop and thread of its own."""

import asyncio
import threading
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from treadle_engine.exchange import event_from_json
from treadle_engine.plan import plan_from_json
from treadle_hookspecs import Event, JsonObject, Performer, RuntimeHost

from treadle_temporal._client import ExecutionClient
from treadle_temporal._refusals import refusals

_Result = TypeVar("_Result")


class TemporalRuntime:
    """Fulfils `treadle_hookspecs.RuntimeBackend`.

    A location is `{address, namespace, task_queue, workflow}`.

    Args:
        host: the core.
    """

    def __init__(self, host: RuntimeHost) -> None:
        self._host = host
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._clients: dict[tuple[str, str], ExecutionClient] = {}

    def location(self, execution: str) -> JsonObject:
        """Where an execution that is begun now will live."""
        options = self._host.options
        place = {name: str(options[name]) for name in ("address", "namespace", "task_queue")}
        return {**place, "workflow": f"treadle-{execution}"}

    def refusals(self, plan: JsonObject) -> Sequence[str]:
        """What of a plan is not done here."""
        options = self._host.options
        keeps = options.get("lost_after") is not None
        return list(refusals(plan_from_json(plan), sealed=bool(options.get("seal")), keeps=keeps))

    def begin(self, location: JsonObject, beginning: JsonObject) -> None:
        """Begin an execution, or go on with one that has ended."""
        limits = {name: self._host.options[name] for name in ("heartbeat", "history", "lost_after")}
        facts = {name: value for name, value in beginning.items() if name != "stimuli"}
        self._of(location, lambda client: client.begin(location, {**facts, **limits}, beginning["stimuli"]))

    def tell(self, location: JsonObject, stimuli: Sequence[JsonObject]) -> None:
        """Say something to an execution."""
        if stimuli:
            self._of(location, lambda client: client.tell(location, stimuli))

    def heard(self, location: JsonObject, tokens: Collection[str]) -> bool:
        """All of it was answered, or will never be."""
        return not tokens or self._of(location, lambda client: client.heard(location, list(tokens)))

    def events(self, location: JsonObject, after: int) -> Sequence[Event]:
        """Its log after an event, as far as a worker answers."""
        found: list[Mapping[str, Any]] = self._of(location, lambda client: client.events(location, after))
        return [event_from_json(event) for event in found]

    def logs(self, location: JsonObject) -> Mapping[str, str]:
        """What attempts printed."""
        return self._of(location, lambda client: client.logs(location))

    def attended(self, location: JsonObject) -> bool:
        """Some worker has asked for work of its queue in the last minute."""
        return self._of(location, lambda client: client.attended(location))

    def work(self, performer: Performer, stopped: Callable[[], bool]) -> None:
        """Be a worker, in this thread, until `stopped` says so."""
        from treadle_temporal._worker import work

        asyncio.run(work(self._host, performer, stopped))

    def close(self) -> None:
        """End the loop and its thread."""
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
        self._loop = self._thread = None
        self._clients.clear()

    def _of(self, location: JsonObject, ask: Callable[[ExecutionClient], Coroutine[Any, Any, _Result]]) -> _Result:
        place = (str(location["address"]), str(location["namespace"]))

        async def answer() -> _Result:
            if place not in self._clients:
                self._clients[place] = await ExecutionClient.connect(self._host, *place)
            return await ask(self._clients[place])

        return asyncio.run_coroutine_threadsafe(answer(), self._running_loop()).result()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="treadle-temporal", daemon=True)
            self._thread.start()
        return self._loop
