"""A started program and everything that it started.

On POSIX a program leads a session and a process group of its own, and its environment carries a token that its
descendants inherit. A descendant is found while it stays in the group, on any POSIX system; on Linux also when it has
left it (`setsid`, a double fork), as long as it keeps its environment. One that leaves the group *and* drops the
variable is on its own: that is how a service that shall outlive its step is started.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from typing import Final

from treadle.runtime._warden import marked

VARIABLE: Final = "TREADLE_PROCESS"
"""Carries the tokens: treadle inside treadle adds its own, so that the outer one finds all."""

TERMINATE: Final = signal.SIGTERM
KILL: Final = getattr(signal, "SIGKILL", signal.SIGTERM)

_SHORT: Final = 2.0
"""Seconds in which process ids do not wrap around more than once."""


def tokens_with(token: str) -> str:
    """The variable's value for a child: this process's tokens and one more."""
    return "/".join(filter(None, (os.environ.get(VARIABLE), token)))


class ProcessGroup:
    """The processes of one started program.

    Args:
        pid: the leader.
        token: what their environments carry; no other program's token may begin with it.
    """

    def __init__(self, pid: int, token: str) -> None:
        self.pid = pid
        self._token = token.encode()
        self._started = time.monotonic()
        # Once it is empty, its number may be given to somebody else's group, which must not be signalled.
        self._empty = False

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to all of them, once to each."""
        if sys.platform == "win32":
            _end_tree(self.pid)
            return
        if not self._empty:
            with contextlib.suppress(OSError):
                os.killpg(self.pid, number)
        for pid in self.strays():
            with contextlib.suppress(OSError):
                os.kill(pid, number)

    def survives(self) -> bool:
        """True while one of them lives. To be asked once the leader has been reaped, not before."""
        if sys.platform == "win32":
            return False
        self._empty = self._empty or not _has_living_member(self.pid)
        return not self._empty or bool(self.strays(self._youngest_elder()))

    def strays(self, above: int = 0) -> list[int]:
        """Descendants that have left the group, with process ids larger than `above`; on Linux."""
        return [pid for pid in marked(self._token, above) if not _in_group(pid, self.pid)]

    def _youngest_elder(self) -> int:
        """The process id above which descendants are: ids grow until they wrap around; 0 when they may have."""
        if time.monotonic() - self._started > _SHORT:
            return 0
        try:
            with open("/proc/loadavg", "rb") as file:  # noqa: PTH123
                newest = int(file.read().split()[-1])
        except (OSError, ValueError, IndexError):
            return 0
        return self.pid if newest >= self.pid else 0


def _in_group(pid: int, group: int) -> bool:
    with contextlib.suppress(OSError):
        return os.getpgid(pid) == group
    return False


def _has_living_member(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except OSError:
        return False
    if not sys.platform.startswith("linux"):
        return True
    # Where nobody reaps orphans (a container whose process 1 does not), zombies stay in the group.
    return any(_lives_in(int(name), group) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208


def _lives_in(pid: int, group: int) -> bool:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
        # The name in parentheses may hold anything; after it: state, parent, group.
        state, _, its_group = file.read().rpartition(b")")[2].split()[:3]
        return int(its_group) == group and state not in (b"Z", b"X")
    return False


def _end_tree(pid: int) -> None:
    """Windows has no signals that a console program must heed: the tree is ended at once."""
    with contextlib.suppress(OSError):
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(pid)], capture_output=True, check=False)
