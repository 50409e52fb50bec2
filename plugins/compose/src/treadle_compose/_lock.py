"""`treadle.lock.json`: what a project was composed of, so that it can be composed again."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from treadle_hookspecs import ExitCode, JsonObject, TreadleError

from treadle_compose._decisions import PathRule
from treadle_compose._operations import LOCK, Operation

SCHEMA: Final = "treadle/composition-lock@1"


@dataclass(frozen=True, slots=True)
class Lock:
    """A project's lock file.

    Attributes:
        templates: `{id, version, source, commit, digest, answers}` each; never a secret.
        paths: for each path `{templates, sha256, mode}` of what was written; `project` among the templates stands
            for the text that was there before.
        decisions: rules that decided conflicts, replayed by the next composition.
    """

    project_name: str = ""
    templates: tuple[JsonObject, ...] = ()
    paths: Mapping[str, JsonObject] = field(default_factory=dict)
    decisions: tuple[PathRule, ...] = ()

    @classmethod
    def read(cls, target: Path) -> "Lock":
        """The lock of a project, empty without one. Raises `TreadleError` for a damaged one."""
        path = target / LOCK
        try:
            data = json.loads(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return cls()
        except (OSError, ValueError) as error:
            raise _damaged(path, str(error)) from error
        if not isinstance(data, dict) or data.get("schema") != SCHEMA:
            raise _damaged(path, f"it is no {SCHEMA}")
        try:
            return cls(
                str(data["project_name"]),
                tuple(data["templates"]),
                dict(data["paths"]),
                tuple(PathRule(it["path"], it["strategy"], it["key"], "lock") for it in data["decisions"]),
            )
        except (KeyError, TypeError) as error:
            raise _damaged(path, f"{error} is missing or wrong") from error

    def owned(self, path: str, templates: Collection[str]) -> str:
        """The SHA-256 of what was written to a path from none but these templates, "" for none of theirs.

        What else is in a file, the user's own text or another template's, would be lost if it were made anew.
        """
        written: Mapping[str, Any] = self.paths.get(path, {})
        return str(written.get("sha256", "")) if set(written.get("templates", ())) <= set(templates) else ""

    def text(self) -> str:
        """The file: the same composition gives the same bytes."""
        data: dict[str, Any] = {
            "schema": SCHEMA,
            "project_name": self.project_name,
            "templates": list(self.templates),
            "decisions": [{"path": it.pattern, "key": it.key, "strategy": it.strategy} for it in self.decisions],
            "paths": {path: self.paths[path] for path in sorted(self.paths)},
        }
        return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def paths_of(operations: Sequence[Operation]) -> dict[str, JsonObject]:
    """The paths that a lock names."""
    return {
        it.path: {
            "templates": list(it.templates),
            "sha256": it.entry.sha256,
            "mode": f"{it.entry.mode:04o}",
        }
        for it in operations
        if it.entry.kind != "dir" and set(it.templates) != {"project"}
    }


def _damaged(path: Path, reason: str) -> TreadleError:
    return TreadleError(
        f"cannot use {path}: {reason}",
        context={"file": str(path)},
        suggestions=("bring it back from the project's history, or delete it: then nothing is replayed",),
        exit_code=ExitCode.USAGE,
    )
