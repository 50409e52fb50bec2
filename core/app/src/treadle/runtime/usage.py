"""What programs use, as far as the system tells: memory and processor time on Linux and macOS, and files anywhere."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

SUPPORTED: Final = sys.platform.startswith("linux") or sys.platform == "darwin"
"""Memory and processor time can be watched here."""

_TICK: Final = 1 / os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 0.01
_PAGE: Final = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_JOURNAL: Final = ".treadle"


class Usage(NamedTuple):
    """`memory` in bytes resident now, `cpu` in seconds so far."""

    memory: int
    cpu: float


def usage_of(groups: Collection[int], strays: Collection[int] = ()) -> Usage:
    """What the living processes of these process groups use, and others by their ids.

    On Linux `cpu` includes the ended children that a process has waited for; `ps` on macOS does not tell of those.
    """
    found = list(_on_linux(groups, strays) if sys.platform.startswith("linux") else _by_ps(groups, strays))
    return Usage(sum(one.memory for one in found), sum(one.cpu for one in found))


def _on_linux(groups: Collection[int], strays: Collection[int]) -> Iterator[Usage]:
    for name in os.listdir("/proc"):  # noqa: PTH208
        if name.isdigit():
            # A process may end while its numbers are read.
            with contextlib.suppress(OSError, ValueError), open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
                # The name in parentheses may hold anything; after it the columns of proc(5) from the third on.
                columns = file.read().rpartition(b")")[2].split()
                if int(columns[2]) in groups or int(name) in strays:
                    yield Usage(int(columns[21]) * _PAGE, sum(map(int, columns[11:15])) * _TICK)


def _by_ps(groups: Collection[int], strays: Collection[int]) -> Iterator[Usage]:
    listed = subprocess.run(
        ["ps", "-axo", "pid=,pgid=,rss=,time="],
        capture_output=True,
        text=True,
        check=False,
    )
    for line in listed.stdout.splitlines():
        pid, group, kilobytes, time = line.split()
        if int(group) in groups or int(pid) in strays:
            yield Usage(int(kilobytes) * 1024, seconds_of(time))


def seconds_of(time: str) -> float:
    """`1-02:03:04`, `02:03:04` or `3:04.56`, as `ps` writes processor time."""
    days, _, rest = time.rpartition("-")
    seconds = 0.0
    for part in rest.split(":"):
        seconds = seconds * 60 + float(part)
    return seconds + int(days or 0) * 86_400


class Files:
    """How much the files in some folders have grown since this object was made.

    Args:
        folders: looked through whole, links not followed; one that is not there yet counts as empty.
        apart: a folder below them that does not count; treadle's own journal does not either.
    """

    def __init__(self, folders: Iterable[Path], apart: Path) -> None:
        self._folders = tuple(map(str, folders))
        self._apart = str(apart)
        self._before = {path: (inode, size) for path, inode, size in self._all()}

    def grown(self) -> int:
        """Bytes of files that are new or another file by now, and by which others are longer."""
        total = 0
        for path, inode, size in self._all():
            known = self._before.get(path)
            total += max(0, size - known[1]) if known is not None and known[0] == inode else size
        return total

    def _all(self) -> Iterator[tuple[str, int, int]]:
        for folder in self._folders:
            yield from self._inside(folder)

    def _inside(self, folder: str) -> Iterator[tuple[str, int, int]]:
        # What is removed meanwhile, or may not be read, is left out.
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        if entry.path != self._apart and entry.name != _JOURNAL:
                            yield from self._inside(entry.path)
                    elif entry.is_file(follow_symlinks=False):
                        facts = entry.stat(follow_symlinks=False)
                        yield entry.path, facts.st_ino, facts.st_size
