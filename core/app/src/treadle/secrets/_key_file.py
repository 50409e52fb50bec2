"""The key in a file of its own: readable by its owner alone, made once, never half."""

import contextlib
import os
import secrets
import stat
from pathlib import Path

from treadle_hookspecs import ExitCode, TreadleError

_LARGEST = 1024


def read_key_file(path: Path) -> str | None:
    """The key's text, or None when there is no file.

    Raises:
        TreadleError: others can read or write it, or it is no regular file.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(f"{path} cannot be opened: {error.strerror}", "look at what stands there") from error
    try:
        _check_protection(path, os.fstat(descriptor).st_mode)
        return os.read(descriptor, _LARGEST).decode("ascii", "replace")
    finally:
        os.close(descriptor)


def _check_protection(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise _unusable(f"{path} is not a regular file", "put the key there")
    if os.name == "posix" and mode & 0o077:
        raise _unusable(f"others can read or write {path}", f"chmod 600 {path}")


def create_key_file(path: Path, text: str) -> str:
    """Make the file, or read it when another process was quicker; the key's text that counts."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        _write(draft, text)
        # A link fails where the name is taken, and the file that appears is whole.
        os.link(draft, path)
    except FileExistsError:
        return read_key_file(path) or ""
    finally:
        draft.unlink(missing_ok=True)
    _make_durable(path.parent)
    return text


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{text}\n")
        file.flush()
        os.fsync(descriptor)


def _make_durable(folder: Path) -> None:
    with contextlib.suppress(OSError):  # Windows cannot open folders
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _unusable(reason: str, remedy: str) -> TreadleError:
    return TreadleError(f"the encryption key: {reason}", suggestions=(remedy,), exit_code=ExitCode.NOT_ALLOWED)
