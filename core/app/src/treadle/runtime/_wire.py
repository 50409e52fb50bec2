"""What an isolated action's process and treadle say to each other: one JSON object a line.

To the process: first `{target, kwargs, context}`, then `{id, value}` or `{id, error}` for each request.
From the process: `{log: [LEVEL, TEXT]}`, `{progress: [FRACTION, TEXT, PART]}`, requests `{id, request, arguments}` and
`{cancel: ID}`, and at the end `{outcome, outputs}` or `{error}`.
"""

import json
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Final

from treadle_hookspecs import ActionError, ExitCode, ToolMissingError, TreadleError

LARGEST_FRAME: Final = 64_000_000
"""Bytes of one line."""


class FrameError(Exception):
    """What came is no line of the conversation."""


class Frames:
    """Cuts a stream of bytes into JSON objects."""

    def __init__(self, receive: Callable[[dict[str, Any]], None]) -> None:
        self._receive = receive
        self._pending = bytearray()

    def feed(self, data: bytes) -> None:
        """Take the next bytes. Raises `FrameError`."""
        self._pending += data
        *lines, rest = self._pending.split(b"\n") if b"\n" in data else (self._pending,)
        self._pending = rest
        for line in lines:
            self._receive(_parsed(line))
        if len(self._pending) > LARGEST_FRAME:
            raise FrameError(f"a line of more than {LARGEST_FRAME} bytes")


def _parsed(line: bytes | bytearray) -> dict[str, Any]:
    try:
        frame = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise FrameError("a line that is no JSON") from error
    if not isinstance(frame, dict):
        raise FrameError("a line that is no JSON object")
    return frame


def framed(frame: Mapping[str, Any]) -> bytes:
    """One line. Raises `TypeError` or `ValueError` for what JSON cannot carry."""
    return json.dumps(frame).encode() + b"\n"


def error_to_json(error: BaseException) -> dict[str, Any]:
    """An exception, so that `error_from_json` makes the same one of it, or for a foreign class the nearest."""
    if isinstance(error, ToolMissingError):
        return {"kind": "tool", "tool": error.tool, "install": error.install}
    if isinstance(error, ActionError):
        kept = {name: getattr(error, name) for name in ("message", "error_class", "outputs", "retryable")}
        return {"kind": "action", **kept}
    if isinstance(error, TreadleError):
        kept = {name: getattr(error, name) for name in ("message", "code", "context", "suggestions", "exit_code")}
        return {"kind": "treadle", **kept}
    trace = "".join(traceback.format_exception(error)).rstrip()
    return {"kind": "foreign", "message": str(error), "error_class": type(error).__name__, "trace": trace}


def error_from_json(data: Mapping[str, Any]) -> ActionError | TreadleError:
    """The exception. One of a foreign class is an `ActionError` of that class's name."""
    if data["kind"] == "tool":
        return ToolMissingError(str(data["tool"]), str(data["install"]))
    message = str(data["message"])
    if data["kind"] == "treadle":
        return TreadleError(
            message,
            code=str(data["code"]),
            context=dict(data["context"]),
            suggestions=tuple(map(str, data["suggestions"])),
            exit_code=ExitCode(data["exit_code"]),
        )
    error_class = str(data["error_class"])
    outputs, retryable = dict(data.get("outputs", {})), bool(data.get("retryable", True))
    return ActionError(message or error_class, error_class=error_class, outputs=outputs, retryable=retryable)
