"""One attempt of an action, from its command to how it ended."""

import asyncio
import dataclasses
import threading
import traceback
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Final

from treadle_engine.protocol import Address, AttemptEnded
from treadle_engine.waits import REJECTED
from treadle_hookspecs import ActionError, Json, JsonObject, Outcome, TreadleError

from treadle.runtime.clock import draw, now

if TYPE_CHECKING:
    from treadle.plugins import ResolvedAction
    from treadle.runtime.context import StepContext

_STARTS_PROGRAMS_ONLY: Final = frozenset({"command/run"})
"""Actions that do nothing themselves: where `limits` hold, only what they start needs a process of its own."""

_JSON_TYPES = (str, int, float, bool, type(None))


async def invoke(action: "ResolvedAction", inputs: JsonObject, context: "StepContext") -> object:
    """Call an action's function with checked inputs; what it returns."""
    arguments = action.bind(inputs)
    programs_only = action.name in _STARTS_PROGRAMS_ONLY or action.is_command
    if action.action.isolation == "process" or (context.watch is not None and not programs_only):
        from treadle.runtime.isolation import call_in_child

        return await call_in_child(action.action.target, arguments, context)
    if action.takes_context:
        arguments["context"] = context
    if action.is_async:
        return await action.function(**arguments)
    return await _in_thread(lambda: action.function(**arguments), context)


async def attempt(
    address: Address,
    action: "ResolvedAction",
    inputs: JsonObject,
    context: "StepContext",
    seconds: float | None,
) -> AttemptEnded:
    """Run one attempt to its end, or reuse an earlier one's. Raises only `asyncio.CancelledError`, when called off."""

    def run() -> Coroutine[Any, Any, AttemptEnded]:
        return _attempt(address, action, inputs, context, seconds)

    ended = await (run() if context.reuse is None else context.reuse.attempt(action, context, run))
    return ended._replace(facts={**ended.facts, "usage": {**context.usage}}) if context.usage else ended


async def _attempt(
    address: Address,
    action: "ResolvedAction",
    inputs: JsonObject,
    context: "StepContext",
    seconds: float | None,
) -> AttemptEnded:
    try:
        if seconds is None:
            result = await invoke(action, inputs, context)
        else:
            async with asyncio.timeout(seconds) as clock:
                result = await invoke(action, inputs, context)
    except ActionError as error:
        return _failed(address, error.error_class, error.message, error.outputs, retryable=error.retryable)
    except TimeoutError as error:
        if seconds is not None and clock.expired():
            return _timed_out(address, seconds)
        return _raised(address, error, context)
    except TreadleError as error:
        return _failed(address, error.code or "error", error.message, {})
    except Exception as error:  # noqa: BLE001 - whatever an action raises fails its attempt and nothing else
        return _raised(address, error, context)
    return _ended(address, result, context)


def published(result: object) -> tuple[str, dict[str, Json]]:
    """The outcome and the outputs in what an action returned. Raises `ActionError` for what JSON cannot carry."""
    if isinstance(result, Outcome):
        return result.name, _object(result.outputs)
    if result is None:
        return "success", {}
    if isinstance(result, Mapping):
        return "success", _object(result)
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        return "success", _object(dataclasses.asdict(result))
    if hasattr(result, "model_dump"):
        return "success", _object(result.model_dump(mode="json"))
    return "success", {"result": _plain(result, "result")}


def _ended(address: Address, result: object, context: "StepContext") -> AttemptEnded:
    try:
        outcome, outputs = published(result)
        if context.watch is not None:
            context.watch.check_outputs(outputs)
    except ActionError as error:
        return _failed(address, error.error_class, error.message, {})
    return AttemptEnded(address, now(), outcome, outputs)


def _failed(address: Address, kind: str, message: str, outputs: JsonObject, *, retryable: bool = True) -> AttemptEnded:
    error: dict[str, Json] = {"type": kind, "message": message}
    if not retryable:
        error["retryable"] = False
    outcome = "rejected" if kind == REJECTED else "failure"
    return AttemptEnded(address, now(), outcome, outputs, error, draw())


def _timed_out(address: Address, seconds: float) -> AttemptEnded:
    message = f"no result after {seconds:g} s; the attempt was ended"
    return AttemptEnded(address, now(), "timeout", {}, {"type": "timeout", "message": message}, draw())


def _raised(address: Address, error: Exception, context: "StepContext") -> AttemptEnded:
    context.log.error("".join(traceback.format_exception(error)).rstrip())
    return _failed(address, type(error).__name__, str(error) or type(error).__name__, {})


def _object(value: Mapping[Any, Any]) -> dict[str, Json]:
    return {str(key): _plain(item, str(key)) for key, item in value.items()}


def _plain(value: Any, name: str) -> Json:
    """JSON data as it is; tuples and sets become lists, paths and the like their text, dataclasses objects."""
    if isinstance(value, _JSON_TYPES):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item, f"{name}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, name) for item in value]
    if isinstance(value, set | frozenset):
        return [_plain(item, name) for item in sorted(value, key=repr)]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain(dataclasses.asdict(value), name)
    if hasattr(value, "__fspath__"):
        return str(value)
    raise ActionError(
        f"output {name!r} is a {type(value).__name__}: JSON cannot carry it",
        error_class="invalid-output",
        retryable=False,
    )


async def _in_thread(function: Any, context: "StepContext") -> object:
    """Call a plain function in a daemon thread. A cancelled one is told by `context.cancelled` and then left alone."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[object] = loop.create_future()

    def settle(result: object, error: BaseException | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    def work() -> None:
        result, error = None, None
        try:
            result = function()
        except BaseException as raised:  # noqa: BLE001 - carried to the loop, SystemExit included
            error = raised if isinstance(raised, Exception) else RuntimeError(f"{type(raised).__name__}: {raised}")
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=work, name=f"treadle-{context.address}", daemon=True).start()
    try:
        return await future
    except asyncio.CancelledError:
        context.cancelled = True
        raise
