"""What the journal costs, beside writing the same files plainly and durably, in one run on one disk.

    python tests/benchmarks/journal.py [FILES] [TURNS]

Ways of writing take turns in fresh folders; a figure is the median, smallest and largest stand beside it. *Plainly*
is `open`, `write`, `close`. *Durably* is what a careful program does for each file: a draft, fsync, rename, and at the
end an fsync of each folder. *rm -r* removes such files once they have reached the disk, as an undo has to.
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final

from treadle.workspace.journal import Journal

SIZE: Final = 2000
A_FOLDER: Final = 10
FILES: Final = 1000
TURNS: Final = 5

Taken = dict[str, list[float]]


def main(files: int, turns: int) -> None:
    """Measure and print."""
    place = Path.cwd() / "build"
    place.mkdir(exist_ok=True)
    root = Path(tempfile.mkdtemp(prefix="journal-", dir=place))
    try:
        taken = measured(root, files=files, turns=turns)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    _show(taken, files)


def measured(root: Path, *, files: int, turns: int) -> Taken:
    """Seconds of each way, one a turn."""
    taken: Taken = {}
    for turn in range(turns):
        _turn(root / str(turn), files, taken)
    return taken


def _turn(root: Path, files: int, taken: Taken) -> None:
    contents = {f"folder-{n // A_FOLDER}/file-{n}": os.urandom(SIZE) for n in range(files)}
    changed = {name: os.urandom(SIZE) for name in contents}
    for name in ("plain", "durable", "journal"):
        (root / name).mkdir(parents=True)
    _timed(taken, "write plainly", lambda: _plainly(root / "plain", contents))
    _timed(taken, "write durably", lambda: _durably(root / "durable", contents))
    journal = Journal(root / "journal")
    _timed(taken, "journal: new files", lambda: _journaled(journal, "one", contents))
    _timed(taken, "journal: changed files", lambda: _journaled(journal, "two", changed))
    _timed(taken, "undo: changed files", lambda: journal.undo("two"))
    _timed(taken, "undo: new files", lambda: journal.undo("one"))
    _timed(taken, "rm -r", lambda: shutil.rmtree(root / "durable"))
    if any((root / "journal").glob("folder-*")):
        raise RuntimeError("the undo left something")


def _timed(taken: Taken, name: str, action: Callable[[], object]) -> None:
    started = time.perf_counter()
    action()
    taken.setdefault(name, []).append(time.perf_counter() - started)


def _plainly(root: Path, contents: dict[str, bytes]) -> None:
    for name, content in contents.items():
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)


def _durably(root: Path, contents: dict[str, bytes]) -> None:
    for name, content in contents.items():
        path = root / name
        path.parent.mkdir(exist_ok=True)
        draft = path.with_name(f".{path.name}.draft")
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    for folder in {(root / name).parent for name in contents} | {root}:
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def _journaled(journal: Journal, name: str, contents: dict[str, bytes]) -> None:
    with journal.changes(name) as transaction:
        for path, content in contents.items():
            transaction.write(path, content)


def _show(taken: Taken, files: int) -> None:
    print(f"{files} files of {SIZE} bytes, {A_FOLDER} to a folder, {len(taken['write plainly'])} turns\n")
    print("| | ms | spread | x plainly | x durably |")
    print("|---|---|---|---|---|")
    plain, durable = median(taken["write plainly"]), median(taken["write durably"])
    for name, seconds in taken.items():
        middle = median(seconds)
        spread = f"{min(seconds) * 1000:.0f} … {max(seconds) * 1000:.0f}"
        print(f"| {name} | {middle * 1000:.0f} | {spread} | {middle / plain:.2f} | {middle / durable:.2f} |")


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    main(given[0] if given else FILES, given[1] if len(given) > 1 else TURNS)
