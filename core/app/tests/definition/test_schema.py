"""The JSON Schema against the jsonschema library: what the loader accepts, the schema accepts."""

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from treadle.definition import Catalogue, json_schema, load_text, load_yaml
from treadle.definition._explanations import complete, pages
from treadle.definition._model import KINDS, Workflow

VALIDATOR = jsonschema.Draft202012Validator(json_schema())
RIGHT = [page.right for page in pages().values() if page.language == "yaml"]
STRUCTURAL = ("TRD0104", "TRD0105", "TRD0106", "TRD0109", "TRD0110", "TRD0114", "TRD0115", "TRD0116")


def accepts(definition: Any) -> bool:
    return bool(VALIDATOR.is_valid(definition))


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("example", RIGHT)
def test_right_examples_are_accepted(example: str) -> None:
    VALIDATOR.validate(load_yaml(complete(example), "a.yaml"))


@pytest.mark.parametrize("code", STRUCTURAL)
def test_wrong_examples_of_structure_are_not(code: str) -> None:
    assert not accepts(load_yaml(complete(pages()[code].wrong), "a.yaml"))


def definition(**keys: Any) -> dict[str, Any]:
    return {"treadle": 1, "name": "a", "steps": [{"id": "a", "run": "x"}], **keys}


def step(**keys: Any) -> dict[str, Any]:
    return definition(steps=[{"id": "a", **keys}])


FEATURE = """
treadle: 1
name: implement-feature
version: 1.0.0
inputs:
  feature: {type: string, required: true}
triggers:
  - cli: {command: implement-feature}
steps:
  - id: implement
    uses: implementation/implement-feature
    with: {feature: "{{ inputs.feature }}"}
    outputs: {code_changes: {type: array}}
    compensate: {uses: implementation/rollback-changes, with: {changes: "{{ outputs.code_changes }}"}}
    on_success: test
  - id: test
    uses: testing/run-tests
    with: {changes: "{{ steps.implement.outputs.code_changes }}"}
    max_visits: 4
    switch:
      - {when: outputs.passed, goto: document}
      - {goto: fix-tests}
  - id: fix-tests
    uses: testing/fix-failing-tests
    max_visits: 3
    on_success: test
  - id: document
    uses: documentation/update-docs
"""
GOOD = [
    definition(triggers=["cli", {"cli": None}, {"event": {"name": "x"}}, {"mail": {"any": 1}}]),
    definition(env={"A": 1, "B": True, "C": None, "D": "x"}, start="a", mode="hybrid", gates={"c": {"when": "a > 1"}}),
    definition(version="1", rollback={"after": []}, **{"finally": [{"id": "b", "end": "completed"}]}),
    step(run=["ls", "-l"], timeout="1h30m", when=True, needs="b", join="all_done"),
    step(run="x", shell=["perl", "-e"], timeout=0.5, needs=[], join={"at_least": 1}),
    step(uses="a/b", **{"with": {"x": [1]}}, switch=[{"when": "x", "goto": "b"}, {"goto": ["b"]}]),
    step(emit="x", join="steps.b.state == 'failed'"),
    step(emit={"name": "x", "data": {}}),
    step(set={"a": 1}),
    step(cancel="b"),
    step(run="x", compensate={"run": "y"}),
    step(run="x", retry={"max_attempts": 3, "delay": "1m", "when": False}),
    step(run="x", concurrency="gpu"),
    step(run="x", concurrency=["gpu", {"group": "x", "limit": 2, "on_conflict": "cancel"}]),
    definition(concurrency={"group": "deploy"}, budget={"time": "1h", "money": 2.5, "tokens": 1000, "visits": 10}),
    step(run="x", limits={"memory": "512MB", "cpu": "5m", "disk": 1000, "output": "1.5GiB"}),
    load_yaml(FEATURE, "feature.yaml"),
]
BAD = [
    {},
    [],
    definition(treadle=2),
    definition(steps=[]),
    definition(steps=[{"id": "A", "run": "x"}]),
    definition(colour="red"),
    definition(mode="manual"),
    definition(gates={"c": {"then": "warn"}}),
    definition(gates={"c": {"when": ""}}),
    definition(triggers=[{}]),
    definition(secrets={"A": {}}),
    definition(secrets={"A": {"env": "x", "file": "y"}}),
    step(),
    step(run="x", uses="a/b"),
    step(run=3),
    step(run=[]),
    step(run="x", timeout="soon"),
    step(run="x", timeout=-1),
    step(run="x", retry={"max_attempts": 101}),
    step(run="x", join={"at_least": 0}),
    step(run="x", join="sometimes"),
    step(run="x", compensate={}),
    step(loop={"max": 3}),
    step(run="x", budget={"monney": 1}),
    step(run="x", limits={"memory": "much"}),
    step(run="x", concurrency={}),
    step(run="x", concurrency={"group": "x", "limit": 0}),
    step(run="x", limits={"memory": 0}),
    step(run="x", limits={"memroy": 1}),
]


@pytest.mark.parametrize("sample", GOOD)
def test_good_samples_are_accepted(sample: Any) -> None:
    Workflow.model_validate(sample)
    VALIDATOR.validate(sample)


@pytest.mark.parametrize("sample", BAD)
def test_bad_samples_are_not(sample: Any) -> None:
    assert not accepts(sample)


KEYS = sorted(set(json_schema()["$defs"]["Step"]["properties"]) - {*KINDS, "id"})
words = st.sampled_from(["a", "b", "x y", "", "1m", "all_done", "A", "{{ x }}"])
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 200) | st.floats(-1, 3) | words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(KEYS), anything, max_size=3))
def test_no_step_that_the_loader_takes_is_refused_by_the_schema(catalogue: Catalogue, keys: dict[str, Any]) -> None:
    sample = step(run="x", **keys)
    if load_text(json.dumps(sample), "a.json", catalogue).plan is not None:
        VALIDATOR.validate(sample)
