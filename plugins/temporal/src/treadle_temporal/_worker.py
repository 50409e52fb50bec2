"""A worker: takes executions from the shared queue, and attempts of those that it has the files of from its own."""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from treadle_hookspecs import Performer, RuntimeHost, TreadleError

from treadle_temporal._client import connected
from treadle_temporal._interpreter import Interpreter
from treadle_temporal._names import BIND, KEEP, LOST, PERFORM, Bound

_LOOK: Final = 0.1
"""Seconds between two looks whether it is to stop."""
_LONGEST_BEAT: Final = 1.0
"""Seconds within which an attempt hears that it was called off."""
_PURE: Final = (
    "treadle_engine",
    "treadle_hookspecs",
    "jinja2",
    "markupsafe",
    "treadle_temporal._names",
    "treadle_temporal._ordered",
)


class Activities:
    """What a worker does for executions.

    Args:
        host: has the blobs.
        performer: carries out attempts here.
        queue: the worker's own.
    """

    def __init__(self, host: RuntimeHost, performer: Performer, queue: str) -> None:
        self._host = host
        self._performer = performer
        self._queue = queue

    @activity.defn(name=BIND)
    async def bind(self, task: dict[str, Any]) -> Bound:
        """An execution belongs to this worker from now on."""
        return {"queue": self._queue, "tree": await self._performer.take(task)}

    @activity.defn(name=KEEP)
    async def keep(self, events: list[dict[str, Any]]) -> str:
        """Write a segment of a log; its hash."""
        return await asyncio.to_thread(self._host.blobs.put, json.dumps(events).encode())

    @activity.defn(name=PERFORM)
    async def perform(self, task: dict[str, Any]) -> dict[str, Any]:
        """Carry out one command, and say all the while that somebody does."""
        beating = asyncio.create_task(_beat())
        try:
            said = await self._performer.perform(task, leaving=activity.is_worker_shutdown)
        except TreadleError as error:
            raise ApplicationError(error.message, type=error.code or "worker") from error
        finally:
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating
        if said["is"] == "AttemptLost" and task["command"]["is"] == "Compensate":
            raise ApplicationError("the worker stopped", type=LOST)
        return dict(said)


async def _beat() -> None:
    timeout = activity.info().heartbeat_timeout or timedelta(seconds=_LONGEST_BEAT)
    pause = min(timeout.total_seconds() / 3, _LONGEST_BEAT)
    while True:
        await asyncio.sleep(pause)
        activity.heartbeat()


async def work(host: RuntimeHost, performer: Performer, stopped: Callable[[], bool]) -> None:
    """Work until `stopped` says so; what runs then comes to its end first."""
    options = host.options
    client = await connected(host, str(options["address"]), str(options["namespace"]))
    queue = str(options["task_queue"])
    own = f"{queue}@{performer.name}"
    activities = Activities(host, performer, own)
    async with _taker(client, queue, activities), _performer(client, own, activities):
        await asyncio.to_thread(_wait_for, stopped)


def _wait_for(stopped: Callable[[], bool]) -> None:
    while not stopped():
        time.sleep(_LOOK)


def _taker(client: Client, queue: str, activities: Activities) -> Worker:
    """Hosts the decider."""
    return Worker(
        client,
        task_queue=queue,
        workflows=[Interpreter],
        activities=[activities.bind, activities.keep],
        workflow_runner=runner(),
        graceful_shutdown_timeout=timedelta(minutes=1),
    )


def _performer(client: Client, queue: str, activities: Activities) -> Worker:
    """Runs attempts."""
    return Worker(
        client,
        task_queue=queue,
        activities=[activities.perform],
        graceful_shutdown_timeout=timedelta(days=1),
        max_heartbeat_throttle_interval=timedelta(seconds=_LONGEST_BEAT),
        default_heartbeat_throttle_interval=timedelta(seconds=_LONGEST_BEAT),
    )


def runner() -> SandboxedWorkflowRunner:
    """Temporal's sandbox, in which what is pure is not loaded again."""
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*_PURE))
