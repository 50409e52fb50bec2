"""Step 1: everything that is to stand in the project is written beside it first."""

import contextlib
import errno
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from treadle.workspace.journal._durable import at_once
from treadle.workspace.journal._folders import BlockedError, Folders, Parts
from treadle.workspace.journal._os import Calls
from treadle.workspace.journal._plan import Operation, Plan
from treadle.workspace.journal._record import Record, write_all
from treadle.workspace.journal._results import UserChangedError
from treadle.workspace.journal.states import State

_PIECE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Copied:
    """The content of a file of the project, as it was when `sha256` was taken; its times come along."""

    source: Parts
    sha256: str


Content = bytes | Copied


class Staging:
    """Writes the staged results and the plan of one transaction.

    Args:
        folders: the project.
        record: the transaction's folder, empty.
        contents: of each file that is to be made, by path.
    """

    def __init__(self, folders: Folders, record: Record, contents: Mapping[Parts, Content]) -> None:
        self._calls = folders.calls
        self._folders = folders
        self._record = record
        self._contents = contents

    def run(self, plan: Plan) -> Plan:
        """Stage it, durably. The plan comes back with the modes that the file system really gave.

        Raises:
            UserChangedError: a file that is to be copied is another one by now.
        """
        making = [it for it in plan.operations if it.makes]
        together = at_once(self._calls, len(making))
        staged = {it.index: self._stage(it, wait=not together) for it in making}
        plan = replace(plan, operations=tuple(_with(it, staged.get(it.index, it.post)) for it in plan.operations))
        self._record.write_plan(plan)
        if together:
            self._calls.syncfs(self._record.folder)
        else:
            self._calls.fsync(self._record.new)
            self._calls.fsync(self._record.folder)
        return plan

    def _stage(self, operation: Operation, *, wait: bool) -> State:
        if operation.post.kind == "link":
            self._calls.symlink(operation.post.target, operation.slot, self._record.new)
            return operation.post
        if operation.post.kind == "dir":
            return make_folder(self._calls, self._record.new, operation.slot, operation.post)
        return self._file(operation, wait=wait)

    def _file(self, operation: Operation, *, wait: bool) -> State:
        descriptor = self._calls.create(operation.slot, self._record.new)
        try:
            content = self._contents[operation.parts]
            if isinstance(content, Copied):
                self._copy(content, descriptor)
            else:
                write_all(self._calls, descriptor, content)
            mode = _give_mode(self._calls, descriptor, operation.post.mode)
            if wait:
                self._calls.fsync(descriptor)
        finally:
            os.close(descriptor)
        return operation.post if mode == operation.post.mode else replace(operation.post, mode=mode)

    def _copy(self, content: Copied, target: int) -> None:
        path = "/".join(content.source)
        try:
            with self._folders.folder(content.source[:-1]) as folder:
                source = self._calls.open(content.source[-1], folder)
        except (FileNotFoundError, BlockedError) as error:
            raise UserChangedError(path, "a file", "nothing") from error
        try:
            if self._poured(source, target) != content.sha256:
                raise UserChangedError(path, "a file", "a file")
            facts = os.fstat(source)
            self._calls.utime(target, facts.st_atime_ns, facts.st_mtime_ns)
        finally:
            os.close(source)

    def _poured(self, source: int, target: int) -> str:
        digest = hashlib.sha256()
        while piece := self._calls.read(source, _PIECE):
            digest.update(piece)
            write_all(self._calls, target, piece)
        return digest.hexdigest()


def _with(operation: Operation, post: State) -> Operation:
    return operation if post == operation.post else replace(operation, post=post)


def make_folder(calls: Calls, parent: int, name: str, wanted: State) -> State:
    """An empty folder with its final mode, whether or not a killed process has begun it."""
    with contextlib.suppress(FileExistsError):
        calls.mkdir(name, parent)
    descriptor = calls.open(name, parent, directory=True)
    try:
        return State("dir", _give_mode(calls, descriptor, wanted.mode))
    finally:
        os.close(descriptor)


def _give_mode(calls: Calls, descriptor: int, mode: int) -> int:
    """Set a mode; what the file system made of it (some have one mode for all)."""
    try:
        calls.fchmod(descriptor, mode)
    except OSError as error:
        if error.errno != errno.EPERM:
            raise
    return os.fstat(descriptor).st_mode & 0o7777
