"""What commands print on a real store fulfils the published JSON Schemas."""

import json

import jsonschema
import pytest

RELEASE = """
treadle: 1
name: release
title: Release it
version: 1.2.0
inputs:
  target: {type: string, default: staging, description: Where to}
  token: {type: string, default: "", sensitive: true}
triggers:
  - event: {name: pushed}
steps:
  - id: build
    run: echo built > built.txt; echo "version=1.2.0" >> "$TREADLE_OUTPUT"
    compensate: {run: rm built.txt}
  - id: upload
    run: echo uploading to {{ inputs.target }}; test {{ inputs.target }} = staging
  - id: notify
    when: inputs.target == 'production'
    run: echo told
outputs:
  version: "{{ steps.build.outputs.version }}"
"""


@pytest.fixture
def schema(user):
    """Check a document against the schema that `treadle schema` prints for it."""

    def check(document):
        name = document["schema"].removeprefix("treadle/").removesuffix("@1")
        published = user.treadle("schema", name).json
        jsonschema.Draft202012Validator(published).validate(document)
        return document

    return check


@pytest.fixture
def completed(user):
    user.write("workflows/release.yaml", RELEASE)
    return user.treadle("run", "release", "--json").json


@pytest.fixture
def failed(user):
    user.write("workflows/release.yaml", RELEASE)
    return user.treadle("run", "release", "--target", "moon", "--json", status=1).json


def test_run_and_status_of_a_completed_run(user, completed, schema):
    assert schema(completed)["outputs"] == {"version": "1.2.0"}
    assert completed["steps"]["notify"]["state"] == "skipped"
    assert user.treadle("status", completed["id"], "--json").json == completed


def test_run_of_a_failed_one(user, failed, schema):
    assert schema(failed)["status"] == "failed"
    assert failed["error"]["step"] == "upload"
    assert failed["rollback"] == "done", "a step that can be compensated is undone after a failure"
    assert not (user.project / "built.txt").exists()


def test_lists_and_logs(user, completed, schema):
    for words in (["status"], ["history", completed["id"]], ["logs", completed["id"]], ["list"], ["plugins"]):
        schema(user.treadle(*words, "--json").json)


def test_descriptions(user, completed, schema):
    described = schema(user.treadle("show", "release", "--json").json)
    assert [each["name"] for each in described["inputs"]] == ["target", "token"]
    action = schema(user.treadle("show", "command/run", "--json").json)
    assert action["provided_by"].startswith("treadle-command")
    names = [each["name"] for each in schema(user.treadle("list", "--actions", "--json").json)["actions"]]
    assert "command/run" in names


def test_dry_run(user, schema):
    user.write("workflows/release.yaml", RELEASE)
    document = schema(user.treadle("run", "release", "--dry-run", "--json").json)
    assert [step["id"] for step in document["steps"]] == ["build", "upload", "notify"]
    assert document["steps"][0]["commands"]


def test_event_lines(user, schema):
    user.write("workflows/release.yaml", RELEASE)
    lines = [json.loads(line) for line in user.treadle("run", "release", "--json-lines").out.splitlines()]
    assert [schema(line)["seq"] for line in lines] == list(range(1, len(lines) + 1))


def test_emit_runs_what_waits_for_the_event(user, schema):
    user.write("workflows/release.yaml", RELEASE)
    document = schema(user.treadle("emit", "pushed", "--data", "{}", "--json").json)
    assert [each["status"] for each in document["executions"]] == ["completed"]
    assert schema(user.treadle("emit", "ignored", "--json").json)["executions"] == []


def test_rollback_plan_and_rollback(user, completed, schema):
    plan = schema(user.treadle("rollback", completed["id"], "--dry-run", "--json").json)
    assert [entry["address"] for entry in plan["entries"]] == ["build#1"]
    assert (user.project / "built.txt").exists()
    assert schema(user.treadle("rollback", completed["id"], "--yes", "--json").json)["rollback"] == "done"
    assert not (user.project / "built.txt").exists()


def test_doctor_and_problems_and_explanation(user, completed, schema):
    schema(user.treadle("doctor", "--json", status=None).json)
    user.write("bad.yaml", "treadle: 1\nname: bad\nsteps:\n  - {id: a, run: x, needs: [b]}\n")
    problems = schema(user.treadle("validate", "bad.yaml", "--format", "json", status=2).json)["problems"]
    assert problems == user.treadle("validate", "bad.yaml", "--json", status=2).json["problems"]
    code = problems[0]["code"]
    assert schema(user.treadle("explain", code, "--json").json)["code"] == code


def test_errors(user, schema):
    assert schema(user.treadle("run", "nothing", "--json", status=3).json)["error"]["exit_code"] == 3
    user.write("bad.yaml", "treadle: 1\nname: bad\nsteps:\n  - {id: a, run: x, needs: [b]}\n")
    error = schema(user.treadle("run", "bad.yaml", "--json", status=2).json)["error"]
    assert error["context"]["problems"]


def test_the_schema_of_definitions_is_one(user):
    jsonschema.Draft202012Validator.check_schema(user.treadle("schema").json)
