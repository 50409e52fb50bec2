"""What an execution, or a step of it, changed on disk."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from treadle_hookspecs import ExecutionRow, ExitCode, FileChange, Json, StepRow, TreadleError

from treadle.suggestions import did_you_mean
from treadle.workspace import journaled, prefix_of
from treadle.workspace.journal import Journal, Operation
from treadle.workspace.snapshots import Changed, How, Snapshot, SnapshotStore, changes, difference, entries
from treadle.workspace.worktrees import Worktrees


@dataclass(frozen=True, slots=True)
class Changes:
    """What is different.

    Attributes:
        execution: its id.
        step: the step's address, "" for all of the execution.
        files: paths relative to the root, with how they changed.
        text: a unified diff of text files; binary ones are named in it.
    """

    execution: str
    step: str
    files: Sequence[Changed]
    text: str

    def to_json(self) -> dict[str, Json]:
        """`treadle/diff@1`."""
        files: list[Json] = [{"path": it.path, "how": it.how} for it in self.files]
        return {
            "schema": "treadle/diff@1",
            "execution": self.execution,
            "step": self.step,
            "files": files,
            "diff": self.text,
        }


def changes_of(home: Path, row: ExecutionRow, steps: Sequence[StepRow], step: str, limit: int) -> Changes:
    """What was kept from before and after.

    Args:
        home: treadle's own folder.
        row: the execution.
        steps: its visits in the order they started.
        step: an address, with `#visit` or without; "" for all of the execution.
        limit: bytes above which a file's content is not kept.

    Raises:
        TreadleError: there is no such step (exit code 3), or nothing was kept of it (3).
    """
    chosen = [it for it in steps if not step or step in {it.address, f"{it.address}#{it.visit}"}]
    if not chosen:
        hint = did_you_mean(step, [it.address for it in steps])
        raise TreadleError(
            f"execution {row.id} has no step {step!r} that ran",
            exit_code=ExitCode.NOT_FOUND,
            suggestions=(hint,) if hint else (),
        )
    visits = [f"{it.address}#{it.visit}" for it in chosen]
    in_worktrees = _by_worktrees(home, limit, row.id, {it.address for it in chosen} if step else set())
    found = in_worktrees or _in_root(home, row, visits, limit)
    if found is None:
        raise TreadleError(
            f"nothing was kept of what {step or row.id} changed",
            exit_code=ExitCode.NOT_FOUND,
            suggestions=("treadle run --checkpoint keeps the files before and after each step", "see git diff"),
        )
    return Changes(row.id, step, *found)


def files_of(home: Path, row: ExecutionRow, steps: Sequence[StepRow], limit: int) -> list[FileChange] | None:
    """The files that the visits which have ended changed, by path; None when nothing was kept of any."""
    visits = [f"{it.address}#{it.visit}" for it in steps if it.finished_at is not None]
    found = _by_worktrees(home, limit, row.id, set()) or _in_root(home, row, visits, limit)
    return sorted(FileChange(it.path, it.how) for it in found[0]) if found is not None else None


def _in_root(home: Path, row: ExecutionRow, visits: Sequence[str], limit: int) -> tuple[Sequence[Changed], str] | None:
    """What snapshots tell, and the journal of visits that have none."""
    root = Path(row.root)
    store = SnapshotStore(home, root, limit)
    seen = _by_snapshots(store, row.id, visits)
    if seen is None:
        return _by_journal(root, row.id, visits, set())
    others = [visit for visit in visits if store.find(row.id, visit, "before") is None]
    noted = _by_journal(root, row.id, others, {it.path for it in seen[0]}) if others else None
    return seen if noted is None else ([*seen[0], *noted[0]], seen[1] + noted[1])


def _by_worktrees(home: Path, limit: int, execution: str, steps: set[str]) -> tuple[Sequence[Changed], str] | None:
    """What stands in worktrees that were not merged; of these steps, or of all."""
    worktrees = Worktrees(home, limit)
    found = [worktrees.changes(it) for it in worktrees.of(execution) if not steps or steps & set(it.steps)]
    if not found:
        return None
    return [one for files, _ in found for one in files], "".join(text for _, text in found)


def _by_snapshots(store: SnapshotStore, execution: str, visits: Sequence[str]) -> tuple[Sequence[Changed], str] | None:
    """From before the first visit to after the last; one that has not ended is compared with what is there now."""
    pairs = [
        (before, _after(store, execution, visit))
        for visit in visits
        if (before := store.find(execution, visit, "before")) is not None
    ]
    if not pairs:
        return None
    first = min((before for before, _ in pairs), key=lambda snapshot: snapshot.at)
    last = max((after for _, after in pairs), key=lambda snapshot: snapshot.at)
    known = entries(store.git, last)
    # Caches that git ignores are nobody's change; a rollback removes them all the same.
    files = [it for it in changes(store.git, first, last) if it.path not in known or known[it.path].kind != "ignored"]
    return files, difference(store.git, first, last)


def _after(store: SnapshotStore, execution: str, visit: str) -> Snapshot:
    return store.find(execution, visit, "after") or store.take(execution, visit, "now")


def _by_journal(
    root: Path, execution: str, visits: Sequence[str], apart: set[str]
) -> tuple[Sequence[Changed], str] | None:
    """What was changed through `context.workspace`, transaction by transaction; paths in `apart` are told elsewhere."""
    files: dict[str, Changed] = {}
    texts: list[str] = []
    for visit in visits:
        for name in journaled(root, prefix_of(execution, visit)):
            for operation, old in Journal(root).kept(name):
                if (
                    operation.path not in apart and operation.path not in files
                ):  # what stood there before the first change counts
                    files[operation.path] = Changed(operation.path, _how(operation))
                    texts += _compared(root, operation, old)
    on_the_way = {str(above) for path in files for above in PurePosixPath(path).parents}
    return ([it for it in files.values() if it.path not in on_the_way], "".join(texts)) if files else None


def _how(operation: Operation) -> How:
    if operation.pre.kind == "absent":
        return "added"
    if operation.post.kind == "absent":
        return "deleted"
    same = (operation.pre.kind, operation.pre.sha256) == (operation.post.kind, operation.post.sha256)
    return "mode" if same else "modified"


def _compared(root: Path, operation: Operation, old: bytes) -> Iterator[str]:
    """The file as it was, beside what stands there now."""
    if "file" not in (operation.pre.kind, operation.post.kind):
        return
    place = root / operation.path
    new = place.read_bytes() if operation.post.kind == "file" and place.is_file() and not place.is_symlink() else b""
    old_name, new_name = (f"{lead}/{operation.path}" for lead in ("a", "b"))
    try:
        before, after = (it.decode().splitlines(keepends=True) for it in (old, new))
    except UnicodeDecodeError:
        yield f"Binary files {old_name} and {new_name} differ\n"
        return
    for line in difflib.unified_diff(before, after, old_name, new_name):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
