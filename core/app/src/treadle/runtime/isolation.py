"""Actions in a process of their own: for what is CPU-bound, or must not be able to take treadle down.

The process is a fresh interpreter (nothing is forked), in a group that ends with the attempt. It asks treadle for all
that its context offers: programs are started, files written and secrets looked up on this side.
"""

import asyncio
import base64
import contextlib
import dataclasses
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from treadle_hookspecs import ActionError, JsonObject, Outcome

from treadle.runtime._log_lines import Stream
from treadle.runtime._wire import FrameError, Frames, error_from_json, error_to_json, framed
from treadle.runtime.processes import GRACE, LIVE, Child, ProcessRegistry, finished, start_child

if TYPE_CHECKING:
    from treadle.runtime.context import StepContext

_START: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); from treadle.runtime._isolated import main; main()"
)

_LEVELS: Final = frozenset({"debug", "info", "warning", "error"})

_EXIT_WAIT: Final = 5.0
"""Seconds that the process may take to exit after its answer: a thread of the action's may keep it."""


async def call_in_child(
    target: str,
    kwargs: Mapping[str, Any],
    context: "StepContext",
    *,
    grace: float = GRACE,
    registry: ProcessRegistry = LIVE,
) -> JsonObject | Outcome:
    """Call an action's function in a process of its own; its outputs, or the outcome it chose.

    What it prints goes to the step's log. A cancellation ends the process and everything that it started; a coroutine
    is cancelled by that, a plain function is interrupted by an exception that no ordinary `except` catches.

    Args:
        target: import string of the function.
        kwargs: its inputs, checked; they travel as JSON and are converted again by the function's annotations.
        context: what `context` inside stands for; `context.host` is not there.
        grace: seconds between SIGTERM and SIGKILL.
        registry: where the process is listed while it runs.

    Raises:
        ActionError: what the action raised; for another exception one of its class's name; `no-reply` when the process
            ended without an answer (`os._exit`, a crash, a kill from outside); `memory-limit` and the like when the
            attempt uses more than its limits allow.
        TreadleError: the action raised it.
    """
    session = _Session(context)
    task = _task(target, kwargs, context)  # before anything is started: it may be more than JSON can carry
    child = await start_child(
        [sys.executable, "-P", "-c", _START, json.dumps(sys.path)],
        cwd=context.workspace.root,
        env=os.environ,
        on_output=session.receive,
        registry=registry,
        watch=context.watch,
    )
    try:
        session.begin(child, task)
        await finished(child, None, grace, context.watch)
    finally:
        await session.close()
    return session.result()


def _task(target: str, kwargs: Mapping[str, Any], context: "StepContext") -> bytes:
    """What is to be done, as the process reads it."""
    facts = {name: getattr(context, name) for name in ("execution", "address", "attempt", "idempotency_key")}
    facts["root"] = str(context.workspace.root)
    plain = json.loads(json.dumps(kwargs, default=_plain))
    return framed({"target": target, "kwargs": plain, "context": facts})


class _Session:
    """One conversation with one process."""

    def __init__(self, context: "StepContext") -> None:
        self._context = context
        self._frames = Frames(self._take)
        self._requests: dict[int, asyncio.Task[None]] = {}
        self._answer: dict[str, Any] | None = None
        self._nonsense = ""
        self._patience: asyncio.TimerHandle | None = None
        self._child: Child

    def begin(self, child: Child, task: bytes) -> None:
        """Say what is to be done."""
        self._child = child
        child.send(task)

    def receive(self, stream: Stream, data: bytes) -> None:
        """Take what the process writes."""
        if stream == "stderr":
            self._context.step_log.write(stream, data)
            if self._context.watch is not None:
                self._context.watch.printed(len(data))
        elif not self._nonsense:
            try:
                self._frames.feed(data)
            except (FrameError, LookupError, TypeError, ValueError) as error:
                self._nonsense = str(error) or type(error).__name__
                self._child.kill()

    def _take(self, frame: dict[str, Any]) -> None:
        if "request" in frame:
            number = int(frame["id"])
            self._requests[number] = asyncio.ensure_future(self._reply(number, frame["request"], frame["arguments"]))
        elif "log" in frame:
            level, message = frame["log"]
            getattr(self._context.log, level if level in _LEVELS else "info")(str(message))
        elif "progress" in frame:
            fraction, message, part = frame["progress"]
            self._context.progress(fraction, message, part=part)
        elif "spend" in frame:
            tokens, money = frame["spend"]
            self._context.spend(tokens=int(tokens), money=float(money))
        elif "cancel" in frame:
            self._requests[int(frame["cancel"])].cancel()
        else:
            self._answer = frame
            self._patience = asyncio.get_running_loop().call_later(_EXIT_WAIT, self._child.kill)

    async def _reply(self, number: int, request: str, arguments: list[Any]) -> None:
        try:
            reply = {"id": number, "value": await _REQUESTS[request](self._context, *arguments)}
        except Exception as error:  # noqa: BLE001 - it is raised again where the request came from
            reply = {"id": number, "error": error_to_json(error)}
        self._child.send(framed(reply))

    async def close(self) -> None:
        """End what the process has asked for and does not wait for any more."""
        if self._patience is not None:
            self._patience.cancel()
        for task in self._requests.values():
            task.cancel()
        await asyncio.gather(*self._requests.values(), return_exceptions=True)

    def result(self) -> JsonObject | Outcome:
        """What came of it. Raises as `call_in_child` does."""
        if self._nonsense:
            raise _no_reply(f"wrote {self._nonsense} where its answer was expected")
        if self._answer is None:
            raise _no_reply(_ending(self._child.exit_code))
        if "error" in self._answer:
            with contextlib.suppress(KeyError):
                self._context.log.error(self._answer["error"]["trace"])
            raise error_from_json(self._answer["error"])
        outcome, outputs = str(self._answer["outcome"]), dict(self._answer["outputs"])
        return outputs if outcome == "success" else Outcome(outcome, outputs)


def _no_reply(what: str) -> ActionError:
    return ActionError(f"the action's process {what}", error_class="no-reply")


def _ending(exit_code: int) -> str:
    if exit_code >= 0:
        return f"ended without an answer, with exit code {exit_code}"
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:
        name = f"signal {-exit_code}"
    return f"was ended by {name} before it answered"


def _plain(value: object) -> Any:
    """A converted input as the JSON that it came from."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, set | frozenset):
        return list(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    dump: Callable[..., Any] | None = getattr(value, "model_dump", None)
    return str(value) if dump is None else dump(mode="json")


async def _run(context: "StepContext", argv: list[str], options: dict[str, Any]) -> dict[str, Any]:
    cwd = options.pop("cwd")
    stdin = base64.b64decode(options.pop("stdin"))
    result = await context.run(argv, cwd=None if cwd is None else Path(cwd), stdin=stdin, **options)
    return {**dataclasses.asdict(result), "log": None if result.log is None else str(result.log)}


async def _call(context: "StepContext", action: str, inputs: dict[str, Any]) -> JsonObject:
    return await context.call(action, **inputs)


async def _write_bytes(context: "StepContext", name: str, content: str) -> str:
    return str(await asyncio.to_thread(context.workspace.write_bytes, name, base64.b64decode(content)))


async def _write_text(context: "StepContext", name: str, text: str) -> str:
    return str(await asyncio.to_thread(context.workspace.write_text, name, text))


async def _read_text(context: "StepContext", name: str) -> str:
    return await asyncio.to_thread(context.workspace.read_text, name)


def _at_once(answer: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    async def reply(*arguments: Any) -> Any:
        return answer(*arguments)

    return reply


_REQUESTS: Final[Mapping[str, Callable[..., Awaitable[Any]]]] = {
    "run": _run,
    "call": _call,
    "scratch": _at_once(lambda context: str(context.scratch)),
    "env": _at_once(lambda context: dict(context.env)),
    "secrets.get": _at_once(lambda context, name: context.secrets.get(name)),
    "secrets.names": _at_once(lambda context: list(context.secrets.names())),
    "workspace.path": _at_once(lambda context, name: str(context.workspace.path(name))),
    "workspace.read_text": _read_text,
    "workspace.write_text": _write_text,
    "workspace.write_bytes": _write_bytes,
}
