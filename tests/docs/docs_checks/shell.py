"""Types the commands of a page into one shell, in a home and a folder of their own."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from docs_checks.blocks import Block, Command

SHOWN: Final = "…"
"""In a shown output: anything, also several lines when it stands alone."""

NEWEST: Final = """
newest() {
  treadle status --json | python -c 'import json, sys; print(json.load(sys.stdin)["executions"][0]["id"])'
}
"""
"""A page writes `ID` for the execution it just started; here it is looked up."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What a command gave."""

    command: Command
    output: str
    status: int

    def problems(self) -> list[str]:
        """Why it is not what the page says."""
        wrong = [] if self.command.status else re.findall(r"^failed: .*", self.output, re.MULTILINE)
        if self.status != self.command.status:
            wrong.append(f"ended with {self.status}, the page says {self.command.status}")
        if self.command.output is not None and not matches(self.command.output, self.output):
            wrong.append(f"printed something else than:\n{self.command.output}")
        return [f"$ {self.command.text}{problem}\nprinted:\n{self.output}" for problem in wrong]


def matches(shown: str, printed: str) -> bool:
    """True when the output is what the page shows; `…` stands for anything."""
    parts = [re.escape(part) for part in shown.strip().split(SHOWN)]
    return re.fullmatch(r"[\s\S]*?".join(parts), printed.strip()) is not None


def type_page(blocks: Iterable[Block], folder: Path) -> list[Typed]:
    """Write the page's files and type its commands, all in one bash, so that `cd` and variables last."""
    for name in ("home", "project", "outputs"):
        (folder / name).mkdir()
    script, commands = [NEWEST], []
    for block in blocks:
        if "file" in block.directives:
            script.append(_write(block.directives["file"], block.text))
        elif block.is_run:
            for command in block.commands():
                script.append(_type(command, folder / "outputs" / str(len(commands))))
                commands.append(command)
    _bash("\n".join(script), folder)
    return [_typed(command, folder / "outputs" / str(number)) for number, command in enumerate(commands)]


def _write(name: str, text: str) -> str:
    return f"mkdir -p \"$(dirname {name})\"\ncat > {name} <<'END-OF-{name}'\n{text}END-OF-{name}"


def _type(command: Command, output: Path) -> str:
    """Braces and not parentheses: the shell is the same for the whole page. A line that fails in the middle is told."""
    text = re.sub(r"(?<![\w-])ID(?![\w-])", '"$(newest)"', command.text)
    watch = "" if command.status else """trap 'echo "failed: $BASH_COMMAND"' ERR"""
    return f"{{ {watch}\n{text}}} > {output} 2>&1\necho $? > {output}.status\ntrap - ERR"


def _bash(script: str, folder: Path) -> None:
    """Run it without a terminal, in an environment that a new user has; whatever it leaves running is ended."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    home = str(folder / "home")
    environ = {"PATH": path, "HOME": home, "LANG": "C.UTF-8", "TREADLE_HOME": f"{home}/.treadle", "CI": "true"}
    bash = subprocess.Popen(
        ["bash", "-c", script],
        cwd=folder / "project",
        env=environ,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        bash.wait(timeout=240)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(bash.pid, signal.SIGKILL)
        bash.wait()


def _typed(command: Command, output: Path) -> Typed:
    ended = output.with_suffix(".status")
    status = int(ended.read_text()) if ended.exists() else -1
    return Typed(command, output.read_text("utf-8") if output.exists() else "", status)
