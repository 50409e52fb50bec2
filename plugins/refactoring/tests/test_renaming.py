"""`refactoring/rename`, `extract` and `apply-codemod` on real files; the result is run."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from treadle_hookspecs import ActionError

pytestmark = pytest.mark.filterwarnings("ignore:Delete once deprecated functions are gone:DeprecationWarning")
"""rope warns of itself, wherever it is started."""

SHOP = '''\
"""A shop."""

RATE = 2


def total(prices):
    """All of them; `total` is a word here too."""
    return sum(prices) * RATE


class Cart:
    def __init__(self):
        self.items = []

    def value(self):
        return total(self.items)
'''
MAIN = """\
import shop
from shop import Cart, total as sum_up


def run():
    cart = Cart()
    cart.items = [1, 2]
    return shop.total([1]) + sum_up([2]) + cart.value()


print(run())
"""
FILES = {"src/shop.py": SHOP, "src/main.py": MAIN, "README.md": "# Shop\n\nUse `total`.\n"}


def printed(root: Path) -> str:
    command = [sys.executable, "-B", "src/main.py"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout


def test_a_function_is_renamed_wherever_it_is_meant(project, perform) -> None:
    root = project(FILES)
    before = printed(root)
    outputs = perform("refactoring/rename", root, target="src/shop.py:total", to="sum_of").outputs
    assert [one["path"] for one in outputs["changes"]] == ["src/main.py", "src/shop.py"]
    assert "shop.sum_of([1])" in (root / "src/main.py").read_text()
    assert "sum_of as sum_up" in (root / "src/main.py").read_text()
    assert printed(root) == before
    assert outputs["mentions"] == ["README.md", "src/shop.py"], "prose is for people"
    assert "README.md" in outputs["next_steps"][0]
    assert not (root / ".ropeproject").exists()


def test_a_method_and_a_variable_are_renamed(project, perform) -> None:
    root = project(FILES)
    before = printed(root)
    perform("refactoring/rename", root, target="src/shop.py:Cart.value", to="worth")
    perform("refactoring/rename", root, target="src/shop.py:RATE", to="FACTOR")
    assert "cart.worth()" in (root / "src/main.py").read_text()
    assert "* FACTOR" in (root / "src/shop.py").read_text()
    assert printed(root) == before


def test_a_module_is_renamed(project, perform) -> None:
    root = project(FILES)
    before = printed(root)
    outputs = perform("refactoring/rename", root, target="src/shop.py", to="store").outputs
    assert {"path": "src/store.py", "how": "renamed", "old_path": "src/shop.py"} in outputs["changes"]
    assert not (root / "src/shop.py").exists()
    assert printed(root) == before


def test_words_before_an_umlaut_count_as_characters(project, perform) -> None:
    root = project({"a.py": 'x = "äöü"; größe = 1\nprint(größe)\n'})
    perform("refactoring/rename", root, target="a.py:größe", to="size")
    assert (root / "a.py").read_text() == 'x = "äöü"; size = 1\nprint(size)\n'


@pytest.mark.parametrize(
    ("inputs", "error", "words"),
    [
        ({"target": "src/shop.py:totl", "to": "x"}, "not-found", "did you mean total"),
        ({"target": "src/none.py:total", "to": "x"}, "not-found", "no file src/none.py"),
        ({"target": "total", "to": "x"}, "invalid-input", "names no definition"),
        ({"target": "src/shop.py:total", "to": "class"}, "invalid-input", "is no name"),
        ({"target": "src/shop.py:total", "to": "Cart"}, "refused", "is defined already"),
    ],
)
def test_bad_renames_change_nothing(project, perform, inputs, error, words) -> None:
    root = project(FILES)
    with pytest.raises(ActionError, match=words) as caught:
        perform("refactoring/rename", root, **inputs)
    assert caught.value.error_class == error
    assert {name: (root / name).read_text() for name in FILES} == FILES


LONG = """\
def report(prices):
    lines = []
    best = max(prices)
    worst = min(prices)
    spread = best - worst
    lines.append(str(spread))
    return lines
"""


def test_lines_become_a_function(project, perform) -> None:
    root = project({"report.py": LONG})
    outputs = perform("refactoring/extract", root, path="report.py", first=3, last=5, name="spread_of").outputs
    assert outputs["changes"] == [{"path": "report.py", "how": "modified", "old_path": None}]
    made = runpy.run_path(str(root / "report.py"))
    assert made["spread_of"]([5, 2, 9]) == 7
    assert made["report"]([5, 2, 9]) == ["7"]


@pytest.mark.parametrize(
    ("first", "last", "error"), [(1, 3, "refused"), (3, 99, "invalid-input"), (5, 3, "invalid-input")]
)
def test_lines_that_are_no_statements(project, perform, first, last, error) -> None:
    root = project({"report.py": LONG})
    with pytest.raises(ActionError) as caught:
        perform("refactoring/extract", root, path="report.py", first=first, last=last, name="x")
    assert caught.value.error_class == error
    assert (root / "report.py").read_text() == LONG


def test_codemods_change_what_they_say_and_keep_the_rest(project, perform) -> None:
    text = "import os\nimport sys  # kept\n\nname = 'x'\nprint('%s!' % name,   sys.version_info[0] > 2)\n"
    root = project({"a.py": text, "broken.py": "def f(:\n"})
    removed = perform("refactoring/apply-codemod", root, name="remove-unused-imports").outputs
    assert removed["changes"] == [{"path": "a.py", "how": "modified"}]
    assert [one["path"] for one in removed["skipped"]] == ["broken.py"]
    perform("refactoring/apply-codemod", root, name="f-strings", target="a.py")
    changed = (root / "a.py").read_text()
    assert changed == text.replace("import os\n", "").replace("'%s!' % name", "f'{name}!'")
    assert perform("refactoring/apply-codemod", root, name="f-strings").outputs["changes"] == []
    with pytest.raises(ActionError, match="there is no codemod `magic`"):
        perform("refactoring/apply-codemod", root, name="magic")
