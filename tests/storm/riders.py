"""Processes that drive executions and can be killed: forked, so that a kill costs milliseconds, and real."""

import io
import json
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, Final

import storm_actions
import treadle_sqlite.plugin
from treadle import Treadle
from treadle.cli import main as treadle_command
from treadle.plugins import PluginHost

_KNOWN: Final = frozenset({".ledger", ".yaml"})
_OWN: Final = frozenset({".treadle"})
"""Where treadle keeps the journal of a project."""


class Folder:
    """A project with a state folder beside it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def project(self) -> Path:
        """Where the steps work, and leave their ledgers."""
        path = self.root / "project"
        path.mkdir(exist_ok=True)
        return path

    def treadle(self) -> Treadle:
        """A facade with the storm's actions and nothing else."""
        host = PluginHost(discover=False)
        host.register(treadle_sqlite.plugin, name="sqlite")
        host.register(storm_actions.StormPlugin(), name="storm")
        overrides: dict[str, Any] = {"home": str(self.root / "home"), "max_concurrent_executions": 1000}
        overrides["sqlite"] = {"synchronous": "NORMAL"}  # a kill loses nothing with it, and nothing waits for the disk
        return Treadle(self.project, overrides=overrides, plugins=host)

    def ledger(self, execution: str) -> list[str]:
        """The effects of an execution, as its steps wrote them down."""
        path = self.project / f"{execution}.ledger"
        return path.read_text("utf-8").splitlines() if path.exists() else []

    def ask(self, question: Callable[[Treadle], Any]) -> Any:
        """The answer, as JSON gives it back, from a process of its own: SQLite does not survive a fork."""
        answers = self.root / "answers"

        def answer() -> None:
            with self.treadle() as treadle:
                answers.write_text(json.dumps(question(treadle)), "utf-8")

        if forked(self.root, answer):
            raise RuntimeError((self.root / "trace").read_text("utf-8"))
        return json.loads(answers.read_text("utf-8"))

    def findings(self) -> list[str]:
        """What `treadle doctor --json` finds (I1, I2, I7, I8 …), and files that should not be there (I8, I9)."""
        printed = io.StringIO()
        with redirect_stdout(printed):
            treadle_command(["--root", str(self.project), "doctor", "--json"], connect=lambda _: self.treadle())
        answer = json.loads(printed.getvalue())
        found = [f"{each['invariant']} {each['message']}" for each in answer.get("findings", ())]
        found += [f"I1 doctor failed: {answer['error']['message']}"] if "error" in answer else []
        left = (path for path in (self.root / "home").rglob("*") if path.suffix in {".tmp", ".sock"})
        strange = (path for path in self.project.iterdir() if path.name not in _OWN and path.suffix not in _KNOWN)
        return [*found, *(f"I8 {path} is left" for path in left), *(f"I9 {path} was written" for path in strange)]


def fork(folder: Path, work: Callable[[], object]) -> int:
    """Do it in a child process; its id. The child ends with 0, or with 1 and a trace in the folder."""
    child = os.fork()
    if child:
        return child
    try:
        work()
    except BaseException:
        (folder / "trace").write_text(traceback.format_exc(), "utf-8")
        os._exit(1)
    os._exit(0)


def forked(folder: Path, work: Callable[[], object]) -> int:
    """As `fork`, and wait for it: how it ended, a negative number for a signal."""
    return ended(fork(folder, work))


def ended(child: int) -> int:
    """Wait for a child: how it ended, a negative number for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def warm_up() -> None:
    """Import what riders need, once and not in each of them: one small run, in this process."""
    folder = Path(tempfile.mkdtemp(prefix="warm-"))
    try:
        place = Folder(folder)
        (place.project / "warm.yaml").write_text(
            "treadle: 1\nname: warm\nsteps: [{id: one, uses: test/act, with: {seed: 1, say: success}}]\n", "utf-8"
        )
        with place.treadle() as treadle:
            treadle.run(str(place.project / "warm.yaml"))
        place.findings()
    finally:
        shutil.rmtree(folder)
    sys.stderr.flush()
