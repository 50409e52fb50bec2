"""Run by `test_compose_killed.py`: compositions that really die at each crash point, then are resumed or taken back.

    python compose_killing.py FOLDER new|existing|update|meddled SHARE

`update` composes a project again after its templates and its user have changed it. In `meddled` somebody writes into it
between the death and what follows: nothing of theirs may be lost.

Every SHARE-th point is tried. This process has one thread and forks for each command, which is quicker by far than
starting Python anew. It prints how many processes it has killed.
"""

import json
import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from treadle import crash
from treadle.cli.invocation import invoke

TEMPLATES: Final = {
    "one/template.yaml": "template: {id: one}\n",
    "one/files/a.txt": "a\n",
    "one/files/sub/b.txt.j2": "{{ PROJECT_NAME }}\n",
    "one/files/mine.txt": "theirs\n",
    "two/template.yaml": (
        "template: {id: two}\nhooks: {postSetup: [{name: done, command: touch made, creates: [made]}]}\n"
    ),
    "two/files/run": "#!/bin/sh\n",
}
MINE: Final = {"mine.txt": "mine\n", "other.txt": "other\n"}
_LINES: Final = "1\n2\n3\n4\n5\n"
OLD: Final = {
    "one/template.yaml": "template: {id: one, version: 1.0.0}\n",
    "one/files/text.txt": _LINES,
    "one/files/a.txt": "a\n",
    "one/files/gone/deep.txt": "gone\n",
    "one/files/mine.txt": "theirs\n",
    "two/template.yaml": "template: {id: two}\n",
    "two/files/run": "#!/bin/sh\n",
}
USERS: Final = {"text.txt": f"mine\n{_LINES}", "mine.txt": "mine\n", "other.txt": "other\n"}
NEW: Final = {
    "one/template.yaml": "template: {id: one, version: 2.0.0}\n",
    "one/files/text.txt": f"{_LINES}theirs\n",
    "one/files/a.txt": "A\n",
    "one/files/new/deep.txt": "new\n",
    "two/template.yaml": TEMPLATES["two/template.yaml"],
}
MEDDLED: Final = "meddled\n"


class Counting:
    """In the place of an armed point: counts how often each is passed."""

    def __init__(self, said: Path) -> None:
        self._said = said
        self._passes: Counter[str] = Counter()

    def passed(self, name: str) -> None:
        """Write it down at once: the process ends without a last word."""
        self._passes[name] += 1
        self._said.write_text(json.dumps(self._passes))


class Killing:
    """One kind of composition and the deaths over it."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.folder = folder
        self.kind = kind
        self.deaths = self.rounds = 0
        os.environ["TREADLE_HOME"] = str(folder / "home")
        os.chdir(folder)
        if kind in ("new", "existing"):
            write(folder, TEMPLATES)
        else:
            self.prepare()
        self.seen: set[str] = set()
        self.newest()
        self.target = self.fresh()
        self.before = tree(self.target)
        code, _ = self.command(self.words(), "count")
        assert code == 0, code
        passes = json.loads((folder / "passes.json").read_text())
        self.points = [f"{name}:{at}" for name, often in passes.items() for at in sorted({1, (often + 1) // 2, often})]
        self.newest()
        self.after = tree(self.target)

    def prepare(self) -> None:
        """A project that was composed and changed, and templates that have changed since."""
        write(self.folder, OLD)
        code, _ = self.command(["compose", "-t", "one,two", "--into", "prepared", "--project-name", "app"], "")
        assert code == 0, code
        write(self.folder / "prepared", USERS)
        shutil.rmtree(self.folder / "one/files/gone")
        write(self.folder, NEW)

    def fresh(self) -> Path:
        """A place for one more composition."""
        self.rounds += 1
        self.target = self.folder / f"made-{self.kind}-{self.rounds}"
        if self.kind == "existing":
            write(self.target, MINE)
        elif self.kind != "new":
            shutil.copytree(self.folder / "prepared", self.target, symlinks=True)
        return self.target

    def words(self) -> list[str]:
        """The command."""
        name = self.target.name
        if self.kind in ("update", "meddled"):
            return ["update", name, "--trust", "sandboxed"]
        keep = ["--resolve", "mine.txt=first"]
        return ["compose", "-t", "one,two", "--into", name, "--project-name", "app", "--trust", "sandboxed", *keep]

    def command(self, words: Sequence[str], point: str) -> tuple[int, bool]:
        """Type it in a process that dies at a point; its exit code, and whether it came to die."""
        child = os.fork()
        if child == 0:
            sink = os.open(self.folder / "said", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
            os.dup2(sink, 1)
            os.dup2(sink, 2)
            counting = Counting(self.folder / "passes.json") if point == "count" else None
            crash._armed = counting or (crash._Armed(point) if point else None)
            code = 70
            try:
                code = invoke(list(words))
            finally:
                os._exit(code)
        status = os.waitpid(child, 0)[1]
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        return (0 if killed else os.waitstatus_to_exitcode(status)), killed

    def newest(self) -> str:
        """The execution that has just died, "" when it died before it was written down."""
        said = self.folder / "status.json"
        said.unlink(missing_ok=True)
        child = os.fork()
        if child == 0:
            os.dup2(os.open(said, os.O_CREAT | os.O_WRONLY), 1)
            code = 70
            try:
                code = invoke(["status", "--json"])
            finally:
                os._exit(code)
        os.waitpid(child, 0)
        ids = [str(row["id"]) for row in json.loads(said.read_text())["executions"]]
        new = [id_ for id_ in ids if id_ not in self.seen]
        self.seen.update(ids)
        return new[0] if new else ""

    def sweep(self, share: int) -> None:
        """Die at points, and see that everything is whole after each."""
        for number, point in enumerate(self.points[::share]):
            self.die(point, resume=number % 2 == 0)

    def die(self, point: str, *, resume: bool) -> None:
        """One death and what follows."""
        self.fresh()
        _, killed = self.command(self.words(), point)
        assert killed, f"it did not die at {point}"
        self.deaths += 1
        found, id_ = tree(self.target), self.newest()
        told = f"{point}, {self.target}, {'resumed' if resume else 'rolled back'}, {id_}"
        if not id_:
            assert found == self.before, told
            return
        if self.kind == "meddled":
            self.meddle()
        command = ["resume", id_, "--interrupted", "retry"] if resume else ["rollback", id_, "--yes"]
        code, _ = self.command(command, "")
        if resume and code == 2:  # it had completed: only its last words were cut off
            code = 0
        if self.kind == "meddled":
            self.unharmed(told)
            return
        wanted = self.after if resume else self.before
        assert tree(self.target) == wanted, f"{told}: exit {code}, {sorted(tree(self.target))}"
        left = [path.name for path in self.folder.iterdir() if path.name.startswith(f".{self.target.name}.treadle-")]
        assert not left, f"{told}: {left}"

    def meddle(self) -> None:
        """Somebody works on while nobody has brought the composition to an end."""
        for name in ("text.txt", "mine-too.txt"):
            (self.target / name).write_text(MEDDLED)

    def unharmed(self, told: str) -> None:
        """What somebody wrote is there; each other file is as it was before or as it was to be."""
        now = tree(self.target)
        for name in ("text.txt", "mine-too.txt"):
            assert (self.target / name).read_text() == MEDDLED, told
            now.pop(name)
        strange = {name for name, it in now.items() if it not in (self.before.get(name), self.after.get(name))}
        assert not strange, f"{told}: {strange}"
        lost = (self.before.keys() & self.after.keys()) - now.keys() - {"text.txt"}
        assert not lost, f"{told}: {lost}"


def write(folder: Path, files: dict[str, str]) -> None:
    """Write files below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def tree(folder: Path) -> dict[str, str]:
    """What stands below a folder but the journal and the lock's own text: kind, mode and content of each path."""
    if not folder.is_dir():
        return {}
    found = {}
    for path in sorted(folder.rglob("*")):
        if ".treadle" in path.parts:
            continue
        facts = path.lstat()
        content = sha256(path.read_bytes()).hexdigest() if path.is_file() and path.name != "treadle.lock.json" else ""
        found[path.relative_to(folder).as_posix()] = f"{facts.st_mode:o} {content}"
    return found


def main() -> None:
    """See the module."""
    folder, kind, share = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])

    killing = Killing(folder, kind)
    killing.sweep(share)
    sys.stdout.write(f"{killing.deaths}\n")


if __name__ == "__main__":
    main()
