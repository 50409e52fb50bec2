"""`quality/compatibility`, `patterns`, `readiness`, `steering` on real files."""

import pytest
from treadle_hookspecs import ActionError

GONE = {
    "file": "src/a.py",
    "name": "f",
    "line": 3,
    "change": "removed",
    "reason": "function f is gone",
    "breaking": True,
}
NEW = {"file": "src/a.py", "name": "g", "line": 9, "change": "added", "reason": "", "breaking": False}


def test_a_broken_name_is_not_compatible(project, perform) -> None:
    root = project({"a.py": ""})
    ended = perform("compatibility_check", root, change={"api": [GONE, NEW], "dependencies": {}})
    assert (ended.name, ended.outputs["verdict"]) == ("needs-work", "fail")
    assert ended.outputs["reasons"] == ["src/a.py: f: function f is gone"]
    assert ended.outputs["findings"][0]["rule"] == "breaking-api"
    lenient = perform("quality/compatibility", root, change={"api": [GONE]}, allow_breaking=True).outputs
    assert (lenient["verdict"], len(lenient["breaking"])) == ("pass", 1)
    assert perform("quality/compatibility", root, change={"api": [NEW]}).name == "success"


def test_an_earlier_test_that_fails_is_not_compatible(project, perform) -> None:
    tests = {"totals": {"tests": 3}, "failures": [{"id": "tests/test_a.py::test_f"}]}
    outputs = perform("quality/compatibility", project({"a.py": ""}), change={"api": []}, tests=tests).outputs
    assert outputs["reasons"] == ["it worked before: tests/test_a.py::test_f"]
    unknown = perform(
        "quality/compatibility", project({"a.py": ""}), change={"api": []}, tests={"summary": "no pytest"}
    )
    assert unknown.name == "not-checked"
    assert unknown.outputs["reasons"] == ["the earlier tests could not run: no pytest"]


def test_nothing_to_compare_with(project, perform) -> None:
    with pytest.raises(ActionError, match="give `base`, or `change`"):
        perform("quality/compatibility", project({"a.py": ""}))


RULES = [
    {"name": "no-print", "files": "src/*.py", "forbid": r"\bprint\(", "message": "use the log"},
    {"name": "header", "files": "*.py", "require": r"^# Copyright"},
]


def test_rules_of_the_project(project, perform) -> None:
    root = project(
        {"src/deep/a.py": "# Copyright\nx = 1\nprint(x)\n", "tools/b.py": "print(1)\n", "c.txt": "print(1)\n"}
    )
    ended = perform("pattern-validation", root, patterns=RULES)
    assert ended.name == "needs-work"
    assert [(one["rule"], one["file"], one["line"]) for one in ended.outputs["findings"]] == [
        ("no-print", "src/deep/a.py", 3),
        ("header", "tools/b.py", 1),
    ]
    assert "use the log" in ended.outputs["findings"][0]["message"]
    changed = [{"path": "src/deep/a.py", "old_path": None, "changed_lines": [[2, 2]]}]
    assert perform("quality/patterns", root, patterns=RULES, changes=changed).outputs["verdict"] == "pass"
    assert perform("quality/patterns", root, patterns=RULES, strict=False).outputs["verdict"] == "pass"
    assert perform("quality/patterns", root).name == "not-checked"


@pytest.mark.parametrize(
    "rule", [{"name": "x"}, {"forbid": "x"}, {"name": "x", "forbid": "("}, {"name": "x", "forbid": "a", "require": "b"}]
)
def test_a_rule_that_is_none(project, perform, rule) -> None:
    with pytest.raises(ActionError) as caught:
        perform("quality/patterns", project({"a.py": ""}), patterns=[rule])
    assert caught.value.error_class == "invalid-input"


def test_what_a_project_needs_for_production(project, perform) -> None:
    root = project({"README.md": "# A\n", "pyproject.toml": "", "tests/test_a.py": "", "CHANGELOG.md": ""})
    ended = perform("production-readiness", root)
    assert ended.name == "needs-work"
    assert [one["name"] for one in ended.outputs["missing"] if one["required"]] == ["license", "ci"]
    project({"LICENSE": "", ".github/workflows/test.yml": ""})
    assert perform("quality/readiness", root).outputs["verdict"] == "pass"
    assert perform("quality/readiness", root, strict=True).outputs["verdict"] == "fail"


def test_instructions_name_what_is_there(project, perform) -> None:
    text = "Run `make test` and `make lint`.\nSee `src/a.py`, `docs/none.md`, `a.py`, `x = 1`.\n"
    root = project({"AGENTS.md": text, "src/a.py": "", "Makefile": "test:\n\ttrue\n"})
    ended = perform("validate-steering", root)
    assert ended.name == "needs-work"
    assert [(one["rule"], one["line"]) for one in ended.outputs["findings"]] == [("stale-target", 1), ("stale-path", 2)]
    (root / "AGENTS.md").write_text("Run `make test`.\n")
    assert perform("quality/steering", root).outputs["verdict"] == "pass"
    (root / "AGENTS.md").unlink()
    assert perform("quality/steering", root).name == "not-checked"
