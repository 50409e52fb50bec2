"""Reading and writing by directory descriptors: each folder is opened in the one before, and no link is followed.

So a link that somebody puts in the place of a folder between a check and a write cannot redirect it: there is no such
moment.
"""

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

try:
    import fcntl
except ImportError:  # Windows
    AVAILABLE = False
else:
    AVAILABLE = {os.open, os.mkdir, os.stat, os.unlink, os.rename} <= os.supports_dir_fd

from treadle.workspace._names import refused

_LONGEST_NAME: Final = 255


def read(root: Path, parts: Sequence[str], limit: int) -> bytes:
    """The first `limit` bytes of a regular file. Raises `OSError`, and `TreadleError` for links and special files."""
    with _folder(root, parts, create=False) as folder:
        # Without O_NONBLOCK a pipe would be waited for.
        descriptor = _opened(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, folder, parts)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise refused("/".join(parts), "it is not a regular file", "name a file")
            with open(descriptor, "rb", closefd=False) as file:
                return file.read(limit)
        finally:
            os.close(descriptor)


def write(root: Path, parts: Sequence[str], content: bytes) -> None:
    """Put a file in place whole or not at all: a draft beside it, fsync, rename. Raises as `read` does."""
    with _folder(root, parts, create=True) as folder:
        mode = _mode(folder, parts)
        with _draft(folder, parts[-1]) as (descriptor, draft):
            _write_all(descriptor, content)
            if mode is not None:
                os.fchmod(descriptor, mode)
            os.fsync(descriptor)
            os.rename(draft, parts[-1], src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)


@contextmanager
def _folder(root: Path, parts: Sequence[str], *, create: bool) -> Iterator[int]:
    """The descriptor of the folder that the last part is in."""
    if create:
        root.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for at in range(len(parts) - 1):
            inner = _entered(descriptor, parts[: at + 1], create=create)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def _entered(folder: int, parts: Sequence[str], *, create: bool) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    try:
        return _opened(parts[-1], flags, folder, parts)
    except FileNotFoundError:
        if not create:
            raise
    with contextlib.suppress(FileExistsError):
        os.mkdir(parts[-1], dir_fd=folder)
        os.fsync(folder)
    return _opened(parts[-1], flags, folder, parts)


def _opened(name: str, flags: int, folder: int, parts: Sequence[str]) -> int:
    try:
        return os.open(name, flags, dir_fd=folder)
    except OSError as error:
        # Systems differ in which of these they give for a link: ELOOP, ENOTDIR, EMLINK.
        if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EMLINK) and _is_link(name, folder):
            raise refused("/".join(parts), "it is a link, and links are not followed", "name its target") from error
        raise


def _is_link(name: str, folder: int) -> bool:
    with contextlib.suppress(OSError):
        return stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    return False


def _mode(folder: int, parts: Sequence[str]) -> int | None:
    """The mode of the file that is to be replaced, None when there is none."""
    try:
        facts = os.stat(parts[-1], dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(facts.st_mode):
        kind = "a link" if stat.S_ISLNK(facts.st_mode) else "not a regular file"
        raise refused("/".join(parts), f"{kind} stands there", "remove it, or choose another name")
    return stat.S_IMODE(facts.st_mode)


@contextmanager
def _draft(folder: int, name: str) -> Iterator[tuple[int, str]]:
    """A new, empty file beside `name`, locked while it is being written; gone afterwards unless it was renamed.

    Its name is the same for every writer of `name`, so what a killed one left is taken away by the next, and nothing
    piles up. The lock, which dies with its process, tells a dead draft from one that is being written.
    """
    draft = _draft_name(name)
    descriptor = _claimed(folder, draft)
    try:
        yield descriptor, draft
    except BaseException:
        os.unlink(draft, dir_fd=folder)
        raise
    finally:
        os.close(descriptor)


def _claimed(folder: int, draft: str) -> int:
    while True:
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666, dir_fd=folder)
        except FileExistsError:
            _wait_and_remove(folder, draft)
            continue
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if _is_same(descriptor, draft, folder):
            return descriptor
        # Another writer took it for a dead one before it was locked.
        os.close(descriptor)


def _wait_and_remove(folder: int, draft: str) -> None:
    try:
        descriptor = os.open(draft, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if _is_same(descriptor, draft, folder):
            os.unlink(draft, dir_fd=folder)
    finally:
        os.close(descriptor)


def _is_same(descriptor: int, name: str, folder: int) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), os.stat(name, dir_fd=folder, follow_symlinks=False))
    return False


def _draft_name(name: str) -> str:
    draft = f".{name}.treadle-draft"
    if len(os.fsencode(draft)) <= _LONGEST_NAME:
        return draft
    return f".{hashlib.sha256(os.fsencode(name)).hexdigest()}.treadle-draft"


def _write_all(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]
