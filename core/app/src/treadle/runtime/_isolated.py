"""The process of an isolated action: what runs on the other side of `isolation.call_in_child`.

stdin and stdout carry the conversation of `_wire`; they are put aside before the action is imported. What the action
prints goes to stderr, and so to the step's log.
"""

import asyncio
import inspect
import itertools
import os
import signal
import sys
import threading
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from pkgutil import resolve_name
from types import FrameType
from typing import Any, NoReturn

from treadle_hookspecs import ActionError, Json, JsonObject, ProcessResult, TreadleError

from treadle.runtime._wire import Frames, error_from_json, error_to_json, framed

PARENT_GONE = 71
"""Exit code when treadle is not there any more."""


class Ended(BaseException):
    """SIGTERM: the action is asked to stop. No ordinary `except` catches it."""


class Conversation:
    """Requests to treadle and its answers. Any thread may ask."""

    def __init__(self) -> None:
        self._answers, self._out = _set_aside(0, os.O_RDONLY), _set_aside(1, os.O_WRONLY)
        os.dup2(2, 1)
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Future[Any]] = {}
        self._writing = threading.Lock()

    def first(self) -> dict[str, Any]:
        """What is to be done. From here on a thread takes the answers."""
        frames: list[dict[str, Any]] = []
        reader = Frames(frames.append)
        while not frames:
            reader.feed(self._read())
        threading.Thread(target=self._take_answers, daemon=True).start()
        return frames[0]

    def tell(self, frame: Mapping[str, Any]) -> None:
        """Say something that is not answered."""
        left = memoryview(framed(frame))
        with self._writing:
            while left:
                left = left[os.write(self._out, left) :]

    def ask(self, request: str, *arguments: Any) -> Any:
        """Ask and wait. Raises what treadle raised."""
        return self._asked(request, arguments)[1].result()

    async def ask_async(self, request: str, *arguments: Any) -> Any:
        """As `ask`, for a coroutine; when that is cancelled, so is what it asked for."""
        number, answer = self._asked(request, arguments)
        try:
            return await asyncio.wrap_future(answer)
        except asyncio.CancelledError:
            self.tell({"cancel": number})
            raise

    def _asked(self, request: str, arguments: Sequence[Any]) -> tuple[int, Future[Any]]:
        number, answer = next(self._numbers), Future[Any]()
        self._waiting[number] = answer
        self.tell({"id": number, "request": request, "arguments": arguments})
        return number, answer

    def _take_answers(self) -> None:
        reader = Frames(self._answered)
        while True:
            reader.feed(self._read())

    def _answered(self, frame: dict[str, Any]) -> None:
        waiting = self._waiting.pop(frame["id"])
        if waiting.cancelled():
            return
        if "error" in frame:
            waiting.set_exception(error_from_json(frame["error"]))
        else:
            waiting.set_result(frame["value"])

    def _read(self) -> bytes:
        data = os.read(self._answers, 65_536)
        if not data:
            os._exit(PARENT_GONE)
        return data


def _set_aside(descriptor: int, flags: int) -> int:
    """A private copy of a standard descriptor, which becomes empty; children do not inherit the copy."""
    copy = os.dup(descriptor)
    nothing = os.open(os.devnull, flags)
    os.dup2(nothing, descriptor)
    os.close(nothing)
    return copy


class RemoteLog:
    """`Log` over the conversation."""

    def __init__(self, conversation: Conversation) -> None:
        self._tell = conversation.tell

    def debug(self, message: str) -> None:
        """See `treadle_hookspecs.Log`."""
        self._tell({"log": ["debug", message]})

    def info(self, message: str) -> None:
        """See `treadle_hookspecs.Log`."""
        self._tell({"log": ["info", message]})

    def warning(self, message: str) -> None:
        """See `treadle_hookspecs.Log`."""
        self._tell({"log": ["warning", message]})

    def error(self, message: str) -> None:
        """See `treadle_hookspecs.Log`."""
        self._tell({"log": ["error", message]})


class RemoteSecrets:
    """`Secrets` over the conversation."""

    def __init__(self, conversation: Conversation) -> None:
        self._ask = conversation.ask

    def get(self, name: str) -> str:
        """See `treadle_hookspecs.Secrets`."""
        return str(self._ask("secrets.get", name))

    def names(self) -> Sequence[str]:
        """See `treadle_hookspecs.Secrets`."""
        return tuple(self._ask("secrets.names"))


class RemoteWorkspace:
    """`Workspace` over the conversation: treadle does the writing, so that it knows what is to be undone."""

    def __init__(self, conversation: Conversation, root: Path) -> None:
        self._ask = conversation.ask
        self.root = root

    def path(self, name: str) -> Path:
        """See `treadle_hookspecs.Workspace`."""
        return Path(self._ask("workspace.path", name))

    def read_text(self, name: str) -> str:
        """See `treadle_hookspecs.Workspace`."""
        return str(self._ask("workspace.read_text", name))

    def write_text(self, name: str, text: str) -> Path:
        """See `treadle_hookspecs.Workspace`."""
        return Path(self._ask("workspace.write_text", name, text))

    def write_bytes(self, name: str, content: bytes) -> Path:
        """See `treadle_hookspecs.Workspace`."""
        return Path(self._ask("workspace.write_bytes", name, b64encode(content).decode("ascii")))


class RemoteContext:
    """`ActionContext` over the conversation."""

    def __init__(self, conversation: Conversation, facts: Mapping[str, Any]) -> None:
        self._conversation = conversation
        self.execution: str = facts["execution"]
        self.address: str = facts["address"]
        self.attempt: int = facts["attempt"]
        self.idempotency_key: str = facts["idempotency_key"]
        self.cancelled = False
        self.log = RemoteLog(conversation)
        self.secrets = RemoteSecrets(conversation)
        self.workspace = RemoteWorkspace(conversation, Path(facts["root"]))

    @property
    def scratch(self) -> Path:
        """See `treadle_hookspecs.ActionContext`."""
        return Path(self._conversation.ask("scratch"))

    @property
    def env(self) -> Mapping[str, str]:
        """See `treadle_hookspecs.ActionContext`."""
        env: dict[str, str] = self._conversation.ask("env")
        return env

    @property
    def host(self) -> NoReturn:
        """The core is in another process."""
        raise TreadleError(
            "context.host is not there for an action that runs in a process of its own",
            suggestions=("declare the action with isolation='inline', or hand in what it needs as inputs",),
        )

    def progress(self, fraction: float | None = None, message: str = "", *, part: str = "") -> None:
        """See `treadle_hookspecs.ActionContext`."""
        self._conversation.tell({"progress": [fraction, message, part]})

    def spend(self, *, tokens: int = 0, money: float = 0.0) -> None:
        """See `treadle_hookspecs.ActionContext`."""
        self._conversation.tell({"spend": [tokens, money]})

    async def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        timeout: float | None = None,  # noqa: ASYNC109 - the contract's signature
        limit: int = 1_000_000,
        check: bool = False,
    ) -> ProcessResult:
        """See `treadle_hookspecs.ActionContext`; treadle starts the program, not this process."""
        options = {
            "cwd": None if cwd is None else str(cwd),
            "env": None if env is None else dict(env),
            "stdin": b64encode(stdin).decode("ascii"),
            "timeout": timeout,
            "limit": limit,
            "check": check,
        }
        found = await self._conversation.ask_async("run", [str(part) for part in argv], options)
        log = found.pop("log")
        return ProcessResult(**{**found, "argv": tuple(found["argv"]), "log": None if log is None else Path(log)})

    async def call(self, action: str, **inputs: Json) -> JsonObject:
        """See `treadle_hookspecs.ActionContext`."""
        outputs: dict[str, Json] = await self._conversation.ask_async("call", action, inputs)
        return outputs


def main() -> None:
    """Do what the first line says, and tell how it ended."""
    conversation = Conversation()
    task = conversation.first()
    context = RemoteContext(conversation, task["context"])
    try:
        outcome, outputs = _performed(task["target"], task["kwargs"], context)
        conversation.tell({"outcome": outcome, "outputs": outputs})
    except Ended:
        sys.exit(128 + signal.SIGTERM)
    except BaseException as error:  # noqa: BLE001 - whatever the action raises is its answer, SystemExit included
        conversation.tell({"error": error_to_json(error)})


def _performed(target: str, kwargs: JsonObject, context: RemoteContext) -> tuple[str, dict[str, Json]]:
    from treadle.runtime.attempts import published

    function = resolve_name(target)
    arguments = _converted(function, kwargs)
    if "context" in inspect.signature(function).parameters:
        arguments["context"] = context
    if inspect.iscoroutinefunction(inspect.unwrap(function)):
        return published(asyncio.run(_cancellable(function, arguments, context)))
    signal.signal(signal.SIGTERM, _interrupting(context))
    return published(function(**arguments))


def _converted(function: Callable[..., Any], kwargs: JsonObject) -> dict[str, Any]:
    """The inputs as the function's types want them: treadle has checked them, and JSON has made them plain again."""
    from treadle.plugins._signature import argument, read_signature

    signature = read_signature(function)
    shapes = {argument(one.name): one.shape for one in signature.parameters}
    problems: list[str] = []
    converted = {}
    for name, value in kwargs.items():
        shape = shapes.get(name) or signature.rest
        converted[name] = value if shape is None else shape.convert(value, name, problems)
    if problems:
        raise ActionError("; ".join(problems), error_class="invalid-input", retryable=False)
    return converted


async def _cancellable(function: Callable[..., Any], arguments: dict[str, Any], context: RemoteContext) -> object:
    task = asyncio.ensure_future(function(**arguments))

    def cancel(*_: object) -> None:
        context.cancelled = True
        task.cancel()

    if sys.platform != "win32":
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, cancel)
    try:
        return await task
    except asyncio.CancelledError:
        if context.cancelled:
            raise Ended from None
        raise


def _interrupting(context: RemoteContext) -> Callable[[int, FrameType | None], None]:
    def interrupt(number: int, frame: FrameType | None) -> None:
        del number, frame
        context.cancelled = True
        # Once: what the action does to clean up is not interrupted again.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Ended

    return interrupt
