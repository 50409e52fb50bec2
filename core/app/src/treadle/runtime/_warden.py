"""Ends what a killed treadle leaves behind. A program of its own: `python -I -S _warden.py TOKEN`.

treadle starts it before its first command and tells it on stdin, a line each, which process groups live (`+PGID`) and
which have ended (`-PGID`). When stdin ends, treadle is gone, however it went; then every group that still lives is
killed, and on Linux every process whose environment carries the token, at once and without grace: whoever resumes the
execution must not meet a command of the run before. One warden costs one start of an interpreter.
"""

import contextlib
import os
import signal
import sys

SCANS = 20
"""Rounds of looking for processes with the token: one may fork while the list is read."""


def marked(token: bytes, above: int = 0) -> list[int]:
    """Living processes whose environment holds `token`, this one excepted; Linux only, elsewhere none is found.

    `above` restricts the search to process ids that are larger.
    """
    if not sys.platform.startswith("linux"):
        return []
    own = os.getpid()
    pids = (int(name) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208
    return [pid for pid in pids if pid > above and pid != own and _carries(pid, token)]


def _carries(pid: int, token: bytes) -> bool:
    # Of a zombie, of a kernel thread and of somebody else's process nothing can be read.
    with contextlib.suppress(OSError), open(f"/proc/{pid}/environ", "rb", buffering=0) as file:  # noqa: PTH123
        return token in file.read()
    return False


def _live_groups() -> set[int]:
    groups: set[int] = set()
    for line in sys.stdin.buffer:
        group = int(line[1:])
        (groups.add if line[:1] == b"+" else groups.discard)(group)
    return groups


def main() -> None:
    """Wait for the end of stdin, then kill."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    token = os.fsencode(sys.argv[1])
    for group in _live_groups():
        with contextlib.suppress(OSError):
            os.killpg(group, signal.SIGKILL)
    for _ in range(SCANS):
        pids = marked(token)
        for pid in pids:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        if not pids:
            break


if __name__ == "__main__":
    main()
