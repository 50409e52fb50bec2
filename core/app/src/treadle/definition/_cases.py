"""Test files: read, checked as strictly as definitions are, and compared with the workflow that they are about."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, Final

from pydantic import ValidationError
from treadle_engine.plan import HANDLERS, Plan, ScopePlan, StepPlan, steps_within
from treadle_hookspecs import ExitCode, TreadleError

from treadle.definition._cases_model import ONE_MOCK, Case, CaseFile, Expected
from treadle.definition._document import Document, Path, Table, plain
from treadle.definition._model_errors import tell_errors
from treadle.definition._problems import Problem
from treadle.definition._reading import read
from treadle.definition._report import Report, kind_of
from treadle.definition._schema import DIALECT, _strip_titles
from treadle.definition._text import UnreadableError, decoded

_INSTANCE: Final = re.compile(r"#\d+|:\d+(?=/|$)|\[\d+\]")
"""What tells the instances of a scope apart in an address: a visit, an iteration, an item."""
_NAMING: Final = ("mocks", "undo")
_EXPECTING: Final = ("visits", "states", "calls")
_LISTS: Final = ("path", "undone", "waits")


@dataclass(frozen=True, slots=True)
class LoadedCases:
    """A test file and what is to be said about it.

    Attributes:
        file: the model; None when a problem is an error.
        problems: all of them, by place.
        text: what was read.
        path: its name, as it was given.
    """

    file: CaseFile | None
    problems: tuple[Problem, ...]
    text: str
    path: str
    document: Document | None = None

    @property
    def broken(self) -> bool:
        """Some problem is an error."""
        return any(problem.severity == "error" for problem in self.problems)

    def against(self, plan: Plan) -> "LoadedCases":
        """With the problems of names that the workflow does not have."""
        if self.file is None or self.document is None:
            return self
        report = Report(self.document)
        _Names(plan, report).check(self.file)
        found = sorted((*self.problems, *report.problems), key=lambda problem: problem.order)
        return LoadedCases(None if report.broken else self.file, tuple(found), self.text, self.path, self.document)


def load_cases(path: FilePath) -> LoadedCases:
    """Load a test file. Raises `TreadleError` (exit code 3) when there is none or it cannot be opened."""
    name = str(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TreadleError(f"cannot read {name}: {error.strerror or error}", exit_code=ExitCode.NOT_FOUND) from error
    text = ""
    try:
        text = decoded(content, name)
        document, problems = read(text, name)
    except UnreadableError as error:
        return LoadedCases(None, error.problems, text, name)
    report = Report(document)
    file = _modelled(document, report)
    found = sorted((*problems, *report.problems), key=lambda problem: problem.order)
    return LoadedCases(None if problems or report.broken else file, tuple(found), text, name, document)


def cases_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a test file."""
    schema = CaseFile.model_json_schema(by_alias=True)
    _strip_titles(schema)
    return {"$schema": DIALECT, "$id": "treadle/test-cases@1", **_with_references(schema)}


def _with_references(schema: Any) -> Any:
    """Pydantic takes no reference to a model in a schema that it did not make itself."""
    if schema == ONE_MOCK:
        return {"$ref": "#/$defs/Mock"}
    if isinstance(schema, dict):
        return {key: _with_references(value) for key, value in schema.items()}
    return [_with_references(item) for item in schema] if isinstance(schema, list) else schema


def base_place(place: str) -> str:
    """An address without what tells instances apart: `each[2]/build#3` is `each/build`."""
    return _INSTANCE.sub("", place)


def _modelled(document: Document, report: Report) -> CaseFile | None:
    if not isinstance(document.root, Table):
        report.at_value("TRD0106", f"a test file is an object, not {kind_of(plain(document.root))}", ())
        return None
    try:
        file = CaseFile.model_validate(plain(document.root))
    except ValidationError as error:
        tell_errors(error, CaseFile, report)
        return None
    seen: set[str] = set()
    for number, case in enumerate(file.cases):
        if case.name in seen:
            report.at_value("TRD0108", f"another case is called {case.name!r} too", ("cases", number, "name"))
        seen.add(case.name)
    return file


class _Names:
    """Looks every step and input of the cases up in the plan."""

    def __init__(self, plan: Plan, report: Report) -> None:
        self._report = report
        self._places = _Places(plan)
        self._inputs = [spec.name for spec in plan.inputs]
        self._env = sorted(plan.env)
        self._outputs = [name for name, _ in plan.outputs]

    def check(self, file: CaseFile) -> None:
        """Every case."""
        for number, case in enumerate(file.cases):
            self._case(case, ("cases", number))

    def _case(self, case: Case, path: Path) -> None:
        for key in _NAMING:
            for place in getattr(case, key):
                self._step(place, (*path, key, place), at_key=True)
        for number, happening in enumerate(case.timeline):
            if happening.answer is not None and happening.answer.step is not None:
                self._step(happening.answer.step, (*path, "timeline", number, "answer", "step"))
        for name in case.inputs:
            self._known(name, self._inputs, "input", (*path, "inputs", name))
        for name in case.env:
            self._known(name, self._env, "variable in its `env`", (*path, "env", name))
        self._expected(case.expect, (*path, "expect"))

    def _expected(self, expect: Expected, path: Path) -> None:
        for key in _EXPECTING:
            for place in getattr(expect, key):
                self._step(place, (*path, key, place), at_key=True)
        for key in _LISTS:
            for number, place in enumerate(getattr(expect, key) or ()):
                self._step(place.split(" ")[0], (*path, key, number))
        for name in expect.outputs:
            self._known(name, self._outputs, "output", (*path, "outputs", name))

    def _step(self, place: str, path: Path, *, at_key: bool = False) -> None:
        if self._places.has(base_place(place)):
            return
        tell = self._report.at_key if at_key else self._report.at_value
        hint = self._report.suggest(base_place(place), self._places.known)
        tell("TRD0107", f"step `{place}` is not defined in the workflow", path, hint=hint, label="no step has this id")

    def _known(self, name: str, names: list[str], what: str, path: Path) -> None:
        if name not in names:
            hint = self._report.suggest(name, names) or f"it has {', '.join(names) or 'none'}"
            self._report.at_key("TRD0131", f"the workflow has no {what} `{name}`", path, hint=hint)


class _Places:
    """Where steps are in a plan, and in the workflows that it runs."""

    def __init__(self, plan: Plan) -> None:
        self._plans = dict(plan.children)
        self._found = _paths_in(plan)
        everywhere = [self._found, *map(_paths_in, self._plans.values())]
        self.ids = frozenset(step.id for found in everywhere for step in found.values())
        self.known = sorted(self.ids | self._found.keys())

    def has(self, place: str) -> bool:
        """A step's id, its path such as `group/step`, or a path that goes on in another workflow."""
        return place in self.ids or self._reaches(self._found, place)

    def _reaches(self, found: dict[str, StepPlan], place: str) -> bool:
        if place in found:
            return True
        parts = place.split("/")
        for end in range(1, len(parts)):
            step = found.get("/".join(parts[:end]))
            if step is not None and step.workflow in self._plans:
                return self._reaches(_paths_in(self._plans[step.workflow]), "/".join(parts[end:]))
        return False


def _paths_in(plan: Plan) -> dict[str, StepPlan]:
    return {prefix + path: step for prefix, scope in _scopes(plan) for path, step in steps_within(scope)}


def _scopes(plan: Plan) -> Iterator[tuple[str, ScopePlan]]:
    yield "", plan.root
    for name, scope in zip(HANDLERS, (plan.on_failure, plan.on_cancel, plan.finally_), strict=True):
        if scope is not None:
            yield f"{name}/", scope
