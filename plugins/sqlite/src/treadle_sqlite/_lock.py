"""A lock on a file that vanishes with its process and leaves no file behind. The file holds the number of the process.

Where there is `flock` it is used as it is: it costs 10 µs and no import, and one execution is one lock. Elsewhere
filelock, which knows the other platforms, does the same at a higher price.
"""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Protocol, Self


class Lock(Protocol):
    """A lock that is held."""

    def release(self) -> None:
        """Remove the file and let go. To be called once."""


class FlockLock:
    """`flock` on a file that is removed before the lock is given back."""

    __slots__ = ("_descriptor", "_path")

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    @classmethod
    def take(cls, path: Path) -> Self | None:
        """Lock without waiting; None while somebody else holds it."""
        import fcntl

        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # The holder before us may have removed the file between our open and our lock: it guards nothing then.
                if os.fstat(descriptor).st_nlink:
                    os.pwrite(descriptor, b"%10d\n" % os.getpid(), 0)
                    return cls(path, descriptor)
            except BlockingIOError:
                os.close(descriptor)
                return None
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)

    @classmethod
    def held(cls, path: Path) -> bool:
        """True while somebody holds it.

        A file with a holder's number in it is locked, or was left by a process that was killed. Only then is it
        tried, so that asking hardly ever keeps others from locking.
        """
        try:
            signed = path.stat().st_size > 0
        except FileNotFoundError:
            return False
        return signed and not _taken_and_released(cls.take(path))

    def release(self) -> None:
        """Remove the file while it is still locked, so that nobody can lock a file without a name for long."""
        with suppress(OSError):
            self._path.unlink()
        os.close(self._descriptor)


class PortableLock:
    """The same by filelock, for platforms without `flock`."""

    __slots__ = ("_lock",)

    def __init__(self, path: Path) -> None:
        from filelock import FileLock

        self._lock = FileLock(path, timeout=0, mode=0o600, thread_local=False)

    @classmethod
    def take(cls, path: Path) -> Self | None:
        """Lock without waiting; None while somebody else holds it."""
        from filelock import Timeout

        lock = cls(path)
        try:
            lock._lock.acquire()
        except Timeout:
            return None
        return lock

    @classmethod
    def held(cls, path: Path) -> bool:
        """True while somebody holds it."""
        return path.exists() and not _taken_and_released(cls.take(path))

    def release(self) -> None:
        """Remove the file: before the lock is given back where an open file can be removed, else after."""
        path = Path(self._lock.lock_file)
        with suppress(OSError):
            path.unlink()
        self._lock.release()
        if sys.platform == "win32":
            with suppress(OSError):
                path.unlink()


def _taken_and_released(lock: Lock | None) -> bool:
    if lock is not None:
        lock.release()
    return lock is not None


PlatformLock: type[FlockLock] | type[PortableLock] = PortableLock if sys.platform == "win32" else FlockLock


def take(path: Path, wait: float = 0.0) -> Lock | None:
    """Lock a file, trying again for `wait` seconds; None when somebody else holds it all that time."""
    deadline = time.monotonic() + wait
    while (lock := PlatformLock.take(path)) is None:
        if time.monotonic() >= deadline:
            return None
        time.sleep(0.001)
    return lock
