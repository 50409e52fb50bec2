"""Measuring which lines the tests run, and which of the changed ones."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from treadle_hookspecs import Json

from treadle_testing._layout import measured_folders


def configuration(folder: Path, data_file: Path, children: bool) -> str:
    """A configuration of our own: the project's may write elsewhere, stop at a percentage, or need plugins."""
    sources = "".join(f"\n    {place}" for place in measured_folders(folder))
    patch = "parallel = true\npatch = subprocess\n" if children else ""
    return (
        f"[run]\nsource ={sources}\ndata_file = {data_file}\n{patch}"
        "disable_warnings =\n    no-data-collected\n    module-not-imported\n"
        "[report]\ninclude_namespace_packages = true\n"
    )


@dataclass(frozen=True, slots=True)
class FileCoverage:
    """The lines of one file that hold statements: run and missed."""

    run: frozenset[int]
    missed: frozenset[int]


@dataclass(frozen=True, slots=True)
class Share:
    """How many of some statements were run."""

    covered: int
    statements: int

    @property
    def percent(self) -> float | None:
        """0.0 … 100.0 with one decimal, rounded down so that 100 means all; None without statements."""
        return int(1000 * self.covered / self.statements) / 10 if self.statements else None

    def to_json(self) -> dict[str, Json]:
        """All of it by name."""
        return {"percent": self.percent, "covered": self.covered, "statements": self.statements}


@dataclass(frozen=True, slots=True)
class Coverage:
    """What coverage measured, by path relative to the project; or `reason`, why it measured nothing."""

    files: Mapping[str, FileCoverage] = field(default_factory=dict)
    reason: str = ""

    @classmethod
    def read(cls, path: Path) -> "Coverage":
        """Read the JSON report of coverage."""
        try:
            data = json.loads(path.read_text("utf-8"))
            return cls({name.replace("\\", "/"): _file(entry) for name, entry in data["files"].items()})
        except (OSError, ValueError, KeyError) as error:
            return cls(reason=f"coverage left no report that can be read: {error}")

    @property
    def total(self) -> Share:
        """Over all measured files."""
        return _share(self.files.values())

    def changed(self, changes: Iterable[Mapping[str, Any]]) -> "ChangedCoverage":
        """Only the changed lines of changed files; tests do not count, for they run themselves."""
        files: dict[str, FileCoverage] = {}
        unmeasured: list[str] = []
        for change in changes:
            path, lines = change["path"], _lines(change.get("changed_lines") or [])
            if not path.endswith(".py") or not lines or change.get("area") == "tests":
                continue
            if path in self.files:
                files[path] = FileCoverage(self.files[path].run & lines, self.files[path].missed & lines)
            else:
                unmeasured.append(path)
        return ChangedCoverage(files, tuple(unmeasured))

    def to_json(self) -> dict[str, Json]:
        """`{measured, reason, percent, covered, statements, files: {path: {percent, covered, statements}}}`."""
        files = {path: _share([file]).to_json() for path, file in sorted(self.files.items())}
        return {"measured": not self.reason, "reason": self.reason or None, **self.total.to_json(), "files": files}


@dataclass(frozen=True, slots=True)
class ChangedCoverage:
    """The statements in changed lines; `unmeasured` are changed Python files that coverage was not asked about."""

    files: Mapping[str, FileCoverage]
    unmeasured: tuple[str, ...]

    @property
    def share(self) -> Share:
        """Over all changed files."""
        return _share(self.files.values())

    @property
    def untouched(self) -> bool:
        """True when there is something to run in the change and the tests ran nothing of it."""
        return self.share.statements > 0 and self.share.covered == 0

    def missed(self) -> dict[str, list[tuple[int, int]]]:
        """By path the ranges `(first, last)` of the changed statements that no test ran."""
        return {path: list(_ranges(file.missed)) for path, file in sorted(self.files.items()) if file.missed}

    def to_json(self) -> dict[str, Json]:
        """`{percent, covered, statements, missed: {path: [[first, last]]}, unmeasured}`."""
        missed: dict[str, Json] = {path: [list(lines) for lines in ranges] for path, ranges in self.missed().items()}
        return {**self.share.to_json(), "missed": missed, "unmeasured": list(self.unmeasured)}


def _file(entry: Mapping[str, Any]) -> FileCoverage:
    return FileCoverage(frozenset(entry["executed_lines"]), frozenset(entry["missing_lines"]))


def _share(files: Iterable[FileCoverage]) -> Share:
    all_files = list(files)
    covered = sum(len(file.run) for file in all_files)
    return Share(covered, covered + sum(len(file.missed) for file in all_files))


def _lines(ranges: Iterable[Iterable[int]]) -> frozenset[int]:
    return frozenset(line for first, last in ranges for line in range(first, last + 1))


def _ranges(lines: Iterable[int]) -> Iterator[tuple[int, int]]:
    ordered = sorted(lines)
    start = 0
    for index, line in enumerate(ordered):
        if index + 1 == len(ordered) or ordered[index + 1] != line + 1:
            yield ordered[start], line
            start = index + 1
