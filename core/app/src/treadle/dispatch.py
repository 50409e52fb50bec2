"""The event bus's other half: events go out, and the project's workflows that they trigger are started."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from treadle_hookspecs import Append, JsonObject, TreadleError, TriggerEvent

from treadle.lookup import PROJECT, Found, ProjectLibrary, definitions
from treadle.status import Status

if TYPE_CHECKING:
    from treadle_engine.plan import Plan

    from treadle.plugins import PluginHost
    from treadle.runtime.execution import Execution

MAX_DEPTH: Final = 8
"""How long a chain of executions may become in which each one's end starts the next."""


@dataclass(frozen=True, slots=True)
class Triggered:
    """A workflow that an event starts, and the inputs it gets."""

    found: Found
    text: str
    plan: "Plan"
    inputs: JsonObject


class Dispatcher:
    """Starts what events trigger, beside whatever runs in the loop.

    Args:
        root: the project.
        plugins: gives the plugin host.
        start: runs a triggered workflow to its end or rest, with what its trigger is to say of itself.
        warn: told of a workflow that could not be started.
    """

    def __init__(
        self,
        root: Path,
        plugins: "Callable[[], PluginHost]",
        start: Callable[[Triggered, JsonObject], Coroutine[None, None, Status]],
        warn: Callable[[str], None],
    ) -> None:
        self._root = root
        self._plugins = plugins
        self._start = start
        self._warn = warn
        self._tasks: set[asyncio.Task[Status | None]] = set()

    def published(self, append: Append, execution: "Execution") -> None:
        """An append put events on the bus. Only what the project itself runs may trigger what the project holds."""
        if not execution.publish_ends:
            return
        trigger_data = execution.projector.row.trigger_data
        depth = trigger_data.get("depth", 0) if isinstance(trigger_data, Mapping) else 0
        for event in append.published:
            payload = event.data if isinstance(event.data, Mapping) else {"value": event.data}
            self.offer(TriggerEvent("event", event.name, payload), int(str(depth)) + 1)

    def offer(self, event: TriggerEvent, depth: int) -> "list[asyncio.Task[Status | None]]":
        """Start the workflows that an event triggers; `depth` counts the triggers that led to it."""
        started = []
        for found in triggered(event, self._root, self._plugins()):
            if depth > MAX_DEPTH:
                self._warn(f"{found.found.name} was not started: a chain of {MAX_DEPTH} triggers led to it")
                continue
            data: JsonObject = {"name": event.name, "data": event.data, "depth": depth}
            started.append(self.also(self._started(found, data)))
        return started

    def also(self, work: Coroutine[None, None, Status | None]) -> "asyncio.Task[Status | None]":
        """Let something else go on beside what runs; `finish` waits for it as well."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def finish(self) -> None:
        """Wait for all that was started, and for what that starts in turn."""
        current = asyncio.current_task()
        while others := {task for task in self._tasks if task is not current}:
            await asyncio.wait(others)

    async def _started(self, found: Triggered, data: JsonObject) -> Status | None:
        try:
            return await self._start(found, data)
        except TreadleError as error:
            self._warn(f"{found.found.name} was not started by the event {data['name']}: {error}")
            return None


def triggered(event: TriggerEvent, root: Path, plugins: "PluginHost") -> Iterator[Triggered]:
    """The project's workflows with a trigger that matches. Definitions with problems start nothing.

    Only the project's own: a catalogue's workflow runs when a person asks for it.
    """
    for path in definitions(root):
        if event.type not in path.read_text(errors="replace"):
            continue
        from treadle.definition import load_file

        loaded = load_file(path, plugins, ProjectLibrary(root, plugins))
        if loaded.plan is None:
            continue
        for kind, spec in loaded.plan.triggers:
            if kind != event.type:
                continue
            backend = plugins.trigger(kind)
            if backend.matches(spec, event):
                inputs = backend.inputs(spec, event)
                if "with" not in spec:
                    inputs = _asked_for(loaded.plan, inputs)
                yield Triggered(Found(path.stem, path, PROJECT), loaded.text, loaded.plan, inputs)
                break


def _asked_for(plan: "Plan", data: JsonObject) -> JsonObject:
    """What the workflow declares of an event's data: an event may say more than a workflow wants to know."""
    return {spec.name: data[spec.name] for spec in plan.inputs if spec.name in data}
