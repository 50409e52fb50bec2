"""`quality/style`, `quality/complexity`, `quality/assess` with the real ruff and lizard."""

import importlib.util

import pytest
from treadle_hookspecs import ActionError, PreviewContext
from treadle_quality import _preview

UNUSED = "import os\n\nx = 1\nimport sys\n\nprint(x)\n"
BRANCHES = "def g(a):\n" + "".join(f"    if a == {n}:\n        return {n}\n" for n in range(17)) + "    return a\n"


def change(path: str, *ranges: list[int], old_path: str | None = None):
    return {"path": path, "old_path": old_path, "changed_lines": list(ranges)}


def test_only_changed_lines_count(project, perform) -> None:
    root = project({"a.py": UNUSED, "b.py": UNUSED, "ruff.toml": 'lint.select = ["F", "E4"]\n'})
    outputs = perform("quality/style", root, changes=[change("a.py", [4, 4])]).outputs
    assert (outputs["verdict"], outputs["on_changed_lines"], outputs["elsewhere"]) == ("fail", 2, 1)
    assert outputs["by_rule"] == {"E402": 1, "F401": 1}
    first = outputs["findings"][0]
    assert (first["file"], first["line"], first["new"]) == ("a.py", 4, True)
    assert perform("quality/style", root, changes=[change("a.py", [6, 6])]).outputs["verdict"] == "pass"
    lenient = perform("quality/style", root, changes=[change("a.py", [4, 4])], max_findings=2).outputs
    assert lenient["verdict"] == "pass"


def test_the_project_s_own_rules_are_taken_and_a_stranger_s_above_it_are_not(project, perform) -> None:
    root = project({"a.py": "import os\n"})
    (root.parent / "ruff.toml").write_text('lint.select = ["D"]\n')
    assert perform("quality/style", root).outputs["by_rule"] == {"F401": 1}
    (root / "pyproject.toml").write_text('[tool.ruff.lint]\nselect = ["D100"]\n')
    outputs = perform("quality/style", root).outputs
    assert outputs["by_rule"] == {"D100": 1}
    assert outputs["configured"] is True


def test_a_syntax_error_counts_wherever_it_is_reported(project, perform) -> None:
    root = project({"a.py": "def f(:\n\n\nx = 1\n"})
    outputs = perform("quality/style", root, changes=[change("a.py", [4, 4])]).outputs
    assert outputs["verdict"] == "fail"
    assert outputs["findings"][0]["rule"] == "invalid-syntax"


def test_a_configuration_that_ruff_refuses(project, perform) -> None:
    root = project({"a.py": "x = 1\n", "ruff.toml": "no-such-key = 1\n"})
    with pytest.raises(ActionError, match="no-such-key"):
        perform("quality/style", root)
    outcome = perform("validate_code", root)
    assert (outcome.name, outcome.outputs["style"]["verdict"]) == ("not-checked", "not-checked")


def test_ruff_is_missing(project, perform, monkeypatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    root = project({"a.py": "x = 1\n"})
    with pytest.raises(ActionError, match=r"ruff is not installed; run: .* -m pip install ruff") as raised:
        perform("quality/style", root)
    assert raised.value.error_class == "tool-missing"
    outcome = perform("quality/assess", root)
    assert (outcome.name, outcome.outputs["verdict"]) == ("not-checked", "not-checked")
    assert "pip install ruff" in outcome.outputs["reasons"][0]


def test_a_link_out_of_the_project_is_not_read(project, perform) -> None:
    root = project({"a.py": "x = 1\n"})
    secret = root.parent / "secret.py"
    secret.write_text("import os\n")
    (root / "link.py").symlink_to(secret)
    assert perform("quality/style", root, changes=[change("link.py", [1, 1])]).outputs["checked"] == 0
    assert perform("quality/style", root).outputs["checked"] == 1


def test_names_that_look_like_options_are_files(project, perform) -> None:
    root = project({"--fix.py": "import os\n"})
    assert perform("quality/style", root, changes=[change("--fix.py", [1, 1])]).outputs["on_changed_lines"] == 1
    assert (root / "--fix.py").read_text() == "import os\n"


def test_a_new_function_over_the_limit(project, perform) -> None:
    root = project({"a.py": "x = 1\n\n\n" + BRANCHES})
    outputs = perform("quality/complexity", root, changes=[change("a.py", [10, 10])]).outputs
    assert (outputs["verdict"], outputs["highest"], outputs["made_worse"]) == ("fail", 18, 1)
    assert outputs["functions"][0]["lines"] == [4, 39]
    assert outputs["findings"][0]["message"] == "`g` has complexity 18; limit 15"
    assert perform("quality/complexity", root, changes=[change("a.py", [1, 1])]).outputs["functions"] == []
    assert perform("quality/complexity", root, max_complexity=18).outputs["verdict"] == "pass"


def test_what_was_too_complex_before_and_did_not_grow_is_not_this_change_s_fault(project, perform) -> None:
    before = project({"old.py": BRANCHES}, "before")
    root = project({"new.py": BRANCHES.replace("return 11", "return 111")})
    changes = [change("new.py", [24, 24], old_path="old.py")]
    outputs = perform("quality/complexity", root, changes=changes, baseline=str(before)).outputs
    assert (outputs["verdict"], outputs["over_limit"], outputs["made_worse"]) == ("pass", 1, 0)
    assert outputs["functions"][0]["before"] == 18
    (root / "new.py").write_text(BRANCHES.replace("== 3", "== 3 and a"))
    assert perform("quality/complexity", root, changes=changes, baseline=str(before)).outputs["made_worse"] == 1


def test_other_languages_are_measured_too(project, perform) -> None:
    body = "".join(f"if (a == {n}) {{ return {n}; }}\n" for n in range(17))
    root = project({"a.js": f"function g(a) {{\n{body}return a;\n}}\n"})
    assert perform("quality/complexity", root).outputs["highest"] == 18


def test_assess_joins_both(project, perform) -> None:
    root = project({"a.py": "import os\n\n\n" + BRANCHES})
    outcome = perform("validate_code", root)
    outputs = outcome.outputs
    assert (outcome.name, outputs["verdict"]) == ("needs-work", "fail")
    assert [reason.split(":")[0] for reason in outputs["reasons"]] == ["style", "complexity"]
    assert {finding["rule"] for finding in outputs["findings"]} == {"F401", "complexity"}
    clean = perform("quality/validate", project({"a.py": "x = 1\n"}, "clean"))
    assert (clean.name, clean.outputs["verdict"], clean.outputs["reasons"]) == ("success", "pass", [])


def test_nothing_to_check_and_nowhere_to_look(project, perform) -> None:
    outcome = perform("quality/assess", project({"README.md": "# Hi\n"}), changes=[change("README.md", [1, 1])])
    assert outcome.outputs["verdict"] == "pass"
    assert "no Python file" in outcome.outputs["summary"]
    with pytest.raises(ActionError, match="there is no folder"):
        perform("quality/assess", project({"a.py": ""}), path="missing")


def test_a_dry_run_names_the_command(project) -> None:
    (command,) = _preview.preview_style(context=PreviewContext(project({"a.py": ""}))).commands
    assert "--no-fix" in command
    assert "--isolated" in command
