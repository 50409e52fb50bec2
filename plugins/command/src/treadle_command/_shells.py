"""How each shell is told to run a script."""

import shutil
import sys
from pathlib import Path
from typing import Final

from treadle_hookspecs import ActionError

SHELLS: Final = ("sh", "bash", "pwsh", "python")

_LONGEST_ARGUMENT = 100_000
"""Bytes of a script up to which it is an argument; Linux takes 128 KiB in one, Windows 32 in all."""

_SUFFIXES: Final = {"sh": "sh", "bash": "sh", "pwsh": "ps1", "python": "py"}

_STOP_AT_ERRORS = "$ErrorActionPreference = 'stop'"
_LAST_EXIT_CODE = "if (Test-Path -LiteralPath variable:\\LASTEXITCODE) { exit $LASTEXITCODE }"


def command_line(script: str, shell: str, folder: Path | None = None) -> tuple[str, ...]:
    """The program and its arguments for a script.

    `sh` and `bash` stop at the first command that fails (`-e`), `bash` also when a part of a pipe does (`pipefail`),
    `pwsh` at the first error; it ends with the exit code of the last program.

    Args:
        script: its text.
        shell: one of `SHELLS`.
        folder: where a script that is too long for a command line is written to.
    """
    if shell not in SHELLS:
        raise ActionError(
            f"shell {shell!r} is not known; it is one of {', '.join(SHELLS)}",
            error_class="invalid-input",
            retryable=False,
        )
    text = f"{_STOP_AT_ERRORS}\n{script}\n{_LAST_EXIT_CODE}\n" if shell == "pwsh" else script
    if folder is None or len(text.encode()) <= _LONGEST_ARGUMENT:
        return (*_prefix(shell, in_file=False), text)
    file = folder / f"script.{_SUFFIXES[shell]}"
    file.write_text(text, encoding="utf-8", newline="\n")
    return (*_prefix(shell, in_file=True), str(file))


def _prefix(shell: str, *, in_file: bool) -> tuple[str, ...]:
    if shell == "pwsh":
        return ("pwsh", "-NoLogo", "-NoProfile", "-NonInteractive", "-File" if in_file else "-Command")
    command = () if in_file else ("-c",)
    if shell == "python":
        return (python(), *command)
    if shell == "bash":
        return ("bash", "-e", "-o", "pipefail", *command)
    return ("sh", "-e", *command)


def python() -> str:
    """The user's Python, which knows the project's packages; treadle's own where there is none."""
    return next((name for name in ("python3", "python") if shutil.which(name)), sys.executable)
