"""A real Temporal service with its workers, on this machine only, and a person's facade on it."""

import asyncio
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from temporalio.client import Client
from treadle import Treadle
from users import User

_TRIES = 5


class Service:
    """A Temporal server that keeps its state in a file."""

    def __init__(self, folder: Path) -> None:
        self._database = folder / "temporal.db"
        self._port = _free_port()
        self._was_there = False
        self._child: subprocess.Popen[str] | None = None

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it, with the same state as before and at the same address; back when it says that it is there.

        It takes ports of its own besides; where somebody else was quicker with one, it is started again.
        """
        for _ in range(_TRIES):
            if self._says_that_it_is_there():
                return
            if not self._was_there:
                self._port = _free_port()
        raise AssertionError(f"the Temporal server did not start at {self.address}")

    def _says_that_it_is_there(self) -> bool:
        place = ("--ip", "127.0.0.1", "--port", str(self._port), "--db-filename", str(self._database))
        program = Path(sys.executable).parent / "temporal"
        self._child = subprocess.Popen(
            [program, "server", "start-dev", "--headless", *place, "--log-level", "never"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        assert self._child.stdout is not None
        found = any(line.startswith("Temporal Metrics") for line in self._child.stdout)
        self._was_there = self._was_there or found
        return found

    def kill(self) -> None:
        """Kill -9."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None


class Team:
    """Workers and clients of one task queue. Each has a home and a project of its own; they share the blobs."""

    def __init__(
        self,
        service: Service,
        folder: Path,
        make_user: Callable[[], User],
        lost_after: float | None = None,
        **settings: Any,
    ) -> None:
        self._make_user = make_user
        self.blobs = folder / f"blobs-{uuid.uuid4().hex[:8]}"
        self.settings = {"address": service.address, "task_queue": uuid.uuid4().hex, "heartbeat": 60.0, **settings}
        self._lost_after = lost_after
        self.client = make_user()

    @property
    def environ(self) -> dict[str, str]:
        """What everybody's commands are told of the service."""
        given = {f"TREADLE_TEMPORAL_{name.upper()}": str(value) for name, value in self.settings.items()}
        return {**given, "TREADLE_BLOBS": str(self.blobs)}

    def worker(self, **environ: str) -> "Hand":
        """Somebody whose project is worked in, with a worker started there."""
        hand = Hand(self._make_user(), {**self.environ, **environ})
        hand.start()
        return hand

    def facade(self, **overrides: Any) -> Treadle:
        """The client's."""
        state: dict[str, Any] = {"home": str(self.client.state), "blobs": str(self.blobs), "temporal": self.settings}
        state["workspace"] = {"lost_after": self._lost_after}
        return Treadle(self.client.project, overrides={**state, "runtime": "temporal", **overrides})

    def write(self, name: str, text: str) -> None:
        """Write a workflow of the client's project."""
        self.client.write(f"workflows/{name}.yaml", text)

    def going(self, workflow: str) -> "Going":
        """A run that goes on while the test does something else."""

        def run() -> Any:
            with self.facade() as treadle:
                return treadle.run(workflow)

        return Going(run)

    def raw_history(self, execution: str) -> bytes:
        """What the service keeps of an execution, byte for byte."""

        async def fetched() -> bytes:
            client = await Client.connect(str(self.settings["address"]))
            history = await client.get_workflow_handle(f"treadle-{execution}").fetch_history()
            return b"".join(event.SerializeToString() for event in history.events)

        return asyncio.run(fetched())

    def runs_of(self, execution: str) -> int:
        """How many runs an execution took there, by what it was handed on from."""

        async def counted() -> int:
            client = await Client.connect(str(self.settings["address"]))
            history = await client.get_workflow_handle(f"treadle-{execution}").fetch_history()
            begun = history.events[0].workflow_execution_started_event_attributes
            return 2 if begun.continued_execution_run_id else 1

        return asyncio.run(counted())


class Hand:
    """A worker and the folder in which it works."""

    def __init__(self, user: User, environ: dict[str, str]) -> None:
        self.user = user
        self._environ = environ
        self._child: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start the worker."""
        self._child = self.user.start("worker", "--runtime", "temporal", **self._environ)

    def kill(self) -> None:
        """Kill -9, with all that it runs."""
        assert self._child is not None
        for process in self.user.alive():
            os.kill(process, signal.SIGKILL)
        self._child.communicate()

    def stop(self) -> int:
        """End it as a person would; its exit status."""
        assert self._child is not None
        self._child.send_signal(signal.SIGTERM)
        return self.user.ended(self._child).status

    def hear(self, name: str, run: "Going") -> None:
        """Wait until a step of a run writes to a pipe of the project."""
        pipe = os.open(self.user.project / name, os.O_RDONLY | os.O_NONBLOCK)
        try:
            while not select.select([pipe], [], [], 0.2)[0]:
                assert self._child is not None
                assert self._child.poll() is None, f"the worker has ended:\n{self.user.ended(self._child)}"
                assert run.goes_on, f"the run has ended: {run.result()}"
        finally:
            os.close(pipe)


class Going:
    """Something that goes on in a thread of its own."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._result: list[Any] = []
        self._errors: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    @property
    def goes_on(self) -> bool:
        """It has not come to an end."""
        return self._thread.is_alive()

    def result(self) -> Any:
        """Wait for it; what it came to. Raises what it raised."""
        self._thread.join(timeout=240)
        assert not self._thread.is_alive(), "it still goes on"
        if self._errors:
            raise self._errors[0]
        return self._result[0]

    def _run(self, work: Callable[[], Any]) -> None:
        try:
            self._result.append(work())
        except BaseException as error:  # whoever asks for the result gets it
            self._errors.append(error)


def types_of(events: Sequence[Any]) -> list[str]:
    """`TYPE STEP` of each event."""
    return [f"{event.type} {event.step}".rstrip() for event in events]


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
