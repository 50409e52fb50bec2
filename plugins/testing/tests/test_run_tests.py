"""`testing/run-tests` with real pytest processes."""

import sys
from pathlib import Path

import pytest
from treadle_hookspecs import ActionError

GOOD = "from lib import double\n\ndef test_double():\n    assert double(2) == 4\n"


def test_a_passing_suite_with_coverage_of_the_changed_lines(project, run) -> None:
    root = project({"tests/test_lib.py": GOOD})
    changes = [
        {"path": "src/lib.py", "changed_lines": [[1, 4]], "area": "source"},
        {"path": "tests/test_lib.py", "changed_lines": [[1, 4]], "area": "tests"},
        {"path": "setup.py", "changed_lines": [[1, 1]], "area": "deps"},
    ]
    outcome = run(root, changes=changes)
    outputs = outcome.outputs
    assert (outcome.name, outputs["verdict"], outputs["passed"]) == ("success", "pass", True)
    assert outputs["totals"] == {"tests": 1, "passed": 1, "failed": 0, "errors": 0, "skipped": 0}
    assert outputs["coverage"]["files"] == {"src/lib.py": {"percent": 66.6, "covered": 4, "statements": 6}}
    assert outputs["changed_coverage"] == {
        "percent": 75.0,
        "covered": 3,
        "statements": 4,
        "missed": {"src/lib.py": [[3, 3]]},
        "unmeasured": ["setup.py"],
    }
    assert [finding["rule"] for finding in outputs["findings"]] == ["uncovered"]


def test_too_little_of_the_change_is_covered(project, run) -> None:
    root = project({"tests/test_lib.py": GOOD})
    changes = [{"path": "src/lib.py", "changed_lines": [[1, 4]]}]
    outcome = run(root, changes=changes, min_coverage=80)
    assert outcome.name == "needs-work"
    assert outcome.outputs["reasons"] == ["75.0 % of the changed statements are run by tests, 80 % are asked for"]
    assert run(root, changes=changes, min_coverage=75).name == "success"


def test_failures_name_file_line_and_message(project, run) -> None:
    text = (
        "import pytest\nfrom lib import double\n\n\nclass TestDouble:\n    def test_wrong(self):\n"
        "        x = double(2)\n        assert x == 5, 'not five'\n\n\n"
        "@pytest.fixture\ndef broken():\n    raise RuntimeError('no luck')\n\n\n"
        "def test_error(broken):\n    pass\n\n\n@pytest.mark.skip(reason='later')\ndef test_later():\n    pass\n"
    )
    outcome = run(project({"tests/test_lib.py": text}))
    outputs = outcome.outputs
    assert (outcome.name, outputs["verdict"]) == ("needs-work", "fail")
    assert outputs["totals"] == {"tests": 3, "passed": 0, "failed": 1, "errors": 1, "skipped": 1}
    failures = {failure["id"]: failure for failure in outputs["failures"]}
    wrong = failures["tests/test_lib.py::TestDouble::test_wrong"]
    assert (wrong["file"], wrong["line"], wrong["state"]) == ("tests/test_lib.py", 8, "failed")
    assert "not five" in wrong["message"]
    error = failures["tests/test_lib.py::test_error"]
    assert (error["line"], error["state"]) == (13, "error")
    assert "no luck" in error["detail"]
    assert outputs["reasons"] == ["2 of 3 tests failed"]


def test_a_module_that_cannot_be_imported_is_an_error_of_the_suite(project, run) -> None:
    outcome = run(project({"tests/test_lib.py": "import nowhere_to_be_found\n"}))
    assert outcome.name == "needs-work"
    assert outcome.outputs["failures"][0]["message"] == "ModuleNotFoundError: No module named 'nowhere_to_be_found'"
    assert outcome.outputs["reasons"][1].startswith("not installed: nowhere_to_be_found; give the project's `python`")


def test_no_tests_is_not_a_pass(project, run) -> None:
    outcome = run(project({}))
    assert (outcome.name, outcome.outputs["verdict"]) == ("not-checked", "not-checked")
    assert outcome.outputs["reasons"] == ["no tests were found"]
    skipped = "import pytest\n\n@pytest.mark.skip\ndef test_x():\n    pass\n"
    assert run(project({"tests/test_x.py": skipped})).outputs["reasons"] == ["every test was skipped"]


def test_what_tests_start_is_measured_too(project, run) -> None:
    text = (
        "import subprocess, sys\n\ndef test_child():\n"
        "    subprocess.run([sys.executable, '-c', 'import lib; lib.unused()'], check=True)\n"
    )
    outcome = run(project({"tests/test_lib.py": text}))
    assert outcome.outputs["coverage"]["covered"] == 3


def test_the_sources_of_the_folder_are_tested_not_what_is_installed(project, run, monkeypatch, tmp_path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "lib.py").write_text("def double(x):\n    return 'wrong'\n")
    monkeypatch.setenv("PYTHONPATH", str(elsewhere))
    assert run(project({"tests/test_lib.py": GOOD})).name == "success"


def test_several_projects_in_one_repository(project, run, monkeypatch, tmp_path) -> None:
    installed = tmp_path / "installed"
    installed.mkdir()
    (installed / "inner.py").write_text("def twice(x):\n    return 'the installed copy'\n")
    monkeypatch.setenv("PYTHONPATH", str(installed))
    root = project(
        {
            "pyproject.toml": "",
            "packages/one/pyproject.toml": "",
            "packages/one/src/inner.py": "def twice(x):\n    return 2 * x\n",
            "packages/one/tests/test_inner.py": "import inner\n\ndef test_it():\n    assert inner.twice(2) == 4\n",
            "packages/two/setup.py": "",
            "packages/two/flat/__init__.py": "x = 1\n",
        }
    )
    outcome = run(root, changes=[{"path": "packages/one/src/inner.py", "changed_lines": [[1, 2]]}])
    assert outcome.outputs["changed_coverage"]["percent"] == 100.0
    assert set(outcome.outputs["coverage"]["files"]) == {
        "packages/one/src/inner.py",
        "packages/two/flat/__init__.py",
        "src/lib.py",
    }


def test_tests_that_run_another_copy_are_doubted(project, run) -> None:
    root = project({"tests/test_other.py": "def test_nothing():\n    pass\n"})
    outcome = run(root, changes=[{"path": "src/lib.py", "changed_lines": [[2, 3]]}])
    assert "import another copy" in outcome.outputs["notes"][-1]


def test_settings_of_a_folder_above_are_not_taken(project, run, tmp_path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    assert run(project({"tests/test_lib.py": GOOD})).name == "success"
    root = project({"tests/test_lib.py": GOOD, "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-k nothing'\n"})
    assert run(root).outputs["reasons"] == ["no tests were found"], "the project's own settings are taken"


def test_plugins_of_treadle_s_environment_are_off_unless_the_project_names_them(project, run) -> None:
    own = run(project({"tests/test_lib.py": GOOD}), python=sys.executable)
    assert "no:hypothesispytest" in own.outputs["runner"]["command"]
    assert "hypothesispytest" in own.outputs["notes"][0]
    named = run(project({"pyproject.toml": "[project]\ndependencies = ['hypothesis']\n"}), python=sys.executable)
    assert "no:hypothesispytest" not in named.outputs["runner"]["command"]


def test_a_suite_that_cannot_start_is_no_result(project, run) -> None:
    root = project({"tests/test_lib.py": GOOD, "pytest.ini": "[pytest]\naddopts = --no-such-option\n"})
    with pytest.raises(ActionError, match="unrecognized arguments: --no-such-option") as raised:
        run(root)
    assert raised.value.error_class == "tests-not-run"
    assert raised.value.outputs["verdict"] == "not-checked"
    assert "unrecognized arguments: --no-such-option" in raised.value.outputs["summary"]
    assert "requirements" in raised.value.message


def test_arguments_reach_pytest(project, run) -> None:
    root = project({"tests/test_lib.py": GOOD + "\ndef test_other():\n    assert False\n"})
    assert run(root, test_args=["-k", "double"]).outputs["totals"]["tests"] == 1


def test_again_in_the_same_scratch_folder_nothing_old_is_read(project, run) -> None:
    root = project({"tests/test_lib.py": GOOD})
    run(root)
    (root / "tests/test_lib.py").unlink()
    outcome = run(root)
    assert outcome.outputs["totals"]["tests"] == 0
    assert outcome.outputs["coverage"]["covered"] == 0


def test_the_project_s_own_environment_is_preferred(project, run, tmp_path) -> None:
    root = project({"tests/test_lib.py": GOOD})
    python = root / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    outcome = run(root)
    assert outcome.outputs["runner"]["interpreter"] == str(python)
    assert outcome.outputs["notes"] == [], "its plugins are its own"
    python.write_text("#!/bin/sh\nexit 3\n")
    assert run(root).outputs["runner"]["interpreter"] == sys.executable


def test_an_interpreter_without_pytest_says_how_to_get_it(project, run, tmp_path) -> None:
    bare = tmp_path / "bare-python"
    bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "$@"\n')
    bare.chmod(0o755)
    with pytest.raises(ActionError, match=r"has no pytest; run `.* -m pip install pytest coverage`"):
        run(project({}), python=str(bare))


@pytest.mark.parametrize("requirement", ["--index-url=x", "-r", "-e --target"])
def test_options_of_pip_are_no_requirements(project, run, requirement: str) -> None:
    with pytest.raises(ActionError, match="is no requirement"):
        run(project({}), requirements=[requirement])


def test_any_command_that_writes_junit(project, run) -> None:
    script = "import pathlib; pathlib.Path('out.xml').write_text('<testsuites><testcase name=\"a\"/></testsuites>')"
    outcome = run(project({}), command=[sys.executable, "-c", script], junit="*.xml")
    assert (outcome.name, outcome.outputs["totals"]["passed"]) == ("success", 1)
    failing = run(project({}), command=[sys.executable, "-c", script + "; raise SystemExit(3)"], junit="out.xml")
    assert failing.outputs["reasons"] == ["the test command ended with exit code 3"]


def test_a_command_that_leaves_nothing_is_no_result(project, run, tmp_path) -> None:
    root = project({"old.xml": "<testsuite><testcase name='a'/></testsuite>"})
    import os

    os.utime(root / "old.xml", (0, 0))
    with pytest.raises(ActionError, match="left no JUnit file") as raised:
        run(root, command=[sys.executable, "-c", "print('hello')"], junit="*.xml")
    assert "hello" in raised.value.message
    with pytest.raises(ActionError, match="say in `junit`"):
        run(root, command=["true"])
    assert Path(root / "old.xml").exists()


def test_a_folder_that_is_not_there(project, run) -> None:
    with pytest.raises(ActionError, match="there is no folder"):
        run(project({}), path="missing")
