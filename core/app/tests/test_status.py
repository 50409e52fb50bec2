import pytest
from treadle.status import exit_code_of, live_status, status_of
from treadle_hookspecs import ExecutionRow, StepRow

ROW = ExecutionRow("x1", "build", "1", "running", "/p", "cli", {}, 1_000_000)


def step(address: str, visit: int, state: str, **changes: object) -> StepRow:
    return StepRow("x1", address, visit, "m/a", state)._replace(**changes)  # type: ignore[arg-type]


def plain(value: object) -> object:
    return value


@pytest.mark.parametrize(
    ("logged", "driven", "running", "seen"),
    [
        ("running", True, True, "running"),
        ("running", False, True, "interrupted"),
        ("running", False, False, "interrupted"),
        ("paused", False, False, "paused"),
        ("paused", False, True, "interrupted"),
        ("waiting", False, False, "waiting"),
        ("failed", False, False, "failed"),
    ],
)
def test_running_without_a_driver_is_interrupted(logged: str, driven: bool, running: bool, seen: str) -> None:
    assert live_status(logged, driven=driven, running=running) == seen


@pytest.mark.parametrize(
    ("status", "rollback", "error", "code"),
    [
        ("completed", "none", None, 0),
        ("completed", "done", None, 0),
        ("completed", "partial", None, 1),
        ("failed", "done", {"type": "exit-code", "step": "a"}, 1),
        ("failed", "none", {"type": "timeout", "step": None}, 8),
        ("failed", "none", {"type": "timeout", "step": "a"}, 1),
        ("cancelled", "none", None, 1),
        ("paused", "none", None, 7),
        ("interrupted", "none", None, 7),
    ],
)
def test_exit_codes(status: str, rollback: str, error: object, code: int) -> None:
    assert exit_code_of(status, rollback, error) == code  # type: ignore[arg-type]


def test_the_last_visit_of_a_step_is_shown_and_all_are_counted() -> None:
    visits = [step("test", 1, "failed", outcome="failure"), step("test", 2, "succeeded", outcome="success")]
    shown = status_of(ROW, visits, driven=True, display=plain).to_json()  # type: ignore[arg-type]
    assert shown["steps"]["test"]["state"] == "succeeded"  # type: ignore[index, call-overload]
    assert shown["steps"]["test"]["visits"] == 2  # type: ignore[index, call-overload]
    assert shown["schema"] == "treadle/execution@1"


def test_an_interrupted_visit_is_a_question() -> None:
    status = status_of(ROW, [step("deploy", 2, "running")], driven=False, display=plain)  # type: ignore[arg-type]
    assert status.questions == ({"address": "deploy#2", "kind": "interrupted", "choices": ["retry", "fail"]},)
    assert status.steps["deploy"]["state"] == "interrupted"
    assert status.exit_code == 7


def test_nobody_is_asked_about_what_only_holds_steps_or_waits_to_try_again() -> None:
    visits = [step("all", 1, "running", action="for_each"), step("all[1]/send", 2, "running")]
    waiting = [{"step": "all[1]/send#2", "kind": "retry"}]
    paused = status_of(ROW._replace(status="paused"), visits, driven=False, display=plain, waiting=waiting)  # type: ignore[arg-type]
    assert (paused.status, paused.questions) == ("paused", ())
    assert [shown["state"] for shown in paused.steps.values()] == ["running", "running"]
    killed = status_of(ROW, visits, driven=False, display=plain)  # type: ignore[arg-type]
    assert [question["address"] for question in killed.questions] == ["all[1]/send#2"]


def test_a_step_that_holds_what_waits_is_not_interrupted() -> None:
    visits = [step("ask", 1, "running", action="parallel"), step("ask/ann", 1, "waiting", action="approval")]
    status = status_of(ROW._replace(status="waiting"), visits, driven=False, display=plain)  # type: ignore[arg-type]
    assert {address: shown["state"] for address, shown in status.steps.items()} == {
        "ask": "running",
        "ask/ann": "waiting",
    }
