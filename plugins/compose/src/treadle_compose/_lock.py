"""`treadle.lock.json`: what a project was composed of, so that it can be composed again."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from treadle_hookspecs import ExitCode, FileKind, JsonObject, TreadleError

from treadle_compose._decisions import PathRule
from treadle_compose._operations import LOCK, PROJECT, Base, Operation, Plan
from treadle_compose._staging import Entry

SCHEMA: Final = "treadle/composition-lock@1"


@dataclass(frozen=True, slots=True)
class Lock:
    """A project's lock file.

    Attributes:
        templates: in composition order `{id, version, spec, asked, source, commit, digest, answers, provides, needs,
            files}` each; never a secret. `files` are what each brings: `{sha256, mode}` by path.
        paths: for each path `{templates, sha256, mode}` of what was written; `project` among the templates stands
            for the text of the user. `sha256` is "" where the user has deleted it. `base` is what the templates alone
            say where that is something else, None where they alone come to nothing.
        decisions: rules that decided conflicts, replayed by the next composition.
        subdirs: folders that a template's whole tree went into, by its id.
    """

    project_name: str = ""
    templates: tuple[JsonObject, ...] = ()
    paths: Mapping[str, JsonObject] = field(default_factory=dict)
    decisions: tuple[PathRule, ...] = ()
    subdirs: Mapping[str, str] = field(default_factory=dict)

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
            return cls.from_json(data)
        except (KeyError, TypeError) as error:
            raise _damaged(path, f"{error} is missing or wrong") from error

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Lock":
        """From the file's data. Raises `KeyError` or `TypeError` for what is none."""
        return cls(
            str(data["project_name"]),
            tuple(data["templates"]),
            dict(data["paths"]),
            tuple(PathRule(it["path"], it["strategy"], it["key"], "lock") for it in data["decisions"]),
            dict(data.get("subdirs", {})),
        )

    def template(self, id: str) -> JsonObject | None:
        """What is known of a template that is in the project."""
        return next((it for it in self.templates if it["id"] == id), None)

    def bases(self) -> dict[str, Base]:
        """What was written, and what the templates alone say, by path."""
        found = {path: _base(path, record) for path, record in self.paths.items()}
        return {path: it for path, it in found.items() if it is not None}

    def files(self, id: str) -> tuple[Entry, ...]:
        """What a template brought."""
        known: Any = self.template(id)
        if known is None:
            return ()
        if "files" in known:
            return tuple(_entry(path, record) for path, record in known["files"].items())
        return tuple(_entry(path, it) for path, it in self.paths.items() if it["templates"] == [id])

    def text(self) -> str:
        """The file: the same composition gives the same bytes."""
        data: dict[str, Any] = {
            "schema": SCHEMA,
            "project_name": self.project_name,
            "templates": list(self.templates),
            "decisions": [{"path": it.pattern, "key": it.key, "strategy": it.strategy} for it in self.decisions],
            "subdirs": dict(self.subdirs),
            "paths": {path: self.paths[path] for path in sorted(self.paths)},
        }
        return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def paths_of(made: Plan) -> dict[str, JsonObject]:
    """The paths that a lock names."""
    there = {it.path: _record(it, it.entry.sha256) for it in made.operations if _is_named(it)}
    return there | {it.path: _record(it, "") for it in made.absent if _is_named(it)}


def files_of(entries: Iterable[Entry]) -> dict[str, JsonObject]:
    """What a template brings, as a lock says it."""
    return {it.path: _told(it) for it in entries}


def _is_named(operation: Operation) -> bool:
    return operation.entry.kind != "dir" and set(operation.templates) != {PROJECT}


def _record(operation: Operation, written: str) -> JsonObject:
    told = {"templates": list(operation.templates), **_told(operation.entry), "sha256": written}
    said = operation.said
    if said is None:
        return {**told, "base": None}
    same = (said.sha256, said.mode, said.target) == (written, operation.entry.mode, operation.entry.target)
    return told if same else {**told, "base": _told(said)}


def _told(entry: Entry) -> dict[str, Any]:
    if entry.kind == "dir":
        return {"kind": "dir", "mode": f"{entry.mode:04o}"}
    link = {"target": entry.target} if entry.kind == "link" else {}
    return {"sha256": entry.sha256, "mode": f"{entry.mode:04o}", **link}


def _entry(path: str, record: Mapping[str, Any]) -> Entry:
    kind: FileKind = "dir" if record.get("kind") == "dir" else "link" if "target" in record else "file"
    return Entry(path, kind, int(record["mode"], 8), record.get("sha256", ""), 0, record.get("target", ""))


def _base(path: str, record: Mapping[str, Any]) -> Base | None:
    said = record.get("base", record)
    if said is None:
        return None
    return Base(_entry(path, said), str(record["sha256"]), tuple(record["templates"]))


def not_composed(target: Path) -> TreadleError:
    """A folder has no lock."""
    return TreadleError(
        f"{target} is no composed project: it has no {LOCK}",
        suggestions=("treadle compose --from-templates NAME,… --into FOLDER",),
        exit_code=ExitCode.NOT_FOUND,
    )


def _damaged(path: Path, reason: str) -> TreadleError:
    return TreadleError(
        f"cannot use {path}: {reason}",
        context={"file": str(path)},
        suggestions=("bring it back from the project's history, or delete it: then nothing is replayed",),
        exit_code=ExitCode.USAGE,
    )
