"""What was planned, done: whole or not at all, through the journal."""

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from treadle_hookspecs import ExitCode, Host, NewProject, TreadleError

from treadle_compose._operations import LOCK, Operation, Plan
from treadle_compose._staging import Entry

Read = Callable[[Operation], bytes]
"""The content of an operation's file."""


def apply_new(project: NewProject, operations: Sequence[Operation], read: Read, lock: bytes) -> None:
    """Build a project beside its place and put it there by one rename. Again after a crash: harmless."""
    if project.published():
        return
    project.begin()
    for operation in operations:
        entry = operation.entry
        if entry.kind == "dir":
            project.mkdir(operation.path)
        elif entry.kind == "link":
            project.symlink(operation.path, entry.target)
        else:
            project.write(operation.path, read(operation), entry.mode)
    project.write(LOCK, lock, 0o644)
    project.publish()


def apply_changes(host: Host, target: Path, plan: Plan, read: Read, lock: bytes, transaction: str) -> None:
    """Change a project that is there. Again after a crash: what was begun is ended.

    Where nothing is to be done, nothing is written.

    Raises:
        TreadleError: something in the project is not as it was planned for (exit code 5): nothing was changed.
    """
    journal = host.journal(target)
    if journal.recover("redo", transaction):
        return
    if not plan.changes and _stands(target / LOCK, lock):
        return
    changing = [it for it in plan.operations if it.kind != "keep"]
    for operation in changing:
        _check(journal.look(operation.path), operation.path, operation.pre)
    for entry in plan.removals:
        _check(journal.look(entry.path), entry.path, entry)
    with journal.transaction(transaction) as change:
        for path in _going(target, plan):
            change.delete(path)
        for operation in changing:
            entry = operation.entry
            if entry.kind == "dir":
                change.mkdir(operation.path)
            elif entry.kind == "link":
                change.symlink(operation.path, entry.target)
            else:
                change.write(operation.path, read(operation), _mode(operation))
        change.write(LOCK, lock, 0o644, last=True)


def undo(host: Host, target: Path, transaction: str, posts: Sequence[Entry]) -> list[str]:
    """Take an application back, as far as nobody else has changed what it wrote; what a person must know.

    Args:
        host: the core.
        target: the project.
        transaction: its id.
        posts: what it wrote, for a project that was new.
    """
    journal = host.journal(target)
    project = journal.new_project(transaction)
    if project.published():
        return _withdraw(host, target, project, transaction, posts)
    if project.discard() or not target.is_dir():
        return []
    journal.recover("undo", transaction)
    return list(journal.undo(transaction)) if journal.committed(transaction) else []


def _withdraw(host: Host, target: Path, project: NewProject, transaction: str, posts: Sequence[Entry]) -> list[str]:
    wanted = {it.path: it for it in posts}
    if project.withdraw(lambda folder: _intact(folder, wanted)):
        return []
    journal = host.journal(target)
    undoing = f"{transaction}-undo"
    kept = []
    with journal.transaction(undoing) as change:
        for entry in posts:
            found = journal.look(entry.path)
            if found["kind"] == "absent" or entry.kind == "dir":
                continue
            if _is_post(found, entry):
                change.delete(entry.path)
            else:
                kept.append(f"{entry.path} was left as it is: it was changed since")
    _remove_empty(target, posts)
    return [*kept, f"{target} was left: it holds files that the composition did not write"]


def _remove_empty(target: Path, posts: Sequence[Entry]) -> None:
    """Folders that held nothing but what was taken back."""
    folders = {parent for it in posts for parent in (target / it.path).parents if parent.is_relative_to(target)}
    for folder in sorted(folders - {target}, key=lambda it: -len(it.parts)):
        if not folder.is_symlink():
            with contextlib.suppress(OSError):
                folder.rmdir()


def _intact(folder: Path, wanted: Mapping[str, Entry]) -> bool:
    """A folder holds what was written to it and nothing else."""
    from treadle_compose._staging import scan

    # A history that somebody has begun there is theirs, though no composition counts it among the files.
    if (folder / ".git").exists():
        return False
    try:
        found = {it.path: it for it in scan(folder, "project")}
    except (TreadleError, OSError):
        return False
    files = {path: it for path, it in wanted.items() if it.kind != "dir"}
    return {path: (it.kind, it.sha256, it.target) for path, it in found.items() if it.kind != "dir"} == {
        path: (it.kind, it.sha256, it.target) for path, it in files.items()
    }


def _going(target: Path, plan: Plan) -> list[str]:
    """What is to be deleted: files, and then the folders that would be left with nothing in them."""
    going = {it.path for it in plan.removals}
    staying = {parent.as_posix() for it in plan.operations for parent in PurePosixPath(it.path).parents}
    folders = {parent.as_posix() for path in going for parent in PurePosixPath(path).parents} - {".", *staying}
    empty = []
    for folder in sorted(folders, key=lambda it: -it.count("/")):
        names = (f"{folder}/{name}" for name in os.listdir(target / folder))  # noqa: PTH208 - names only
        if all(name in going for name in names):
            going.add(folder)
            empty.append(folder)
    return [*(it.path for it in plan.removals), *empty]


def _stands(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except OSError:
        return False


def _check(found: Mapping[str, Any], path: str, pre: Entry | None) -> None:
    same = found["kind"] == "absent" if pre is None else _is_post(found, pre)
    if not same:
        raise TreadleError(
            f"{path} is not as it was when the composition was planned",
            context={"file": path},
            suggestions=("nothing was changed; run the composition again",),
            exit_code=ExitCode.CONFLICT,
        )


def _is_post(found: Mapping[str, Any], entry: Entry) -> bool:
    if found["kind"] != entry.kind:
        return False
    if entry.kind == "file":
        return bool(found["sha256"] == entry.sha256)
    return entry.kind == "dir" or bool(found["target"] == entry.target)


def _mode(operation: Operation) -> int:
    """A file that is there keeps its bits; execution is added or taken as the templates want it."""
    if operation.pre is None or operation.pre.kind != "file":
        return operation.entry.mode
    if operation.entry.mode & 0o100:
        return operation.pre.mode | (operation.pre.mode & 0o444) >> 2
    return operation.pre.mode
