"""All measurements of one change, put together."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from treadle_hookspecs import Json

from treadle_analysis import _api, _classify, _past, _requirements, _risk
from treadle_analysis._files import ChangedFile, sums
from treadle_analysis._imports import ImportGraph
from treadle_analysis._inheritance import Inheritance, still_offers
from treadle_analysis._source import Definition, PythonModule
from treadle_analysis._tree import Tree

NAMED: Final = 100
"""How many paths a list names at most; the count beside it is complete."""


class Examination:
    """One change and what can be said about it.

    Args:
        files: the files of the change.
        before: the changed files as they were.
        after: the changed files, and all Python files, as they are.
        commits: the commits of the change, newest first.
        past: the commits before it, with their files.
    """

    def __init__(
        self,
        files: Sequence[ChangedFile],
        before: Tree,
        after: Tree,
        commits: Sequence[Mapping[str, Any]],
        past: Sequence[Mapping[str, Any]],
    ) -> None:
        self.files = files
        self.before = before
        self.after = after
        self.commits = commits
        self.past_commits = past

    def outputs(self) -> dict[str, Json]:
        """What `analysis/analyze-change` publishes beside the names of the commits."""
        risk = _risk.Risk(self._values())
        return {
            "commits": list(self.commits),
            "files": [file.to_json() for file in self.files],
            "areas": sums(self.files, "area"),
            "languages": sums(self.files, "language"),
            "definitions": [self._definition(file, definition) for file, definition in self.definitions],
            "api": [change.to_json() for change in self.api],
            "impact": self._impact(),
            "past": [file.to_json() for file in self.past],
            "dependencies": self.dependencies.to_json(),
            "markers": self._markers(),
            "removed_tests": self._removed_tests(),
            "unparsed": [file.to_json() for file in self.unparsed],
            "risk": risk.to_json(),
            "summary": self._summary(risk),
            "figures": self._figures(risk),
        }

    @cached_property
    def source(self) -> list[ChangedFile]:
        """The changed files of the area `source`."""
        return [file for file in self.files if file.area == "source"]

    @cached_property
    def tests(self) -> list[ChangedFile]:
        """The changed files of the area `tests` that are there after the change."""
        return [file for file in self.files if file.area == "tests" and file.present]

    @cached_property
    def graph(self) -> ImportGraph:
        """The imports of the whole tree after the change."""
        return ImportGraph.build(self.after.modules, self.after.python_paths)

    @cached_property
    def reached(self) -> dict[str, int]:
        """The Python files that import a changed source file, and how far away."""
        changed = {file.path for file in self.source if file.python}
        return {path: steps for path, steps in self.graph.reached_by(changed).items() if path not in changed}

    @cached_property
    def definitions(self) -> list[tuple[ChangedFile, Definition]]:
        """The functions and classes of changed source files that hold a changed line."""
        return [
            (file, definition)
            for file in self.source
            if file.path in self.after.modules
            for definition in self.after.modules[file.path].definitions
            if file.touches(definition.line, definition.end_line)
        ]

    @cached_property
    def api(self) -> list[_api.ApiChange]:
        """The public names of source files that differ."""
        return [change for file in self.source if file.python for change in self._api_of(file)]

    def _api_of(self, file: ChangedFile) -> Iterator[_api.ApiChange]:
        old, new = self.before.modules.get(file.before), self.after.modules.get(file.path)
        if bool(file.before) != bool(old) or file.present != bool(new):
            return  # a side that does not parse would show everything as removed or added
        offered = _api.public_names(file.before or file.path, old, self._is_reexported)
        offers = _api.public_names(file.path, new, self._is_reexported)
        if file.status == "renamed":  # who imported the old name of the module finds nothing there
            yield from _api.compare(file.before, offered, {})
            offered = {}
        yield from _api.compare(file.path, self._without_moved(offered, offers, new), offers)

    def _without_moved(
        self, offered: Mapping[str, Definition], offers: Mapping[str, Definition], new: PythonModule | None
    ) -> dict[str, Definition]:
        """What was offered, but for what is defined elsewhere now and can still be had from here."""
        return {
            name: definition
            for name, definition in offered.items()
            if name in offers or new is None or not still_offers(new, name, self.inheritance)
        }

    def _is_reexported(self, path: str, name: str) -> bool:
        return (path, name) in self.graph.reexported

    @cached_property
    def inheritance(self) -> Inheritance:
        """The classes of the whole tree after the change."""
        return Inheritance(self.after.modules.values())

    @cached_property
    def past(self) -> list[_past.Past]:
        """The history of the source files that were there before."""
        return _past.of_files([file.before for file in self.source if file.before], self.past_commits)

    @cached_property
    def dependencies(self) -> _requirements.Requirements:
        """What happened to the declared dependencies."""
        return _requirements.compare(self.files, self.before.texts, self.after.texts)

    @cached_property
    def unparsed(self) -> list[Any]:
        """The changed Python files that do not parse."""
        paths = {file.path for file in self.files}
        return [file for file in self.after.unparsed if file.path in paths]

    def _definition(self, file: ChangedFile, definition: Definition) -> dict[str, Json]:
        module = self.before.modules.get(file.before)
        earlier = {known.name: known for known in module.definitions} if module else {}
        test_paths = [path for path in self.after.texts if _classify.area(path) == "tests"]
        changed_tests = [test.path for test in self.tests]
        return {
            "file": file.path,
            **definition.to_json(),
            "new": definition.name not in earlier,
            "complexity_before": earlier[definition.name].complexity if definition.name in earlier else None,
            "tests": len(self.after.mentions(definition.last_name, test_paths)),
            "changed_tests": len(self.after.mentions(definition.last_name, changed_tests)),
        }

    def _impact(self) -> dict[str, Json]:
        direct = sorted(path for path, steps in self.reached.items() if steps == 1)
        tests = sorted(path for path in self.reached if _classify.area(path) == "tests")
        return {
            "python_files": len(self.after.python_paths),
            "direct": direct[:NAMED],
            "direct_count": len(direct),
            "reached_count": len(self.reached),
            "tests": tests[:NAMED],
            "tests_count": len(tests),
            "percent": self._impact_percent(),
        }

    def _impact_percent(self) -> int:
        changed = sum(file.python and file.present for file in self.source)
        others = len(self.after.python_paths) - changed
        return round(100 * len(self.reached) / others) if others > 0 else 0

    def _markers(self) -> list[Json]:
        return [
            {"file": file.path, "line": line, "word": word, "text": text[:200]}
            for file in self.files
            for line, word, text in self.after.markers(file.path, file.ranges)
        ]

    def _removed_tests(self) -> list[Json]:
        """Test functions that were there and are gone, wherever they may have moved to."""
        kept = {name for file in self.tests for name in _test_names(self.after, file.path)}
        return [
            {"file": file.path, "name": name}
            for file in self.files
            if file.area == "tests" and file.before
            for name in sorted(_test_names(self.before, file.before) - kept)
        ]

    def _values(self) -> dict[str, _risk.Number]:
        return {
            "source-lines": sum(file.added + file.deleted for file in self.source),
            "files": len(self.files),
            "breaking-api": sum(change.breaking for change in self.api),
            "impact": self._impact_percent(),
            "complexity": max((definition.complexity for _, definition in self.definitions), default=0),
            "churn": max((file.commits for file in self.past), default=0),
            "untested": 0 if self.tests else len(self.source),
            "unfamiliar": len(_past.unfamiliar(self.past, {commit["author"] for commit in self.commits})),
            "dependencies": self.dependencies.count,
            "ci": sum(file.area == "ci" for file in self.files),
            "unparsed": len(self.unparsed),
        }

    def _summary(self, risk: _risk.Risk) -> str:
        added, deleted = sum(file.added for file in self.files), sum(file.deleted for file in self.files)
        why = f": {', '.join(risk.reasons)}" if risk.reasons else ""
        return f"{len(self.files)} files, +{added} -{deleted} lines; risk {risk.level} ({risk.points} points{why})"

    def _figures(self, risk: _risk.Risk) -> list[Json]:
        counted: list[tuple[str, int]] = [
            ("files changed", len(self.files)),
            ("lines added", sum(file.added for file in self.files)),
            ("lines deleted", sum(file.deleted for file in self.files)),
            ("Python files that import the change", len(self.reached)),
            ("public names changed", len(self.api)),
            ("public names broken", sum(change.breaking for change in self.api)),
        ]
        figures: list[Json] = [{"name": name, "value": value} for name, value in counted]
        return [*figures, *risk.figures()]


def _test_names(tree: Tree, path: str) -> set[str]:
    module = tree.modules.get(path)
    definitions = module.definitions if module else ()
    return {d.name for d in definitions if d.kind == "function" and d.last_name.startswith("test")}
