"""Where test files are: those that are named, those beside a workflow, or all of a project."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from treadle_hookspecs import ExitCode, TreadleError

from treadle.lookup import FOLDER, SUFFIXES, is_test

_SKIPPED: Final = frozenset({"node_modules", "build", "dist", "__pycache__"})


def test_files(root: Path, names: Sequence[str]) -> list[Path]:
    """The files to play, each once.

    A name is a test file, a folder (with all below it), a workflow's file, or the name of a workflow of the project.
    Without names: what stands in the project's root and in its `workflows/`.

    Raises:
        TreadleError: nothing is there (exit code 3).
    """
    if names:
        return list(dict.fromkeys(_shown(path) for name in names for path in _named(root, name)))
    found = [path for folder in (root, root / FOLDER) if folder.is_dir() for path in sorted(folder.iterdir())]
    files = [path for path in found if is_test(path)]
    if not files:
        raise TreadleError(
            f"there is no test file in {root} nor in {root / FOLDER}",
            exit_code=ExitCode.NOT_FOUND,
            suggestions=("treadle test --init WORKFLOW writes a first one",),
        )
    return [_shown(path) for path in files]


def _shown(path: Path) -> Path:
    """From the current folder, where it is below that."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _named(root: Path, name: str) -> list[Path]:
    path = Path(name)
    if path.is_dir():
        found = sorted(_below(path))
    elif path.suffix in SUFFIXES:
        found = [path] if is_test(path) else _beside(path)
    else:
        found = [each for suffix in SUFFIXES for each in _beside(root / FOLDER / f"{name}{suffix}")]
    if not found:
        raise TreadleError(
            f"there is no test file for {name}",
            exit_code=ExitCode.NOT_FOUND,
            suggestions=(f"treadle test --init {name} writes a first one",),
        )
    return found


def _below(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir() and path.name not in _SKIPPED and not path.name.startswith("."):
            yield from _below(path)
        elif is_test(path):
            yield path


def _beside(workflow: Path) -> list[Path]:
    stem = workflow.name.removesuffix(workflow.suffix)
    return [path for suffix in SUFFIXES if (path := workflow.with_name(f"{stem}.test{suffix}")).is_file()]
