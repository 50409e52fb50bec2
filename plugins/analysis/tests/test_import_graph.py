"""Which files import which."""

import pytest
from treadle_analysis._imports import ImportGraph, module_names
from treadle_analysis._source import parse

PATHS = {
    "src/pkg/__init__.py",
    "src/pkg/a.py",
    "src/pkg/sub/__init__.py",
    "src/pkg/sub/b.py",
    "tests/test_a.py",
    "setup.py",
}


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("src/pkg/a.py", ("pkg.a",)),
        ("src/pkg/__init__.py", ("pkg",)),
        ("src/pkg/sub/b.py", ("pkg.sub.b",)),
        ("tests/test_a.py", ("test_a", "tests.test_a")),
        ("setup.py", ("setup",)),
    ],
)
def test_names_of_a_file(path: str, names: tuple[str, ...]) -> None:
    assert module_names(path, PATHS) == names


@pytest.mark.parametrize(
    ("importer", "statement", "target"),
    [
        ("tests/test_a.py", "import pkg.a", "src/pkg/a.py"),
        ("tests/test_a.py", "from pkg import a", "src/pkg/a.py"),
        ("tests/test_a.py", "from pkg.a import name", "src/pkg/a.py"),
        ("tests/test_a.py", "from pkg import name", "src/pkg/__init__.py"),
        ("tests/test_a.py", "import pkg.a.attribute", "src/pkg/a.py"),
        ("src/pkg/sub/b.py", "from ..a import name", "src/pkg/a.py"),
        ("src/pkg/sub/b.py", "from .. import a", "src/pkg/a.py"),
        ("src/pkg/sub/__init__.py", "from . import b", "src/pkg/sub/b.py"),
        ("src/pkg/a.py", "def f():\n    from pkg.sub import b", "src/pkg/sub/b.py"),
    ],
)
def test_each_form_of_import(importer: str, statement: str, target: str) -> None:
    graph = ImportGraph.build({importer: parse(statement)}, PATHS)
    assert graph.importers == {target: frozenset({importer})}


def test_imports_of_strangers_and_cycles_end() -> None:
    graph = ImportGraph.build({"a.py": parse("import b, os, x.y"), "b.py": parse("import a")}, {"a.py", "b.py"})
    assert graph.reached_by(["a.py"]) == {"b.py": 1}
