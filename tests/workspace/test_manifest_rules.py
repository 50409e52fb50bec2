"""The manifest rules and the lock's, each kept and broken, then on this workspace."""

from pathlib import Path

import pytest
from workspace_rules import lock, manifests

ROOT = Path(__file__).parents[2]

TOP = """
[project]
name = "treadle"
version = "0.1.0"
dependencies = ["treadle-git>=0.1,<0.2"]
[dependency-groups]
members = ["treadle-hookspecs", "treadle-git"]
[build-system]
requires = ["uv_build>=0.13,<0.14"]
build-backend = "uv_build"
[tool.uv.workspace]
members = ["hookspecs", "plugins/*"]
[tool.uv.sources]
treadle-hookspecs = { workspace = true }
treadle-git = { workspace = true }
"""
BUILD = '[build-system]\nrequires = ["uv_build>=0.13,<0.14"]\nbuild-backend = "uv_build"\n'
HOOKSPECS = f"""
[project]
name = "treadle-hookspecs"
version = "0.1.3"
description = "The contract"
license = "Apache-2.0"
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["pluggy>=1.7"]
{BUILD}"""
GIT = f"""
[project]
name = "treadle-git"
version = "0.1.0"
description = "Git"
license = "Apache-2.0"
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["treadle-hookspecs>=0.1,<0.2"]
[project.entry-points.treadle]
git = "treadle_git.plugin"
{BUILD}"""
PIN = "==1.7.0 \\\n    --hash=sha256:" + "0" * 64 + "\n"
LOCK = "".join(name + PIN for name in ("pluggy",)) + "uv-build==0.13.6 \\\n    --hash=sha256:" + "1" * 64 + "\n"


@pytest.fixture
def workspace(tmp_path):
    def write(top=TOP, hookspecs=HOOKSPECS, git=GIT, lock=LOCK):
        for name, text in {".": top, "hookspecs": hookspecs, "plugins/git": git}.items():
            folder = tmp_path / name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "pyproject.toml").write_text(text, "utf-8")
        module = tmp_path / "plugins/git/src/treadle_git"
        module.mkdir(parents=True, exist_ok=True)
        (module / "__init__.py").touch()
        (tmp_path / "requirements.lock").write_text(lock, "utf-8")
        return tmp_path

    return write


RULES = [
    manifests.everyone_listed,
    manifests.one_build_backend,
    manifests.complete_metadata,
    manifests.own_ranges,
    manifests.hookspecs_required,
    manifests.entry_points,
    lock.agrees,
    lock.hashed,
    lock.no_places,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_this_workspace(rule):
    assert rule(ROOT) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_workspace_that_keeps_the_rule(workspace, rule):
    assert rule(workspace()) == []


BROKEN = [
    (
        manifests.everyone_listed,
        {"top": TOP.replace(', "treadle-git"]', "]")},
        "treadle-git is not in dependency-groups",
    ),
    (manifests.everyone_listed, {"top": TOP.replace('"treadle-git"]', '"treadle-git", "x"]')}, "names x, which has no"),
    (manifests.one_build_backend, {"git": GIT.replace("0.14", "0.15")}, "plugins/git: build-system is not"),
    (manifests.one_build_backend, {"git": GIT.replace('"uv_build"', '"hatchling"')}, "plugins/git: build-system"),
    (manifests.complete_metadata, {"git": GIT.replace('license = "Apache-2.0"', "")}, "project.license is missing"),
    (manifests.own_ranges, {"git": GIT.replace(",<0.2", "")}, "should read `>=0.1,<0.2`"),
    (manifests.own_ranges, {"hookspecs": HOOKSPECS.replace("0.1.3", "0.2.0")}, "should read `>=0.2,<0.3`"),
    (manifests.own_ranges, {"top": TOP.replace(",<0.2", ",<1")}, "treadle: `treadle-git>=0.1,<1`"),
    (manifests.hookspecs_required, {"git": GIT.replace("treadle-hookspecs", "pluggy")}, "does not require"),
    (manifests.entry_points, {"git": GIT.replace("treadle_git.plugin", "treadle_git")}, "entry points of group"),
    (manifests.entry_points, {"git": GIT.replace('"treadle-git"', '"git"')}, "plugins/git should be treadle-git"),
    (lock.agrees, {"lock": LOCK.replace("pluggy", "other")}, "which requirements.lock does not hold; run: make lock"),
    (lock.agrees, {"lock": LOCK.replace("1.7.0", "1.6.0")}, "the lock has 1.6.0"),
    (lock.hashed, {"lock": LOCK + "mypy==2.0\n"}, "mypy has no hash"),
    (lock.no_places, {"lock": "--index-url https" + "://example.org/simple\n" + LOCK}, "requirements.lock:1"),
    (lock.no_places, {"lock": LOCK + "-e ./plugins/git\n"}, "names a place"),
    (lock.no_places, {"lock": LOCK + "x @ file" + ":///srv/x.whl\n"}, "names a place"),
]


@pytest.mark.parametrize(("rule", "change", "message"), BROKEN, ids=lambda value: getattr(value, "__name__", None))
def test_a_workspace_that_breaks_the_rule(workspace, rule, change, message):
    found = rule(workspace(**change))
    assert len(found) == 1
    assert message in found[0]


def test_the_ceiling_of_a_range_follows_the_version(workspace):
    stable = HOOKSPECS.replace("0.1.3", "1.4.0")
    root = workspace(hookspecs=stable, git=GIT.replace(">=0.1,<0.2", ">=1.4,<2"))
    assert manifests.own_ranges(root) == []
