"""Where things stand."""

import re
from collections import defaultdict
from pathlib import Path
from typing import Final

from workspace_rules.members import members, shown

HOUSE: Final = (
    ".ci/run",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "pyproject.toml",
    "requirements.lock",
    "core/app/src/treadle/api.py",
    "core/app/src/treadle/cli",
    "core/app/src/treadle/definition",
    "core/app/src/treadle/plugins",
    "core/app/src/treadle/runtime",
    "core/app/src/treadle/workspace",
    "core/engine/src/treadle_engine/compensation.py",
    "core/engine/src/treadle_engine/decide.py",
    "core/engine/src/treadle_engine/events.py",
    "core/engine/src/treadle_engine/expressions.py",
    "core/engine/src/treadle_engine/plan.py",
    "core/engine/src/treadle_engine/state.py",
    "docs/decisions",
    "docs/explanation",
    "docs/how-to",
    "docs/reference",
    "docs/tutorial",
    "hookspecs/src/treadle_hookspecs",
    "plugins/testkit/src/treadle_testkit",
    "tests/benchmarks",
    "workflows/src/treadle_workflows",
)
"""What the architecture draws; paths relative to the workspace."""


def house(root: Path) -> list[str]:
    """Everything that the architecture draws is there."""
    return [f"{name} is missing" for name in HOUSE if not (root / name).exists()]


def makefile_scripts(root: Path) -> list[str]:
    """Each script that the Makefile runs is there."""
    named = re.findall(r"\btests/\S+\.py\b", (root / "Makefile").read_text("utf-8"))
    return [f"Makefile runs {name}, which is not there" for name in named if not (root / name).is_file()]


def packages_complete(root: Path) -> list[str]:
    """Each package has a manifest, a README of a few lines, one typed module in `src`, and tests of its own."""
    broken = []
    for member in members(root):
        place = shown(member.folder, root)
        wanted = {
            "pyproject.toml": (member.folder / "pyproject.toml").is_file(),
            "README.md with a title and a sentence": _has_lines(member.folder / "README.md", 2),
            "src/MODULE/__init__.py": bool(member.module),
            "src/MODULE/py.typed": any(member.folder.glob("src/*/py.typed")),
            "tests/test_*.py": any(member.folder.glob("tests/**/test_*.py")),
        }
        broken += [f"{place} has no {what}" for what, there in wanted.items() if not there]
    return broken


def unique_test_files(root: Path) -> list[str]:
    """No two test files share a name: a failure's file is then found by its name alone."""
    places = defaultdict(list)
    for folder in [root / "tests", *(member.folder / "tests" for member in members(root))]:
        for path in sorted(folder.glob("**/test_*.py")):
            places[path.name].append(shown(path, root))
    return [f"{' and '.join(found)} have the same name" for found in places.values() if len(found) > 1]


def no_packages_in_tests(root: Path) -> list[str]:
    """Tests are not packages: `--import-mode=importlib` needs no `__init__.py` beside them."""
    folders = [root / "tests", *(member.folder / "tests" for member in members(root))]
    stray = (path for folder in folders for path in folder.glob("**/__init__.py"))
    return [f"{shown(path, root)} makes a package of tests" for path in stray if not _is_library(path.parent)]


def _is_library(folder: Path) -> bool:
    """A package that tests import (and that holds none itself) is code like any other."""
    return not any(folder.glob("**/test_*.py"))


def _has_lines(path: Path, count: int) -> bool:
    return path.is_file() and len([line for line in path.read_text("utf-8").splitlines() if line.strip()]) >= count
