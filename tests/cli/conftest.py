import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import textwrap
import time
from codecs import getincrementaldecoder
from collections.abc import Callable
from contextlib import suppress
from fcntl import ioctl
from pathlib import Path

import pyte
import pytest


class Terminal:
    """A command on a terminal of its own, as a person has it."""

    def __init__(self, argv: list[str], folder: Path, environ: dict[str, str], columns: int) -> None:
        self._primary, secondary = pty.openpty()
        ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self._modes = termios.tcgetattr(self._primary)
        self.restored = False
        self.child = subprocess.Popen(
            argv,
            cwd=folder,
            env={**environ, "TERM": "xterm-256color"},
            stdin=secondary,
            stdout=secondary,
            stderr=secondary,
            start_new_session=True,
            preexec_fn=lambda: ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(secondary)
        self.text = ""
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._screen = pyte.Screen(columns, 24)
        self._stream = pyte.Stream(self._screen)

    def see(self, wanted: str, seconds: float = 60) -> None:
        """Wait until a text has appeared."""
        deadline = time.monotonic() + seconds
        while wanted not in self.text:
            left = max(0.0, deadline - time.monotonic())
            assert select.select([self._primary], [], [], left)[0], f"{wanted!r} did not appear:\n{self.text}"
            assert self._read(), f"ended before {wanted!r} appeared:\n{self.text}"

    @property
    def lines(self) -> list[str]:
        """What is on the screen."""
        return [line.rstrip() for line in self._screen.display]

    @property
    def cursor_hidden(self) -> bool:
        """The cursor is not to be seen."""
        return bool(self._screen.cursor.hidden)

    def show(self, wanted: str, seconds: float = 30) -> str:
        """Wait until a line with a text is on the screen; the line."""
        deadline = time.monotonic() + seconds
        while not any(wanted in line for line in self.lines):
            left = max(0.0, deadline - time.monotonic())
            readable = select.select([self._primary], [], [], left)[0]
            seen = bool(readable) and self._read()
            assert seen, f"{wanted!r} is not on the screen:\n" + "\n".join(self.lines)
        return next(line for line in self.lines if wanted in line)

    def resize(self, columns: int) -> None:
        """Change the width, as a person does who pulls at the window's edge."""
        ioctl(self._primary, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self._screen.resize(columns=columns)
        os.killpg(self.child.pid, signal.SIGWINCH)

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._primary, keys.encode())

    def interrupt(self) -> int:
        """Press Ctrl-C at a prompt until it is taken, as a person does; the exit code.

        A SIGINT that comes after `input()` began and before it waits for a key is not seen before the next key.
        """
        while self.child.poll() is None:
            self.press("\x03")
            with suppress(subprocess.TimeoutExpired):
                self.child.wait(10)
        return self.end()

    def end(self) -> int:
        """Wait for the end; the exit code."""
        while select.select([self._primary], [], [], 60)[0] and self._read():
            pass
        self.restored = termios.tcgetattr(self._primary) == self._modes
        os.close(self._primary)
        return self.child.wait(60)

    def _read(self) -> bool:
        try:
            chunk = os.read(self._primary, 65536)
        except OSError:  # Linux says EIO when the other end is closed
            return False
        text = self._decoder.decode(chunk)
        self.text += text
        self._stream.feed(text)
        return bool(chunk)


@pytest.fixture
def at_terminal(user) -> Callable[..., Terminal]:
    """Type `treadle …` at a terminal; what is left running is ended with the user."""

    def start(*words: str, columns: int = 80, **environ: str) -> Terminal:
        argv = [sys.executable, "-m", "treadle", *words]
        terminal = Terminal(argv, user.project, {**user.environ, **environ}, columns)
        user._started.append(terminal.child)
        return terminal

    return start


@pytest.fixture
def plugin(tmp_path) -> Callable[..., str]:
    """Make a plugin distribution on a path of its own; the path."""

    def make(name: str, code: str, library: str) -> str:
        site = tmp_path / "site"
        metadata = site / f"acme_{name}-1.0.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: acme-{name}\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[treadle]\n{name} = acme_{name}\n")
        (site / f"acme_{name}.py").write_text(textwrap.dedent(code))
        (site / f"acme_{name}_library.py").write_text(textwrap.dedent(library))
        return str(site)

    return make
