"""Known YAML files of templates that were never written for each other, and what is refused."""

import pytest
import yaml
from treadle_hookspecs import Contribution, KeyRule, MergeConfig
from treadle_merge_yaml._merge import merge

HOOKS = """\
# See the manual
repos:
  - repo: https://github.com/astral-sh/ruff-pre-commit
    rev: v0.6.0  # lint
    hooks:
      - id: ruff
        args: [--fix]
  - repo: local
    hooks:
      - id: mypy
        entry: mypy
"""
OTHER_HOOKS = """\
---
# hooks of back
repos:
- repo: https://github.com/pre-commit/pre-commit-hooks.git
  rev: v4.6.0
  hooks:
  - id: check-yaml   # yaml
  # big files
  - id: check-added-large-files
- repo: git@github.com:astral-sh/ruff-pre-commit
  rev: v0.10.1
  hooks:
  - id: ruff
    args: [--fix]
- repo: local
  hooks:
  - id: mypy
    entry: mypy
- repo: local
  hooks:
  - id: own
"""


def merged(path, *texts, base=None, **rules):
    config = MergeConfig(
        rules=tuple(KeyRule(key, strategy, "--resolve") for key, strategy in rules.items()),
        base=base and Contribution("base", base.encode()),
    )
    given = [Contribution(name, text.encode()) for name, text in zip(("front", "back", "third"), texts, strict=False)]
    return merge(path, given, config)


def test_hooks_of_pre_commit():
    result = merged(".pre-commit-config.yaml", HOOKS, OTHER_HOOKS)
    assert result.open == ()
    assert (
        result.content.decode()
        == """\
# See the manual
# hooks of back
repos:
  - repo: https://github.com/astral-sh/ruff-pre-commit
    rev: v0.10.1  # lint
    hooks:
      - id: ruff
        args: [--fix]
  - repo: local
    hooks:
      - id: mypy
        entry: mypy
  - repo: https://github.com/pre-commit/pre-commit-hooks.git
    rev: v4.6.0
    hooks:
    - id: check-yaml   # yaml
    # big files
    - id: check-added-large-files
  - repo: local
    hooks:
    - id: own
"""
    )
    assert [(one.strategy, one.by) for one in result.chosen] == [("higher", "table")]
    assert "v0.10.1" in result.notes[0]


def test_arguments_of_a_hook_are_one_thing():
    (row,) = merged(".pre-commit-config.yaml", HOOKS, OTHER_HOOKS.replace("[--fix]", "[--select, E]")).open
    assert row.key == 'repos."https://github.com/astral-sh/ruff-pre-commit".hooks.ruff.args'


COMPOSE = """\
services:
  db:
    image: postgres:16
    environment: &env
      A: "1"
    ports:
      - "5432:5432"
volumes:
  data: {}
"""
OTHER_COMPOSE = """\
x-common: &env
  B: "2"
services:
    # the app
    app:
        build: .
        environment:
            <<: *env
        ports: ["127.0.0.1:8000:8000"]

volumes:
    cache:
"""


def test_compose_files_with_anchors_of_one_name():
    result = merged("compose.yml", COMPOSE, OTHER_COMPOSE)
    assert result.open == ()
    assert yaml.safe_load(result.content) == {
        "x-common": {"B": "2"},
        "services": {
            "db": {"image": "postgres:16", "environment": {"A": "1"}, "ports": ["5432:5432"]},
            "app": {"build": ".", "environment": {"B": "2"}, "ports": ["127.0.0.1:8000:8000"]},
        },
        "volumes": {"data": {}, "cache": None},
    }
    assert "  # the app\n  app:\n" in result.content.decode()


def test_a_port_of_the_host_for_one_service():
    other = OTHER_COMPOSE.replace("127.0.0.1:8000:8000", "5432:80")
    (row,) = merged("compose.yml", COMPOSE, other).open
    assert (row.key, row.strategies[0]) == ("services.app.ports", "keep")
    moved = merged("compose.yml", COMPOSE, other, **{"services.app.ports": 'value:["8001:80"]'})
    assert yaml.safe_load(moved.content)["services"]["app"]["ports"] == ["8001:80"]
    assert merged("compose.yml", COMPOSE, other, **{"services.app.ports": "keep"}).open == ()


def test_services_of_one_name():
    texts = ("services:\n  a: {image: x}\n", "services:\n  a: {build: .}\n")
    assert [row.key for row in merged("compose.yml", *texts).open] == ["services.a"]
    both = merged("compose.yml", *texts, **{"services.a": "combine"})
    assert yaml.safe_load(both.content)["services"]["a"] == {"image": "x", "build": "."}


def test_updates_by_ecosystem_and_folder():
    one = "version: 2\nupdates:\n  - package-ecosystem: pip\n    directory: /\n"
    other = """\
version: 2
updates:
  - package-ecosystem: npm
    directory: "/"
  - package-ecosystem: pip
    directory: "/"
    labels: [a]
"""
    result = merged(".github/dependabot.yml", one, other)
    assert result.open == ()
    assert yaml.safe_load(result.content)["updates"] == [
        {"package-ecosystem": "pip", "directory": "/", "labels": ["a"]},
        {"package-ecosystem": "npm", "directory": "/"},
    ]


def test_tags_are_left_alone():
    one = "x: !!python/name:material.emoji\ny: !Ref\n  - a\n"
    result = merged("mkdocs.yml", one, "z: !ENV [A, b]\nx: !!python/name:material.emoji\n")
    assert result.content.decode() == one + "z: !ENV [A, b]\n"
    assert [row.key for row in merged("mkdocs.yml", one, "y: !Ref\n  - b\n").open] == ["y"]


def test_entries_go_from_brackets_to_lines_and_back():
    assert merged("a.yml", "l:\n- a\n", "l: [a, 'b, c', {k: v}]\n").content.decode() == "l:\n- a\n- 'b, c'\n- {k: v}\n"
    assert merged("a.yml", "l: [a]\n", "l:\n- b\n- |\n  x\n").content.decode() == 'l: [a, b, "x\\n"]\n'


def test_a_file_of_comments_takes_what_the_other_says():
    assert merged("a.yml", "# nothing yet\n", "a: 1\n").content.decode() == "# nothing yet\na: 1\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: 1\na: 2\n", "front: line 2: the key `a` comes twice"),
        ("a: *b\n", "front: line 1: there is no anchor `b`"),
        ("a: 1\n---\nb: 2\n", "front: line 2: but found another document"),
        ("[" * 80 + "]" * 80, "front: line 1: nested deeper than 64 levels"),
        ("? [a]\n: b\n", "front: line 1: a key is no text"),
        ("a: [\n", "front: line 2: expected the node content, but found '<stream end>'"),
    ],
)
def test_what_is_left_to_a_person(text, why):
    result = merged("a.yml", text, "z: 1\n")
    assert (result.content, [(row.key, row.hint) for row in result.open]) == (None, [("", why)])


def test_aliases_are_never_expanded():
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, 40)]
    result = merged("a.yml", "\n".join(lines) + "\n", "z: 1\n")
    assert result.content.decode().endswith("\nz: 1\n")


def test_an_update_follows_the_side_that_changed():
    base, ours, theirs = "a: 1\nl:\n- x\n- y\nold: 1\n", "a: 1\nl:\n- x\nmine: 1\n", "a: 2\nl:\n- x\n- y\n- z\nold: 1\n"
    result = merged("a.yml", ours, theirs, base=base)
    assert (yaml.safe_load(result.content), result.open) == ({"a": 2, "l": ["x", "z"], "mine": 1}, ())
