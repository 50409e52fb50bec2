"""A plan on its way: what was decided for each path so far, and how it is written down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Final

from treadle_compose._decisions import Choice, Decisions
from treadle_compose._operations import PROJECT, Operation, Plan, Stage, Trees
from treadle_compose._rows import Row
from treadle_compose._staging import Entry
from treadle_compose._three_way import Merge, TextMerge, Texts


def _no_lines(base: bytes, ours: bytes, theirs: bytes) -> Texts | None:
    del base, ours, theirs
    return None


@dataclass(frozen=True, slots=True)
class Ways:
    """How files are united: `merge` calls a resolver, `unite` goes by lines."""

    merge: Merge
    unite: TextMerge = _no_lines


@dataclass(frozen=True, slots=True)
class Hooked:
    """What hooks made of a draft: entries by path, None for what they deleted; contents by SHA-256; whose they are."""

    entries: Mapping[str, Entry | None] = field(default_factory=dict)
    contents: Mapping[str, bytes] = field(default_factory=dict)
    template: str = ""


UNHOOKED: Final = Hooked()


@dataclass(frozen=True, slots=True)
class Version:
    """One contributor's entry."""

    template: str
    entry: Entry


@dataclass(slots=True)
class Draft:
    """What was collected; see `Plan` for the meaning of its parts."""

    stages: Sequence[Stage]
    trees: Trees
    decisions: Decisions
    ways: Ways
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    operations: dict[str, Operation] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    bases: dict[str, bytes] = field(default_factory=dict)
    removals: dict[str, Entry] = field(default_factory=dict)
    absent: list[Operation] = field(default_factory=list)

    def plan(self) -> Plan:
        """What came out."""
        operations = tuple(self.operations[path] for path in sorted(self.operations))
        used = {it.entry.sha256 for it in operations if not it.source}
        contents = {name: content for name, content in self.contents.items() if name in used}
        rows = tuple(sorted(self.rows, key=_row_order))
        removals = tuple(self.removals[path] for path in sorted(self.removals))
        bases = self.bases | contents
        return Plan(operations, rows, tuple(self.notes), contents, removals, tuple(self.absent), bases)

    def take(
        self, path: str, existing: Entry | None, version: Version, versions: Sequence[Version],
        *, strategy: str = "", mode: int | None = None,
    ) -> None:  # fmt: skip
        """One contributor's file stands there."""
        entry = replace(version.entry, path=path, mode=version.entry.mode if mode is None else mode)
        owners = tuple(dict.fromkeys(it.template for it in versions))
        self.operations[path] = Operation(path, entry, existing, owners, version.template, version.entry.path, strategy)

    def put(
        self, path: str, existing: Entry | None, versions: Sequence[Version], content: bytes, strategy: str
    ) -> None:
        """A new content stands there."""
        mode = 0
        for version in versions:
            mode |= version.entry.mode
        name = sha256(content).hexdigest()
        self.contents[name] = content
        owners = tuple(dict.fromkeys(it.template for it in versions))
        entry = Entry(path, "file", mode, name, len(content))
        self.operations[path] = Operation(path, entry, existing, owners, "", "", strategy)

    def row(self, kind: Any, path: str, versions: Sequence[Version], choice: Choice, hint: str) -> None:
        """A line of the conflict table; `fail` leaves it open."""
        resolved = choice.strategy != "fail"
        self.rows.append(
            Row(
                kind,
                path,
                contributors=tuple(dict.fromkeys(it.template for it in versions)),
                strategy=choice.strategy if resolved else "",
                by=choice.by if resolved else "",
                resolved=resolved,
                hint=hint,
                strategies=() if resolved else choice.strategies or ("first", "last", "rename"),
            )
        )

    def said(self, operation: Operation) -> bytes:
        """The content that an operation brings."""
        if operation.source:
            return self.trees.read(operation.source, operation.origin)
        content = self.contents.get(operation.entry.sha256)
        return content if content is not None else self.trees.base_content(operation.path) or b""

    def remember(self, theirs: Operation) -> None:
        """What templates say and no tree of one template holds is needed the next time."""
        if not theirs.source and theirs.entry.sha256 in self.contents:
            self.bases[theirs.entry.sha256] = self.contents[theirs.entry.sha256]

    def content(self, path: str) -> bytes | None:
        """What will stand at a path."""
        operation = self.operations.get(path)
        if operation is None:
            standing = self.trees.project(path)
            found = standing is not None and standing.kind == "file" and standing.path == path
            return self.trees.read(PROJECT, path) if found else None
        return self.said(operation) if operation.entry.kind == "file" else None


def _row_order(row: Row) -> tuple[Any, ...]:
    return row.resolved, row.path, row.key, row.kind, row.contributors
