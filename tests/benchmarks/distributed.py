"""treadle on Temporal beside a workflow that is written by hand there: same server, same worker process, by turns.

The time of a run is the service's: from the start to the end of its Temporal workflow.
"""

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

from subject import _completed, _definition, _treadle
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker
from treadle.modes import RuntimeChoice

QUEUE = "bench"


@activity.defn
async def nothing() -> dict[str, str]:
    """A step of the peer."""
    return {}


@workflow.defn
class ByHand:
    """The same chain, as somebody would write it who has nothing but Temporal."""

    @workflow.run
    async def run(self, steps: int) -> None:
        """One after another, with the heartbeat that treadle asks for as well."""
        for _ in range(steps):
            await workflow.execute_activity(
                nothing, start_to_close_timeout=timedelta(hours=1), heartbeat_timeout=timedelta(seconds=30)
            )


def temporal_chain(folder: Path, steps: int, turns: int) -> dict[str, float]:
    """Medians of both, in microseconds a step; one run of each before goes uncounted."""
    with _server(folder) as address:
        return asyncio.run(_measured(folder, address, steps, turns))


async def _measured(folder: Path, address: str, steps: int, turns: int) -> dict[str, float]:
    path = _definition(folder, [f"{{id: s{number}, uses: noop/noop}}" for number in range(steps)])
    client = await Client.connect(address)
    choice = RuntimeChoice("temporal", (("address", address), ("task_queue", QUEUE)))
    ended = threading.Event()
    with _treadle(folder, "FULL", runtime="temporal", temporal={"address": address, "task_queue": QUEUE}) as treadle:
        working = asyncio.create_task(asyncio.to_thread(_work, folder, choice, ended))
        taken: list[tuple[float, float]] = []
        async with Worker(client, task_queue="by-hand", workflows=[ByHand], activities=[nothing]):
            for turn in range(turns + 1):
                by_hand = f"by-hand-{turn}"
                await client.execute_workflow(ByHand.run, steps, id=by_hand, task_queue="by-hand")
                status = _completed(await asyncio.to_thread(treadle.run, path))
                taken.append((await _took(client, by_hand), await _took(client, f"treadle-{status.id}")))
        ended.set()
        await working
    peer, ours = (median(times) / steps for times in zip(*taken[1:], strict=True))
    return {"by_hand_us": peer, "treadle_us": ours}


def _work(folder: Path, choice: RuntimeChoice, ended: threading.Event) -> None:
    from treadle.elsewhere import blobs_of
    from treadle.runtime.performances import Performances

    with _treadle(folder, "FULL") as treadle:
        blobs = blobs_of(treadle.settings)
        treadle.elsewhere.backend(choice).work(Performances(treadle._environment(), folder, blobs), ended.is_set)


async def _took(client: Client, id_: str) -> float:
    """Microseconds from its start to its end."""
    found: Any = await client.get_workflow_handle(id_).describe()
    return float((found.close_time - found.start_time) / timedelta(microseconds=1))


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    """A Temporal server of this machine's own."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = str(one.getsockname()[1])
    place = ["--ip", "127.0.0.1", "--port", port, "--db-filename", str(folder / "temporal.db"), "--log-level", "never"]
    program = Path(sys.executable).parent / "temporal"
    server = subprocess.Popen([program, "server", "start-dev", "--headless", *place], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        next(line for line in server.stdout if line.startswith("Temporal Metrics"))
        yield f"127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()
