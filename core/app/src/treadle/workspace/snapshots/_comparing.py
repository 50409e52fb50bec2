"""Two snapshots side by side: every path of each, what differs, and the difference as text."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from treadle.workspace.snapshots._git import Git
from treadle.workspace.snapshots._snapshot import Entry, Snapshot

How = Literal["added", "deleted", "modified", "mode"]
FOLDERS: Final = frozenset({"dir", "ignored"})


@dataclass(frozen=True, slots=True)
class Changed:
    """One path that differs."""

    path: str
    how: How


def entries(git: Git, snapshot: Snapshot) -> dict[str, Entry]:
    """Everything that stood below the root, the folders that the files are in as well."""
    found: dict[str, Entry] = {}
    for line in git.run("ls-tree", "-r", "-z", "--full-tree", snapshot.tree).split(b"\0")[:-1]:
        facts, _, name = line.partition(b"\t")
        mode, _, id_ = facts.decode().split(" ")
        path = os.fsdecode(name)
        found[path] = snapshot.within(path, mode, id_)
    # Of a file the mode is said there, which `within` has told.
    found |= {path: entry for path, entry in snapshot.extra.items() if entry.kind != "file"}
    folder = Entry("dir", snapshot.modes[2])
    for path in tuple(found):
        for above in parents(path):
            found.setdefault(above, folder)
    return found


def parents(path: str) -> Iterator[str]:
    """The folders that a path goes through, the nearest first."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def equal(one: Entry | None, other: Entry | None) -> bool:
    """Nothing differs, as far as is known; of a folder only its mode counts."""
    if one is None or other is None:
        return one is other
    if one.kind in FOLDERS and other.kind in FOLDERS:
        return one.mode == other.mode
    return one == other


def hidden(found: Mapping[str, Entry], path: str) -> bool:
    """The path lies in a folder that git ignored: whether it was there is not known."""
    return any(above in found and found[above].kind == "ignored" for above in parents(path))


def changes(git: Git, before: Snapshot, after: Snapshot) -> tuple[Changed, ...]:
    """Files, links and empty folders that differ, by path."""
    if before.same_files(after):
        return ()
    old, new = entries(git, before), entries(git, after)
    holding = {above for path in (*old, *new) for above in parents(path)}
    differing = sorted(path for path in old.keys() | new.keys() if not equal(old.get(path), new.get(path)))
    return tuple(
        Changed(path, _how(old.get(path), new.get(path)))
        for path in differing
        if not (hidden(old, path) or hidden(new, path)) and not _is_only_on_the_way(old, new, path, holding)
    )


def _how(old: Entry | None, new: Entry | None) -> How:
    if old is None:
        return "added"
    if new is None:
        return "deleted"
    return "mode" if (old.kind, old.id) == (new.kind, new.id) else "modified"


def _is_only_on_the_way(old: Mapping[str, Entry], new: Mapping[str, Entry], path: str, holding: set[str]) -> bool:
    """A folder that came or went with what it holds is told by that."""
    if path not in holding:
        return False
    return all(it is None or it.kind in FOLDERS for it in (old.get(path), new.get(path))) and not (
        path in old and path in new
    )


def difference(git: Git, before: Snapshot, after: Snapshot, *, limit: int = 10_000_000) -> str:
    """The contents' difference as a unified diff, binary files named only; at most `limit` bytes of it."""
    if before.tree == after.tree:
        return ""
    words = ("diff", "--no-ext-diff", "--no-color", "--find-renames", before.tree, after.tree)
    out = git.run(*words)
    text = out[:limit].decode("utf-8", "replace")
    return text if len(out) <= limit else f"{text}\n… {len(out) - limit} more bytes\n"
