"""The system calls that the journal makes, in one small class: a test can stand between any two of them.

Names are relative to the descriptor of the folder that they are in, and no call follows a link.
"""

import errno
import functools
import os
import sys
from collections.abc import Callable
from typing import Any, ClassVar, Concatenate, Final, ParamSpec, TypeVar

from treadle.crash import armed, crash_point, declare

P = ParamSpec("P")
R = TypeVar("R")

AVAILABLE: Final = {os.open, os.mkdir, os.stat, os.unlink, os.rename} <= os.supports_dir_fd
"""Without directory descriptors (Windows) there is no journal."""

_BEFORE: Final[dict[str, str]] = {}
_AFTER: Final[dict[str, str]] = {}


Call = Callable[Concatenate["Calls", P], R]


def _looking(call: Call[P, R]) -> Call[P, R]:
    @functools.wraps(call)
    def passed(calls: "Calls", /, *args: P.args, **kwargs: P.kwargs) -> R:
        if not calls.plain:
            calls.looking(call.__name__)
        return call(calls, *args, **kwargs)

    return passed


def _changing(call: Call[P, R]) -> Call[P, R]:
    name = call.__name__
    _BEFORE[name] = declare(f"journal.{name}.before", f"the journal is about to call {name}")
    _AFTER[name] = declare(f"journal.{name}.after", f"the journal has just called {name}")

    @functools.wraps(call)
    def passed(calls: "Calls", /, *args: P.args, **kwargs: P.kwargs) -> R:
        if calls.plain and not armed():
            return call(calls, *args, **kwargs)
        calls.before(name)
        result = call(calls, *args, **kwargs)
        calls.after(name)
        return result

    return passed


def changing_calls() -> tuple[str, ...]:
    """The names of the calls that change something on disk: each has a crash point before and one after it."""
    return tuple(_BEFORE)


class Calls:
    """What the journal asks of the system. Each method raises `OSError` as the system does."""

    plain: ClassVar[bool] = True
    """No test stands between the calls; a crash point may."""

    def __init_subclass__(cls) -> None:
        cls.plain = False

    def looking(self, call: str) -> None:
        """Passed before each call that only looks."""

    def before(self, call: str) -> None:
        """Passed before each call that changes something."""
        crash_point(_BEFORE[call])

    def after(self, call: str) -> None:
        """Passed after each call that has changed something."""
        crash_point(_AFTER[call])

    @_looking
    def open(self, name: str, folder: int, *, directory: bool = False) -> int:
        """A descriptor for reading. A link is refused; a pipe is not waited for."""
        kind = os.O_DIRECTORY if directory else os.O_NONBLOCK
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | kind, dir_fd=folder)

    @_looking
    def stat(self, name: str, folder: int) -> os.stat_result:
        """The facts about an entry, a link's own."""
        return os.stat(name, dir_fd=folder, follow_symlinks=False)

    @_looking
    def read(self, descriptor: int, size: int) -> bytes:
        """The next bytes, none at the end."""
        return os.read(descriptor, size)

    @_looking
    def readlink(self, name: str, folder: int) -> str:
        """Where a link leads."""
        return os.readlink(name, dir_fd=folder)

    @_looking
    def names(self, folder: int) -> list[str]:
        """The entries of a folder, in no order."""
        return os.listdir(folder)

    @_changing
    def create(self, name: str, folder: int) -> int:
        """A descriptor of a new file that only its owner can read; `FileExistsError` when there is something."""
        return os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=folder)

    @_changing
    def open_lock(self, name: str, folder: int) -> int:
        """A descriptor for reading and writing of a file that is made when it is missing."""
        return os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600, dir_fd=folder)

    @_changing
    def overwrite(self, descriptor: int, content: bytes) -> None:
        """Make a short content the whole content."""
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, content, 0)

    @_changing
    def write(self, descriptor: int, content: memoryview) -> int:
        """How many bytes were taken."""
        return os.write(descriptor, content)

    @_changing
    def fchmod(self, descriptor: int, mode: int) -> None:
        """Give what is open a mode."""
        os.fchmod(descriptor, mode)

    @_changing
    def utime(self, descriptor: int, accessed: int, modified: int) -> None:
        """Set the times of what is open, in nanoseconds."""
        os.utime(descriptor, ns=(accessed, modified))

    @_changing
    def fsync(self, descriptor: int) -> None:
        """Wait until the disk has it."""
        os.fsync(descriptor)

    def has_syncfs(self) -> bool:
        """`syncfs` can be asked for (Linux)."""
        return sys.platform == "linux"

    @_changing
    def syncfs(self, descriptor: int) -> None:
        """Wait until the disk has everything of that file system."""
        _check(_library_call("syncfs")(descriptor))

    @_changing
    def mkdir(self, name: str, folder: int) -> None:
        """Make a folder that only its owner can use."""
        os.mkdir(name, 0o700, dir_fd=folder)

    @_changing
    def symlink(self, target: str, name: str, folder: int) -> None:
        """Make a link."""
        os.symlink(target, name, dir_fd=folder)

    @_changing
    def link(self, old: str, old_folder: int, new: str, new_folder: int) -> None:
        """A second name for a file or a link; `FileExistsError` when there is something."""
        os.link(old, new, src_dir_fd=old_folder, dst_dir_fd=new_folder, follow_symlinks=False)

    @_changing
    def rename(self, old: str, old_folder: int, new: str, new_folder: int) -> None:
        """Move; what stands there is replaced."""
        os.rename(old, new, src_dir_fd=old_folder, dst_dir_fd=new_folder)

    @_changing
    def rename_exclusively(self, old: str, old_folder: int, new: str, new_folder: int) -> None:
        """Move; `FileExistsError` when there is something, `OSError` (ENOSYS, EINVAL) where this cannot be asked."""
        move = _library_call("renameatx_np" if sys.platform == "darwin" else "renameat2")
        exclusive = 4 if sys.platform == "darwin" else 1
        _check(move(old_folder, os.fsencode(old), new_folder, os.fsencode(new), exclusive), old, new)

    @_changing
    def unlink(self, name: str, folder: int) -> None:
        """Remove a file or a link."""
        os.unlink(name, dir_fd=folder)

    @_changing
    def rmdir(self, name: str, folder: int) -> None:
        """Remove an empty folder."""
        os.rmdir(name, dir_fd=folder)


@functools.cache
def _library_call(name: str) -> Callable[..., int]:
    import ctypes

    function: Any = getattr(ctypes.CDLL(None, use_errno=True), name, None)
    if function is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    return function  # type: ignore[no-any-return]


def _check(result: int, old: str | None = None, new: str | None = None) -> None:
    if result != 0:
        import ctypes

        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), old, None, new)
