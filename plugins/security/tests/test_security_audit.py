"""`security/audit` with the real bandit."""

import importlib.util

import pytest
from treadle_hookspecs import ActionError, PreviewContext
from treadle_security import _preview

SHELL = "import subprocess\n\n\ndef go(command):\n    return subprocess.call(command, shell=True)\n"
EVAL = "def read(text):\n    return eval(text)\n"
MILD = "def check(x):\n    assert x\n"


def change(path: str, *ranges: list[int], old_path: str | None = None):
    return {"path": path, "old_path": old_path, "changed_lines": list(ranges)}


def test_a_new_weakness_fails_the_audit(project, perform) -> None:
    outcome = perform("security_audit", project({"a.py": SHELL}), changes=[change("a.py", [1, 5])])
    outputs = outcome.outputs
    assert (outcome.name, outputs["verdict"], outputs["by_severity"]) == ("needs-work", "fail", {"low": 1, "high": 1})
    worst = next(finding for finding in outputs["findings"] if finding["severity"] == "high")
    assert (worst["rule"], worst["file"], worst["line"], worst["new"]) == ("B602", "a.py", 5, True)
    assert worst["code"] == "return subprocess.call(command, shell=True)"


def test_what_stood_there_before_is_listed_and_does_not_count(project, perform) -> None:
    before = project({"old.py": SHELL}, "before")
    root = project({"new.py": "# moved down\n\n" + SHELL + "\n\n" + EVAL})
    changes = [change("new.py", [1, 2], [8, 11], old_path="old.py")]
    outputs = perform("security_audit", root, changes=changes, baseline=str(before)).outputs
    assert (outputs["new"], outputs["old"]) == (1, 2)
    first = outputs["findings"][0]
    assert (first["rule"], first["new"]) == ("B307", True)
    root.joinpath("new.py").write_text("# moved down\n" + SHELL)
    assert perform("security_audit", root, changes=changes, baseline=str(before)).outputs["verdict"] == "pass"
    root.joinpath("new.py").write_text(
        SHELL + "\n\ndef again(command):\n    return subprocess.call(command, shell=True)\n"
    )
    again = perform("security_audit", root, changes=changes, baseline=str(before)).outputs
    assert (again["new"], again["verdict"]) == (1, "fail"), "the same line a second time is new"


def test_without_a_baseline_changed_lines_decide(project, perform) -> None:
    root = project({"a.py": SHELL})
    assert perform("security_audit", root, changes=[change("a.py", [1, 1])]).outputs["verdict"] == "pass"
    assert perform("security_audit", root, changes=[change("a.py", [5, 5])]).outputs["verdict"] == "fail"


def test_mild_findings_pass_unless_asked_for(project, perform) -> None:
    root = project({"a.py": MILD})
    outputs = perform("security/audit", root).outputs
    assert (outputs["verdict"], outputs["new"]) == ("pass", 1)
    assert perform("security/audit", root, min_severity="low").outputs["verdict"] == "fail"
    assert perform("security/audit", root, min_severity="low", min_confidence="high").outputs["verdict"] == "fail"


def test_a_file_that_cannot_be_read_is_never_green(project, perform) -> None:
    outcome = perform("security_audit", project({"a.py": "def f(:\n"}), changes=[change("a.py", [1, 1])])
    assert (outcome.name, outcome.outputs["verdict"]) == ("not-checked", "not-checked")
    assert "syntax error" in outcome.outputs["unread"]["a.py"]


def test_nothing_to_look_at_is_said_so(project, perform) -> None:
    outputs = perform("security_audit", project({"a.md": "# x\n"}), changes=[change("a.md", [1, 1])]).outputs
    assert (outputs["verdict"], outputs["checked"]) == ("pass", 0)
    assert outputs["summary"] == "no Python file in the change"


def test_bandit_is_missing(project, perform, monkeypatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ActionError, match="bandit is not installed; run: ") as raised:
        perform("security_audit", project({"a.py": SHELL}))
    assert raised.value.outputs["verdict"] == "not-checked"


def test_the_project_s_settings_are_taken(project, perform) -> None:
    root = project({"a.py": EVAL, "pyproject.toml": '[tool.bandit]\nskips = ["B307"]\n'})
    assert perform("security_audit", root).outputs["verdict"] == "pass"
    assert "--configfile" in _preview.preview_audit(context=PreviewContext(root)).commands[0]
    (root / "pyproject.toml").write_text("[tool.bandit\n[tool.bandit]\n")
    with pytest.raises(ActionError, match="bandit gave no report") as raised:
        perform("security_audit", root)
    assert raised.value.outputs["verdict"] == "not-checked"


def test_links_out_of_the_project_are_left_out(project, perform) -> None:
    root = project({"a.py": "x = 1\n"})
    outside = root.parent / "outside.py"
    outside.write_text(EVAL)
    (root / "link.py").symlink_to(outside)
    assert perform("security_audit", root, changes=[change("link.py", [1, 2])]).outputs["checked"] == 0


def test_secrets_on_changed_lines(project, perform) -> None:
    text = 'x = 1\npassword = "' + "hunter" + '2-and-more"\n'
    root = project({"a.py": text, "b.txt": "nothing\n"})
    changes = [change("a.py", [2, 2]), change("b.txt", [1, 1])]
    if importlib.util.find_spec("detect_secrets") is None:
        with pytest.raises(ActionError, match="detect-secrets is not installed") as raised:
            perform("security/secrets", root, changes=changes)
        assert raised.value.outputs["verdict"] == "not-checked"
        return
    outcome = perform("security/secrets", root, changes=changes)
    (finding,) = outcome.outputs["findings"]
    assert (finding["file"], finding["line"], finding["new"]) == ("a.py", 2, True)
    assert "hunter" not in str(outcome.outputs)
    assert perform("security/secrets", root, changes=[change("a.py", [1, 1])]).outputs["verdict"] == "pass"


def test_no_secrets_can_be_looked_for_without_the_tool(project, perform, monkeypatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ActionError, match=r"treadle-security\[secrets\]"):
        perform("security/secrets", project({"a.py": "x = 1\n"}))
