"""The rules that turn a measured change into tasks. `TABLE` is the whole list; the README prints it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from treadle_hookspecs import Json

from treadle_analysis import _classify

Change: TypeAlias = Mapping[str, Any]
"""The outputs of `analysis/analyze-change`."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is too much: complexity of one function, lines of source in one change."""

    complexity: int
    lines: int


@dataclass(frozen=True, slots=True)
class Hit:
    """One place where a rule applies. `lines` is `[first, last]`, or empty for a whole file; `file` may be ""."""

    title: str
    file: str
    lines: tuple[int, int] | None
    evidence: Mapping[str, Json] = field(default_factory=dict)


Finder: TypeAlias = Callable[[Change, Limits], Iterator[Hit]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule by id. `severity` is low, medium or high; `when` says in words when it applies."""

    id: str
    severity: str
    when: str
    find: Finder


def _lines(definition: Mapping[str, Any]) -> tuple[int, int]:
    first, last = definition["lines"]
    return first, last


def _unparsed(change: Change, _: Limits) -> Iterator[Hit]:
    for file in change["unparsed"]:
        line = file["line"]
        evidence = {"message": file["message"]}
        yield Hit(f"Repair {file['path']}: it does not parse", file["path"], (line, line), evidence)


def _untested(change: Change, _: Limits) -> Iterator[Hit]:
    for found in change["definitions"]:
        wanted = found["kind"] == "function" and found["public"] and not _is_dunder(found["name"])
        if wanted and not found["changed_tests"]:
            evidence = {"changed_tests_naming_it": 0, "tests_naming_it": found["tests"], "new": found["new"]}
            yield Hit(f"Test `{found['name']}`", found["file"], _lines(found), evidence)


def _undocumented(change: Change, _: Limits) -> Iterator[Hit]:
    for found in change["definitions"]:
        if found["new"] and found["public"] and not found["documented"] and not _is_dunder(found["name"]):
            evidence = {"kind": found["kind"], "docstring": False}
            yield Hit(f"Document `{found['name']}`", found["file"], _lines(found), evidence)


def _complex(change: Change, limits: Limits) -> Iterator[Hit]:
    for found in change["definitions"]:
        if found["complexity"] > limits.complexity:
            evidence = {
                "complexity": found["complexity"],
                "limit": limits.complexity,
                "before": found["complexity_before"],
            }
            yield Hit(f"Simplify `{found['name']}`", found["file"], _lines(found), evidence)


def _breaking(change: Change, _: Limits) -> Iterator[Hit]:
    for found in change["api"]:
        if found["breaking"] and not _changelogs(change):
            evidence = {"reason": found["reason"], "before": found["before"], "after": found["after"]}
            title = f"Announce in the changelog that `{found['name']}` was {found['change']}"
            yield Hit(title, found["file"], (found["line"], found["line"]), {**evidence, "changelog_files_changed": 0})


def _removed_test(change: Change, _: Limits) -> Iterator[Hit]:
    for found in change["removed_tests"]:
        title = f"Say why the test `{found['name']}` is gone, or bring it back"
        yield Hit(title, found["file"], None, {"test": found["name"]})


def _marker(change: Change, _: Limits) -> Iterator[Hit]:
    for found in change["markers"]:
        title = f"Finish or file the {found['word']} in {found['file']}"
        yield Hit(title, found["file"], (found["line"], found["line"]), {"text": found["text"]})


def _lock(change: Change, _: Limits) -> Iterator[Hit]:
    moved = change["dependencies"]
    names = [*moved["added"], *moved["removed"], *moved["changed"]]
    if names and moved["lock"] and not moved["lock_changed"]:
        evidence = {"dependencies": names, "lock": moved["lock"]}
        yield Hit(f"Lock the new dependencies in {moved['lock']}", moved["manifests"][0], None, evidence)


def _oversized(change: Change, limits: Limits) -> Iterator[Hit]:
    source = change["areas"].get("source", {"added": 0, "deleted": 0, "files": 0})
    lines = source["added"] + source["deleted"]
    if lines > limits.lines:
        evidence = {"source_lines": lines, "limit": limits.lines, "source_files": source["files"]}
        yield Hit("Split the change: it is too large to review well", "", None, evidence)


def _is_dunder(name: str) -> bool:
    last = name.rpartition(".")[2]
    return last.startswith("__") and last.endswith("__")


def _changelogs(change: Change) -> list[str]:
    return [file["path"] for file in change["files"] if _classify.is_changelog(file["path"])]


TABLE: Final = (
    Rule("does-not-parse", "high", "a changed Python file has a syntax error", _unparsed),
    Rule("breaking-api", "high", "a public name is gone or incompatible, and no changelog file changed", _breaking),
    Rule(
        "untested-function", "medium", "a changed public function of the source is named in no changed test", _untested
    ),
    Rule("complex-function", "medium", "a changed function is more complex than `max_complexity`", _complex),
    Rule("removed-test", "medium", "a test function is gone and stands in no other changed test file", _removed_test),
    Rule("stale-lock", "medium", "declared dependencies changed and the lock file did not", _lock),
    Rule("oversized-change", "medium", "more lines of source changed than `max_lines`", _oversized),
    Rule("missing-docstring", "low", "a new public function or class has no docstring", _undocumented),
    Rule("leftover-marker", "low", "a changed line holds a TODO, FIXME, XXX or HACK comment", _marker),
)
