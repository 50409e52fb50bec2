"""Import strings, and code of plugins that is imported when it is used."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from functools import reduce
from importlib import import_module
from threading import RLock
from typing import Any, Final

from treadle_hookspecs import ExitCode, TreadleError

from treadle.plugins._records import PluginRecord

_ONE_AT_A_TIME: Final = RLock()
"""What `foreign_code` puts in place belongs to the process: two threads must not put it back crosswise."""


@contextmanager
def foreign_code(what: str) -> Iterator[None]:
    """Run code of a plugin that is not a step: its import, its hooks.

    What it prints goes to stderr, for stdout belongs to treadle's data. `os._exit` raises, so that the plugin ends and
    not treadle. A fork that comes back ends here.
    """
    process = os.getpid()
    try:
        with _ONE_AT_A_TIME, redirect_stdout(sys.stderr), _exit_raising(process):
            yield
    except KeyboardInterrupt as interrupt:
        interrupt.add_note(f"while {what}")
        raise
    finally:
        if os.getpid() != process:
            os._exit(ExitCode.INTERNAL)


@contextmanager
def _exit_raising(process: int) -> Iterator[None]:
    leave = os._exit

    def refuse(status: int) -> None:
        if os.getpid() != process:
            leave(status)
        raise SystemExit(f"os._exit({status})")

    vars(os)["_exit"] = refuse
    try:
        yield
    finally:
        vars(os)["_exit"] = leave


def load_object(target: str, record: PluginRecord | None = None) -> Any:
    """What an import string names; `record` is the plugin that gave it, for messages.

    Raises:
        TreadleError: it cannot be imported (exit code 2); names the plugin's distribution and the cause.
    """
    module, _, attribute = target.partition(":")
    try:
        with foreign_code(f"importing {target}"):
            return reduce(getattr, attribute.split("."), import_module(module))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise _not_importable(target, record, error) from error


def _not_importable(target: str, record: PluginRecord | None, error: BaseException) -> TreadleError:
    owner = f" of {record.label}" if record else ""
    suggestions = [f"install it again: pip install --force-reinstall {record.distribution}"] if record else []
    package = target.partition(":")[0].partition(".")[0]
    if isinstance(error, ModuleNotFoundError) and error.name and error.name.partition(".")[0] != package:
        suggestions.insert(0, f"the package `{error.name}`, which {package} imports, is missing: install it")
    return TreadleError(
        f"{target}{owner} cannot be imported: {describe(error)}",
        context={"target": target, **({"distribution": record.distribution} if record else {})},
        suggestions=tuple(suggestions),
    )


def describe(error: BaseException) -> str:
    """`TypeName: message`, in one line of at most 300 characters."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - an exception of a plugin's own may fail even at this
        text = ""
    return (f"{type(error).__name__}: {text}" if text else type(error).__name__)[:300]
