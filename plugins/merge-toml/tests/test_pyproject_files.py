"""pyproject.toml of templates that were never written for each other, and what is refused."""

import tomllib

import pytest
from treadle_hookspecs import Contribution, KeyRule, MergeConfig
from treadle_merge_toml._merge import merge

FRONT = """\
# Project
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "app"
version = "0.1.0"
dependencies = [
    "httpx>=0.27",  # client
    # settings
    "pydantic>=2",
]

[project.urls]
home = "https://example.org"

[tool.hatch.build]
include = ["src"]

[tool.ruff.lint]
select = ["E", "F"]
# end of file
"""
BACK = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "app"
version = "0.1.0"
dependencies = ["FastAPI>=0.115", "httpx<1"]
urls.docs = "https://example.org/docs"

[project.optional-dependencies]
# for tests
test = ["pytest"]

[tool.setuptools.packages.find]
where = ["src"]

[tool]
# linter
ruff.lint.select = ["E", "I"]

# types
[[tool.mypy.overrides]]
module = "b.*"  # all
"""


def merged(path, *texts, base=None, **rules):
    named = {key.replace("__", "."): strategy for key, strategy in rules.items()}
    config = MergeConfig(
        rules=tuple(KeyRule(key, strategy, "--resolve") for key, strategy in named.items()),
        base=base and Contribution("base", base.encode()),
    )
    given = [Contribution(name, text.encode()) for name, text in zip(("front", "back", "third"), texts, strict=False)]
    return merge(path, given, config)


def test_two_templates_with_the_first_ones_backend():
    result = merged("pyproject.toml", FRONT, BACK, **{"build-system": "first"})
    assert result.open == ()
    assert (
        result.content.decode()
        == """\
# Project
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "app"
version = "0.1.0"
dependencies = [
    "httpx>=0.27,<1",  # client
    # settings
    "pydantic>=2",
    "FastAPI>=0.115",
]

[project.urls]
home = "https://example.org"
docs = "https://example.org/docs"

[project.optional-dependencies]
# for tests
test = ["pytest"]

[tool.hatch.build]
include = ["src"]

[tool.ruff.lint]
# linter
select = ["E", "F", "I"]
# end of file

# types
[[tool.mypy.overrides]]
module = "b.*"  # all
"""
    )


def test_the_backend_brings_its_table():
    result = merged("pyproject.toml", FRONT, BACK, **{"build-system": "back"})
    tables = tomllib.loads(result.content.decode())
    assert tables["build-system"]["build-backend"] == "setuptools.build_meta"
    assert set(tables["tool"]) == {"setuptools", "ruff", "mypy"}
    (row,) = merged("pyproject.toml", FRONT, BACK).open
    assert (row.key, row.kind) == ("build-system", "semantic")


ROWS = [
    ('[project]\nversion = "1"', '[project]\ndynamic = ["version"]', ["project.version"]),
    ('[project]\nlicense = "MIT"', '[project]\nlicense-files = ["L"]', ["project.license"]),
    ('[project]\nrequires-python = ">=3.9"', '[project]\nrequires-python = ">=3.11"', ["project.requires-python"]),
    ('[tool.pytest.ini_options]\naddopts = "-q"', '[tool.pytest]\naddopts = ["-q"]', ["tool.pytest"]),
    ('[project]\ndependencies = ["a>=2"]', '[project]\ndependencies = ["a<1"]', ["project.dependencies.a"]),
    ("[tool.ruff]\nline-length = 88", "[tool]\nruff.line-length = 99", ["tool.ruff.line-length"]),
    ('[project]\nkeywords = ["a"]', '[project]\nkeywords = ["b"]', []),
]


@pytest.mark.parametrize(("one", "other", "rows"), ROWS)
def test_what_cannot_stand_beside_each_other(one, other, rows):
    assert [row.key for row in merged("pyproject.toml", one, other).open] == rows


@pytest.mark.parametrize(
    ("strategy", "project"), [("first", {"version": "1"}), ("back", {"dynamic": ["version", "readme"]})]
)
def test_written_down_or_computed(strategy, project):
    texts = ('[project]\nversion = "1"', '[project]\ndynamic = ["version", "readme"]')
    result = merged("pyproject.toml", *texts, project__version=strategy)
    found = tomllib.loads(result.content.decode())["project"]
    assert found == {**project, "dynamic": [one for one in ("version", "readme") if one not in project]}


def test_pythons_that_satisfy_both():
    texts = ('[project]\nrequires-python = ">=3.9"', '[project]\nrequires-python = ">=3.11,<4"')
    result = merged("pyproject.toml", *texts, **{"project.requires-python": "intersection"})
    assert tomllib.loads(result.content.decode())["project"]["requires-python"] == ">=3.11,<4"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a = 1\na = 2", "front: Cannot overwrite a value (at end of document)"),
        ("a = ", "front: Invalid value (at end of document)"),
        ("a = " + "[" * 100 + "]" * 100, "front: nested deeper than 64 levels"),
    ],
)
def test_what_is_no_toml_is_left_to_a_person(text, why):
    result = merged("a.toml", text, "b = 1\n")
    assert (result.content, [(row.key, row.hint) for row in result.open]) == (None, [("", why)])


def test_dotted_keys_and_headers_mean_the_same():
    result = merged("a.toml", "a.b.c = 1\n", "[a.b]\nd = 2\n[a.x]\ny = 1\n")
    assert tomllib.loads(result.content.decode()) == {"a": {"b": {"c": 1, "d": 2}, "x": {"y": 1}}}


def test_three_templates_that_bring_one_table():
    result = merged("a.toml", "x = 1\n", "[t]\n# of b\nb = 1\n", "[t]\n# of c\nc = 1\n")
    assert result.content.decode() == "x = 1\n\n[t]\n# of b\nb = 1\n# of c\nc = 1\n"


def test_an_update_follows_the_side_that_changed():
    result = merged("a.toml", "a = 1\nmine = 1\n", "a = 2\nnew = [1]\n", base="a = 1\nold = 1\n")
    assert (result.content.decode(), result.open) == ("a = 2\nmine = 1\nnew = [1]\n", ())


def test_a_backend_that_only_one_side_has_changed_is_followed():
    base = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n\n[tool.hatch]\na = 1\n'
    ours = f"{base}\n[tool.mine]\nx = 1\n"
    theirs = '[build-system]\nrequires = ["uv_build"]\nbuild-backend = "uv_build"\n'
    result = merged("pyproject.toml", ours, theirs, base=base)
    found = tomllib.loads(result.content.decode())
    assert (result.open, found["build-system"]["build-backend"]) == ((), "uv_build")
    assert found["tool"] == {"mine": {"x": 1}}


def test_a_comment_that_was_taken_away_stays_away():
    base = "# old\na = 1\n# kept\nb = 1\n"
    result = merged("a.toml", "a = 1\n# kept\nb = 1\n", "# old\na = 2\n# kept\nb = 1\n# new\nc = 1\n", base=base)
    assert result.content.decode() == "a = 2\n# kept\nb = 1\n# new\nc = 1\n"
