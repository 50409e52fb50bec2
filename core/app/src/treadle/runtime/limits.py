"""`limits:` of a step: the processes of one attempt are watched together, and ended when they use too much.

Memory and processor time are sampled; between two samples `ulimit` holds each single process: its processor time, and
the size of each file that it writes. Memory has no such second line: a limit on addresses would end programs that
reserve much and use little.
"""

import asyncio
import math
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson
from treadle_engine.plan import Limits
from treadle_hookspecs import ActionError, Json

from treadle.amounts import bytes_of
from treadle.runtime.usage import SUPPORTED, Files, Usage, usage_of

if TYPE_CHECKING:
    from treadle.runtime.processes import Child

_SHORTEST: Final = 0.02
_LONGEST: Final = 0.2
"""Seconds between two samples: few at first, for a program that allocates fast."""
_SHARE: Final = 0.1
"""Of the time, what sampling may cost at the most."""
_FILE_BLOCK: Final = 512
"""Bytes that `ulimit -f` counts in."""
_OUT_OF_TIME: Final = frozenset({-signal.SIGXCPU, 128 + signal.SIGXCPU} if sys.platform != "win32" else ())
"""Exit codes of a program that `ulimit -t` ended, and of a shell that ran it."""


class Watch:
    """Looks after what the processes of one attempt use.

    Args:
        limits: what they may use together.
        folders: where files count for `limits.disk`.
        apart: a folder below those that does not count.
    """

    def __init__(self, limits: Limits, folders: Sequence[Path], apart: Path) -> None:
        self.limits: Final = limits
        self._verdict: tuple[str, str] | None = None
        self._folders = folders
        self._apart = apart
        self._files: Files | None = None
        self._children: set[Child] = set()
        self._task: asyncio.Task[None] | None = None
        self._printed = 0
        self._cpu = 0.0
        self._cpu_of_ended = 0.0
        self._next_walk = 0.0

    async def begin(self) -> None:
        """Before the first program starts. Raises `ActionError` (`limits-unsupported`) where nothing can be watched."""
        if (self.limits.memory or self.limits.cpu) and not SUPPORTED:
            raise ActionError(
                f"memory and processor time of a step cannot be limited on {sys.platform}; Linux and macOS can",
                error_class="limits-unsupported",
                retryable=False,
            )
        self._raise_verdict()
        if self.limits.disk and self._files is None:
            self._files = await asyncio.to_thread(Files, self._folders, self._apart)

    def confined(self, argv: Sequence[str]) -> tuple[str, ...]:
        """The command line that starts a program under what `ulimit` can hold."""
        rules = []
        if self.limits.cpu:
            rules.append(f"ulimit -S -t {math.ceil(self.limits.cpu) + 1}")
        if self.limits.disk:
            rules.append(f"ulimit -S -f {self.limits.disk // _FILE_BLOCK + 1}")
        if not rules or sys.platform == "win32":
            return tuple(argv)
        return ("/bin/sh", "-c", f'{" && ".join(rules)}; exec "$@"', "sh", *argv)

    def add(self, child: "Child") -> None:
        """A program has started."""
        self._children.add(child)
        if self._verdict is not None:
            child.kill()
        elif self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._look_after())

    def printed(self, size: int) -> None:
        """A program has written that many bytes."""
        self._printed += size
        if self.limits.output and self._printed > self.limits.output:
            self._exceeded("output", f"the step printed more than {bytes_of(self.limits.output)}, its limit on output")

    def discard(self, child: "Child") -> None:
        """A program has ended, or its attempt was called off."""
        self._children.discard(child)
        if not self._children and self._task is not None:
            self._task.cancel()
            self._task = None
            self._cpu_of_ended, self._cpu = self._cpu_of_ended + self._cpu, 0.0

    async def judge(self, child: "Child") -> None:
        """A program has ended by itself or because of us. Raises an `ActionError` when the attempt used too much."""
        self.discard(child)
        if self.limits.cpu and child.exit_code in _OUT_OF_TIME:
            self._exceeded("cpu", f"the step used up its limit of {self.limits.cpu:g} s of processor time")
        if self._verdict is None and self._files is not None:
            self._judge_disk(await asyncio.to_thread(self._files.grown))
        self._raise_verdict()

    def check_outputs(self, outputs: Json) -> None:
        """Raises an `ActionError` (`output-limit`) when the outputs are larger than may be."""
        size = len(orjson.dumps(outputs)) if self.limits.output else 0
        if size > self.limits.output:
            text = f"the outputs are {bytes_of(size)} of JSON; the limit on output is {bytes_of(self.limits.output)}"
            raise ActionError(text, error_class="output-limit")

    async def _look_after(self) -> None:
        pause = _SHORTEST
        while self._children and self._verdict is None:
            began = time.monotonic()
            await self._sample()
            cost = time.monotonic() - began
            await asyncio.sleep(max(pause, cost / _SHARE))
            pause = min(pause * 1.5, _LONGEST)

    async def _sample(self) -> None:
        if self.limits.memory or self.limits.cpu:
            used = await asyncio.to_thread(self._usage)
            self._cpu = max(self._cpu, used.cpu)
            if self.limits.memory and used.memory > self.limits.memory:
                text = f"the step used {bytes_of(used.memory)} of memory; its limit is {bytes_of(self.limits.memory)}"
                self._exceeded("memory", text)
            cpu = self._cpu_of_ended + self._cpu
            if self.limits.cpu and cpu > self.limits.cpu:
                text = f"the step used {cpu:.1f} s of processor time; its limit is {self.limits.cpu:g} s"
                self._exceeded("cpu", text)
        if self._files is not None and time.monotonic() >= self._next_walk:
            began = time.monotonic()
            self._judge_disk(await asyncio.to_thread(self._files.grown))
            self._next_walk = began + (time.monotonic() - began) / _SHARE

    def _usage(self) -> Usage:
        children = tuple(self._children)
        strays = [pid for child in children for pid in child.strays()]
        return usage_of([child.pid for child in children], strays)

    def _judge_disk(self, grown: int) -> None:
        if grown > self.limits.disk:
            text = f"the step's files grew by {bytes_of(grown)}; its limit on disk is {bytes_of(self.limits.disk)}"
            self._exceeded("disk", text)

    def _exceeded(self, what: str, message: str) -> None:
        if self._verdict is None:
            self._verdict = (f"{what}-limit", message)
            for child in self._children:
                child.kill()

    def _raise_verdict(self) -> None:
        if self._verdict is not None:
            kind, message = self._verdict
            raise ActionError(message, error_class=kind)
