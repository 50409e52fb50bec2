"""Brings a tree from one snapshot to another through the journal: whole or not at all, whenever the process may die."""

import contextlib
import itertools
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from treadle_hookspecs import ExitCode, TreadleError

from treadle.crash import crash_point, declare
from treadle.workspace._by_descriptor import write
from treadle.workspace.journal import HOME, Journal, Rescued, Transaction, Undone
from treadle.workspace.journal._record import key
from treadle.workspace.snapshots._comparing import FOLDERS, entries
from treadle.workspace.snapshots._joining import joined
from treadle.workspace.snapshots._moving import Moves, Planner
from treadle.workspace.snapshots._present import Present
from treadle.workspace.snapshots._snapshot import Entry, Snapshot
from treadle.workspace.snapshots._store import SnapshotStore

WAIT: Final = 60.0
"""Seconds to wait for another process that changes the project."""
_TRIES: Final = 5
_READABLE, _ENTERABLE = 0o400, 0o700

_PLANNED: Final = declare("restore.planned", "it is known what to restore, and nothing has changed")
_RESCUED: Final = declare("restore.rescued", "what would be lost is kept elsewhere, and nothing else has changed")
_RESTORED: Final = declare("restore.restored", "files and folders are as wanted; ignored folders still stand")


def restore(store: SnapshotStore, id: str, wanted: Snapshot, left: Snapshot | None) -> Undone:
    """Undo what was done between two snapshots. What others changed meanwhile stays; see `Undone`. Again: harmless.

    Args:
        store: of the root.
        id: of the restoring; the same for each try.
        wanted: before.
        left: after; None when nobody looked: then what gives way goes to `.treadle/rescue`.

    Raises:
        TreadleError: the project is being changed by another process (exit code 5), or the system refuses (6): then
            everything is as it was, and it can be tried again.
    """
    return _Restoring(store, id).run(wanted, left, refuse=False)


def merge(store: SnapshotStore, id: str, base: Snapshot, made: Snapshot) -> Undone:
    """Bring what was made elsewhere, from `base` to `made`, into the root: all of it or nothing.

    Where a file was changed here as well it is joined line by line.

    Raises:
        TreadleError: somebody changed the same lines here meanwhile (exit code 5, naming them); nothing was changed.
            Or as `restore` does.
    """
    return _Restoring(store, id).run(made, base, refuse=True)


class _Restoring:
    def __init__(self, store: SnapshotStore, id: str) -> None:
        self._store = store
        self._root = store.root
        self._id = id
        self._journal = Journal(store.root)

    def run(self, wanted: Snapshot, left: Snapshot | None, *, refuse: bool) -> Undone:
        git = self._store.git
        with self._journal.lock(f"restoring {self._id}", wait=WAIT):
            target = entries(git, wanted)
            self._journal.recover("undo")
            left = left or self._store.take(wanted.execution, wanted.visit, "found")
            source = entries(git, left)
            for _ in range(_TRIES):
                present = Present(self._root, self._store.limit)
                came, goes = joined(self._store, source, target, present) if refuse else (source, target)
                moves = Planner(came, goes, present, left.at, unsure=left.moment == "found").moves()
                if refuse and (moves.kept or moves.failures):
                    raise _conflict(moves)
                done = self._move(moves, present)
                if done is not None:
                    return done
        raise TreadleError(f"{self._root} is being changed all the time", exit_code=ExitCode.CONFLICT)

    def _move(self, moves: Moves, present: Present) -> Undone | None:
        """None when something changed while it was being noted: look again."""
        crash_point(_PLANNED)
        rescued = tuple(self._rescue(moves))
        crash_point(_RESCUED)
        apart = self._set_apart(moves, present)
        try:
            done = self._carry_out(moves, present)
        except BaseException:
            _bring_back(apart)
            raise
        if not done:
            _bring_back(apart)
            return None
        self._set_modes(moves)
        crash_point(_RESTORED)
        shutil.rmtree(self._gone, ignore_errors=True)
        rescued += tuple(Rescued(path, apart[self._root / path]) for path in moves.away if path in moves.displaced)
        restored = tuple(dict.fromkeys((*moves.delete, *moves.make, *moves.away)))
        return Undone(self._id, restored, tuple(moves.kept), rescued, tuple(moves.failures))

    def _carry_out(self, moves: Moves, present: Present) -> bool:
        """Through the journal; False when something is not as it was when it was compared."""
        transaction = self._journal.transaction(f"{self._id}:restore")
        transaction.portable = False
        self._note(transaction, moves)
        if any(present.moved_on(path) for path in {*moves.delete, *moves.make} - {*moves.away}):
            return False
        if transaction.empty:
            return True
        transaction.apply()
        try:
            transaction.commit()
        except TreadleError:
            transaction.rollback()
            raise
        transaction.finish(keep_history=False)
        return True

    def _note(self, transaction: Transaction, moves: Moves) -> None:
        for path in moves.delete:
            transaction.delete(path)
        folders = {path: it for path, it in moves.make.items() if it.kind in FOLDERS}
        for path in sorted(folders, key=lambda path: path.count("/")):
            transaction.mkdir(path, folders[path].mode | _ENTERABLE)
        contents = self._store.contents(it.id for it in moves.make.values() if it.kind in ("file", "link"))
        for path, entry in moves.make.items():
            if entry.kind == "file":
                transaction.write(path, contents[entry.id], entry.mode | _READABLE)
            elif entry.kind == "link":
                transaction.symlink(path, os.fsdecode(contents[entry.id]))

    def _set_modes(self, moves: Moves) -> None:
        """Modes with which their owner could not look at them: the journal does not take those."""
        odd = {path: it for path, it in moves.make.items() if it.kind != "link" and not _is_usual(it)}
        for path in sorted(odd, key=lambda path: -path.count("/")):
            with contextlib.suppress(OSError):
                (self._root / path).chmod(odd[path].mode)

    def _rescue(self, moves: Moves) -> Iterator[Rescued]:
        for path in set(moves.displaced) - set(moves.away):
            with contextlib.suppress(FileNotFoundError):
                facts = (self._root / path).lstat()
                if stat.S_ISREG(facts.st_mode):
                    yield self._put_aside(path, (self._root / path).read_bytes())
                elif stat.S_ISLNK(facts.st_mode):
                    yield self._put_aside(path, os.fsencode((self._root / path).readlink()))
        contents = self._store.contents(entry.id for entry in moves.homeless.values())
        for path, entry in moves.homeless.items():
            yield self._put_aside(path, contents[entry.id])

    def _put_aside(self, path: str, content: bytes) -> Rescued:
        """Into `.treadle/rescue`; what lies there from an earlier time stays."""
        place = self._free(path, content)
        if not place.exists():
            write(self._root, place.relative_to(self._root).parts, content)
        return Rescued(path, place)

    def _free(self, path: str, content: bytes | None = None) -> Path:
        """Where nothing lies yet, or that very content."""
        for number in itertools.count(1):
            name = key(self._id) if number == 1 else f"{key(self._id)}~{number}"
            place = self._root / HOME / "rescue" / name / path
            there = os.path.lexists(place)
            if not there or (content is not None and place.is_file() and place.read_bytes() == content):
                break
        return place

    @property
    def _gone(self) -> Path:
        return self._root / HOME / "gone"

    def _set_apart(self, moves: Moves, present: Present) -> dict[Path, Path]:
        """Ignored folders leave by one rename each, so that a crash leaves nothing half deleted; where to."""
        shutil.rmtree(self._gone, ignore_errors=True)
        apart: dict[Path, Path] = {}
        for number, path in enumerate(moves.away):
            place = self._root / path
            if present.is_open(path) and place.is_dir() and not place.is_symlink():
                target = self._free(path) if path in moves.displaced else self._gone / str(number)
                target.parent.mkdir(parents=True, exist_ok=True)
                place.rename(target)
                apart[place] = target
        return apart


def _bring_back(apart: Mapping[Path, Path]) -> None:
    for place, target in apart.items():
        with contextlib.suppress(OSError):
            target.rename(place)


def _is_usual(entry: Entry) -> bool:
    needed = _ENTERABLE if entry.kind in FOLDERS else _READABLE
    return entry.mode & needed == needed


def _conflict(moves: Moves) -> TreadleError:
    reasons = [f"{it.path}: {it.reason}" for it in moves.kept] + [f"{it.path}: {it.error}" for it in moves.failures]
    return TreadleError(
        f"the changes cannot be merged, {len(reasons)} of them would meet others: {'; '.join(reasons[:10])}",
        context={"files": [it.path for it in (*moves.kept, *moves.failures)]},
        suggestions=("nothing was changed; look at those files, then merge by hand or run the step again",),
        exit_code=ExitCode.CONFLICT,
    )
