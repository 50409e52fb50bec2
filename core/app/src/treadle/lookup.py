"""Finding workflows: by path, in the project's `workflows/`, in the installed catalogues."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from treadle_hookspecs import ExitCode, TreadleError

if TYPE_CHECKING:
    from treadle.plugins import PluginHost

SUFFIXES: Final = (".yaml", ".yml", ".json")
PATH_SUFFIXES: Final = (*SUFFIXES, ".js", ".json5")
"""Of what is taken for a path; other dialects have files of their own."""
FOLDER: Final = "workflows"
FOREIGN_FOLDERS: Final = (".claude/workflows",)
"""Where other tools keep theirs; what stands in the project's own folder comes first."""
PROJECT: Final = "project"


@dataclass(frozen=True, slots=True)
class Found:
    """A definition's file, as it was given or found.

    `source` is `path`, `project`, or the distribution whose catalogue holds it.
    """

    name: str
    path: Path
    source: str


def is_test(path: Path) -> bool:
    """It is named like a test file: `NAME.test.yaml`."""
    return path.suffix in SUFFIXES and path.stem.endswith(".test")


def project_root(start: Path) -> Path:
    """The git top level at or above `start`, or `start` itself."""
    start = start.resolve()
    return next((folder for folder in (start, *start.parents) if (folder / ".git").exists()), start)


def find(workflow: str, root: Path, plugins: "PluginHost") -> Found:
    """The file of a workflow given by path or name. Raises `TreadleError` (exit code 3) with what is there instead."""
    path = Path(workflow)
    if path.suffix in PATH_SUFFIXES or path.parent != Path():
        return _by_path(path, workflow)
    wanted = _canonical(workflow)
    for found in known(root, plugins):
        if _canonical(found.name) == wanted:
            return found
    raise _unknown(workflow, root, plugins)


def known(root: Path, plugins: "PluginHost") -> Iterator[Found]:
    """Every workflow that has a name here: the project's first, then the catalogues' in plugin order."""
    for path in definitions(root):
        yield Found(path.stem, path, PROJECT)
    for listed in plugins.workflow_files():
        yield Found(listed.name, Path(str(listed.file)), listed.record.distribution)


class ProjectLibrary:
    """The workflows that steps run: by path from their file, then by name as a person would."""

    def __init__(self, root: Path, plugins: "PluginHost") -> None:
        self._root = root
        self._plugins = plugins

    def file(self, reference: str, beside: Path) -> Path | None:
        """The file of a workflow; None when there is none."""
        path = Path(reference)
        written = [reference] if path.suffix in SUFFIXES else [reference + suffix for suffix in SUFFIXES]
        for candidate in (beside / name for name in written):
            if candidate.is_file():
                return candidate
        if path.suffix in SUFFIXES or path.parent != Path():
            return None
        wanted = _canonical(reference)
        known_here = known(self._root, self._plugins)
        return next((found.path for found in known_here if _canonical(found.name) == wanted), None)

    def names(self) -> list[str]:
        """Every name that there is, once."""
        return list(dict.fromkeys(found.name for found in known(self._root, self._plugins)))


def definitions(root: Path) -> list[Path]:
    """The project's own definitions: of each folder by name, those of other tools behind its own."""
    return [path for folder in (FOLDER, *FOREIGN_FOLDERS) for path in _within(root / folder)]


def _within(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and path.is_file() and not is_test(path))


def _by_path(path: Path, given: str) -> Found:
    if path.is_file():
        return Found(path.stem, path, "path")
    raise TreadleError(
        f"there is no file {given}",
        exit_code=ExitCode.NOT_FOUND,
        context={"cwd": str(Path.cwd())},
        suggestions=("treadle list shows the workflows that have a name here",),
    )


def _canonical(name: str) -> str:
    return name.replace("_", "-").lower()


def _unknown(workflow: str, root: Path, plugins: "PluginHost") -> TreadleError:
    import difflib

    names = sorted({found.name for found in known(root, plugins)})
    close = difflib.get_close_matches(workflow, names, 3)
    suggestions = [f"did you mean `{name}`?" for name in close]
    return TreadleError(
        f"no workflow is called {workflow!r}",
        exit_code=ExitCode.NOT_FOUND,
        context={"looked in": [str(root / FOLDER), "the installed catalogues"]},
        suggestions=(
            *suggestions,
            "treadle list shows what there is",
            "treadle init --example hello writes a first one",
        ),
    )
