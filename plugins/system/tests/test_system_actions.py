"""Errors handled and ends told."""

import json
import sys
from pathlib import Path

import pytest
from treadle_hookspecs import ActionError, ExecutionRow, StepRow
from treadle_system._errors import _kind_of, kinds
from treadle_testkit.actions import RecordedHost, StandaloneContext

START = 1_767_323_045_000_000
FAILED = {"type": "exit-code", "message": "the command exited with 1\nand more"}


@pytest.fixture
def context(tmp_path: Path) -> StandaloneContext:
    (tmp_path / "root").mkdir()
    (tmp_path / "scratch").mkdir()
    host = RecordedHost(
        rows=[ExecutionRow("standalone", "ship", "1", "running", str(tmp_path / "root"), "cli", {}, START)],
        step_rows=[
            StepRow("standalone", "build", 1, "command/run", "succeeded", "success"),
            StepRow("standalone", "test", 1, "command/run", "failed", "failure", error=FAILED),
        ],
    )
    return StandaloneContext(tmp_path / "root", tmp_path / "scratch", host=host)


def test_an_error_is_recorded_with_what_to_do(context: StandaloneContext) -> None:
    error = {"step": "fetch", "type": "timeout", "message": "the step took longer than its timeout"}
    found = context.perform("system/handle-error", error=error).outputs
    assert (found["kind"], found["step"], found["transient"]) == ("timeout", "fetch", True)
    assert found["next_steps"] == [
        "treadle why standalone fetch",
        "treadle logs standalone fetch",
        "treadle resume standalone",
    ]
    assert found["failed"] == [{"step": "test", **FAILED}]
    record = json.loads(Path(str(found["path"])).read_text())
    assert record["schema"] == "treadle/incident@1"
    assert record["execution"] == "standalone"


def test_without_an_error_it_is_the_first_step_that_failed(context: StandaloneContext) -> None:
    found = context.perform("system/handle-error", out="incident.json").outputs
    assert (found["kind"], found["step"]) == ("failure", "test")
    assert found["summary"] == "failure: the command exited with 1"
    assert found["path"] == str(context.root / "incident.json")


def test_where_nothing_failed_nothing_is_claimed(context: StandaloneContext) -> None:
    assert isinstance(context.host, RecordedHost)
    context.host.step_rows.pop()
    found = context.perform("system/handle-error").outputs
    assert (found["kind"], found["hints"], found["next_steps"]) == ("none", [], [])


@pytest.mark.parametrize(
    ("type_", "message", "kind"),
    [
        ("tool-missing", "bandit is not installed", "tool-missing"),
        ("exit-code", "sh: 1: pytset: command not found", "tool-missing"),
        ("exit-code", "curl: (7) Connection refused", "network"),
        ("exit-code", "rm: Permission denied", "not-allowed"),
        ("gate", "gate coverage is not met", "gate"),
        ("error", "something else", "failure"),
    ],
)
def test_sorts_of_failures(type_: str, message: str, kind: str) -> None:
    assert _kind_of(type_, message).name == kind
    assert kind in kinds()


def test_completion_is_told_and_what_could_not_be_is_told_too(context: StandaloneContext, monkeypatch) -> None:
    monkeypatch.setenv("PATH", "")
    found = context.perform("system/notify-completion", status="completed", message="all well").outputs
    assert found["told"] == ["log"]
    assert "desktop" in str(found["not_told"])
    assert ("info", "ship: completed. all well") in context.log.lines


def test_the_desktop_is_asked_without_a_shell(context: StandaloneContext, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    program = tmp_path / "bin/notify-send"
    program.parent.mkdir()
    program.write_text(f'#!{sys.executable}\nimport sys\nopen("{tmp_path}/said", "w").write(repr(sys.argv[1:]))\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    found = context.perform("system/notify-completion", status="failed", message="$(rm -rf x) 'q'").outputs
    assert found["told"] == ["log", "desktop"]
    assert (tmp_path / "said").read_text() == repr(["--", "ship: failed", "$(rm -rf x) 'q'"])


def test_abort_is_not_tried_again(context: StandaloneContext) -> None:
    with pytest.raises(ActionError, match="too late") as raised:
        context.perform("abort_workflow", reason="too late")
    assert (raised.value.error_class, raised.value.retryable) == ("aborted", False)


def test_an_action_by_name(context: StandaloneContext) -> None:
    found = context.perform("hook-executor", name="system/handle-error", inputs={"error": "odd"}).outputs
    assert found["outputs"]["message"] == "odd"  # type: ignore[index, call-overload]
    with pytest.raises(ActionError, match="does not call itself"):
        context.perform("system/run-action", name="system/run-action")


def test_a_question_needs_a_person(context: StandaloneContext) -> None:
    with pytest.raises(ActionError, match="approval"):
        context.perform("request_user_input", prompt="go on?")
