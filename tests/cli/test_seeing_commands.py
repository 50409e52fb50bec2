"""`why`, `graph`, `retry` and `prune` on a real store, as they are typed."""

import json

import jsonschema
import pytest

RELEASE = """
treadle: 1
name: release
inputs:
  target: {type: string, default: staging}
  token: {type: string, default: hunter2000, sensitive: true}
steps:
  - id: build
    run: echo built >> effects.txt; echo version=1 >> "$TREADLE_OUTPUT"
    compensate: {run: echo unbuilt >> effects.txt}
  - id: check
    run: test -e good; echo checked >> effects.txt
    retry: {max_attempts: 2, delay: 0.01}
  - id: publish
    when: inputs.target == 'production' and inputs.token != ''
    run: echo published {{ steps.build.outputs.version }} >> effects.txt
rollback: {after: []}
finally:
  - id: clean
    run: echo clean | tee -a effects.txt
"""


@pytest.fixture
def release(user):
    """Run it; the status."""
    user.write("workflows/release.yaml", RELEASE)
    return lambda *words, status=0: user.treadle("run", "release", *words, "--json", status=status).json


@pytest.fixture
def fulfils(user):
    def check(document):
        name = document["schema"].removeprefix("treadle/").removesuffix("@1")
        published = user.treadle("schema", name).json
        jsonschema.Draft202012Validator(published).validate(document)
        return document

    return check


def test_why_names_rule_event_and_values_and_hides_what_is_sensitive(user, release, fulfils):
    user.write("good", "")
    done = release()
    told = fulfils(user.treadle("why", done["id"], "publish", "--json").json)
    assert told["state"] == "skipped"
    condition = told["reasons"][-1]
    assert condition["rule"] == "R2"
    assert condition["values"] == {"inputs.target": "staging", "inputs.token": "***"}
    event = user.treadle("history", done["id"], "--json").json["events"][condition["seq"] - 1]
    assert (event["type"], event["step"], event["at"]) == ("visit_skipped", "publish", condition["at"])
    text = user.treadle("why", done["id"], "publish").out
    assert 'inputs.target = "staging"' in text
    assert "hunter2000" not in text + json.dumps(told)


def test_why_of_a_failure_tells_attempts_and_what_it_closed(user, release):
    failed = release(status=1)
    text = user.treadle("why", failed["id"], "check").out
    assert "check#1: failed" in text
    assert "no further attempt: 2 of 2 were made" in text
    assert "`fail_fast` closes the scope" in text
    assert "`fail_fast` closed its scope: `check` failed" in user.treadle("why", failed["id"], "publish").out
    assert "it is the first step of `finally`" in user.treadle("why", failed["id"], "finally/clean").out


def test_why_says_where_an_address_leads_nowhere(user, release):
    failed = release(status=1)
    assert "did you mean `build`?" in user.treadle("why", failed["id"], "biuld", status=3).err
    assert "has no visit 7" in user.treadle("why", failed["id"], "build#7", status=3).err
    assert user.treadle("why", "zzz", "build", status=3).out == ""


def test_why_of_what_a_kill_interrupted(user):
    user.write(
        "hold.yaml",
        "treadle: 1\nname: hold\nsteps:\n  - {id: hold, run: echo up > up; sleep 60}\n  - {id: next, run: 'true'}\n",
    )
    user.pipe("up")
    child = user.start("run", "hold.yaml")
    user.hear(child, "up")
    child.kill()
    child.wait(60)
    (row,) = user.treadle("status", "--json").json["executions"]
    told = user.treadle("why", row["id"], "hold", "--json").json
    assert (told["state"], told["reasons"][-1]["rule"]) == ("interrupted", "R14")
    assert "its join `none_failed` waits for `hold`" in user.treadle("why", row["id"], "next").out


def test_graphs_of_a_workflow_and_of_an_execution(user, release, fulfils):
    user.write("good", "")
    done = release()
    plain = fulfils(user.treadle("graph", "release", "--json").json)
    assert {node["state"] for scope in plain["scopes"] for node in scope["steps"]} == {None}
    shown = fulfils(user.treadle("graph", done["id"], "--critical-path", "--json").json)
    states = {node["address"]: node["state"] for scope in shown["scopes"] for node in scope["steps"]}
    assert states == {"build": "succeeded", "check": "succeeded", "publish": "skipped", "finally/clean": "succeeded"}
    path = shown["analysis"]["critical_path"]["steps"]
    assert [step["address"] for step in path] == ["build#1", "check#1", "finally/clean#1"]
    assert user.treadle("graph", "release", "--format", "mermaid").out.startswith("flowchart TD\n")
    assert user.treadle("graph", "workflows/release.yaml", "--format", "dot").out.startswith('digraph "release" {\n')
    assert "did you mean `mermaid`?" in user.treadle("graph", "release", "--format", "mermaied", status=2).err
    assert user.treadle("graph", "nothing-like-it", status=3).out == ""


def test_critical_path_before_a_run_rests_on_earlier_runs(user, release):
    user.write("workflows/release.yaml", RELEASE)
    assert "of unknown duration" in user.treadle("graph", "release", "--critical-path").out
    user.write("good", "")
    release()
    release()
    text = user.treadle("graph", "release", "--critical-path").out
    assert "median of 2 runs" in text
    assert "`check` waits for `build` only because it is written behind it" in text
    assert "`publish` waits for" in text


def test_retry_runs_the_step_and_what_follows_and_nothing_else(user, release):
    failed = release(status=1)
    user.write("good", "")
    again = user.treadle("retry", failed["id"], "--from", "check", "--json").json
    assert (again["status"], again["origin"]) == ("completed", failed["id"])
    assert user.lines("effects.txt") == ["built", "clean", "checked", "clean"]
    assert "taken over from execution" in user.treadle("why", again["id"], "build").out
    rerun = user.treadle("retry", again["id"], "--from", "build", "--json").json
    assert user.lines("effects.txt")[4:] == ["built", "checked", "clean"]
    assert rerun["origin"] == again["id"]


def test_retry_by_the_present_definition(user, release):
    failed = release(status=1)
    user.write("workflows/release.yaml", RELEASE.replace("test -e good;", ""))
    user.treadle("retry", failed["id"], "--from", "check", "--definition", "new")
    assert user.lines("effects.txt") == ["built", "clean", "checked", "clean"]
    user.write("workflows/release.yaml", RELEASE.replace("echo built", "echo made"))
    refused = user.treadle("retry", failed["id"], "--from", "check", "--definition", "new", status=5)
    assert "step `build`, whose result would be taken over, is another one" in refused.err
    assert "--from build" in refused.err
    user.write("workflows/release.yaml", RELEASE + "nonsense: 1\n")
    assert "TRD0" in user.treadle("retry", failed["id"], "--from", "check", "--definition", "new", status=2).err


def test_retry_wants_a_step_that_is_there(user, release):
    failed = release(status=1)
    assert "treadle retry --help" in user.treadle("retry", failed["id"], status=2).err
    assert "has no step `chekc`" in user.treadle("retry", failed["id"], "--from", "chekc", status=3).err


def test_prune_shows_asks_and_deletes(user, release, fulfils):
    user.write("good", "")
    old, young = release(), release()
    assert "nothing ended more than 30d ago" in user.treadle("prune").err
    would = fulfils(user.treadle("prune", "--older-than", "0s", "--dry-run", "--json").json)
    assert {row["id"] for row in would["executions"]} == {old["id"], young["id"]}
    assert would["deleted"] is False
    on_disk = sum(path.stat().st_size for path in (user.state / "logs").rglob("*") if path.is_file())
    assert would["bytes"] == on_disk > 0
    refused = user.treadle("prune", "--older-than", "0s", status=2)
    assert "give --yes" in refused.err
    done = user.treadle("prune", "--older-than", "0s", "--yes", "--json").json
    assert (done["deleted"], done["bytes"]) == (True, on_disk)
    assert user.treadle("status", "--all", "--json").json["executions"] == []
    assert not list((user.state / "logs").iterdir())
    assert "is no age" in user.treadle("prune", "--older-than", "soon", status=2).err


def test_prune_asks_at_a_terminal(user, release, at_terminal):
    user.write("good", "")
    done = release()
    terminal = at_terminal("prune", "--older-than", "0s")
    terminal.see("delete 1 execution for good? [y/n]")
    terminal.press("n\n")
    assert terminal.end() == 4
    assert done["id"] in terminal.text
    assert user.treadle("status", done["id"]).out
