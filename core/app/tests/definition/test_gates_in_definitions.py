"""Gates in definitions and in files of their own: what they become, and what can be wrong with them."""

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from treadle.definition import Loaded, gates_schema, load_file, load_gates

HEAD = "treadle: 1\nname: w\n"
STEPS = """\
steps:
  - id: test
    run: make test
    outputs: {percent: {type: number, figure: test_coverage}}
  - id: add
    run: make tests
    on_success: test
  - id: deploy
    run: make deploy
"""
STRAIGHT = STEPS.replace("    on_success: test\n", "")
COVERAGE = "gates:\n  coverage: {when: test_coverage < 80%"


@pytest.fixture
def load(tmp_path: Path, catalogue: Any) -> Any:
    def loaded(text: str, gates: str = "") -> Loaded:
        path = tmp_path / "w.yaml"
        path.write_text(HEAD + text, "utf-8")
        if not gates:
            return load_file(path, catalogue)
        (tmp_path / "gates.yaml").write_text(gates, "utf-8")
        return load_file(path, catalogue, gates=load_gates(tmp_path / "gates.yaml"))

    return loaded


def errors(loaded: Loaded) -> list[tuple[str, str, int, str, str]]:
    return [(Path(it.file).name, it.code, it.line, it.message, it.hint) for it in loaded.errors]


def test_a_route_is_an_edge_of_the_graph(load: Any) -> None:
    plan = load(STEPS + COVERAGE + ", then: add}\n").plan
    (gate,) = plan.gates
    assert (gate.rule, gate.when, gate.figures, gate.verdict) == (
        "test_coverage < 80%",
        "test_coverage < 80",
        ("test_coverage",),
        "route",
    )
    by_id = {step.id: step for step in plan.root.steps}
    assert by_id["test"].routes == (("gate:coverage", ("add",)),)
    assert by_id["deploy"].needs == ("test",)  # R0: what only a route leads to is taken out of the sequence
    assert by_id["test"].figures == (("test_coverage", "percent"),)


def test_an_approval_stands_beside_the_step(load: Any) -> None:
    plan = load(STRAIGHT + COVERAGE + ", then: approval, message: Is that enough?}\n").plan
    asking = plan.root.steps[-1]
    assert (asking.id, asking.kind, asking.recovers) == ("approve-coverage", "approval", True)
    assert asking.approval.prompt == "Is that enough?"
    assert dict(plan.root.steps[0].routes) == {"gate:coverage": ("approve-coverage",)}


@pytest.mark.parametrize("then", ["fail", "warn"])
def test_failing_and_warning_need_no_route(load: Any, then: str) -> None:
    plan = load(STRAIGHT + COVERAGE + f", then: {then}, severity: high}}\n").plan
    assert (plan.gates[0].verdict, plan.gates[0].severity) == (then, "high")
    assert plan.root.steps[0].routes == ()


@pytest.mark.parametrize(
    ("text", "code", "line", "message", "hint"),
    [
        (COVERAGE + ", then: ad}\n", "TRD0107", 13, "step `ad` is not defined", "did you mean `add`?"),
        (
            "gates:\n  c: {when: test_coverag < 8}\n",
            "TRD0148",
            13,
            "no step publishes the figure `test_coverag`",
            "did you mean `test_coverage`?",
        ),
        ("gates:\n  c: {when: 1 < 8}\n", "TRD0148", 13, "the rule of gate `c` names no figure", ""),
        ("gates:\n  c: {when: test_coverage <}\n", "TRD0130", 13, "the rule of gate `c` cannot be read", ""),
        ("gates:\n  c: {wen: x}\n", "TRD0104", 13, "the key `wen` is not known here", "did you mean `when`?"),
        ("gates:\n  c: {when: x, severity: huge}\n", "TRD0106", 13, "must be low, medium or high", ""),
        ("mode: manual\n", "TRD0106", 12, "must be autopilot, supervised or hybrid", ""),
    ],
)
def test_what_is_wrong_is_told_at_its_place(
    load: Any, text: str, code: str, line: int, message: str, hint: str
) -> None:
    found = [one for one in errors(load(STEPS + text)) if one[1] == code]
    assert found, errors(load(STEPS + text))
    assert found[0][:3] == ("w.yaml", code, line)
    assert message in found[0][3]
    assert hint in found[0][4]


def test_no_route_leads_out_of_a_scope(load: Any) -> None:
    nested = """\
steps:
  - id: group
    steps:
      - {id: test, run: x, outputs: {percent: {figure: test_coverage}}}
  - {id: add, run: y}
"""
    (found,) = errors(load(nested + COVERAGE + ", then: add}\n"))
    assert "from where no route leads to `add`" in found[3]


FILE = """\
treadle-gates: 1
gates:
  coverage: {when: test_coverage < 90%, then: add}
  other: {when: unheard_of > 3}
conditions:
  - {if: "test_coverage < 50%", then: abort_workflow}
  - {if: "test_coverage < 95%", then: write_a_plan}
"""


def test_a_file_of_gates_wins_over_the_definition(load: Any) -> None:
    loaded = load(STEPS + COVERAGE + "}\n", FILE)
    assert loaded.errors == ()
    assert [(gate.name, gate.rule, gate.verdict, gate.message) for gate in loaded.plan.gates] == [
        ("coverage", "test_coverage < 90%", "route", ""),
        ("condition-1", "test_coverage < 50%", "fail", ""),
        ("condition-2", "test_coverage < 95%", "warn", "write a plan"),
    ]


def test_a_route_that_a_file_replaces_stays_an_edge(load: Any) -> None:
    plan = load(
        STEPS + COVERAGE + ", then: add}\n", "treadle-gates: 1\ngates: {coverage: {when: test_coverage < 9}}\n"
    ).plan
    assert plan.gates[0].verdict == "fail"
    assert {step.id: step.needs for step in plan.root.steps} == {"test": (), "add": (), "deploy": ("test",)}
    assert dict(plan.root.steps[0].routes) == {"gate:coverage:replaced": ("add",)}


@pytest.mark.parametrize(
    ("text", "code", "line", "message"),
    [
        ("treadle-gates: 1\ngates:\n  c: {when: x, than: warn}\n", "TRD0104", 3, "`than` is not known here"),
        ("gates: {}\n", "TRD0105", 1, "lacks the key `treadle-gates`"),
        ("treadle-gates: 1\nconditions:\n  - {if: x}\n", "TRD0105", 3, "lacks the key `then`"),
        ("treadle-gates: 1\ngates:\n  c: {when: 'a <'}\n", "TRD0130", 3, "cannot be read"),
        ("- a\n", "TRD0106", 1, "a file of gates is an object, not a list"),
        ("treadle-gates: [\n", "TRD0101", 2, "not YAML"),
    ],
)
def test_what_is_wrong_with_the_file_is_told_in_the_file(
    load: Any, text: str, code: str, line: int, message: str
) -> None:
    loaded = load(STEPS, text)
    assert loaded.plan is None
    found = [one for one in errors(loaded) if one[1] == code]
    assert found, errors(loaded)
    assert found[0][0] == "gates.yaml"
    assert found[0][2] == line
    assert message in found[0][3]
    assert text in loaded.sources.values()


def test_the_schema_takes_what_the_loader_takes() -> None:
    import yaml

    schema = gates_schema()
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(yaml.safe_load(FILE))
    assert list(Draft202012Validator(schema).iter_errors({"treadle-gates": 1, "gates": {"c": {"wen": "x"}}}))
