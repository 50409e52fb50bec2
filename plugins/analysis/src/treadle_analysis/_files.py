"""The files of a change, as `git/diff` gives them, with what each one is."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from treadle_hookspecs import Json

from treadle_analysis import _classify


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """One file. `ranges` are `(first, last)` of the lines that are new or different; `old_path` is "" unless moved."""

    path: str
    old_path: str
    status: str
    kind: str
    added: int
    deleted: int
    binary: bool
    ranges: tuple[tuple[int, int], ...]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "ChangedFile":
        """Read one entry of `git/diff`'s `files`."""
        return cls(
            data["path"],
            data["old_path"] or "",
            data["status"],
            data["kind"],
            data["added"] or 0,
            data["deleted"] or 0,
            data["binary"],
            tuple((first, last) for first, last in data["changed_lines"]),
        )

    @property
    def area(self) -> str:
        """`source`, `tests`, `docs`, `config`, `ci`, `deps` or `other`."""
        return _classify.area(self.path)

    @property
    def python(self) -> bool:
        """True for a regular Python file."""
        return self.kind == "file" and self.path.endswith(".py")

    @property
    def present(self) -> bool:
        """True when it is there after the change."""
        return self.status != "deleted"

    @property
    def before(self) -> str:
        """The path that it had before the change, "" for a new file."""
        return "" if self.status in ("added", "copied") else self.old_path or self.path

    def touches(self, first: int, last: int) -> bool:
        """True when one of the changed lines lies in a range."""
        return any(start <= last and end >= first for start, end in self.ranges)

    def to_json(self) -> dict[str, Json]:
        """All of it by name, with area and language."""
        return {
            "path": self.path,
            "old_path": self.old_path or None,
            "status": self.status,
            "added": self.added,
            "deleted": self.deleted,
            "binary": self.binary,
            "area": self.area,
            "language": _classify.language(self.path),
            "changed_lines": [[first, last] for first, last in self.ranges],
        }


def sums(files: Iterable[ChangedFile], by: str) -> dict[str, Json]:
    """Files and lines by `area` or by `language`."""
    groups: defaultdict[str, list[ChangedFile]] = defaultdict(list)
    for file in files:
        groups[file.area if by == "area" else _classify.language(file.path) or "other"].append(file)
    return {
        name: {"files": len(group), "added": sum(f.added for f in group), "deleted": sum(f.deleted for f in group)}
        for name, group in sorted(groups.items())
    }
