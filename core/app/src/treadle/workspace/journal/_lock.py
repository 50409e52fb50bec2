"""The lock of a project: held by one process at a time, gone when that process is."""

import contextlib
import datetime as dt
import errno
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from treadle_hookspecs import ExitCode, TreadleError

from treadle.workspace.journal._os import Calls

try:
    import fcntl
except ImportError:  # Windows, where there are no directory descriptors either
    fcntl = None  # type: ignore[assignment]

NAME: Final = "lock"
_PAUSE: Final = 0.02
"""Seconds between two tries."""
_LIMIT: Final = 4096


def take(
    calls: Calls, home: int, shown: Path, purpose: str, wait: float, pause: Callable[[float], None] = time.sleep
) -> int:
    """The descriptor that holds the lock; closing it gives the lock back.

    Args:
        calls: the system.
        home: the descriptor of `.treadle`.
        shown: its path.
        purpose: what it is taken for; another process that wants it is told.
        wait: seconds to try for.
        pause: how to wait between two tries.

    Raises:
        TreadleError: another process holds it (exit code 5, naming it), or the file cannot be opened.
    """
    descriptor = _opened(calls, home, shown)
    try:
        _wait(descriptor, shown, wait, pause)
        # For messages only: that it is held says the lock, which dies with its process, and not the text.
        text = {"pid": os.getpid(), "boot": _boot(), "since": _now(), "purpose": purpose}
        with contextlib.suppress(OSError):
            calls.overwrite(descriptor, json.dumps(text).encode("ascii")[:_LIMIT])
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _wait(descriptor: int, shown: Path, wait: float, pause: Callable[[float], None]) -> None:
    deadline = time.monotonic() + wait
    while not _locked(descriptor, shown):
        if time.monotonic() >= deadline:
            raise _busy(descriptor, shown)
        pause(_PAUSE)


def _opened(calls: Calls, home: int, shown: Path) -> int:
    try:
        return calls.open_lock(NAME, home)
    except OSError as error:
        raise _refused(shown, error) from error


def _locked(descriptor: int, shown: Path) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise _refused(shown, error) from error
    return True


def _busy(descriptor: int, shown: Path) -> TreadleError:
    return TreadleError(
        f"{shown.parent} is being changed by {_holder(descriptor)}",
        context={"file": str(shown / NAME)},
        suggestions=("wait until it is done, then try again",),
        exit_code=ExitCode.CONFLICT,
    )


def _holder(descriptor: int) -> str:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        text = json.loads(os.pread(descriptor, _LIMIT, 0))
        purpose = f" ({text['purpose']})" if text["purpose"] else ""
        return f"process {int(text['pid'])} since {text['since']}{purpose}"
    return "another process"


def _refused(shown: Path, error: OSError) -> TreadleError:
    return TreadleError(
        f"cannot lock {shown / NAME}: {error.strerror}",
        context={"file": str(shown / NAME)},
        suggestions=("the folder must lie on a file system with file locks, and be yours to write",),
        exit_code=ExitCode.STORAGE,
    )


def _boot() -> str:
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    return ""


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
