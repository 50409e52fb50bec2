"""A transaction on disk: `.treadle/txn/<key>` with the plan, the staged results, the captured originals and STATE."""

import contextlib
import errno
import hashlib
import os
import re
import stat
from pathlib import Path
from typing import Final, Literal, get_args

from treadle_hookspecs import ExitCode, TreadleError

from treadle.workspace.journal._folders import is_empty, own_folder
from treadle.workspace.journal._os import Calls
from treadle.workspace.journal._plan import Plan
from treadle.workspace.journal.states import OTHER, State, look_in

Phase = Literal["applying", "committed", "rolling-back", "rolled-back"]
"""What the file STATE says. Without it nothing has been promised and nothing changed."""

GONE: Final = ".gone"
_KEY: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_PIECE: Final = 1 << 20
_MANY: Final = 64
_TOGETHER: Final = 8


def key(id: str) -> str:
    """The folder's name for a transaction: its id where that can be a name, else a readable part and a hash."""
    if _KEY.fullmatch(id) and not id.endswith(GONE):
        return id
    readable = re.sub(r"[^a-z0-9]+", "-", id.lower()).strip("-")[:40]
    return f"{readable or 'x'}-{hashlib.sha256(id.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}"


class Record:
    """An open transaction folder. Close it.

    Args:
        calls: the system.
        parent: the descriptor of the folder that it lies in.
        name: its name there.
        shown: its path, for messages.
        make: make it; raises `FileExistsError` if it is there. Otherwise it was made and staged by somebody.
    """

    def __init__(self, calls: Calls, parent: int, name: str, shown: Path, *, make: bool = False) -> None:
        self.calls = calls
        self.name = name
        self.shown = shown
        if make:
            calls.mkdir(name, parent)
        self._open: list[int] = []
        try:
            self.folder = self._opened(parent, name, make=False)
            self.new = self._opened(self.folder, "new", make=make)
            self.old = self._opened(self.folder, "old", make=make)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the descriptors back."""
        while self._open:
            os.close(self._open.pop())

    def phase(self) -> Phase | None:
        """How far it is; None before the first promise. Raises `TreadleError` when it cannot be understood."""
        return read_phase(self.calls, self.folder, self.shown)

    def set_phase(self, phase: Phase) -> None:
        """Promise it, durably."""
        self._publish("STATE", f"{phase}\n".encode())

    def written(self) -> int:
        """When STATE was written, in nanoseconds since the epoch."""
        return self.calls.stat("STATE", self.folder).st_mtime_ns

    def write_plan(self, plan: Plan) -> None:
        """Keep the plan. It is not waited for: `stage` ends with `sync`."""
        self._write("plan.json", plan.to_json())

    def plan(self) -> Plan:
        """The plan. Raises `TreadleError` when it cannot be read."""
        try:
            return Plan.from_json(_content(self.calls, self.folder, "plan.json"))
        except (OSError, ValueError) as error:
            raise _unreadable(self.shown / "plan.json", error) from error

    def captured(self, slot: str) -> State:
        """What was captured. A folder that holds something is none that was planned: somebody uses it."""
        found = look_in(self.calls, self.old, slot)
        if found.kind == "dir" and not is_empty(self.calls, self.old, slot):
            return OTHER
        return found

    def _opened(self, parent: int, name: str, *, make: bool) -> int:
        shown = self.shown if parent not in self._open else self.shown / name
        descriptor = own_folder(self.calls, parent, name, shown, make=make)
        self._open.append(descriptor)
        return descriptor

    def _write(self, name: str, content: bytes) -> None:
        with contextlib.suppress(FileNotFoundError):
            self.calls.unlink(name, self.folder)
        descriptor = self.calls.create(name, self.folder)
        try:
            write_all(self.calls, descriptor, content)
            self.calls.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _publish(self, name: str, content: bytes) -> None:
        self._write(f"{name}.tmp", content)
        self.calls.rename(f"{name}.tmp", self.folder, name, self.folder)
        self.calls.fsync(self.folder)


def read_phase(calls: Calls, folder: int, shown: Path) -> Phase | None:
    """What STATE says in an open transaction folder; None when there is none. Raises `TreadleError` for nonsense."""
    try:
        text = _content(calls, folder, "STATE").decode("ascii", "replace").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(shown / "STATE", error) from error
    for phase in get_args(Phase):
        if text == phase:
            return phase  # type: ignore[no-any-return]
    raise _unreadable(shown / "STATE", ValueError(f"{text[:40]!r} is no state"))


def write_all(calls: Calls, descriptor: int, content: bytes) -> None:
    """Write every byte."""
    left = memoryview(content)
    while left:
        left = left[calls.write(descriptor, left) :]


def remove_tree(calls: Calls, folder: int, name: str) -> None:
    """Remove a folder of the journal with all that is in it. Harmless when it is gone."""
    try:
        calls.rmdir(name, folder)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        _empty(calls, folder, name)
        calls.rmdir(name, folder)


def _empty(calls: Calls, folder: int, name: str) -> None:
    descriptor = calls.open(name, folder, directory=True)
    try:
        if os.fstat(descriptor).st_mode & 0o700 != 0o700:
            calls.fchmod(descriptor, 0o700)
        files = []
        for inner in calls.names(descriptor):
            if stat.S_ISDIR(calls.stat(inner, descriptor).st_mode):
                remove_tree(calls, descriptor, inner)
            else:
                files.append(inner)
        _unlink_all(calls, descriptor, files)
    finally:
        os.close(descriptor)


def _unlink_all(calls: Calls, folder: int, names: list[str]) -> None:
    """Removing a file that has reached the disk may wait for the disk: many are better waited for together."""
    if len(names) < _MANY:
        for name in names:
            calls.unlink(name, folder)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_TOGETHER) as pool:
        for done in [pool.submit(calls.unlink, name, folder) for name in names]:
            done.result()


def _content(calls: Calls, folder: int, name: str) -> bytes:
    descriptor = calls.open(name, folder)
    try:
        return b"".join(iter(lambda: calls.read(descriptor, _PIECE), b""))
    finally:
        os.close(descriptor)


def _unreadable(shown: Path, error: Exception) -> TreadleError:
    return TreadleError(
        f"{shown} cannot be understood: {error}",
        context={"file": str(shown)},
        suggestions=(f"the originals lie in {shown.parent / 'old'}; copy what you need, then remove {shown.parent}",),
        exit_code=ExitCode.STORAGE,
    )
