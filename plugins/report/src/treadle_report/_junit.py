"""A report as JUnit XML, for machines that show test results: a test case a visit."""

from xml.etree import ElementTree as ET

from treadle_report._facts import Facts, StepFacts

_NOT_RUN = ("skipped", "upstream_failed", "cancelled", "pending")
_ALLOWED_CONTROLS = "\t\n\r"


def junit(facts: Facts, title: str = "") -> str:
    """The whole report."""
    name = title or facts.execution.workflow
    suites = ET.Element("testsuites", name=_xml(name))
    failed = [visit for visit in facts.visits if _failed(visit)]
    skipped = [visit for visit in facts.visits if visit.row.state in _NOT_RUN]
    suite = ET.SubElement(
        suites,
        "testsuite",
        name=_xml(name),
        id=facts.execution.id,
        tests=str(len(facts.visits)),
        failures=str(len(failed)),
        skipped=str(len(skipped)),
        errors="0",
        time=f"{_took(facts):.3f}",
    )
    for visit in facts.visits:
        _case(suite, facts, visit)
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _took(facts: Facts) -> float:
    execution = facts.execution
    return ((execution.finished_at or execution.started_at) - execution.started_at) / 1_000_000


def _failed(visit: StepFacts) -> bool:
    return visit.verdict == "fail" or (visit.broke and visit.row.state not in _NOT_RUN)


def _case(suite: ET.Element, facts: Facts, visit: StepFacts) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        name=_xml(visit.address),
        classname=_xml(facts.execution.workflow),
        time=f"{visit.seconds or 0.0:.3f}",
    )
    if _failed(visit):
        error = visit.row.error
        kind = str(error.get("type", "")) if isinstance(error, dict) else visit.verdict
        failure = ET.SubElement(case, "failure", message=_xml(visit.summary), type=_xml(kind))
        failure.text = _xml(visit.error or "\n".join(visit.reasons))
    elif visit.row.state in _NOT_RUN:
        ET.SubElement(case, "skipped", message=visit.row.state.replace("_", " "))


def _xml(text: str) -> str:
    """Without the characters that XML 1.0 cannot hold, not even escaped."""
    return (
        "".join(sign for sign in text if sign >= " " or sign in _ALLOWED_CONTROLS)
        .replace("\ufffe", "")
        .replace("\uffff", "")
    )
