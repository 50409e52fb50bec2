"""Import strings, and code of plugins that is imported when it is used."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from functools import reduce
from importlib import import_module
from typing import Any

from treadle_hookspecs import ExitCode, TreadleError

from treadle.plugins._records import PluginRecord


@contextmanager
def foreign_code(what: str) -> Iterator[None]:
    """Run code of a plugin at import: what it prints goes to stderr, and a fork that comes back ends here.

    stdout belongs to treadle's own data, e.g. the JSON of `--json`.
    """
    process = os.getpid()
    try:
        with redirect_stdout(sys.stderr):
            yield
    except KeyboardInterrupt as interrupt:
        interrupt.add_note(f"while {what}")
        raise
    finally:
        if os.getpid() != process:
            os._exit(ExitCode.INTERNAL)


def import_target(target: str, record: PluginRecord) -> Any:
    """What an import string names.

    Raises:
        TreadleError: it cannot be imported (exit code 2); names the plugin's distribution and the cause.
    """
    module, _, attribute = target.partition(":")
    try:
        with foreign_code(f"importing {target} of {record.distribution}"):
            return reduce(getattr, attribute.split("."), import_module(module))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise _not_importable(target, record, error) from error


def _not_importable(target: str, record: PluginRecord, error: BaseException) -> TreadleError:
    suggestions = [f"install it again: pip install --force-reinstall {record.distribution}"]
    if isinstance(error, ModuleNotFoundError) and error.name and not target.startswith(error.name.partition(".")[0]):
        suggestions.insert(0, f"`{error.name}` is missing beside {record.distribution}; install it")
    return TreadleError(
        f"{target} of {record.label} cannot be imported: {describe(error)}",
        context={"plugin": record.name, "distribution": record.distribution, "target": target},
        suggestions=tuple(suggestions),
    )


def describe(error: BaseException) -> str:
    """`TypeName: message`, in one line of at most 300 characters."""
    text = " ".join(str(error).split())
    return (f"{type(error).__name__}: {text}" if text else type(error).__name__)[:300]
