"""What came of test files, for people and for machines."""

from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as ET

from treadle_hookspecs import Json

from treadle.rehearsal._playing import CaseResult, FileResult


def passed(files: Sequence[FileResult]) -> int:
    """How many cases passed."""
    return sum(case.passed for file in files for case in file.cases)


def failed(files: Sequence[FileResult]) -> int:
    """How many cases did not."""
    return sum(not case.passed for file in files for case in file.cases)


def broken(files: Sequence[FileResult]) -> bool:
    """Some file has errors and was not played."""
    return any(file.loaded.broken for file in files)


def lines_of(case: CaseResult, *, verbose: bool = False) -> list[str]:
    """Why a case failed; with `verbose` also the path of one that passed."""
    lines = [case.problem] if case.problem else []
    for difference in case.differences:
        lines += difference.lines()
    if verbose and case.played is not None and not any(each.what == "path" for each in case.differences):
        lines += ["path:", *(f"    {entry}" for entry in case.played.path)]
    lines += [f"note: the mock `{key}` was not used" for key in case.unused]
    return lines


def as_json(files: Sequence[FileResult]) -> dict[str, Json]:
    """`treadle/test-results@1`."""
    return {
        "schema": "treadle/test-results@1",
        "passed": passed(files),
        "failed": failed(files),
        "files": [
            {
                "file": file.path,
                "workflow": file.workflow,
                "problems": [problem.to_json() for problem in file.loaded.problems],
                "cases": [_case(case) for case in file.cases],
            }
            for file in files
        ],
    }


def _case(case: CaseResult) -> dict[str, Json]:
    shown: dict[str, Json] = {
        "name": case.name,
        "line": case.line,
        "passed": case.passed,
        "problem": case.problem,
        "unused": list(case.unused),
        "differences": [
            {"what": each.what, "expected": each.expected, "found": each.found, "diff": list(each.diff)}
            for each in case.differences
        ],
    }
    played = case.played
    if played is not None:
        shown |= {
            "status": played.status,
            "seconds": played.seconds,
            "path": list(played.path),
            "undone": list(played.undone),
            "waits": list(played.waits),
            "outputs": dict(played.outputs),
        }
    return shown


def as_junit(files: Sequence[FileResult]) -> str:
    """JUnit XML: a suite for each file, a case for each case; a file with problems has one case that is an error."""
    errors = sum(file.loaded.broken for file in files)
    total = passed(files) + failed(files) + errors
    root = ET.Element("testsuites", name="treadle test", tests=str(total), failures=str(failed(files)))
    for file in files:
        cases = list(_junit_cases(file))
        bad = str(failed([file]))
        suite = ET.SubElement(root, "testsuite", name=file.path, tests=str(len(cases)), failures=bad)
        suite.extend(cases)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


def _junit_cases(file: FileResult) -> Iterator[ET.Element]:
    for problem in file.loaded.problems:
        if problem.severity == "error":
            element = ET.Element("testcase", classname=file.path, name=f"{problem.code} {problem.line}")
            ET.SubElement(element, "error", message=problem.message)
            yield element
    for case in file.cases:
        seconds = f"{case.played.seconds if case.played else 0:g}"
        element = ET.Element("testcase", classname=file.path, name=case.name, time=seconds)
        if not case.passed:
            lines = lines_of(case)
            ET.SubElement(element, "failure", message=lines[0]).text = "\n".join(lines)
        yield element
