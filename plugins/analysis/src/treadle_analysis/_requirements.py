"""What a change does to the dependencies that a Python project declares."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from treadle_hookspecs import Json

from treadle_analysis import _classify
from treadle_analysis._files import ChangedFile

NAME: Final = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
REQUIREMENTS_FILE: Final = re.compile(r"(^|/)requirements[^/]*\.(txt|in)$|(^|/)requirements/[^/]+\.(txt|in)$")


@dataclass(frozen=True, slots=True)
class Requirements:
    """What a change does to the declared dependencies.

    Attributes:
        added: names, normalised.
        removed: names.
        changed: names whose versions or extras differ.
        manifests: the changed files that declare them.
        lock: the lock file that is there after the change, or "".
        lock_changed: the change touches it.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    manifests: tuple[str, ...]
    lock: str
    lock_changed: bool

    @property
    def count(self) -> int:
        """How many dependencies differ."""
        return len(self.added) + len(self.removed) + len(self.changed)

    def to_json(self) -> dict[str, Json]:
        """All of it by name; `lock` is null without one."""
        return {
            "added": list(self.added),
            "removed": list(self.removed),
            "changed": list(self.changed),
            "manifests": list(self.manifests),
            "lock": self.lock or None,
            "lock_changed": self.lock_changed,
        }


def compare(files: Iterable[ChangedFile], before: Mapping[str, str], after: Mapping[str, str]) -> Requirements:
    """Over all changed manifests; `before` and `after` hold texts by path."""
    changed_files = list(files)
    manifests = [file for file in changed_files if _is_manifest(file.path)]
    old = _merged(before.get(file.before, "") for file in manifests if file.before)
    new = _merged(after.get(file.path, "") for file in manifests)
    lock = next((name for name in _classify.LOCKS if name in after), "")
    return Requirements(
        added=tuple(sorted(new.keys() - old.keys())),
        removed=tuple(sorted(old.keys() - new.keys())),
        changed=tuple(sorted(name for name in old.keys() & new.keys() if old[name] != new[name])),
        manifests=tuple(file.path for file in manifests),
        lock=lock,
        lock_changed=any(file.path == lock for file in changed_files),
    )


def _is_manifest(path: str) -> bool:
    return path.rpartition("/")[2] == "pyproject.toml" or bool(REQUIREMENTS_FILE.search(path))


def _merged(texts: Iterable[str]) -> dict[str, set[str]]:
    merged: dict[str, set[str]] = {}
    for text in texts:
        for requirement in _of_text(text):
            if match := NAME.match(requirement):
                merged.setdefault(match[1].lower().replace("_", "-"), set()).add(requirement.strip())
    return merged


def _of_text(text: str) -> list[str]:
    """The requirements of a `pyproject.toml`, or else of a requirements file, one a line."""
    if not re.search(r"^\s*\[", text, re.MULTILINE):
        return [line.split(" #")[0] for line in text.splitlines() if NAME.match(line)]
    try:
        return _of_project(tomllib.loads(text))
    except tomllib.TOMLDecodeError:
        return []


def _of_project(data: Mapping[str, Any]) -> list[str]:
    project = data.get("project", {})
    groups = [
        project.get("dependencies", []),
        data.get("build-system", {}).get("requires", []),
        *project.get("optional-dependencies", {}).values(),
        *data.get("dependency-groups", {}).values(),
    ]
    return [item for group in groups for item in group if isinstance(item, str)] + _of_poetry(data)


def _of_poetry(data: Mapping[str, Any]) -> list[str]:
    table = data.get("tool", {}).get("poetry", {})
    groups = [table.get("dependencies", {})]
    groups += [group.get("dependencies", {}) for group in table.get("group", {}).values()]
    return [f"{name} {version}" for group in groups for name, version in group.items()]
