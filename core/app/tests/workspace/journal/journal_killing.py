"""Run by `test_journal_killed.py`: processes that really die at each crash point, and what is found afterwards.

    python journal_killing.py FOLDER SAMPLE

This process has one thread and forks for each death, which is quicker by far than starting Python anew. It prints how
many processes it has killed.
"""

import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from journal_faults import Counting, Quick, left_behind, run, snapshot, write_tree
from journal_samples import SAMPLES, build
from treadle import crash
from treadle.workspace.journal import Journal

EVERY = 11
"""Every so many deaths the recovery is killed as well, at each of its points."""


class Killing:
    """One sample and the deaths over it."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.tree, self.wanted = SAMPLES[name]
        self.deaths = 0
        counting = Counting()
        root = self.fresh()
        self.before = snapshot(root)
        run(root, counting, lambda transaction: build(transaction, self.wanted))
        self.after = snapshot(root)
        passes: Counter[str] = Counter()
        self.points = []
        for call, when in counting.moments:
            passes[f"journal.{call}.{when}"] += 1
            self.points.append(f"journal.{call}.{when}:{passes[f'journal.{call}.{when}']}")

    def fresh(self) -> Path:
        root = self.folder / f"project-{self.deaths}-{len(list(self.folder.iterdir()))}"
        root.mkdir()
        write_tree(root, self.tree)
        return root

    def die(self, point: str, action: Callable[[], object]) -> bool:
        """Do it in a process that dies at a point; False if it did not come to it."""
        child = os.fork()
        if child == 0:
            crash._armed = crash._Armed(point)
            try:
                action()
            finally:
                os._exit(0)
        status = os.waitpid(child, 0)[1]
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        self.deaths += killed
        return killed

    def sweep(self) -> None:
        for number, point in enumerate(self.points):
            mode = ("undo", "redo")[number % 2]
            root = self.killed(point)
            if number % EVERY == 0:
                self.kill_recoveries(point, mode)
            Journal(root, Quick()).recover(mode)
            self.check(root, point)

    def killed(self, point: str) -> Path:
        root = self.fresh()
        if not self.die(point, lambda: run(root, Quick(), lambda transaction: build(transaction, self.wanted))):
            sys.exit(f"{point} was not reached")
        return root

    def kill_recoveries(self, point: str, mode: str) -> None:
        for second in ("rename.after", "rename_exclusively.before", "unlink.after", "fsync.before", "utime.after"):
            for number in range(1, 100, 5):
                root = self.killed(point)
                died = self.die(f"journal.{second}:{number}", lambda: Journal(root, Quick()).recover(mode))  # noqa: B023
                Journal(root, Quick()).recover("undo")
                self.check(root, f"{point}, then {second}:{number}")
                if not died:
                    break

    def check(self, root: Path, told: str) -> None:
        done = snapshot(root)
        wanted = self.after if Journal(root).committed("t") else self.before
        if done != wanted or left_behind(root) or (root / ".treadle/rescue").exists():
            sys.exit(f"{told}: {left_behind(root)} {set(done.items()) ^ set(wanted.items())}")
        # The lock of the dead process is not in the way of a new one.
        run(root, Quick(), lambda transaction: transaction.write("afterwards", b"1"), id="afterwards")


if __name__ == "__main__":
    killing = Killing(Path(sys.argv[1]), sys.argv[2])
    killing.sweep()
    print(killing.deaths)
