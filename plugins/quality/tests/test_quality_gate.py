"""`quality/gate`: what lets a change through."""

import pytest
from treadle_hookspecs import ActionError

PASS = {"verdict": "pass", "summary": "fine"}
FAIL = {"verdict": "fail", "summary": "2 tests failed", "reasons": ["2 of 9 tests failed"]}
UNKNOWN = {"verdict": "not-checked", "summary": "no tests were found"}


def test_all_pass(project, perform) -> None:
    outputs = perform("quality/gate", project({"a": ""}), checks={"tests": PASS, "style": PASS}).outputs
    assert outputs["verdict"] == "pass"
    assert outputs["checks"] == {"tests": "pass", "style": "pass"}
    assert outputs["score"] == "A"
    found = {**PASS, "findings": [{"rule": "F401", "new": True}, {"rule": "old", "new": False}]}
    assert perform("quality/gate", project({"a": ""}), checks={"tests": PASS, "style": found}).outputs["score"] == "B"


@pytest.mark.parametrize(
    ("bad", "verdict", "words"),
    [
        (FAIL, "fail", "tests fails (2 of 9 tests failed)"),
        (UNKNOWN, "not-checked", "tests could not check (no tests were found)"),
        ({}, "not-checked", "tests could not check (it ended without a result)"),
        (None, "not-checked", "tests could not check (it ended without a result)"),
    ],
)
def test_one_that_does_not_pass_stops_the_change(project, perform, bad, verdict, words) -> None:
    with pytest.raises(ActionError) as raised:
        perform("quality/gate", project({"a": ""}), checks={"style": PASS, "tests": bad})
    assert raised.value.message == f"the change does not pass: {words}"
    assert raised.value.outputs["verdict"] == verdict
    assert raised.value.outputs["score"] == ("D" if bad is FAIL else "C")
    assert (raised.value.error_class, raised.value.retryable) == ("change-rejected", False)


def test_what_could_not_be_checked_may_be_let_through_but_not_a_failure(project, perform) -> None:
    root = project({"a": ""})
    outputs = perform("quality/gate", root, checks={"tests": UNKNOWN}, allow_not_checked=True).outputs
    assert outputs["verdict"] == "not-checked", "it says what it let through"
    with pytest.raises(ActionError):
        perform("quality/gate", root, checks={"tests": FAIL}, allow_not_checked=True)
