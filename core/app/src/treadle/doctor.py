"""What can be seen of the invariants I1 to I10 from outside a run."""

import sqlite3
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson
from treadle_engine.plan import plan_from_json
from treadle_engine.state import State, fold
from treadle_hookspecs import ExecutionQuery, ExecutionRow, Finding, StoreBackend

from treadle.status import TERMINAL

if TYPE_CHECKING:
    from treadle.workspace.worktrees import Worktree

_SAFE_SQLITE: Final = (3, 51, 3)


def examine(store: StoreBackend, home: Path) -> Iterator[Finding]:
    """Findings of the store, then of what lies around it."""
    yield from store.check()
    rows = store.executions(ExecutionQuery())
    for row in rows:
        if row.status not in TERMINAL:
            yield from _resumable(store, row)
    yield from _leftovers(home, {row.id for row in rows})
    for worktree in idle_worktrees(store, home):
        message = f"the worktree {worktree.path} of execution {worktree.execution} was never merged"
        yield Finding("I8", message, f"see treadle diff {worktree.execution}; treadle doctor --clean removes it")
    yield from _permissions(home)


def idle_worktrees(store: StoreBackend, home: Path) -> "Iterator[Worktree]":
    """Worktrees of executions that have ended, or are not known any more."""
    if not (home / "worktrees").is_dir():
        return
    from treadle.workspace.worktrees import Worktrees

    for worktree in Worktrees(home, 0).of():
        row = store.execution(worktree.execution)
        if row is None or row.status in TERMINAL:
            yield worktree


def environment() -> dict[str, str]:
    """The versions and facts that a bug report needs."""
    import platform
    from importlib.metadata import version

    return {
        "treadle": version("treadle-core"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "sqlite": sqlite3.sqlite_version,
        "sqlite_note": ""
        if sqlite3.sqlite_version_info >= _SAFE_SQLITE
        else "before 3.51.3: treadle makes checkpoints under a lock of its own",
        "executable": sys.executable,
    }


def _resumable(store: StoreBackend, row: ExecutionRow) -> Iterator[Finding]:
    """I2: what has not ended can be folded, and so resumed or rolled back."""
    content = store.payload(row.plan)
    if content is None:
        yield Finding("I2", f"execution {row.id}: its plan is missing from the store", f"treadle history {row.id}")
        return
    try:
        state = State(plan_from_json(orjson.loads(content)), row.id)
        for event in store.read(row.id):
            fold(state, event)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        yield Finding("I2", f"execution {row.id} cannot be recovered: {error}", f"treadle history {row.id}")


def _leftovers(home: Path, known: set[str]) -> Iterator[Finding]:
    """I8: folders of executions that the store does not know."""
    for kind in ("logs", "scratch", "snapshots"):
        folder = home / kind
        if not folder.is_dir():
            continue
        for entry in sorted(folder.iterdir()):
            if entry.name not in known:
                yield Finding("I8", f"{entry} belongs to no execution", f"remove {entry}")


def _permissions(home: Path) -> Iterator[Finding]:
    if sys.platform != "win32" and home.is_dir():
        mode = stat.S_IMODE(home.stat().st_mode)
        if mode & 0o077:
            yield Finding("I10", f"{home} can be read by others (mode {mode:04o})", f"chmod 700 {home}")
