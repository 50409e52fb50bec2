"""Graphs as documents, and the forms that they are drawn in."""

import re
import sys
from types import ModuleType

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from treadle.cli.schemas import SCHEMAS
from treadle.plugins import PluginHost
from treadle.seeing.dot import dot
from treadle.seeing.graph import graph_of_execution, graph_of_plan
from treadle.seeing.mermaid import mermaid
from treadle_engine.plan import Case, Join, StepPlan
from treadle_hookspecs import Exporter, TreadleError, hookimpl
from treadle_testkit.scripted import Ending, workflow


def step(id_, **fields):
    return StepPlan(id_, action="test/act", **fields)


STEPS = (
    step("build", name='The "big" build\nof <all> #1'),
    step("test", max_visits=3, switch=(Case(("ship",), "outputs.ok"), Case(("fix",))), on_failure=("fix",)),
    step("fix", on_success=("test",)),
    step("ship", needs=("build",), join=Join("all_success")),
)


@pytest.fixture
def plan():
    return workflow(*STEPS, name="release", finally_=(step("clean"),))


def test_the_document_has_every_edge_in_the_order_written(plan):
    own, last = graph_of_plan(plan).to_json()["scopes"]
    assert [node["address"] for node in own["steps"]] == ["build", "test", "fix", "ship"]
    assert [(edge["from"], edge["to"], edge["kind"], edge["label"], edge["back"]) for edge in own["edges"]] == [
        ("build", "test", "order", "", False),
        ("build", "ship", "need", "", False),
        ("test", "ship", "route", "switch", False),
        ("test", "fix", "route", "switch, on_failure", False),
        ("fix", "test", "route", "on_success", True),
    ]
    assert (last["address"], last["steps"][0]["address"]) == ("finally", "finally/clean")
    assert own["steps"][0]["state"] is None


def test_an_execution_puts_states_visits_and_taken_routes_on_it(run):
    made = run(STEPS, {"test": ["failure", Ending(outputs={"ok": True})]}).to_end()
    document = graph_of_execution(made.record, critical=("test",)).to_json()
    nodes = {node["address"]: node for node in document["scopes"][0]["steps"]}
    assert (nodes["test"]["state"], nodes["test"]["visits"], nodes["test"]["critical"]) == ("succeeded", 2, True)
    taken = {(edge["from"], edge["to"]): edge["taken"] for edge in document["scopes"][0]["edges"]}
    assert (taken["test", "fix"], taken["fix", "test"], taken["test", "ship"]) == (1, 1, 1)
    jsonschema.Draft202012Validator(SCHEMAS["graph"]).validate(document)


def test_a_plan_fulfils_the_schema_as_well(plan):
    jsonschema.Draft202012Validator(SCHEMAS["graph"]).validate(graph_of_plan(plan, critical=("build",)).to_json())


def test_mermaid(plan):
    drawn = mermaid(graph_of_plan(plan, critical=("build",)).to_json())
    assert drawn.startswith('flowchart TD\n  subgraph g0["steps"]\n')
    assert '    s0["The #34;big#34; build<br/>of #60;all#62; #35;1<br/>build<br/>test/act"]\n' in drawn
    assert "  s0 --> s1\n" in drawn
    assert '  s1 -.->|"switch, on_failure"| s2\n' in drawn
    assert "  class s0 critical\n" in drawn


def test_mermaid_of_an_execution(run):
    record = run(STEPS, {"test": ["failure", Ending(outputs={"ok": True})]}).to_end().record
    drawn = mermaid(graph_of_execution(record).to_json())
    assert "subgraph" not in drawn
    assert "  class s0,s1,s2,s3 succeeded" in drawn
    assert '  s1 ==>|"switch"| s3\n' in drawn
    assert "test<br/>test/act<br/>succeeded, 2 visits" in drawn


def test_dot(plan):
    drawn = dot(graph_of_plan(plan, critical=("build",)).to_json())
    assert drawn.startswith('digraph "release" {\n')
    assert '"build" [label="The \\"big\\" build\\nof <all> #1\\nbuild\\ntest/act", penwidth="3"];' in drawn
    assert '  "build" -> "test";\n' in drawn
    assert '  "fix" -> "test" [label="on_success", style="dashed", constraint="false"];\n' in drawn
    assert drawn.endswith("}\n")


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_no_name_breaks_out_of_its_quotes(name):
    document = graph_of_plan(workflow(step("a", name=name), step("b"), name="w")).to_json()
    lines = mermaid(document).splitlines()
    assert len(lines) == 4
    assert re.fullmatch(r'    s0\["[^"<>&`%\\]*(<br/>[^"<>&`%\\]*)*"\]', lines[1]), lines[1]
    drawn = dot(document)
    assert len(drawn.splitlines()) == 6
    assert re.fullmatch(r'    "a" \[label="(?:[^"\\\n]|\\["\\n])*"\];', drawn.splitlines()[2])


def plant(definition):
    return " ".join(node["address"] for node in definition["scopes"][0]["steps"])


def test_a_plugin_s_exporter_stands_beside_the_core_s(plan, monkeypatch):
    module = ModuleType("plant_exporter")
    vars(module)["plant"] = plant
    monkeypatch.setitem(sys.modules, "plant_exporter", module)

    class Offer:
        @hookimpl
        def treadle_exporters(self):
            yield Exporter("plant", "plant_exporter:plant")

    host = PluginHost(discover=False)
    host.register(Offer(), name="plant")
    assert sorted(offer.value.name for offer in host.exporters()) == ["dot", "mermaid", "plant"]
    assert host.exporter("plant")(graph_of_plan(plan).to_json()) == "build test fix ship"
    assert host.exporter("mermaid") is mermaid
    with pytest.raises(TreadleError):
        host.exporter("svg")
