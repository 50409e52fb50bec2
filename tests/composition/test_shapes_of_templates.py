"""Templates that were never written for each other, composed, and held against what a composition promises."""

import json
import os
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import jsonschema
import pytest
from shapes import SHAPES, lay_down
from treadle_compose import _schemas

NAMES = sorted(SHAPES)
PAIRS = [pair for number, pair in enumerate(combinations(NAMES, 2)) if number % 4 == 0]
"""A quarter of all pairs; `python tests/composition/all_pairs.py` looks at every one."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """A state folder and a cache for all, so that each template is rendered by its own tool once."""
    folder = tmp_path_factory.mktemp("shapes")
    for name in ("home", "here"):
        (folder / name).mkdir()
    return folder, lay_down(folder / "templates")


def check(bench, *words):
    folder, _ = bench
    env = {**os.environ, "HOME": str(folder / "home"), "TREADLE_HOME": str(folder / "state")}
    env |= {"XDG_CACHE_HOME": str(folder / "cache")}
    argv = [sys.executable, "-m", "treadle_compose.check", *words, "--json"]
    done = subprocess.run(argv, cwd=folder / "here", env=env, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("names", PAIRS, ids="+".join)
def test_two_shapes(bench, names):
    code, report = check(bench, *(bench[1][name] for name in names), "--trust", "sandboxed")
    assert (code, report["findings"]) == (0, [])
    assert report["templates"] == list(names)


def test_all_shapes_at_once(bench):
    code, report = check(bench, *bench[1].values(), "--trust", "sandboxed")
    jsonschema.validate(report, _schemas.check())
    assert (code, report["findings"]) == (0, [])
    assert report["merged"] >= 12


def test_a_broken_promise_is_seen(tmp_path, monkeypatch):
    """The check sees what a resolver gets wrong: it shares nothing with the resolvers."""
    from treadle_compose._check import _comments, _readable, _reported, _Trial, _untouched, _visible
    from treadle_compose._staging import scan

    trees = {"a": {"x.yml": "k: 1\n# mine\n", "only": "a"}, "b": {"x.yml": "j: 1\n", "own.log": "b", "lost": "gone"}}
    made = {"x.yml": "k: 1\nk: 2\n", "only": "changed", "own.log": "b", ".gitignore": "*.log\n"}
    for name, files in {**trees, "made": made}.items():
        for path, text in files.items():
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / path).write_text(text)
    rows = [{"kind": "content", "path": "x.yml", "key": "", "strategy": "merge"}]
    stages = {name: tmp_path / name for name in trees}
    brought = {name: {one.path: one for one in scan(folder, name)} for name, folder in stages.items()}
    entries = {one.path: one for one in scan(tmp_path / "made", "made")}
    trial = _Trial(tmp_path / "made", entries, stages, brought, rows)
    looks = (_untouched, _readable, _comments, _visible, _reported)
    found = {(one.promise, one.path) for look in looks for one in look(trial)}
    assert found == {
        ("untouched", "only"),
        ("untouched", "lost"),
        ("readable", "x.yml"),
        ("comments", "x.yml"),
        ("visible", "own.log"),
        ("reported", "only"),
        ("reported", "lost"),
    }


def test_shapes_have_what_real_templates_have():
    paths = {Path(path).name.removesuffix(".jinja") for _, files in SHAPES.values() for path in files}
    assert {
        "pyproject.toml",
        "package.json",
        "compose.yml",
        ".pre-commit-config.yaml",
        "Makefile",
        ".gitignore",
    } <= paths
