"""What is measured: a command or tests, in a folder, by an interpreter."""

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from treadle_hookspecs import ActionContext, ActionError, ToolMissingError

_PYTHON: Final = re.compile(r"python(\d+(\.\d+)*)?(\.exe)?")
_PLUGIN: Final = re.compile(r"\bpytest[-_][a-z]|pytest_plugins")
_PACKAGING: Final = ("pyproject.toml", "setup.cfg", "setup.py", "tox.ini", "requirements.txt", "conftest.py")
_HAS: Final = "import importlib.util as u, sys; sys.exit(not all(u.find_spec(name) for name in sys.argv[1:]))"


@dataclass(frozen=True, slots=True)
class Subject:
    """A command line with the interpreter in its place, and the folder that it runs in."""

    command: tuple[str, ...]
    folder: Path

    @property
    def shown(self) -> str:
        """The command as a person would type it."""
        return " ".join(part if part and " " not in part else repr(part) for part in self.command)

    def environment(self, scratch: Path) -> dict[str, str]:
        """The folder's own sources come first; what Python compiles is kept apart, so that nothing is left behind."""
        alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"} if self._plugins_are_strangers else {}
        places = [str(place) for place in (self.folder / "src", self.folder) if place.is_dir()]
        inherited = os.environ.get("PYTHONPATH", "")
        return {
            "PYTHONPATH": os.pathsep.join([*places, *([inherited] if inherited else [])]),
            "PYTHONPYCACHEPREFIX": str(scratch / "compiled"),
            **alone,
        }

    @property
    def _plugins_are_strangers(self) -> bool:
        """Treadle's own environment has plugins for pytest that a project which names none did not ask for."""
        files = (self.folder / name for name in _PACKAGING)
        texts = (path.read_text("utf-8", "replace") for path in files if path.is_file())
        return self.command[0] == sys.executable and not any(_PLUGIN.search(text) for text in texts)


def folder_of(context: ActionContext, path: str) -> Path:
    """A folder, absolute or relative to the execution's root. Raises `ActionError` when it is not there."""
    folder = Path(os.path.realpath(context.workspace.root / path))
    if not folder.is_dir():
        raise ActionError(f"there is no folder {folder} to measure", error_class="invalid-input", retryable=False)
    return folder


async def interpreter(context: ActionContext, folder: Path, python: str, *needs: str) -> str:
    """The Python that is asked for, else the project's own where it has what is needed, else treadle's.

    Raises:
        ToolMissingError: it lacks one of the modules `needs`; the message has the line that installs it.
    """
    if python:
        chosen = str(context.workspace.root / python) if os.sep in python else python
        if not await _has(context, chosen, needs):
            raise ToolMissingError(" and ".join(needs) + f" for {chosen}", f"{chosen} -m pip install {' '.join(needs)}")
        return chosen
    for name in (".venv", "venv"):
        own = folder / name / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        if os.access(own, os.X_OK) and await _has(context, str(own), needs):
            return str(own)
    if not await _has(context, sys.executable, needs):
        raise ToolMissingError(" and ".join(needs), f"{sys.executable} -m pip install {' '.join(needs)}")
    return sys.executable


async def _has(context: ActionContext, python: str, modules: Sequence[str]) -> bool:
    return not modules or (await context.run([python, "-I", "-c", _HAS, *modules])).ok


async def subject(
    context: ActionContext, folder: Path, command: Sequence[str], tests: Sequence[str], python: str, *needs: str
) -> Subject:
    """What `command` or `tests` mean in a folder; without either the folder's tests.

    Raises:
        ActionError: `invalid-input` when both are given.
    """
    if command and tests:
        raise ActionError("give either `command` or `tests`", error_class="invalid-input", retryable=False)
    if not command:
        chosen = await interpreter(context, folder, python, "pytest", *needs)
        return Subject((chosen, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests), folder)
    if not is_python(command[0]):
        return Subject(tuple(command), folder)
    named = command[0] if os.sep in command[0] else ""
    return Subject((await interpreter(context, folder, python or named, *needs), *command[1:]), folder)


def is_python(program: str) -> bool:
    """True for `python`, `python3`, `/usr/bin/python3.12`."""
    return _PYTHON.fullmatch(Path(program).name) is not None
