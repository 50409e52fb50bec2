"""What a plan consists of: trees, operations, rows; and their JSON."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from treadle_hookspecs import Json, TreadleError

from treadle_compose._rows import Row
from treadle_compose._staging import Entry

PROJECT: Final = "project"
"""The user's own files among the contributors."""
LOCK: Final = "treadle.lock.json"


@dataclass(frozen=True, slots=True)
class Stage:
    """One template's tree."""

    template: str
    entries: tuple[Entry, ...]


class Trees(Protocol):
    """The contents behind the entries, and the project as it stands."""

    def read(self, template: str, path: str) -> bytes:
        """The content of a file of a template's tree, or of the project's."""

    def project(self, path: str) -> Entry | None:
        """What stands in the project at a path, however it is spelled there; None for nothing."""

    def base(self, path: str) -> "Base | None":
        """What an earlier composition left at a path; None when none did, or nobody knows what it was."""

    def bases(self) -> Mapping[str, "Base"]:
        """All of them by path."""

    def base_content(self, path: str) -> bytes | None:
        """What the templates of an earlier composition said at a path; None when it was not kept."""

    def kept(self) -> Collection[str]:
        """Templates of earlier compositions that are not composed anew: what they brought takes part as it was."""


@dataclass(frozen=True, slots=True)
class Base:
    """A path as an earlier composition left it.

    Attributes:
        entry: what its templates alone said.
        written: the SHA-256 of what was written; "" where the user had deleted it.
        owners: who contributed; `project` among them means that the user's text is in it.
    """

    entry: Entry
    written: str
    owners: tuple[str, ...]

    @property
    def templates(self) -> tuple[str, ...]:
        """The templates among the owners."""
        return tuple(it for it in self.owners if it != PROJECT)

    @property
    def mixed(self) -> bool:
        """The user's own text is in what was written."""
        return PROJECT in self.owners

    def untouched(self, standing: Entry) -> bool:
        """Nobody but templates has said what stands there."""
        return same_thing(standing, self.entry) or (standing.sha256 == self.written and not self.mixed)


@dataclass(frozen=True, slots=True)
class Operation:
    """One path of the result.

    Attributes:
        path: relative to the project.
        entry: what is to stand there.
        pre: what stands there now; None for nothing.
        templates: who contributed.
        source: whose tree holds the content under `origin`; "" when it is in the plan's `contents`.
        origin: its path there.
        strategy: how it came about; "" where only one contributed.
        base: what the templates alone say; None where that is what is to stand there, or is not known (see `known`).
        known: False where the templates alone come to nothing, so that nothing can be compared later.
    """

    path: str
    entry: Entry
    pre: Entry | None
    templates: tuple[str, ...]
    source: str = ""
    origin: str = ""
    strategy: str = ""
    base: Entry | None = None
    known: bool = True

    @property
    def said(self) -> Entry | None:
        """What the templates alone say; None when that is not known."""
        return (self.base or self.entry) if self.known else None

    @property
    def kind(self) -> str:
        """create, replace or keep."""
        if self.pre is None:
            return "create"
        return "keep" if same(self.pre, self.entry) else "replace"

    def to_json(self) -> dict[str, Json]:
        """As `plan.json` has it."""
        return {
            "path": self.path,
            "operation": self.kind,
            "post": self.entry.to_json(),
            "pre": self.pre.to_json() if self.pre else None,
            "templates": list(self.templates),
            "source": self.source,
            "origin": self.origin,
            "strategy": self.strategy,
            "base": self.base.to_json() if self.base else None,
            "known": self.known,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Operation":
        """The reverse of `to_json`."""
        pre = Entry(**data["pre"]) if data["pre"] else None
        base = Entry(**data["base"]) if data["base"] else None
        return cls(
            data["path"], Entry(**data["post"]), pre, tuple(data["templates"]),
            data["source"], data["origin"], data["strategy"], base, data["known"],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done.

    Attributes:
        operations: every path that has a content.
        rows: the conflict table.
        notes: what a person should know.
        contents: merged files by SHA-256.
        removals: files that no template ships any more, as they stand.
        absent: what templates ship and the user has deleted, or what was left alone: for the lock.
        bases: what the templates alone say where that is no template's own file, by SHA-256; kept for the next time.
    """

    operations: tuple[Operation, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    contents: Mapping[str, bytes] = field(default_factory=dict)
    removals: tuple[Entry, ...] = ()
    absent: tuple[Operation, ...] = ()
    bases: Mapping[str, bytes] = field(default_factory=dict, compare=False)

    @property
    def changes(self) -> bool:
        """Something is to be written or deleted."""
        return bool(self.removals) or any(it.kind != "keep" for it in self.operations)

    def to_json(self) -> dict[str, Json]:
        """The whole plan but its contents, which lie beside it by their hash."""
        return {
            "schema": "treadle/composition-plan@1",
            "operations": [it.to_json() for it in self.operations],
            "conflicts": [it.to_json() for it in self.rows],
            "notes": list(self.notes),
            "removals": [it.to_json() for it in self.removals],
            "absent": [it.to_json() for it in self.absent],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], contents: Mapping[str, bytes]) -> "Plan":
        """The reverse of `to_json`."""
        return cls(
            tuple(Operation.from_json(it) for it in data["operations"]),
            tuple(Row.from_json(it) for it in data["conflicts"]),
            tuple(data["notes"]),
            contents,
            tuple(Entry(**it) for it in data["removals"]),
            tuple(Operation.from_json(it) for it in data["absent"]),
        )

    def text(self) -> str:
        """`plan.json`: the same plan gives the same bytes."""
        return json.dumps(self.to_json(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def same_thing(one: Entry, other: Entry) -> bool:
    """The same but for name and mode."""
    return (one.kind, one.sha256, one.target) == (other.kind, other.sha256, other.target)


def same(one: Entry, other: Entry) -> bool:
    return same_thing(one, other) and (one.mode == other.mode or one.kind != "file") and one.path == other.path


def stages_in(stages: Sequence[Stage], folders: Mapping[str, str]) -> tuple[Stage, ...]:
    """Templates whose whole tree goes into a folder (strategy `subdir`). Raises `TreadleError` for unknown ones."""
    unknown = folders.keys() - {stage.template for stage in stages}
    if unknown:
        raise TreadleError(f"there is no template {', '.join(sorted(unknown))} in this composition")
    return tuple(
        replace(stage, entries=tuple(replace(it, path=f"{folders[stage.template]}/{it.path}") for it in stage.entries))
        if stage.template in folders
        else stage
        for stage in stages
    )
