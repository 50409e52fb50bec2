"""Problems as machines read them."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from treadle_hookspecs import Json

from treadle.definition._explanations import title_of
from treadle.definition._problems import Problem

_Writer = Callable[[Sequence[Problem], Mapping[str, str]], str]


def _json(problems: Sequence[Problem], _sources: Mapping[str, str]) -> str:
    shown = [problem.to_json() for problem in problems]
    return _dumped({"schema": "treadle/problems@1", "problems": shown})


def _dumped(data: Json) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def _github(problems: Sequence[Problem], _sources: Mapping[str, str]) -> str:
    """Workflow commands: annotations on the changed lines of a pull request."""
    return "".join(f"{_annotation(problem)}\n" for problem in problems)


def _annotation(problem: Problem) -> str:
    level = "notice" if problem.severity == "note" else problem.severity
    place = {"file": problem.file, "title": problem.code}
    if problem.line:
        ends = problem.column + problem.length - 1
        place |= {"line": str(problem.line), "col": str(problem.column), "endColumn": str(ends)}
    properties = ",".join(f"{key}={_property(value)}" for key, value in place.items())
    text = problem.message + (f"\nhint: {problem.hint}" if problem.hint else "")
    return f"::{level} {properties}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _sarif(problems: Sequence[Problem], _sources: Mapping[str, str]) -> str:
    codes = sorted({problem.code for problem in problems})
    rules: list[Json] = [{"id": code, "shortDescription": {"text": title_of(code) or code}} for code in codes]
    driver: Json = {"name": "treadle", "rules": rules}
    results = [_result(problem) for problem in problems]
    return _dumped(
        {
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
        }
    )


def _result(problem: Problem) -> Json:
    text = problem.message + (f" ({problem.hint})" if problem.hint else "")
    location: dict[str, Json] = {"artifactLocation": {"uri": problem.file.replace("\\", "/")}}
    if problem.line:
        end = problem.column + problem.length
        location["region"] = {"startLine": problem.line, "startColumn": problem.column, "endColumn": end}
    return {
        "ruleId": problem.code,
        "level": problem.severity,
        "message": {"text": text},
        "locations": [{"physicalLocation": location}],
    }


def _junit(problems: Sequence[Problem], sources: Mapping[str, str]) -> str:
    """A suite for each file: a failed case for each error, a passed one that carries the rest."""
    files = dict.fromkeys([*sources, *(problem.file for problem in problems)])
    suites = "".join(_suite(file, [problem for problem in problems if problem.file == file]) for file in files)
    errors = sum(problem.severity == "error" for problem in problems)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return f'{head}<testsuites name="treadle validate" failures="{errors}">\n{suites}</testsuites>\n'


def _suite(file: str, problems: Sequence[Problem]) -> str:
    errors = [problem for problem in problems if problem.severity == "error"]
    others = "".join(f"{escape(_line(problem))}\n" for problem in problems if problem.severity != "error")
    passed = f"<system-out>{others}</system-out>" if others else ""
    cases = "".join(_case(problem) for problem in errors)
    if not errors or passed:
        cases += f'    <testcase classname={quoteattr(file)} name="definition">{passed}</testcase>\n'
    count = len(errors) + (not errors or bool(passed))
    return f'  <testsuite name={quoteattr(file)} tests="{count}" failures="{len(errors)}">\n{cases}  </testsuite>\n'


def _case(problem: Problem) -> str:
    name = quoteattr(f"{problem.code} {problem.line}:{problem.column}")
    failure = f"<failure message={quoteattr(problem.message)}>{escape(_line(problem))}</failure>"
    return f"    <testcase classname={quoteattr(problem.file)} name={name}>{failure}</testcase>\n"


def _line(problem: Problem) -> str:
    hint = f" (hint: {problem.hint})" if problem.hint else ""
    return f"{problem.file}:{problem.line}:{problem.column}: {problem.severity}[{problem.code}] {problem.message}{hint}"


WRITERS: Final[dict[str, _Writer]] = {"json": _json, "github": _github, "sarif": _sarif, "junit": _junit}
