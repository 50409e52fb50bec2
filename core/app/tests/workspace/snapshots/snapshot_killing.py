"""Run by `test_snapshots_killed.py`: processes that die while they take or restore a snapshot, and what comes of it.

    python snapshot_killing.py FOLDER

One thread, and a fork for each death. It prints how many processes it has killed.
"""

import os
import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from snapshot_trees import condition, look, meddle, repository
from treadle import crash
from treadle.workspace.snapshots import SnapshotStore, restore

POINTS = [name for name in crash.declared() if name.startswith(("snapshot.", "restore.", "journal."))]


def dies(point: str, action: Callable[[], object]) -> bool:
    """Do it in a process that dies at a point; False if it did not come to it."""
    child = os.fork()
    if child == 0:
        crash._armed = crash._Armed(point)
        try:
            action()
        finally:
            os._exit(0)
    status = os.waitpid(child, 0)[1]
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def sweep(folder: Path, point: str, number: int) -> int:
    """One death while taking, one while restoring; afterwards all is as it was."""
    home, root = folder / "home", repository(folder / "project")
    store, chance = SnapshotStore(home, root), random.Random(number)
    seen, tree = condition(root), look(root)
    deaths = dies(point, lambda: store.take("x", "a#1", "before"))
    before = store.take("x", "a#1", "before")
    meddle(root, chance, 8)
    after = store.take("x", "a#1", "after")
    while dies(point, lambda: restore(store, "x/a", before, after)) and deaths < 5:
        deaths += 1
    done = restore(store, "x/a", before, after)
    if look(root) != tree or condition(root) != seen or not done.clean:
        sys.exit(f"{point}: {set(look(root).items()) ^ set(tree.items())} {done}")
    left = [*(root / ".treadle/txn").glob("*"), *(root / ".treadle").glob("gone")]
    if left:
        sys.exit(f"{point}: left behind: {left}")
    return deaths


if __name__ == "__main__":
    total = 0
    for number, point in enumerate(POINTS):
        for count in (1, 3):
            place = Path(sys.argv[1]) / f"{number}-{count}"
            place.mkdir()
            total += sweep(place, f"{point}:{count}", number)
    print(total)
