"""JUnit files as different runners write them."""

from pathlib import Path

import pytest
from treadle_hookspecs import ActionError
from treadle_testing._junit import read

SAMPLES = {
    "node": (
        (
            '<?xml version="1.0"?><testsuites><testcase name="adds" time="0.5" classname="test" file="a.test.js"/>'
            '<testcase name="fails" time="0.1"><failure type="x" message="bad"/></testcase></testsuites>'
        ),
        {"a.test.js::adds": "passed", "fails": "failed"},
    ),
    "surefire": (
        (
            '<testsuite name="S" tests="9"><properties/><testcase classname="com.A" name="t" time="1,234.5">'
            "<error>java.lang.X: boom\n  at A</error></testcase></testsuite>"
        ),
        {"com.A.t": "error"},
    ),
    "nested": (
        (
            '<testsuites><testsuite><testsuite><testcase classname="g" name="T/sub"><skipped/></testcase></testsuite>'
            "</testsuite></testsuites>"
        ),
        {"g.T/sub": "skipped"},
    ),
    "namespaced": (
        '<testsuites xmlns="http://example.org/junit"><testcase name="n" time="soon"/></testsuites>',
        {"n": "passed"},
    ),
}


@pytest.mark.parametrize("runner", SAMPLES)
def test_samples(runner: str, tmp_path: Path) -> None:
    text, expected = SAMPLES[runner]
    path = tmp_path / "junit.xml"
    path.write_text(text)
    assert {case.id: case.state for case in read(path)} == expected


def test_times_and_messages(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    path.write_text(SAMPLES["surefire"][0])
    (case,) = read(path)
    assert (case.seconds, case.message) == (1234.5, "java.lang.X: boom")


@pytest.mark.parametrize("text", ["", "<testsuite>", "not xml", '<!DOCTYPE a [<!ENTITY b "c">]><testsuite/>'])
def test_what_is_no_junit_file(text: str, tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    path.write_text(text)
    with pytest.raises(ActionError, match=r"junit\.xml cannot be read as JUnit"):
        read(path)


def test_a_long_traceback_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    path.write_text(f'<testsuite><testcase name="a"><failure>{"x" * 100_000}</failure></testcase></testsuite>')
    (case,) = read(path)
    assert len(case.detail) == 4000
    assert len(case.message) == 500
