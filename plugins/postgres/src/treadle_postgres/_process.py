"""Whose session a session is: its name tells the machine and the process, so that a killed one is known at once."""

import hashlib
import os
import socket
from functools import cache
from pathlib import Path
from typing import Final

_PREFIX: Final = "treadle"


def name_of_session() -> str:
    """What `pg_stat_activity` shows of this process: `treadle/MACHINE/PID`."""
    return f"{_PREFIX}/{_machine()}/{os.getpid()}"


def is_gone(session: str | None) -> bool:
    """True when a session's process was on this machine and has ended; its server side will notice in a moment."""
    prefix, _, rest = (session or "").partition("/")
    machine, _, number = rest.partition("/")
    if prefix != _PREFIX or machine != _machine() or not number.isdecimal():
        return False
    return not _lives(int(number))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return _state(pid) not in "ZX"


def _state(pid: int) -> str:
    """The kernel's letter for it: one that has ended stays a `Z` until its parent has asked. "" where none is told."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return "?"


@cache
def _machine() -> str:
    """Where process numbers mean the same: a boot of a machine, and in it a namespace (a container has its own)."""
    parts = [socket.gethostname()]
    for read in (_boot, _namespace):
        try:
            parts.append(read())
        except OSError:
            parts.append("")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()


def _namespace() -> str:
    return str(Path("/proc/self/ns/pid").readlink())
