"""Modules of several templates: what gives way, what unites, what is a person's decision."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from treadle_hookspecs import Contribution, KeyRule, MergeConfig
from treadle_merge_python._merge import merge


def merged(*texts, path="src/app/__init__.py", **rules):
    config = MergeConfig(rules=tuple(KeyRule(key, name, "--resolve") for key, name in rules.items()))
    return merge(path, [Contribution(name, text.encode()) for name, text in zip("abc", texts, strict=False)], config)


def test_a_module_that_says_nothing_gives_way():
    assert merged("", "x = 1\n").content == b"x = 1\n"
    assert merged("x = 1\n", "").content == b"x = 1\n"
    taken = merged("# licence\n", "x = 1\n", path="a.py")
    assert (taken.content, [one.strategy for one in taken.chosen]) == (b"x = 1\n", ["template:b"])
    assert merged("", "").content == b""


def test_two_packages():
    one = '"""App."""\n\nfrom app.core import run  # the core\n\n__all__ = [\n    "run",\n]\n'
    other = """\
from __future__ import annotations

from app.web import (
    serve,
)
from app.core import run

__all__ = ["serve", "run"]
"""
    result = merged(one, other)
    assert result.open == ()
    assert result.content.decode() == (
        '"""App."""\nfrom __future__ import annotations\n\nfrom app.core import run  # the core\n'
        'from app.web import (\n    serve,\n)\n\n__all__ = [\n    "run",\n    "serve",\n]\n'
    )


def test_a_name_from_two_places():
    texts = ("from .a import run\n", "from .b import run\n")
    (row,) = merged(*texts).open
    assert (row.key, dict(row.values)) == ("imports.run", {"a": ".a:run", "b": ".b:run"})


def test_two_docstrings():
    texts = ('"""One."""\nimport a\n', '"""Two."""\nimport b\n')
    assert [row.key for row in merged(*texts).open] == ["docstring"]
    assert merged(*texts, docstring="last").content.decode().startswith('"""Two."""\n')


@pytest.mark.parametrize(
    ("texts", "path", "why"),
    [
        (("x = 1\n", "import b\n"), "a/__init__.py", "a: `x = 1` is more than imports and `__all__`"),
        (("import a\n", "import b\n"), "a.py", "two modules of one name; `template:ID` takes one, `rename` keeps both"),
        (("import a\n", "def\n"), "a/__init__.py", None),
    ],
)
def test_what_is_left_to_a_person(texts, path, why):
    result = merged(*texts, path=path)
    assert result.content is None
    assert why is None or [(row.key, row.hint) for row in result.open] == [("", why)]


IMPORTS = st.sampled_from(
    [
        "import os",
        "import os.path",
        "from . import a",
        "from .a import b as c",
        "from .z import *",
        "from .a import (\n    x,\n    y,\n)",
    ]
)
LISTED = st.sampled_from(
    [
        "",
        '__all__ = ["a"]\n',
        '__all__ = (\n    "b",  # why\n    "c",\n)\n',
        "__all__ = []\n",
        '__all__ = ["x", "y",]\n',
    ]
)


@given(*[st.tuples(st.lists(IMPORTS, unique=True, max_size=4), LISTED) for _ in range(2)])
def test_packages_of_imports_unite(one, other):
    texts = ["".join(f"{line}\n" for line in lines) + listed for lines, listed in (one, other)]
    assert merged(texts[0], texts[0]).content.decode() == texts[0]
    result = merged(*texts)
    tree = ast.parse(result.content)
    bound = {
        ast.dump(alias)
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    for text in texts:
        wanted = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)]
        assert {ast.dump(alias) for node in wanted for alias in node.names} <= bound
        names = [node for node in ast.parse(text).body if isinstance(node, ast.Assign)]
        listed = [node for node in tree.body if isinstance(node, ast.Assign)]
        assert all(
            set(ast.literal_eval(node.value)) <= set(ast.literal_eval(listed[0].value)) for node in names if listed
        )
        assert listed or all(not ast.literal_eval(node.value) for node in names)
    assert merged(result.content.decode(), texts[1]).content == result.content
