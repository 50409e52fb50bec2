"""Errors that are designed: what, where, why, and what to do next."""

from collections.abc import Mapping
from enum import IntEnum

from treadle_hookspecs._json import Json, JsonObject


class ExitCode(IntEnum):
    """What the process tells its parent (`docs/reference/exit-codes.md`)."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    NOT_ALLOWED = 4
    CONFLICT = 5
    STORAGE = 6
    WAITING = 7
    TIMED_OUT = 8
    INTERNAL = 70
    INTERRUPTED = 130
    TERMINATED = 143


class TreadleError(Exception):
    """An error that a person reads.

    Args:
        message: what happened, in one sentence without a full stop.
        code: a `TRDnnnn` code that `treadle explain` knows, or "".
        context: where and with what: `file`, `line`, `column`, names, values. Never a secret.
        suggestions: what to do next, each a sentence or a command line.
        exit_code: what the command line ends with.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        context: Mapping[str, Json] | None = None,
        suggestions: tuple[str, ...] = (),
        exit_code: ExitCode = ExitCode.USAGE,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.context: dict[str, Json] = dict(context or {})
        self.suggestions = suggestions
        self.exit_code = exit_code


class ActionError(Exception):
    """Raised by an action to fail its attempt.

    Args:
        message: why, for the person who reads the report.
        error_class: the class that `retry.when` and reports see, e.g. `timeout`, `tool-missing`.
        outputs: what the failed attempt leaves behind all the same; published if no retry follows.
        retryable: False ends the visit at once, whatever `retry` says.
    """

    def __init__(
        self,
        message: str,
        *,
        error_class: str = "error",
        outputs: JsonObject | None = None,
        retryable: bool = True,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.error_class = error_class
        self.outputs: dict[str, Json] = dict(outputs or {})
        self.retryable = retryable


class ToolMissingError(ActionError):
    """A program that the action needs is not there.

    Args:
        tool: the program's name.
        install: the command line that brings it, e.g. `pip install ruff`; "" when it is not known.
    """

    def __init__(self, tool: str, install: str = "") -> None:
        remedy = f"is not installed; run: {install}" if install else "is not on PATH; install it, or correct the name"
        super().__init__(f"{tool} {remedy}", error_class="tool-missing", retryable=False)
        self.tool = tool
        self.install = install
