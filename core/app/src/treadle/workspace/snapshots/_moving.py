"""What has to be done to bring a tree from one snapshot to another, and what stands in the way of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from treadle.workspace.journal import Failure, Kept
from treadle.workspace.snapshots._comparing import FOLDERS, equal, hidden, parents
from treadle.workspace.snapshots._present import Present
from treadle.workspace.snapshots._snapshot import Entry


@dataclass(slots=True)
class Moves:
    """The way from what is there to what is wanted.

    Attributes:
        delete: files, links and folders that go, deepest first.
        make: folders, files and links that come or change.
        away: ignored folders that go as a whole.
        displaced: what goes without being known from a snapshot: it has to be kept elsewhere.
        kept: somebody else's work, which stays.
        homeless: what cannot come back because of that: it has to be put elsewhere.
        failures: what cannot be done.
    """

    delete: list[str] = field(default_factory=list)
    make: dict[str, Entry] = field(default_factory=dict)
    away: list[str] = field(default_factory=list)
    displaced: list[str] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    homeless: dict[str, Entry] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)


class Planner:
    """Compares three states of each path that differs: what a step left, what is wanted, what is there.

    Args:
        left: what the step left, by path; None for a path means nothing was there.
        wanted: what is to be there.
        present: what is there.
        at: nanoseconds: what was changed later in an ignored folder is somebody's work.
        unsure: nobody knows what the step left, `left` is what was found later: nothing is given up.
    """

    def __init__(
        self,
        left: Mapping[str, Entry],
        wanted: Mapping[str, Entry],
        present: Present,
        at: int,
        *,
        unsure: bool = False,
    ) -> None:
        self._left = left
        self._wanted = wanted
        self._present = present
        self._at = at
        self._unsure = unsure
        self._moves = Moves()

    def moves(self) -> Moves:
        """The way."""
        differing = [
            path
            for path in self._left.keys() | self._wanted.keys()
            if not equal(self._left.get(path), self._wanted.get(path)) and not hidden(self._wanted, path)
        ]
        folders = [path for path in differing if self._leaves_a_folder(path)]
        for path in sorted(set(differing) - set(folders)):
            self._decide(path)
        for path in sorted(folders, key=lambda path: (-path.count("/"), path)):
            self._decide_folder(path)
        self._moves.delete.sort(key=lambda path: (-path.count("/"), path))
        return self._moves

    def _leaves_a_folder(self, path: str) -> bool:
        """A folder goes: decided once it is known what of its content goes."""
        left, wanted = self._left.get(path), self._wanted.get(path)
        return left is not None and left.kind in FOLDERS and (wanted is None or wanted.kind not in FOLDERS)

    def _decide(self, path: str) -> None:
        left, wanted, there = self._left.get(path), self._wanted.get(path), self._present.entry(path)
        if equal(there, wanted):
            return
        if wanted is not None and wanted.kind == "unkept":
            reason = "its content was not kept: it is too large, or could not be read"
            self._moves.failures.append(Failure(path, reason))
        elif self._is_blocked(path) or (there is not None and there.kind in FOLDERS and not _is_folder(wanted)):
            self._keep(path, wanted, "a folder stands there" if there is not None else "something else stands above it")
        elif self._unsure or (left is None and hidden(self._left, path)):
            self._replace(path, wanted, there, known=False)
        elif equal(there, left):
            self._replace(path, wanted, there, known=True)
        else:
            self._keep(path, wanted, "it was changed meanwhile" if there is not None else "it was deleted meanwhile")

    def _replace(self, path: str, wanted: Entry | None, there: Entry | None, *, known: bool) -> None:
        if there is not None and there.kind not in FOLDERS:
            if not known:
                self._moves.displaced.append(path)
            self._moves.delete.append(path)
        if wanted is not None:
            self._moves.make[path] = wanted

    def _keep(self, path: str, wanted: Entry | None, reason: str) -> None:
        self._moves.kept.append(Kept(path, reason))
        if wanted is not None and wanted.kind in ("file", "link"):
            self._moves.homeless[path] = wanted

    def _is_blocked(self, path: str) -> bool:
        """Somebody put something that is no folder where a folder on the way to it was, or is wanted."""
        for above in parents(path):
            there = self._present.entry(above)
            if there is not None and there.kind not in FOLDERS:
                return not (equal(there, self._left.get(above)) and _is_folder(self._wanted.get(above)))
        return False

    def _decide_folder(self, path: str) -> None:
        there = self._present.entry(path)
        if there is None or there.kind not in FOLDERS:
            self._decide(path)
        elif self._left[path].kind == "ignored":
            self._decide_ignored(path)
        elif set(self._present.names(path)) <= {*self._moves.delete, *self._moves.away}:
            self._moves.delete.append(path)
            self._come(path)
        else:
            self._keep(path, self._wanted.get(path), "it holds something else by now")

    def _decide_ignored(self, path: str) -> None:
        if not self._unsure and self._present.newest(path) > self._at:
            self._keep(path, self._wanted.get(path), "git ignores it, and something in it was changed meanwhile")
        else:
            self._moves.away.append(path)
            if self._unsure:
                self._moves.displaced.append(path)
            self._come(path)

    def _come(self, path: str) -> None:
        wanted = self._wanted.get(path)
        if wanted is not None:
            self._moves.make[path] = wanted


def _is_folder(entry: Entry | None) -> bool:
    return entry is not None and entry.kind in FOLDERS
