"""Where a repository keeps the code that its tests import: one project at its top, or several side by side."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

MANIFESTS: Final = frozenset({"pyproject.toml", "setup.py", "setup.cfg"})
NOT_SEARCHED: Final = frozenset(
    {"test", "tests", "testing", "doc", "docs", "examples", "build", "dist", "node_modules", "venv", "__pycache__"}
)
TEST_FOLDERS: Final = ("test", "tests", "testing")
DEEPEST: Final = 4


def projects(folder: Path) -> list[Path]:
    """The folders that hold a project: the top, then those with a manifest of their own, at most four levels down."""
    return [folder, *(path for path in _with_manifest(folder) if path != folder)]


def _with_manifest(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        path = Path(place)
        depth = len(path.relative_to(folder).parts)
        folders[:] = sorted(name for name in folders if depth < DEEPEST and _is_searched(name))
        if MANIFESTS & set(files):
            yield path


def _is_searched(name: str) -> bool:
    return name not in NOT_SEARCHED and not name.startswith(".")


def import_folders(folder: Path) -> list[Path]:
    """What goes before everything installed, so that the code of this folder is tested and no other copy of it."""
    return [source for project in projects(folder) for source in _sources(project)] + [folder]


def _sources(project: Path) -> list[Path]:
    if (project / "src").is_dir():
        return [project / "src"]
    return [project] if _packages(project) else []


def measured_folders(folder: Path) -> list[str]:
    """What coverage measures: the `src` of each project, or its packages that are no tests; else everything."""
    found = [place for project in projects(folder) for place in _measured(project)]
    return list(dict.fromkeys(str(place) for place in found)) or [str(folder)]


def _measured(project: Path) -> list[Path]:
    return [project / "src"] if (project / "src").is_dir() else _packages(project)


def _packages(project: Path) -> list[Path]:
    parents = (path.parent for path in sorted(project.glob("*/__init__.py")))
    return [path for path in parents if path.name not in TEST_FOLDERS]
