"""Named points at which a test can kill this process: `TREADLE_CRASH_AT=name:n` ends it with SIGKILL at the n-th pass.

Whoever writes something durable declares a point beside it when its module is imported, and passes it at run time:

    crash.declare("runtime.append.before", "events are decided and not written")
    ...
    crash_point("runtime.append.before")

The variable is read once, when this module is imported; without it a pass is one comparison.
"""

import os
import signal
from typing import Final, NoReturn

from treadle_hookspecs import TreadleError

VARIABLE: Final = "TREADLE_CRASH_AT"

_declared: dict[str, str] = {}


class _Armed:
    """The point that was asked for, and how many passes are left."""

    def __init__(self, request: str) -> None:
        self.name, separator, count = request.rpartition(":")
        if not separator or not count.isascii() or not count.isdigit() or int(count) < 1:
            raise TreadleError(
                f"{VARIABLE}={request} names no crash point",
                suggestions=(f"write {VARIABLE}=name:n, where n counts passes from 1",),
            )
        self.left = int(count)

    def passed(self, name: str) -> None:
        if name not in _declared:
            raise RuntimeError(f"crash point {name!r} is passed but not declared")
        if name == self.name:
            self.left -= 1
            if self.left == 0:
                _kill()


def _kill() -> NoReturn:
    if hasattr(signal, "SIGKILL"):
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(137)


_armed = _Armed(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None


def declare(name: str, when: str) -> str:
    """Make a crash point known. `when` says what has happened at it and what has not. Returns the name."""
    if _declared.setdefault(name, when) != when:
        raise RuntimeError(f"crash point {name!r} is declared twice")
    return name


def declared() -> dict[str, str]:
    """Every known point and what it stands for, by name. Import the modules that declare them first."""
    return dict(sorted(_declared.items()))


def armed() -> bool:
    """True when a test has named a point: a caller with many points to pass may ask first."""
    return _armed is not None


def crash_point(name: str) -> None:
    """Pass a declared point."""
    if _armed is not None:
        _armed.passed(name)
