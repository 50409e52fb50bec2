import io
import os
import pty
import runpy
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fcntl import ioctl
from pathlib import Path

import pyte
import pytest
from treadle.cli import main

FAKE = Path(__file__).with_name("fake_facade.py")


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str = ""


class Screen:
    """A terminal of some width, and high enough that nothing leaves it."""

    def __init__(self, width: int) -> None:
        self._screen = pyte.Screen(width, 400)
        self._stream = pyte.Stream(self._screen)

    def feed(self, text: str) -> "Screen":
        self._stream.feed(text)
        return self

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self._screen.display]

    @property
    def cursor_hidden(self) -> bool:
        return bool(self._screen.cursor.hidden)


def environment(home: Path, **more: str) -> dict[str, str]:
    """What a user has, without what this test run has."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "VIRTUAL_ENV") if name in os.environ}
    return {
        **kept,
        "HOME": str(home),
        "TREADLE_HOME": str(home / "state"),
        "TERM": "xterm-256color",
        "LC_ALL": "C.UTF-8",
        **more,
    }


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run a command line on a scene of the fake facade, without a terminal, in this process."""
    scenes = runpy.run_path(str(FAKE))
    for name in ("CI", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)

    def call(scene: str, *words: str, stdin: str = "", **variables: str) -> Ran:
        capsys.readouterr()
        with monkeypatch.context() as here:
            for name, value in {"TREADLE_HOME": str(tmp_path / "state"), **variables}.items():
                here.setenv(name, value)
            here.setattr(sys, "stdin", io.StringIO(stdin))
            code = main(list(words), connect=scenes["connect"](scene))
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return call


@pytest.fixture
def fake_child(tmp_path: Path, fake_argv: Callable[..., list[str]]) -> Callable[..., Ran]:
    """As `fake`, in a process of its own."""
    return lambda scene, *words, **variables: _run(fake_argv(scene, *words), tmp_path, "", variables)


@pytest.fixture
def treadle(tmp_path: Path) -> Callable[..., Ran]:
    """Run the real command in an empty folder, without a terminal."""

    def call(*words: str, stdin: str = "", **variables: str) -> Ran:
        return _run([sys.executable, "-m", "treadle", *words], tmp_path, stdin, variables)

    return call


def _run(argv: list[str], folder: Path, stdin: str, variables: Mapping[str, str]) -> Ran:
    done = subprocess.run(
        argv, cwd=folder, env=environment(folder, **variables), input=stdin, capture_output=True, text=True, timeout=60
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def on_terminal(tmp_path: Path) -> Callable[..., Ran]:
    """Run a command with a terminal of some size; what it wrote, as it came. `answers` are typed beforehand."""

    def call(argv: list[str], *, columns: int = 80, rows: int = 24, answers: str = "", **variables: str) -> Ran:
        primary, secondary = pty.openpty()
        ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        child = subprocess.Popen(
            argv,
            cwd=tmp_path,
            env=environment(tmp_path, **variables),
            stdin=secondary,
            stdout=secondary,
            stderr=secondary,
            start_new_session=True,
        )
        os.close(secondary)
        if answers:
            os.write(primary, answers.encode())
        text = b"".join(_until_closed(primary)).decode()
        os.close(primary)
        return Ran(child.wait(60), text)

    return call


def _until_closed(descriptor: int) -> Iterator[bytes]:
    while select.select([descriptor], [], [], 60)[0]:
        try:
            chunk = os.read(descriptor, 65536)
        except OSError:  # Linux says EIO when the other end is closed
            return
        if not chunk:
            return
        yield chunk


@pytest.fixture
def fake_argv() -> Callable[..., list[str]]:
    return lambda scene, *words: [sys.executable, str(FAKE), scene, *words]


@pytest.fixture
def screen() -> type[Screen]:
    return Screen
