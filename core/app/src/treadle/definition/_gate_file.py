"""Gates in a file of their own: read and checked as strictly as definitions are."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from treadle_hookspecs import ExitCode, TreadleError

from treadle.definition._document import Document, Table, plain
from treadle.definition._gates import GateAt
from treadle.definition._model import Condition, Gate, GateFile
from treadle.definition._model_errors import tell_errors
from treadle.definition._problems import Problem
from treadle.definition._reading import read
from treadle.definition._report import Report, kind_of
from treadle.definition._schema import DIALECT, _strip_titles
from treadle.definition._text import UnreadableError, decoded


@dataclass(frozen=True, slots=True)
class LoadedGates:
    """A file of gates.

    Attributes:
        gates: those that could be read.
        problems: what is wrong with the file itself.
        text: what was read.
        path: its name, as it was given.
    """

    gates: tuple[GateAt, ...]
    problems: tuple[Problem, ...]
    text: str
    path: str

    @property
    def found(self) -> tuple[Problem, ...]:
        """With what came out when the gates met a workflow."""
        further = {problem for at in self.gates for problem in at.report.problems}
        return tuple(sorted({*self.problems, *further}, key=lambda problem: problem.order))


def load_gates(path: Path) -> LoadedGates:
    """Load a file of gates. Raises `TreadleError` (exit code 3) when there is none or it cannot be opened."""
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
        return LoadedGates((), tuple(error.problems), text, name)
    report = Report(document)
    gates = _gates_of(document, report)
    return LoadedGates(gates, (*problems, *report.problems), text, name)


def gates_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a file of gates."""
    schema = GateFile.model_json_schema(by_alias=True)
    _strip_titles(schema)
    return {"$schema": DIALECT, "$id": "treadle/gates@1", **schema}


def _gates_of(document: Document, report: Report) -> tuple[GateAt, ...]:
    if not isinstance(document.root, Table):
        report.at_value("TRD0106", f"a file of gates is an object, not {kind_of(plain(document.root))}", ())
        return ()
    try:
        file = GateFile.model_validate(plain(document.root))
    except ValidationError as error:
        tell_errors(error, GateFile, report)
        return ()
    named = [GateAt(name, gate, ("gates", name), report, foreign=True) for name, gate in file.gates.items()]
    listed = [
        GateAt(f"condition-{number}", _as_gate(condition), ("conditions", number - 1), report, foreign=True)
        for number, condition in enumerate(file.conditions, 1)
    ]
    return (*named, *listed)


def _as_gate(condition: Condition) -> Gate:
    return Gate.model_validate({"when": condition.if_, "then": condition.then})
