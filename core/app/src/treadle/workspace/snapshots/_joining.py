"""Joins what two sides made of the same file, line by line, where their changes do not meet."""

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from treadle.workspace.snapshots._comparing import equal
from treadle.workspace.snapshots._git import clean_environment, program
from treadle.workspace.snapshots._present import Present
from treadle.workspace.snapshots._snapshot import Entry
from treadle.workspace.snapshots._store import SnapshotStore

Entries: TypeAlias = Mapping[str, Entry]


def joined(store: SnapshotStore, base: Entries, made: Entries, present: Present) -> tuple[Entries, Entries]:
    """`base` and `made` as they would be, had what is there by now been there from the beginning.

    Files that changed on both sides, each in other lines, hold both changes then. What cannot be joined (a binary file,
    the same lines, a file that one side deleted) is left as it was, and is a conflict.
    """
    old, new = dict(base), dict(made)
    for path, there in _both_changed(base, made, present):
        content = _merged(store, base[path], made[path], (store.root / path).read_bytes())
        if content is not None:
            mode = there.mode if made[path].mode == base[path].mode else made[path].mode
            old[path] = there
            new[path] = Entry(
                "file", mode, store.git.run("hash-object", "-w", "--stdin", stdin=content).decode().strip()
            )
    return old, new


def _both_changed(base: Entries, made: Entries, present: Present) -> Iterator[tuple[str, Entry]]:
    for path, ours in base.items():
        theirs = made.get(path)
        if theirs is None or ours.kind != "file" or theirs.kind != "file" or equal(ours, theirs):
            continue
        there = present.entry(path)
        if there is not None and there.kind == "file" and not equal(there, ours) and not equal(there, theirs):
            yield path, there


def _merged(store: SnapshotStore, base: Entry, made: Entry, there: bytes) -> bytes | None:
    contents = store.contents([base.id, made.id])
    texts = (there, contents[base.id], contents[made.id])
    if any(b"\0" in text for text in texts):
        return None
    with TemporaryDirectory() as folder:
        names = ("there", "base", "made")
        for name, text in zip(names, texts, strict=True):
            (Path(folder) / name).write_bytes(text)
        argv = [program(), "merge-file", "-p", "--quiet", *names]
        done = subprocess.run(argv, cwd=folder, env=clean_environment(), capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None
