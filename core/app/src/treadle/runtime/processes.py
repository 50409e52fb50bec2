"""Child processes: started in a group of their own, streamed with bounds, ended whole.

What is guaranteed, however a program ends and whatever it started:

* Every process of its group is gone when `run_process` returns or raises: asked with SIGTERM, after the grace period
  killed. On Linux so is every descendant that left the group but kept its environment. See `_process_group`.
* A process that escapes both cannot hold `run_process` up by keeping the pipes open.
* When treadle itself is killed, its warden kills the groups that live. See `_warden`.
"""

import asyncio
import atexit
import contextlib
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from treadle_hookspecs import ActionError, ProcessResult, ToolMissingError

from treadle.runtime import _warden
from treadle.runtime._capture import Capture
from treadle.runtime._log_lines import Stream
from treadle.runtime._process_group import KILL, TERMINATE, VARIABLE, ProcessGroup, tokens_with
from treadle.runtime.logs import StepLog

if TYPE_CHECKING:
    from treadle.runtime.limits import Watch

GRACE: Final = 5.0
"""Seconds between SIGTERM and SIGKILL."""

LIMIT: Final = 1_000_000
"""Bytes of stdout and of stderr that a result keeps."""

_DRAIN = 2.0
"""Seconds that pipes may stay open after all processes that we can find have ended."""

_KILLED = 10.0
"""Seconds that a killed process may take to vanish: it can hang in the kernel, on a dead network mount."""

_LONGEST_POLL = 0.05

OnOutput = Callable[[Stream, bytes], None]


class ProcessRegistry:
    """The programs that run now, so that all of them can be ended; and the warden that does it when we cannot."""

    def __init__(self) -> None:
        self._token = f"{os.getpid()}-{secrets.token_hex(6)}"
        self._announced = 0
        self._starting: set[str] = set()
        self._doomed: set[str] = set()
        self._live: set[Child] = set()
        self._warden: subprocess.Popen[bytes] | None = None

    def __len__(self) -> int:
        return len(self._live) + len(self._starting)

    def announce(self) -> str:
        """One more program is about to start: its token. The warden runs before the program does."""
        self._watch()
        self._announced += 1
        token = f"{self._token}.{self._announced};"
        self._starting.add(token)
        return token

    def withdraw(self, token: str) -> None:
        """It could not be started."""
        self._starting.discard(token)
        self._doomed.discard(token)

    def add(self, child: "Child") -> None:
        """A program has started. It may have run for a while before we hear of that."""
        self._live.add(child)
        self._tell(f"+{child.pid}\n")
        if child.token in self._doomed:
            child.kill()
        self.withdraw(child.token)

    def discard(self, child: "Child") -> None:
        """A program and all of its processes have ended."""
        if child in self._live:
            self._live.remove(child)
            self._tell(f"-{child.pid}\n")

    async def end_all(self, grace: float = GRACE) -> None:
        """End every program: SIGTERM, grace, SIGKILL, all at a time."""
        while self:
            await asyncio.gather(*(child.end(grace) for child in self._live))
            await asyncio.sleep(0)

    def kill_all(self) -> None:
        """Kill every program now, without waiting: for a second Ctrl-C."""
        self._doomed |= self._starting
        for child in self._live:
            child.kill()

    def close(self) -> None:
        """Let the warden go. With programs still running it kills them first."""
        if self._warden is None:
            return
        warden, self._warden = self._warden, None
        if not self._live:
            warden.kill()
        # `communicate` closes stdin, which is what it waits for, and reaps it.
        warden.communicate()

    def _watch(self) -> None:
        if self._warden is None and os.name == "posix":
            self._warden = _start_warden(self._token)
            atexit.register(self.close)

    def _tell(self, line: str) -> None:
        if self._warden is None or self._warden.stdin is None:
            return
        try:
            os.write(self._warden.stdin.fileno(), line.encode())
        except OSError:
            self._replace_warden()

    def _replace_warden(self) -> None:
        """Somebody killed it."""
        self.close()
        self._watch()
        for child in self._live:
            self._tell(f"+{child.pid}\n")


def _start_warden(token: str) -> subprocess.Popen[bytes]:
    """In a session of its own and without our environment, so that what ends us does not end it."""
    return subprocess.Popen(
        [sys.executable, "-I", "-S", _warden.__file__, token],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        cwd="/",
        env={},
        start_new_session=True,
    )


LIVE: Final = ProcessRegistry()
"""The registry of this process."""

kill_all = LIVE.kill_all


class Child(asyncio.SubprocessProtocol):
    """A running program. Made by `start_child`; whoever makes one awaits `finish` or `end`."""

    def __init__(self, token: str, on_output: OnOutput, registry: ProcessRegistry) -> None:
        self.token = token
        self._on_output = on_output
        self._registry = registry
        self._open_pipes = 2
        self._asked = False
        self._exited = asyncio.Event()
        self._pipes_closed = asyncio.Event()

    _transport: asyncio.SubprocessTransport
    _group: ProcessGroup

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The program runs."""
        self._transport = cast("asyncio.SubprocessTransport", transport)
        self._group = ProcessGroup(self._transport.get_pid(), self.token)
        self._registry.add(self)

    def pipe_data_received(self, fd: int, data: bytes | bytearray | memoryview) -> None:
        """It printed something."""
        self._on_output("stdout" if fd == 1 else "stderr", bytes(data))

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """It closed a pipe, or does not read what it is sent."""
        del exc
        if fd in (1, 2):
            self._open_pipes -= 1
        if self._open_pipes == 0:
            self._pipes_closed.set()

    def process_exited(self) -> None:
        """It ended; others of its group may live."""
        self._exited.set()

    @property
    def pid(self) -> int:
        """Its process id, and its group's."""
        return self._group.pid

    def strays(self) -> list[int]:
        """Processes that left its group and are still known to be its own."""
        return self._group.strays()

    @property
    def exit_code(self) -> int:
        """0 to 255, or minus the number of the signal that ended it."""
        code = self._transport.get_returncode()
        return -KILL if code is None else code

    def send(self, data: bytes, *, last: bool = False) -> None:
        """Write to its stdin; after the last piece it reads the end."""
        pipe = cast("asyncio.WriteTransport", self._transport.get_pipe_transport(0))
        pipe.write(data)
        if last:
            pipe.write_eof()

    async def finish(self, timeout: float | None, grace: float) -> bool:  # noqa: ASYNC109
        """Wait for its end and clean up after it. False when its time was up and it was ended."""
        try:
            in_time = await self._exits_within(timeout)
        except asyncio.CancelledError:
            await self.end(grace)
            raise
        if not in_time or self._group.survives():
            await self.end(grace)
        else:
            await self._let_go()
        return in_time

    async def end(self, grace: float) -> None:
        """SIGTERM to all of its processes, SIGKILL to those that live after the grace period; reaped on return.

        A cancellation while that goes on takes the rest of the grace period away.
        """
        try:
            if not self._asked:
                # Once: for many programs a second one means to stop cleaning up.
                self._asked = True
                self._group.signal(TERMINATE)
            if not await self._gone_within(grace):
                await self._end_now()
        except asyncio.CancelledError:
            await self._end_now()
            raise
        finally:
            await self._let_go()

    def kill(self) -> None:
        """SIGKILL to all of its processes, without waiting."""
        self._group.signal(KILL)

    async def _end_now(self) -> None:
        await self._gone_within(_KILLED, also=self.kill)

    async def _exits_within(self, seconds: float | None) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._exited.wait()
        return self._exited.is_set()

    async def _gone_within(self, seconds: float, also: Callable[[], None] | None = None) -> bool:
        """Wait until nothing of the group lives; `also` is done before each look: a process may fork meanwhile."""
        deadline = time.monotonic() + seconds
        pause = 0.001
        while True:
            if also is not None:
                also()
            if await self._exits_within(pause) and not self._group.survives():
                return True
            if time.monotonic() >= deadline:
                return False
            await asyncio.sleep(pause if self._exited.is_set() else 0)
            pause = min(pause * 2, _LONGEST_POLL)

    async def _let_go(self) -> None:
        """Read what is left in the pipes, as long as that does not take for ever, and close them."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN):
                await self._pipes_closed.wait()
        self._transport.close()
        self._registry.discard(self)


async def start_child(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    on_output: OnOutput,
    stdin: int = subprocess.PIPE,
    registry: ProcessRegistry = LIVE,
    watch: "Watch | None" = None,
) -> Child:
    """Start a program. Whoever gives a `watch` ends with `finished`.

    Raises:
        ToolMissingError: there is no such program.
        ActionError: the folder does not exist (`cwd`), or the system refuses to start it (`start`).
    """
    _check(argv, cwd, env)
    if watch is not None:
        await watch.begin()
        argv = watch.confined(argv)
    try:
        token = registry.announce()
    except OSError as error:
        raise _refused(argv, env, error) from error
    loop = asyncio.get_running_loop()
    starting = loop.create_task(
        loop.subprocess_exec(
            lambda: Child(token, on_output, registry),
            *argv,
            stdin=stdin,
            cwd=cwd,
            env={**env, VARIABLE: tokens_with(token)},
            start_new_session=True,
        )
    )
    try:
        _, child = await asyncio.shield(starting)
    except asyncio.CancelledError:
        with contextlib.suppress(OSError, ValueError):
            await (await starting)[1].end(0)
        raise
    except (OSError, ValueError) as error:
        raise _refused(argv, env, error) from error
    finally:
        registry.withdraw(token)
    if watch is not None:
        watch.add(child)
    return child


async def finished(child: Child, timeout: float | None, grace: float, watch: "Watch | None") -> bool:  # noqa: ASYNC109
    """As `Child.finish`, for a program that may be watched. Raises the watch's verdict."""
    if watch is None:
        return await child.finish(timeout, grace)
    try:
        in_time = await child.finish(timeout, grace)
    except BaseException:
        watch.discard(child)
        raise
    await watch.judge(child)
    return in_time


async def run_process(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    stdin: bytes = b"",
    timeout: float | None = None,  # noqa: ASYNC109
    grace: float = GRACE,
    limit: int = LIMIT,
    log: StepLog | None = None,
    registry: ProcessRegistry = LIVE,
    watch: "Watch | None" = None,
) -> ProcessResult:
    """Run a program to its end, or end it.

    Args:
        argv: the program and its arguments; no shell.
        cwd: where it runs.
        env: its whole environment; one variable is added by which its descendants are found.
        stdin: what it reads; without it, it reads an end of file.
        timeout: seconds until it is ended; the result says `timed_out`.
        grace: seconds between SIGTERM and SIGKILL, after a time-out, a cancellation, or for what it leaves behind.
        limit: bytes of stdout, and of stderr, that the result keeps.
        log: gets all of its output, bounded by its own limit. The result is not cut within a value that the log's
            masker knows; nothing is masked in it.
        registry: where the program is listed while it runs.
        watch: ends it when the attempt that it belongs to uses too much.

    Raises:
        ToolMissingError: there is no such program.
        ActionError: the folder does not exist (`cwd`), the system refuses to start it (`start`), or the attempt uses
            more than its limits allow (`memory-limit` …).
    """
    masker = log.masker if log is not None else None
    captures: dict[Stream, Capture] = {"stdout": Capture(limit, masker), "stderr": Capture(limit, masker)}

    def on_output(stream: Stream, data: bytes) -> None:
        captures[stream].add(data)
        if watch is not None:
            watch.printed(len(data))
        if log is not None:
            log.write(stream, data)

    started = time.monotonic()
    source = subprocess.PIPE if stdin else subprocess.DEVNULL
    child = await start_child(argv, cwd=cwd, env=env, on_output=on_output, stdin=source, registry=registry, watch=watch)
    if stdin:
        child.send(stdin, last=True)
    in_time = await finished(child, timeout, grace, watch)
    return ProcessResult(
        argv=tuple(argv),
        exit_code=child.exit_code,
        stdout=captures["stdout"].text(),
        stderr=captures["stderr"].text(),
        truncated=any(capture.truncated for capture in captures.values()),
        duration=time.monotonic() - started,
        timed_out=not in_time,
        log=log.path if log is not None else None,
    )


def _check(argv: Sequence[str], cwd: Path, env: Mapping[str, str]) -> None:
    """Say what is wrong before the system does it in fewer words."""
    if not argv or not argv[0]:
        raise ActionError("no program was named", error_class="start", retryable=False)
    if not cwd.is_dir():
        raise ActionError(f"cannot run {argv[0]}: {cwd} is not a folder", error_class="cwd", retryable=False)
    if os.path.dirname(argv[0]):  # noqa: PTH120
        missing = not (cwd / argv[0]).exists()
    else:
        missing = shutil.which(argv[0], path=env.get("PATH", os.defpath)) is None
    if missing:
        raise ToolMissingError(argv[0])


def _refused(argv: Sequence[str], env: Mapping[str, str], error: OSError | ValueError) -> ActionError:
    size = sum(map(len, argv)) + sum(len(name) + len(value) for name, value in env.items())
    reason = error.strerror if isinstance(error, OSError) else str(error)
    message = f"cannot start {argv[0]}: {reason} ({size} characters of arguments and environment)"
    return ActionError(message, error_class="start", retryable=False)
