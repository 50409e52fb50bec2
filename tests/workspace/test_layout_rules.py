"""The layout rules, each on a tree that keeps it and on one that breaks it, then on this workspace."""

from pathlib import Path

import pytest
from workspace_rules import layout

ROOT = Path(__file__).parents[2]
WORKSPACE = '[tool.uv.workspace]\nmembers = ["hookspecs", "core/*", "plugins/*", "workflows"]\n'


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root


PACKAGE = {
    "pyproject.toml": WORKSPACE,
    "plugins/git/pyproject.toml": '[project]\nname = "treadle-git"\n',
    "plugins/git/README.md": "# treadle-git\n\nGit.\n",
    "plugins/git/src/treadle_git/__init__.py": "",
    "plugins/git/src/treadle_git/py.typed": "",
    "plugins/git/tests/test_diff.py": "",
}


@pytest.mark.parametrize(
    "rule",
    [
        layout.house,
        layout.makefile_scripts,
        layout.packages_complete,
        layout.unique_test_files,
        layout.no_packages_in_tests,
    ],
)
def test_this_workspace(rule):
    assert rule(ROOT) == []


def test_house(tmp_path):
    write(tmp_path, {f"{name}/.keep" if "." not in name else name: "" for name in layout.HOUSE if name != "LICENSE"})
    assert layout.house(tmp_path) == ["LICENSE is missing"]


def test_a_script_that_was_renamed(tmp_path):
    write(tmp_path, {"Makefile": "a:\n\tpython tests/a.py\n\tpython tests/b.py --fast\n", "tests/a.py": ""})
    assert layout.makefile_scripts(tmp_path) == ["Makefile runs tests/b.py, which is not there"]


def test_a_complete_package(tmp_path):
    assert layout.packages_complete(write(tmp_path, PACKAGE)) == []


@pytest.mark.parametrize(
    "missing", ["README.md", "src/treadle_git/__init__.py", "src/treadle_git/py.typed", "tests/test_diff.py"]
)
def test_an_incomplete_package(tmp_path, missing):
    write(tmp_path, PACKAGE)
    (tmp_path / "plugins/git" / missing).unlink()
    assert len(layout.packages_complete(tmp_path)) == 1


def test_a_title_alone_is_no_readme(tmp_path):
    write(tmp_path, PACKAGE | {"plugins/git/README.md": "# treadle-git\n"})
    assert layout.packages_complete(tmp_path) == ["plugins/git has no README.md with a title and a sentence"]


def test_two_test_files_of_one_name(tmp_path):
    write(tmp_path, PACKAGE)
    assert layout.unique_test_files(tmp_path) == []
    write(tmp_path, {"tests/e2e/test_diff.py": ""})
    assert layout.unique_test_files(tmp_path) == [
        "tests/e2e/test_diff.py and plugins/git/tests/test_diff.py have the same name"
    ]


def test_tests_are_no_package(tmp_path):
    write(tmp_path, PACKAGE | {"tests/workspace/rules/__init__.py": "", "tests/workspace/test_rules.py": ""})
    assert layout.no_packages_in_tests(tmp_path) == []
    write(tmp_path, {"plugins/git/tests/__init__.py": ""})
    assert layout.no_packages_in_tests(tmp_path) == ["plugins/git/tests/__init__.py makes a package of tests"]
