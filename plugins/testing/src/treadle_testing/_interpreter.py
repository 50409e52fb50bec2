"""Which Python runs a project's tests, and what it brings."""

import json
import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from treadle_hookspecs import ActionContext, ActionError

PROBE: Final = """
import importlib.metadata as m, importlib.util as u, json, sys
version = lambda name: m.version(name) if u.find_spec(name) else ""
plugins = [[e.name, e.dist.name if e.dist else ""] for e in m.entry_points(group="pytest11")]
print(json.dumps([sys.version.split()[0], version("pytest"), version("coverage"), plugins]))
"""

PACKAGING: Final = ("pyproject.toml", "setup.cfg", "setup.py", "tox.ini", "pytest.ini", "Pipfile", "conftest.py")
PACKAGING_PATTERNS: Final = ("requirements*.txt", "requirements*.in", "requirements/*.txt", "tests/conftest.py")

MEASURES_CHILDREN: Final = (7, 10)
"""The first coverage that can measure the processes which tests start."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python with pytest.

    Attributes:
        path: the program.
        version: of Python, e.g. `3.11.2`.
        pytest: its version.
        coverage: its version, "" without it.
        plugins: pytest plugins by `(name, distribution)`.
        own: it is the one that runs treadle, so its plugins are not the project's choice.
    """

    path: str
    version: str
    pytest: str
    coverage: str
    plugins: tuple[tuple[str, str], ...]
    own: bool

    def strangers(self, folder: Path) -> list[str]:
        """Plugins that the project does not name in any packaging file. They are switched off: they are treadle's."""
        if not self.own:
            return []
        named = _packaging_text(folder)
        return [name for name, distribution in self.plugins if not _is_named(distribution, named)]

    def has_plugin(self, distribution: str) -> bool:
        """True when it would load a pytest plugin of that distribution."""
        return any(name == distribution for _, name in self.plugins)

    @property
    def measures_children(self) -> bool:
        """True when its coverage follows child processes."""
        numbers = [int(part) for part in self.coverage.split(".")[:2] if part.isdigit()]
        return tuple(numbers) >= MEASURES_CHILDREN


async def choose(
    folder: Path, python: str, requirements: list[str], checkout: str, context: ActionContext
) -> Interpreter:
    """The interpreter for the tests in a folder.

    In this order: an environment made from `requirements`; `python`; the `.venv` or `venv` of the checkout, if it
    has pytest; the Python that runs treadle.

    Raises:
        ActionError: `no-interpreter` when the one asked for has no pytest or cannot be made.
    """
    if requirements:
        return await _demanded(await _environment(folder, python or sys.executable, requirements, context), context)
    if python:
        return await _demanded(_located(context.workspace.root, python), context)
    for name in (".venv", "venv"):
        candidate = _program(context.workspace.root / checkout / name)
        if candidate.is_file() and (found := await _probe(str(candidate), context)) and found.pytest:
            return found
    return await _demanded(sys.executable, context)


def _located(root: Path, python: str) -> str:
    """A program's name stays as it is; a path is taken from the execution's root."""
    return str(root / python) if os.sep in python else python


def _program(environment: Path) -> Path:
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


async def _demanded(path: str, context: ActionContext) -> Interpreter:
    found = await _probe(path, context)
    if found is None or not found.pytest:
        why = f"there is no working Python at {path}" if found is None else f"{path} has no pytest"
        raise ActionError(
            f"{why}; run `{path} -m pip install pytest coverage`, or name another interpreter with `python`, "
            "or give `requirements` to make an environment",
            error_class="no-interpreter",
            retryable=False,
        )
    return found


async def _probe(path: str, context: ActionContext) -> Interpreter | None:
    answer = await context.run([path, "-c", PROBE])
    try:
        version, pytest, coverage, plugins = json.loads(answer.stdout)
    except ValueError:
        return None
    own = os.path.normcase(path) == os.path.normcase(sys.executable)
    return Interpreter(path, version, pytest, coverage, tuple((name, dist) for name, dist in plugins), own)


async def _environment(folder: Path, python: str, requirements: list[str], context: ActionContext) -> str:
    """Make a virtual environment in the scratch folder with pytest, coverage and the requirements; its program."""
    place = context.scratch / "environment"
    path = str(_program(place))
    context.progress(message="installing requirements")
    await context.run([python, "-m", "venv", "--clear", str(place)], check=True)
    wanted = [word for requirement in requirements for word in _words(requirement)]
    installed = await context.run([path, "-m", "pip", "install", "--quiet", "pytest", "coverage", *wanted], cwd=folder)
    if not installed.ok:
        last = "\n".join(installed.stderr.strip().splitlines()[-5:])
        raise ActionError(f"pip could not install the requirements:\n{last}", error_class="no-interpreter")
    return path


def _words(requirement: str) -> list[str]:
    """`-e .` and `-r file` are two words; any other option of pip is refused."""
    if not requirement.startswith("-"):
        return [requirement]
    words = shlex.split(requirement)
    if len(words) == 2 and words[0] in ("-e", "-r") and not words[1].startswith("-"):
        return words
    raise ActionError(
        f"`{requirement}` is no requirement: give a requirement, `-e FOLDER` or `-r FILE`",
        error_class="invalid-input",
        retryable=False,
    )


def _packaging_text(folder: Path) -> str:
    paths = [folder / name for name in PACKAGING]
    paths += [path for pattern in PACKAGING_PATTERNS for path in folder.glob(pattern)]
    texts = (path.read_text("utf-8", "replace") for path in paths if path.is_file())
    return "\n".join(texts).lower().replace("_", "-")


def _is_named(distribution: str, text: str) -> bool:
    return bool(distribution) and distribution.lower().replace("_", "-") in text
