"""The command line as a fresh process, timed from outside."""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from runner import ENVIRONMENT

TREADLE = Path(sys.executable).with_name("treadle")
IMPORT_TYPER = (sys.executable, "-c", "import typer")
VERSION = (str(TREADLE), "--version")
HELP = (str(TREADLE), "--help")

BARE_APP = '''\
"""A Typer application with as many commands as treadle's, each with a line of help."""

import typer

app = typer.Typer()


def command(number: int) -> None:
    def function(name: str, reason: str = "") -> None:
        """Do something to an execution."""

    app.command(f"command-{number}", help=f"Do thing number {number} to an execution.")(function)


for number in range(18):
    command(number)

app()
'''


def bare_help(folder: Path) -> tuple[str, ...]:
    """The peer of `treadle --help`: the same libraries, and nothing to look up."""
    path = folder / "bare.py"
    path.write_text(BARE_APP, "utf-8")
    return (sys.executable, str(path), "--help")


def in_turns(commands: Mapping[str, Sequence[str]], turns: int) -> dict[str, list[float]]:
    """Seconds of each command, one a turn, after one turn that only warms the disk's cache and keeps the bytecode."""
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(turns + 1):
        for name, command in commands.items():
            seconds = _seconds(command)
            if turn:
                taken[name].append(seconds)
    return taken


def _seconds(command: Sequence[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started
