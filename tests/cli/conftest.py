import os
import pty
import select
import struct
import subprocess
import sys
import termios
import textwrap
import time
from collections.abc import Callable
from fcntl import ioctl
from pathlib import Path

import pytest


class Terminal:
    """A command on a terminal of its own, as a person has it."""

    def __init__(self, argv: list[str], folder: Path, environ: dict[str, str], columns: int) -> None:
        self._primary, secondary = pty.openpty()
        ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
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

    def see(self, wanted: str, seconds: float = 60) -> None:
        """Wait until a text has appeared."""
        deadline = time.monotonic() + seconds
        while wanted not in self.text:
            left = max(0.0, deadline - time.monotonic())
            assert select.select([self._primary], [], [], left)[0], f"{wanted!r} did not appear:\n{self.text}"
            assert self._read(), f"ended before {wanted!r} appeared:\n{self.text}"

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._primary, keys.encode())

    def end(self) -> int:
        """Wait for the end; the exit code."""
        while select.select([self._primary], [], [], 60)[0] and self._read():
            pass
        os.close(self._primary)
        return self.child.wait(60)

    def _read(self) -> bool:
        try:
            chunk = os.read(self._primary, 65536)
        except OSError:  # Linux says EIO when the other end is closed
            return False
        self.text += chunk.decode("utf-8", "replace")
        return bool(chunk)


@pytest.fixture
def at_terminal(user) -> Callable[..., Terminal]:
    """Type `treadle …` at a terminal; what is left running is ended with the user."""

    def start(*words: str, columns: int = 80) -> Terminal:
        terminal = Terminal([sys.executable, "-m", "treadle", *words], user.project, user.environ, columns)
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
