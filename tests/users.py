"""A new user on this machine: an empty home, an empty project, and the command line."""

import json
import os
import select
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

MARK: Final = "TEST_USER_MARK"
"""In the environment of everything that a user's commands start, so that what they leave behind can be found."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, as data."""
        return json.loads(self.out)


class User:
    """Types commands in a project folder, with an environment that a fresh login has."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "project"
        self.home = folder / "home"
        self.state = self.home / "treadle"
        self.settings: dict[str, str] = {}
        """Variables that this user has set for good."""
        self._mark = uuid.uuid4().hex
        self._started: list[subprocess.Popen[str]] = []
        self._pipes: list[int] = []
        for path in (self.project, self.home):
            path.mkdir()

    @property
    def environ(self) -> dict[str, str]:
        """Nothing of the test's own environment but PATH."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        own = {"PATH": path, "HOME": str(self.home), "LANG": "C.UTF-8", "TREADLE_HOME": str(self.state)}
        return own | self.settings | {MARK: self._mark}

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project."""
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def lines(self, name: str) -> list[str]:
        """The lines of a file of the project; none when it is not there."""
        path = self.project / name
        return path.read_text("utf-8").splitlines() if path.exists() else []

    def start(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        """Start `treadle …` in a session of its own, as a terminal would."""
        child = subprocess.Popen(
            [sys.executable, "-m", "treadle", *arguments],
            cwd=self.project,
            env=self.environ | environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._started.append(child)
        return child

    def ended(self, child: subprocess.Popen[str], status: int | None = None) -> Ran:
        """Wait for a child; it must end with `status` when one is named."""
        out, err = child.communicate(timeout=120)
        ran = Ran(child.returncode, out, err)
        if status is not None:
            assert ran.status == status, f"status {ran.status}, not {status}\nstdout:\n{out}\nstderr:\n{err}"
        return ran

    def treadle(self, *arguments: str, status: int | None = 0, **environ: str) -> Ran:
        """Type `treadle …` and wait for it; `status=None` takes any end."""
        return self.ended(self.start(*arguments, **environ), status)

    def newest(self) -> str:
        """The id of the execution that started last."""
        return str(self.treadle("status", "--json").json["executions"][0]["id"])

    def status(self, execution: str = "") -> Any:
        """`treadle status --json` of an execution, the newest by default."""
        return self.treadle("status", execution or self.newest(), "--json").json

    def events(self, execution: str = "") -> Any:
        """The log of an execution, the newest by default."""
        return self.treadle("history", execution or self.newest(), "--json").json["events"]

    def pipe(self, name: str) -> None:
        """A named pipe in the project, by which a step and the test wait for each other; nobody polls a file."""
        os.mkfifo(self.project / name)

    def hear(self, child: subprocess.Popen[str], name: str) -> None:
        """Wait until a step writes to a pipe. Fails when the child that should run the step ends first."""
        pipe = os.open(self.project / name, os.O_RDONLY | os.O_NONBLOCK)
        try:
            while not select.select([pipe], [], [], 0.2)[0]:
                assert child.poll() is None, f"ended before it was heard from:\n{self.ended(child)}"
        finally:
            os.close(pipe)

    def tell(self, name: str) -> None:
        """Write a line to a pipe for whoever reads it, now or later; the pipe is kept open so that it is not lost."""
        self._pipes.append(os.open(self.project / name, os.O_RDWR))
        os.write(self._pipes[-1], b"go\n")

    def survivors(self) -> list[str]:
        """Command lines of what this user's commands left running and nothing has told to end."""
        return [_command_line(process) for process in self.alive() if not _ends(process)]

    def alive(self) -> list[int]:
        """Process ids of everything that this user's commands started and that runs; on Linux, where /proc tells."""
        wanted = f"{MARK}={self._mark}".encode()
        found = (path for path in Path("/proc").glob("[0-9]*/environ") if wanted in _environ(path))
        return [int(path.parent.name) for path in found]

    def leave(self) -> None:
        """End everything that was started."""
        for child in self._started:
            if child.poll() is None:
                child.kill()
            child.communicate()
        for process in self.alive():
            os.kill(process, signal.SIGKILL)
        for pipe in self._pipes:
            os.close(pipe)


def _ends(process: int) -> bool:
    """True when a process is about to end: a kill is asynchronous, and the kernel says when it is done."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], 5)[0])
    finally:
        os.close(handle)


def _command_line(process: int) -> str:
    return Path(f"/proc/{process}/cmdline").read_text("utf-8").replace("\0", " ")


def _environ(path: Path) -> Iterable[bytes]:
    """The variables of a process; none when it is gone, somebody else's, or a zombie."""
    try:
        return path.read_bytes().split(b"\0")
    except OSError:
        return ()
