"""What `--json` prints fulfils the JSON Schema that `treadle schema` publishes for it."""

import json

import jsonschema
import pytest
from treadle.cli.schemas import SCHEMAS

ANSWERS = {
    "execution": ("failing", ["run", "release", "--json"]),
    "executions": ("completed", ["status", "--json"]),
    "history": ("failing", ["history", "2026", "--json"]),
    "logs": ("completed", ["logs", "2026", "--json"]),
    "plugins": ("completed", ["plugins", "--json"]),
    "workflows": ("completed", ["list", "--json"]),
    "workflow-description": ("completed", ["show", "release", "--json"]),
    "actions": ("completed", ["list", "--actions", "--json"]),
    "dry-run": ("completed", ["run", "release", "--dry-run", "--json"]),
    "rollback-plan": ("undone", ["rollback", "2026", "--dry-run", "--json"]),
    "emitted": ("completed", ["emit", "push", "--json"]),
    "doctor": ("completed", ["doctor", "--json"]),
    "error": ("completed", ["status", "zzz", "--json"]),
}


def checked(name, document):
    jsonschema.Draft202012Validator(SCHEMAS[name], format_checker=jsonschema.FormatChecker()).validate(document)


@pytest.mark.parametrize("name", ANSWERS)
def test_answer_fulfils_its_schema(fake, name):
    scene, words = ANSWERS[name]
    document = json.loads(fake(scene, *words).out)
    assert document["schema"] == f"treadle/{name}@1"
    checked(name, document)


def test_event_lines_fulfil_theirs(fake):
    for line in fake("failing", "run", "release", "--json-lines").out.splitlines():
        checked("event", json.loads(line))


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_are_schemas_and_name_themselves(name):
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["properties"]["schema"] == {"const": f"treadle/{name}@1"}


def test_a_shape_with_a_key_missing_is_refused(fake):
    document = json.loads(fake("failing", "run", "release", "--json").out)
    del document["rollback"]
    with pytest.raises(jsonschema.ValidationError):
        checked("execution", document)


def test_schema_command_prints_them(fake):
    assert json.loads(fake("completed", "schema", "history").out) == SCHEMAS["history"]
    assert fake("completed", "schema", "--list").out.split() == ["workflow", "test-cases", "gates", "module", *SCHEMAS]


def test_unknown_schema_is_suggested(fake):
    ran = fake("completed", "schema", "histroy")
    assert ran.code == 3
    assert "did you mean `history`?" in ran.err
