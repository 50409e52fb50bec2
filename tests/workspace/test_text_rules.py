"""What stands in the files: sizes, addresses, docstrings."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from workspace_rules import addresses, sizes

ROOT = Path(__file__).parents[2]
WORKSPACE = '[tool.uv.workspace]\nmembers = ["plugins/*"]\n'


@pytest.mark.parametrize("rule", [sizes.hard_limits, sizes.soft_limits, addresses.no_addresses])
def test_this_workspace(rule):
    assert rule(ROOT) == []


@pytest.fixture
def source(tmp_path):
    (tmp_path / "pyproject.toml").write_text(WORKSPACE, "utf-8")
    folder = tmp_path / "plugins/git/src/treadle_git"
    folder.mkdir(parents=True)

    def write(text, name="a.py"):
        (folder / name).write_text(text, "utf-8")
        return tmp_path

    return write


def function(name, lines, docstring_lines=0):
    doc = ["    '''One", *["    more"] * docstring_lines, "    '''"] if docstring_lines else []
    return "\n".join([f"def {name}():", *doc, *["    pass"] * lines, ""])


def test_hard_limits(source):
    assert sizes.hard_limits(source(function("fits", sizes.FUNCTION_LINES))) == []
    found = sizes.hard_limits(source(function("long", sizes.FUNCTION_LINES + 1)))
    assert found == ["plugins/git/src/treadle_git/a.py:1 long has 61 lines, over 60"]
    assert len(sizes.hard_limits(source("x = 1\n" * (sizes.FILE_LINES + 1)))) == 1


def test_a_docstring_does_not_make_a_function_long(source):
    assert sizes.hard_limits(source(function("explained", 20, docstring_lines=100))) == []


def test_a_table_is_not_a_long_function(source):
    rows = "".join(f"        {n},\n" for n in range(100))
    assert sizes.hard_limits(source(f"def table():\n    yield (\n{rows}    )\n")) == []
    loop = "".join(f"        print({n})\n" for n in range(100))
    assert len(sizes.hard_limits(source(f"def work():\n    for _ in x:\n{loop}"))) == 1


def test_soft_limits_allow_few(source):
    short = "".join(function(f"f{n}", 3) for n in range(20))
    assert sizes.soft_limits(source(short + function("one", 31))) == []
    found = sizes.soft_limits(source(short + function("one", 31) + function("two", 40)))
    assert len(found) == 1
    assert found[0].startswith("2 of 22 functions are longer than 30 lines: plugins/git/src/treadle_git/a.py:")


def test_the_median(source):
    found = sizes.soft_limits(source("".join(function(f"f{n}", 9) for n in range(3))))
    assert found == ["the median function has 9 lines, over 8"]


@pytest.fixture
def repository(tmp_path):
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)

    def write(text):
        (tmp_path / "note.md").write_text(text, "utf-8")
        return tmp_path

    return write


@pytest.mark.parametrize(
    "text",
    [
        "pip install treadle\n",
        "see https" + "://docs.python.org/3/library/venv.html\n",
        "the folder `~/.local/state/treadle` and $HOME/x and tests/root/a and /home/user/x\n",
    ],
)
def test_no_addresses(repository, text):
    assert addresses.no_addresses(repository(text)) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("https" + "://py" + "pi.org/simple/pluggy/\n", "the address of a registry"),
        ("cd /ro" + "ot/.cache\n", "a person's home"),
        ("in /srv/people/anna/project\n", "a person's home"),
    ],
)
def test_addresses(repository, text, kind, monkeypatch):
    monkeypatch.setenv("HOME", "/srv/people/anna")
    assert addresses.no_addresses(repository("one\n" + text)) == [f"note.md:2 names {kind}"]


def test_the_checkouts_own_folder(repository):
    root = repository("")
    assert addresses.no_addresses(repository(f"cd {root.resolve()}\n")) == ["note.md:1 names this checkout"]


def test_ignored_files_do_not_count(repository):
    root = repository("")
    (root / ".gitignore").write_text("secret.md\n", "utf-8")
    shutil.copy(root / "note.md", root / "secret.md")
    (root / "secret.md").write_text("https" + "://py" + "pi.org/\n", "utf-8")
    assert addresses.no_addresses(root) == []


def ruff(text):
    """What the project's ruff rules say of a file in a package."""
    name = str(ROOT / "plugins/git/src/treadle_git/made_up.py")
    command = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--quiet",
        "--output-format=concise",
        "--stdin-filename",
        name,
        "-",
    ]
    return subprocess.run(command, cwd=ROOT, input=text, capture_output=True, text=True, check=False).stdout


DOCUMENTED = '"""Module."""\n\n\ndef public(number: int) -> int:\n    """Answer."""\n    return number\n'


def test_public_functions_are_documented():
    assert ruff(DOCUMENTED) == ""
    assert "D103" in ruff(DOCUMENTED.replace('    """Answer."""\n', ""))


def test_the_linter_sees_long_lines_and_bare_excepts():
    assert "E501" in ruff(DOCUMENTED.replace("Answer.", "Answer " * 20))
    assert "E722" in ruff(DOCUMENTED + "\n\ntry:\n    public(1)\nexcept:\n    public(2)\n")
