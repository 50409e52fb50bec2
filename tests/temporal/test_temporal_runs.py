"""Executions on a real Temporal service: what a person types works the same."""

import json

STEPS = """
treadle: 1
name: steps
steps:
  - {id: one, run: "echo from $(basename $PWD) >> done; echo one"}
  - {id: ask, approval: {prompt: "go on with {{ steps.one.outputs.stdout }}?"}}
  - {id: wait, wait: 100ms}
  - id: flaky
    run: test -e tried || { touch tried; exit 3; }
    retry: {max_attempts: 2, delay: 100ms}
  - {id: last, set: {by: "{{ steps.ask.outputs.by }}"}}
"""


def test_a_person_types(team):
    worker, client = team.worker(), team.client
    client.write("steps.yaml", STEPS)
    typed = client.treadle("run", "steps.yaml", "--runtime", "temporal", "--json", status=7, **team.environ).json
    assert typed["status"] == "waiting"
    id_ = typed["id"]
    (asked,) = client.treadle("waiting", "--json", **team.environ).json["waiting"]
    assert asked["prompt"].startswith("go on with one")

    # From here on nothing names the service: the execution is found where it lives.
    ended = client.treadle("approve", id_, "--by", "user:ada", "--json", TREADLE_BLOBS=str(team.blobs)).json
    assert ended["status"] == "completed"
    assert ended["steps"]["flaky"]["attempts"] == 2
    assert worker.user.lines("done") == ["from project"]
    assert client.lines("done") == []

    printed = client.treadle("logs", id_, TREADLE_BLOBS=str(team.blobs)).out
    assert "one" in printed

    assert worker.stop() == 0
    seen = client.treadle("history", id_, "--json", TREADLE_BLOBS=str(team.blobs)).json["events"]
    assert [event["seq"] for event in seen] == list(range(1, len(seen) + 1))
    assert seen[0]["data"]["runtime"]["workflow"] == f"treadle-{id_}"
    assert seen[0]["data"]["decider"] == 1
    assert "R6" in client.treadle("why", id_, "flaky", TREADLE_BLOBS=str(team.blobs)).out


def test_pausing_and_resuming(team):
    worker = team.worker()
    worker.user.pipe("begun")
    worker.user.pipe("go")
    team.write(
        "two",
        "treadle: 1\nname: two\nsteps:\n  - {id: a, run: echo > begun; read line < go}\n  - {id: b, run: echo b}\n",
    )
    run = team.going("two")
    worker.hear("begun", run)
    with team.facade() as treadle:
        id_ = treadle.executions()[0].id
        assert treadle.pause(id_, reason="lunch").status == "paused"
        assert run.result().status == "paused"
        worker.user.tell("go")
        ended = treadle.resume(id_)
        assert ended.status == "completed"
        log = treadle.history(id_)
    assert [event.data["reason"] for event in log if event.type == "execution_paused"] == ["lunch"]
    assert [event.type for event in log if event.step == "b"] == ["visit_started", "visit_settled"]


def test_what_has_ended_is_undone_there(team):
    worker = team.worker()
    team.write(
        "made",
        "treadle: 1\nname: made\nsteps:\n"
        "  - {id: a, run: touch a, compensate: {run: rm a}}\n"
        "  - {id: b, run: touch b, compensate: {run: rm b}}\n",
    )
    with team.facade() as treadle:
        status = treadle.run("made")
        assert status.status == "completed"
        assert {path.name for path in worker.user.project.iterdir()} == {"a", "b"}
        undone = treadle.rollback(status.id)
        assert (undone.status, undone.rollback) == ("completed", "done")
        assert not list(worker.user.project.iterdir())
        log = treadle.history(status.id)
        assert [event.step for event in log if event.type == "compensation_settled"] == ["b", "a"]
        assert [event.seq for event in log] == list(range(1, len(log) + 1))


def test_a_failure_is_gone_on_from_there(team):
    worker = team.worker()
    team.write(
        "fails",
        "treadle: 1\nname: fails\nsteps:\n  - {id: a, run: echo a >> done}\n  - {id: b, run: test -e mended}\n",
    )
    with team.facade() as treadle:
        status = treadle.run("fails")
        assert (status.status, status.exit_code) == ("failed", 1)
        worker.user.write("mended", "")
        again = treadle.resume(status.id)
        assert (again.status, again.origin) == ("completed", status.id)
        assert worker.user.lines("done") == ["a"]
        assert treadle.location(again.id) is not None


def test_a_cancel_is_heard_by_what_runs(team):
    worker = team.worker()
    worker.user.pipe("begun")
    team.write(
        "long",
        "treadle: 1\nname: long\nsteps:\n  - {id: a, run: echo > begun; sleep 600}\n"
        "on_cancel:\n  - {id: tidy, run: echo tidied >> done}\n",
    )
    run = team.going("long")
    worker.hear("begun", run)
    with team.facade() as treadle:
        status = treadle.cancel(treadle.executions()[0].id, reason="enough")
    assert status.status == "cancelled"
    assert run.result().status == "cancelled"
    assert worker.user.lines("done") == ["tidied"]


def test_large_values_and_secrets_are_not_in_its_history(make_team, service):
    team = make_team(seal=True)
    key = "a" * 43 + "="
    worker = team.worker(TREADLE_KEY=key)
    text = (
        "treadle: 1\nname: secret\ninputs: {word: {type: string, sensitive: true}}\nsteps:\n"
        "  - {id: big, run: head -c 100000 /dev/zero | tr '\\0' x}\n"
        '  - {id: say, run: "test {{ inputs.word }} = open-sesame"}\n'
    )
    team.write("secret", text)
    ran = team.client.treadle(
        "run",
        "secret",
        "--runtime",
        "temporal",
        "--input",
        "word=open-sesame",
        "--json",
        TREADLE_KEY=key,
        **team.environ,
    )
    assert ran.json["status"] == "completed"
    assert len(ran.json["steps"]["big"]["outputs"]["stdout"]) == 100_000
    assert "open-sesame" not in json.dumps(ran.json)
    raw = team.raw_history(ran.json["id"])
    assert b"open-sesame" not in raw
    assert b"x" * 1000 not in raw
    assert len(raw) < 60_000
    assert worker.stop() == 0


def test_what_it_cannot_do_is_said_before_anything_begins(team):
    team.write(
        "refused",
        "treadle: 1\nname: refused\ninputs: {key: {type: string, sensitive: true, required: true}}\nsteps:\n"
        "  - {id: a, run: echo, concurrency: {group: one, limit: 1}}\n  - {id: tell, emit: {name: done}}\n",
    )
    ran = team.client.treadle("run", "refused", "--runtime", "temporal", "--input", "key=k", status=2, **team.environ)
    assert "step a is counted in one state store" in ran.err
    assert "step tell emits an event" in ran.err
    assert "set `temporal.seal`" in ran.err
    with team.facade() as treadle:
        assert not treadle.executions()


def test_nobody_answers(team):
    team.write("one", "treadle: 1\nname: one\nsteps: [{id: a, run: echo}]\n")
    ran = team.client.treadle("run", "one", "--runtime", "temporal", "--address", "127.0.0.1:9", status=6)
    assert "Temporal cannot be reached at 127.0.0.1:9" in ran.err
    assert "temporal server start-dev" in ran.err
