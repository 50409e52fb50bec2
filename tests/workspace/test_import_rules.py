"""Import directions: the rule on edges made up, then on the graph of this workspace."""

import sys
from pathlib import Path

import pytest
from workspace_rules import imports
from workspace_rules.members import members

ROOT = Path(__file__).parents[2]
WORKSPACE = '[tool.uv.workspace]\nmembers = ["plugins/*"]\n'


@pytest.fixture(scope="module")
def graph():
    return imports.edges(members(ROOT))


def test_packages_of_this_workspace(graph):
    assert imports.direction(graph) == []


def test_layers_of_this_core(graph):
    assert imports.layers(graph) == []


def test_plugin_modules_of_this_workspace():
    assert imports.thin_plugin_modules(ROOT) == []


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("treadle_git._diff", "treadle_hookspecs"),
        ("treadle_git._diff", "treadle_git._run"),
        ("treadle_engine.state", "treadle_hookspecs"),
        ("treadle.api", "treadle_engine.plan"),
        ("treadle_merge_json._write", "treadle_merging._unite"),
        ("treadle_testkit.scripted", "treadle.api"),
    ],
)
def test_arrows_that_may_be(importer, imported):
    assert imports.direction([(importer, imported)]) == []


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("treadle_git._diff", "treadle.api"),
        ("treadle_git._diff", "treadle_engine.plan"),
        ("treadle_git._diff", "treadle_merging._unite"),
        ("treadle_git._diff", "treadle_report"),
        ("treadle_engine.state", "treadle.settings"),
        ("treadle_hookspecs._store", "treadle_engine.events"),
        ("treadle.api", "treadle_sqlite._store"),
        ("treadle.api", "treadle_testkit"),
    ],
)
def test_arrows_that_may_not_be(importer, imported):
    assert len(imports.direction([(importer, imported)])) == 1


@pytest.mark.parametrize(
    "edge",
    [
        ("treadle.cli.run", "treadle.api"),
        ("treadle.api", "treadle.settings"),
        ("treadle.plugins.a", "treadle.plugins.b"),
    ],
)
def test_layers_point_down(edge):
    assert imports.layers([edge]) == []


@pytest.mark.parametrize(
    "edge",
    [
        ("treadle.runtime.local", "treadle.api"),
        ("treadle.settings", "treadle.cli"),
        ("treadle.plugins.host", "treadle.definition.model"),
        ("treadle.api", "treadle.helpers"),
    ],
)
def test_layers_that_point_up_or_have_no_place(edge):
    assert len(imports.layers([edge])) == 1


def test_the_graph_sees_an_import(tmp_path, monkeypatch):
    for name, text in {"treadle_aaa": "import treadle_bbb\n", "treadle_bbb": ""}.items():
        (tmp_path / "plugins" / name / "src" / name).mkdir(parents=True)
        (tmp_path / "plugins" / name / "src" / name / "__init__.py").write_text(text, "utf-8")
        monkeypatch.syspath_prepend(tmp_path / "plugins" / name / "src")
    (tmp_path / "pyproject.toml").write_text(WORKSPACE, "utf-8")
    assert imports.edges(members(tmp_path)) == [("treadle_aaa", "treadle_bbb")]
    assert "treadle_aaa" not in sys.modules


@pytest.mark.parametrize(
    ("text", "strangers"),
    [
        ("from pathlib import Path\nfrom treadle_hookspecs import Module\n", []),
        ("from . import _actions\n", ["treadle_git"]),
        ("def hook():\n    import yaml\n", ["yaml"]),
        ("from treadle.api import Treadle\n", ["treadle"]),
    ],
)
def test_a_plugin_module_is_thin(tmp_path, text, strangers):
    module = tmp_path / "plugins/git/src/treadle_git"
    module.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(WORKSPACE, "utf-8")
    (module / "plugin.py").write_text(text, "utf-8")
    place = "plugins/git/src/treadle_git/plugin.py"
    assert imports.thin_plugin_modules(tmp_path) == [f"{place} imports {name}" for name in strangers]
