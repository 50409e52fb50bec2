"""Rule G: what one template ships, no other template's ignore file may hide."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

NAMES: Final = (".gitignore", ".dockerignore")


def hidden(paths: Iterable[str], ignores: Mapping[str, str]) -> dict[str, str]:
    """Paths that ignore files hide, with the file that does it; as git and docker decide.

    Args:
        paths: files of a tree.
        ignores: the texts of the tree's ignore files by path.
    """
    found = {}
    specs = {path: _compiled(text) for path, text in ignores.items()}
    nested = {path: spec for path, spec in specs.items() if path.endswith(".gitignore")}
    docker = {path: spec for path, spec in specs.items() if path == ".dockerignore"}
    for path in paths:
        culprit = _by_git(path, nested) or _by_docker(path, docker)
        if culprit:
            found[path] = culprit
    return found


def _by_git(path: str, specs: Mapping[str, Any]) -> str:
    """A folder that is hidden hides all that is in it, whatever a later line says."""
    parts = path.split("/")
    for depth in range(1, len(parts) + 1):
        culprit = _decided("/".join(parts[:depth]), depth < len(parts), specs)
        if culprit:
            return culprit
    return ""


def _decided(path: str, is_folder: bool, specs: Mapping[str, Any]) -> str:
    """The file that hides one path by its last line that matches; deeper files win over those above."""
    culprit = ""
    for name in sorted(specs, key=lambda name: name.count("/")):
        folder = name.rpartition("/")[0]
        if folder and not path.startswith(f"{folder}/"):
            continue
        local = path[len(folder) + 1 :] if folder else path
        verdict = specs[name].check_file(f"{local}/" if is_folder else local).include
        if verdict is not None:
            culprit = name if verdict else ""
    return culprit


def _by_docker(path: str, specs: Mapping[str, Any]) -> str:
    # What keeps files out of an image is meant to: only what the image is made of would be missed.
    needed = path.rpartition("/")[2] in ("pyproject.toml", "package.json", "requirements.txt", "go.mod", "Cargo.toml")
    return next((name for name, spec in specs.items() if needed and spec.match_file(path)), "")


@cache
def _compiled(text: str) -> Any:
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(text.splitlines())


def newly_hidden(
    owners: Mapping[str, Sequence[str]],
    result: Mapping[str, str],
    own: Callable[[str], Mapping[str, str]],
) -> dict[str, str]:
    """Paths that the result hides though none of their own templates does, with the file that does it.

    Args:
        owners: for each path the templates that ship it.
        result: the ignore files of the result.
        own: the ignore files of one template.
    """
    culprits = hidden(owners, result)
    return {
        path: culprit
        for path, culprit in culprits.items()
        if not any(path in hidden((path,), own(template)) for template in owners[path])
    }
