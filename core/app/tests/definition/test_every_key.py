"""Every key of a step and of a definition refuses what it cannot mean, at its place; the schema refuses the same."""

from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from treadle.definition import Problem, json_schema, load_yaml
from treadle.definition._model import BELONGS, KINDS, WAITS, Step, Workflow

Problems = Callable[[str], tuple[Problem, ...]]

VALIDATOR = jsonschema.Draft202012Validator(json_schema())
STRANGE = ("{qq: [1]}", "3.25", "[[1]]", "'{{ 1 }'")
"""Values that hardly any key takes; each key refuses some of them."""
FREE = {"with", "set", "vars", "matrix", "outputs"}
"""Their values are the author's own data: an object of anything."""


def keys_of(model: Any) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def kind_for(key: str) -> str:
    """What the step does that has the key."""
    field = next(name for name, found in Step.model_fields.items() if (found.alias or name) == key)
    kinds = {"run": "run: x", "workflow": "workflow: greeting", **{kind: f"{kind}: 1s" for kind in WAITS}}
    return kinds[next(kind for kind in BELONGS.get(field, ("run",)) if kind in kinds)]


def refused(problems: Problems, text: str, line: int) -> bool:
    """There is an error on that line, behind its first column; and none is anywhere above."""
    found = [one for one in problems(text) if one.severity == "error"]
    assert not [one for one in found if one.line < line - 2], found
    return any(one.line == line and one.column > 1 for one in found)


@pytest.mark.parametrize("key", keys_of(Step))
def test_a_key_of_a_step_refuses_what_it_cannot_mean(problems: Problems, key: str) -> None:
    before = "- id: a" if key != "id" else "- name: a"
    does = "" if key in KINDS else f"\n    {kind_for(key)}"
    texts = [f"treadle: 1\nname: x\nsteps:\n  {before}{does}\n    {key}: {value}\n" for value in STRANGE]
    line = 6 if does else 5
    told = [text for text in texts if refused(problems, text, line)]
    assert len(told) >= (1 if key in FREE else 2), key
    schema = [text for text in texts if not VALIDATOR.is_valid(load_yaml(text, "x.yaml"))]
    assert schema
    assert set(schema) <= set(told)


@pytest.mark.parametrize("key", keys_of(Workflow))
def test_a_key_of_a_definition_refuses_what_it_cannot_mean(problems: Problems, key: str) -> None:
    rest = {"treadle": "1", "name": "x", "steps": "[{id: a, run: x}]"}
    head = "".join(f"{name}: {value}\n" for name, value in rest.items() if name != key)
    texts = [f"{head}{key}: {value}\n" for value in STRANGE]
    told = [text for text in texts if refused(problems, text, head.count("\n") + 1)]
    assert len(told) >= (1 if key in FREE else 2), key
    schema = [text for text in texts if not VALIDATOR.is_valid(load_yaml(text, "x.yaml"))]
    assert schema
    assert set(schema) <= set(told)
