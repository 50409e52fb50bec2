"""Git worktrees in which steps work apart from the user's checkout, and the way of their changes back into it.

A worktree lies in treadle's own folder and begins as the root stood, uncommitted work included. The user's repository
gets an entry in `.git/worktrees` and nothing else: no branch, no commit, no line in a reflog.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from treadle_hookspecs import ActionError, ExitCode, TreadleError

from treadle.crash import crash_point, declare
from treadle.workspace.journal import Undone
from treadle.workspace.snapshots import Changed, Snapshot, SnapshotStore, changes, difference, merge
from treadle.workspace.snapshots._comparing import FOLDERS, entries
from treadle.workspace.snapshots._git import clean_environment, program

FOLDER: Final = "worktrees"
_NOTE: Final = "worktree.json"

_ADDED: Final = declare("worktree.added", "git knows a new worktree, and no file is in it")
_FILLED: Final = declare("worktree.filled", "a worktree is as its root stood, and is not known to be ready")
_MERGED: Final = declare("worktree.merged", "a worktree's changes are in the root, and it still stands")


@dataclass(frozen=True, slots=True)
class Worktree:
    """One worktree.

    Attributes:
        execution: whose it is.
        name: its name within the execution, with the scope: `fix`, `items[2]/fix`.
        root: the execution's root.
        folder: what lies there: the checkout in `tree`, and a note.
        prefix: the root's place within its repository, "" for the top.
        steps: the addresses of the steps that worked in it.
    """

    execution: str
    name: str
    root: Path
    folder: Path
    prefix: str = ""
    steps: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """What stands for the root."""
        return self.folder / "tree" / self.prefix


class Worktrees:
    """The worktrees of all executions.

    Args:
        home: treadle's own folder.
        limit: bytes above which a file's content is not kept: such files are not in a worktree.
    """

    def __init__(self, home: Path, limit: int) -> None:
        self._home = home
        self._limit = limit

    def of(self, execution: str = "") -> Iterator[Worktree]:
        """Those that stand; of one execution, or of all."""
        for note in sorted((self._home / FOLDER).glob(f"{execution or '*'}/*/{_NOTE}")):
            with contextlib.suppress(OSError, ValueError, KeyError):
                yield _read(note)

    def enter(self, execution: str, name: str, root: Path, step: str) -> Worktree:
        """The worktree of that name, made if it is not there.

        Raises:
            ActionError: it cannot be made (`worktree`): no repository, no commit, no git, no room.
        """
        found = next((it for it in self.of(execution) if it.name == name), None)
        try:
            made = found or self._made(execution, name, root)
        except (OSError, TreadleError) as error:
            reason = error.message if isinstance(error, TreadleError) else str(error)
            raise ActionError(
                f"a worktree of {root} cannot be made: {reason}", error_class="worktree", retryable=False
            ) from error
        if step not in made.steps:
            made = replace(made, steps=(*made.steps, step))
            _write(made)
        return made

    def changes(self, worktree: Worktree) -> tuple[tuple[Changed, ...], str]:
        """What was changed in it so far, and as a diff."""
        store, base = self._store(worktree), self._base(worktree)
        now = self._inner(worktree).take(worktree.execution, _label(worktree), "now")
        return changes(store.git, base, now), difference(store.git, base, now)

    def merge(self, worktree: Worktree) -> Undone:
        """Bring its changes into the root, all or none, and remove it.

        Raises:
            ActionError: somebody changed the same lines in the root meanwhile (`merge-conflict`, with the outputs
                `conflicts`, paths, and `worktree`); both stay.
            TreadleError: the system refuses; nothing was changed.
        """
        store, base = self._store(worktree), self._base(worktree)
        made = self._inner(worktree).take(worktree.execution, _label(worktree), "made")
        try:
            done = merge(store, f"{worktree.execution}/{_label(worktree)}", base, made)
        except TreadleError as error:
            if error.exit_code is not ExitCode.CONFLICT or "files" not in error.context:
                raise
            where = f"the worktree {worktree.path} holds the changes"
            raise ActionError(
                f"{error.message}; {where}",
                error_class="merge-conflict",
                outputs={"conflicts": error.context["files"], "worktree": str(worktree.path)},
                retryable=False,
            ) from error
        crash_point(_MERGED)
        self.remove(worktree)
        return done

    def remove(self, worktree: Worktree) -> None:
        """Remove it with all that is in it. What is not there any more: harmless."""
        tree = worktree.folder / "tree"
        if tree.exists() and worktree.root.is_dir():
            with contextlib.suppress(TreadleError):
                _git(worktree.root, "worktree", "remove", "--force", "--force", str(tree))
        shutil.rmtree(worktree.folder, ignore_errors=True)
        if worktree.root.is_dir():
            with contextlib.suppress(TreadleError):
                _git(worktree.root, "worktree", "prune")
        with contextlib.suppress(OSError):
            worktree.folder.parent.rmdir()

    def _made(self, execution: str, name: str, root: Path) -> Worktree:
        folder = self._home / FOLDER / execution / _key(name)
        made = Worktree(execution, name, root, folder, _git(root, "rev-parse", "--show-prefix").rstrip("\n/"))
        self.remove(made)  # what a killed process began
        folder.mkdir(mode=0o700, parents=True)
        base = self._store(made).take(execution, _label(made), "base")
        _git(root, "worktree", "add", "--detach", "--no-checkout", str(folder / "tree"), "HEAD")
        crash_point(_ADDED)
        _git(folder / "tree", "read-tree", "HEAD")
        made.path.mkdir(parents=True, exist_ok=True)
        self._fill(made, base)
        crash_point(_FILLED)
        _write(made)
        return made

    def _fill(self, worktree: Worktree, base: Snapshot) -> None:
        """As the root stood; folders that git ignores stay empty."""
        inner = self._inner(worktree)
        with inner.git.locked():
            inner.git.run("read-tree", base.tree)
            inner.git.run("checkout-index", "--all", "--force", "--quiet", "--index")
        found = entries(inner.git, base)
        for path in sorted(found, key=lambda path: path.count("/")):
            if found[path].kind == "dir":
                (worktree.path / path).mkdir(parents=True, exist_ok=True)
        for path in sorted(found, key=lambda path: -path.count("/")):
            if found[path].kind in ("file", *FOLDERS) and found[path].kind != "ignored":
                (worktree.path / path).chmod(found[path].mode)

    def _base(self, worktree: Worktree) -> Snapshot:
        found = self._store(worktree).find(worktree.execution, _label(worktree), "base")
        if found is None:
            raise TreadleError(f"what {worktree.path} began as is not known any more", exit_code=ExitCode.STORAGE)
        return found

    def _store(self, worktree: Worktree) -> SnapshotStore:
        return SnapshotStore(self._home, worktree.root, self._limit)

    def _inner(self, worktree: Worktree) -> SnapshotStore:
        return SnapshotStore(self._home, worktree.path, self._limit, beside=worktree.root)


def _git(folder: Path, *words: str) -> str:
    """What git prints. No hook runs: a checkout of ours is none of the user's."""
    argv = [program(), "-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false", *words]
    done = subprocess.run(argv, cwd=folder, env=clean_environment(), capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise TreadleError(said[-1] if said else f"git ended with {done.returncode}", exit_code=ExitCode.STORAGE)
    return done.stdout.decode("utf-8", "surrogateescape")


def _read(note: Path) -> Worktree:
    data: dict[str, Any] = json.loads(note.read_bytes())
    return Worktree(
        data["execution"],
        data["name"],
        Path(os.fsdecode(data["root"].encode("utf-8", "surrogateescape"))),
        note.parent,
        data["prefix"],
        tuple(data["steps"]),
    )


def _write(worktree: Worktree) -> None:
    data = {
        "execution": worktree.execution,
        "name": worktree.name,
        "root": str(worktree.root),
        "prefix": worktree.prefix,
        "steps": worktree.steps,
    }
    draft = worktree.folder / f"{_NOTE}.new"
    draft.write_text(json.dumps(data), "ascii")
    draft.replace(worktree.folder / _NOTE)


def _label(worktree: Worktree) -> str:
    return f"worktree:{worktree.name}"


def _key(name: str) -> str:
    readable = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:32]
    return f"{readable or 'x'}-{sha256(name.encode()).hexdigest()[:8]}"
