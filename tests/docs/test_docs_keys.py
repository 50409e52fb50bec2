"""Every key of a definition has a line in the reference, and stands in an example that a test runs."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel
from treadle.definition import json_schema, load_yaml
from treadle.definition._model import GateFile, Workflow
from treadle.definition._reference import _SECTIONS
from treadle.definition._structure import _models_in

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLE = re.compile(r"<!-- test: file [^>]+ -->\n```yaml\n(.+?)```", re.DOTALL)
SECTIONS = {model: title for title, _, model in _SECTIONS}


def models_within(model: type[BaseModel], known: set[type[BaseModel]]) -> set[type[BaseModel]]:
    """The models of all objects in a definition."""
    if model not in known:
        known.add(model)
        for field in model.model_fields.values():
            for inner in _models_in(field.annotation):
                models_within(inner, known)
    return known


def keys_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_in(inner)


def examples() -> Iterator[tuple[str, Any]]:
    """All that the documentation's tests write and run: its page, and what it holds."""
    for page in sorted(DOCS.rglob("*.md")):
        for text in EXAMPLE.findall(page.read_text("utf-8")):
            yield page.name, load_yaml(text, "example.yaml")


@pytest.fixture(scope="module")
def used() -> set[str]:
    return {key for _, value in examples() for key in keys_in(value)}


def test_the_schema_takes_every_example() -> None:
    definitions = [(page, value) for page, value in examples() if isinstance(value, dict) and "treadle" in value]
    assert len(definitions) > 30
    validator = jsonschema.Draft202012Validator(json_schema())
    refused = [(page, value["name"]) for page, value in definitions if not validator.is_valid(value)]
    assert refused == []


def test_every_object_has_a_section() -> None:
    Workflow.model_json_schema()  # has the references between the models resolved
    found = models_within(Workflow, set()) | models_within(GateFile, set())
    alternatives = {"Trigger", "NamedJoin"}  # other ways to write what has a section
    assert {model.__name__ for model in found} - alternatives == {model.__name__ for model in SECTIONS} - alternatives


@pytest.mark.parametrize("model", SECTIONS, ids=SECTIONS.get)
def test_every_key_stands_in_an_example_that_is_run(model: type[BaseModel], used: set[str]) -> None:
    keys = {field.alias or name for name, field in model.model_fields.items()}
    assert keys <= used, f"in no tested example: {sorted(keys - used)}"
