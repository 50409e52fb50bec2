"""Waits as a user meets them: exit codes, what is said, prompts at a terminal, workers that are told to end."""

import signal

import jsonschema
import pytest

SHIP = """
treadle: 1
name: ship
steps:
  - id: draft
    run: echo draft {{ steps.review.outputs.comment | default('first', true) }} >> drafts
  - id: review
    approval:
      prompt: Publish this?
      form: {copies: {type: integer, required: true, description: How many}}
      push_back: draft
  - id: publish
    run: echo {{ steps.review.outputs.copies }} >> published
"""
TWO = """
treadle: 1
name: two
steps:
  - id: both
    parallel:
      steps:
        - id: left
          approval: {prompt: Left?, approvers: [ann, bob], quorum: 2, not_by: "{{ execution.started_by }}"}
        - id: right
          approval: Right?
"""
SOON = "treadle: 1\nname: soon\nsteps:\n  - id: nap\n    wait: 2s\n  - id: done\n    run: echo done >> done\n"


@pytest.fixture
def project(user):
    for name, text in (("ship", SHIP), ("two", TWO), ("soon", SOON)):
        user.write(f"workflows/{name}.yaml", text)
    return user


def checked(user, document):
    name = document["schema"].removeprefix("treadle/").removesuffix("@1")
    jsonschema.Draft202012Validator(user.treadle("schema", name).json).validate(document)
    return document


def test_without_a_terminal_it_says_how_to_answer(project):
    ran = project.treadle("run", "ship", status=7)
    id_ = project.newest()
    assert "`review#1` waits for an approval\n    Publish this?" in ran.err
    assert f"treadle approve {id_} --data copies=…" in ran.err
    assert f"treadle reject {id_} --push-back --comment …" in ran.err
    document = checked(project, project.treadle("waiting", "--json").json)
    assert [each["commands"][0] for each in document["waiting"]] == [f"treadle approve {id_} --data copies=…"]
    status = checked(project, project.treadle("status", id_, "--json").json)
    assert (status["status"], status["waiting"]) == ("waiting", document["waiting"])
    assert "Publish this?" in project.treadle("waiting").out


def test_it_is_pushed_back_and_then_approved(project):
    project.treadle("run", "ship", status=7)
    id_ = project.newest()
    project.treadle("reject", id_, "--push-back", "--comment", "shorter", status=7)
    assert project.lines("drafts") == ["draft first", "draft shorter"]
    assert "cannot be read as" in project.treadle("approve", id_, "--data", "copies=many", status=2).err
    done = project.treadle("approve", id_, "--data", "copies=3", "--json")
    assert checked(project, done.json)["status"] == "completed"
    assert project.lines("published") == ["3"]
    assert "has ended" in project.treadle("approve", id_, status=5).err


def test_who_may_answer_and_which_step_is_meant(project):
    project.treadle("run", "two", status=7)
    id_ = project.newest()
    assert "--step both/left" in project.treadle("approve", id_, status=2).err
    assert "may not answer" in project.treadle("approve", id_, "--step", "both/left", status=4).err
    assert "not among those" in project.treadle("approve", id_, "--step", "both/left", "--by", "eve", status=4).err
    project.treadle("approve", id_, "--step", "both/left", "--by", "ann", status=7)
    again = project.treadle("approve", id_, "--step", "both/left", "--by", "ann", status=5)
    assert "ann has answered it already" in again.err
    project.treadle("approve", id_, "--step", "both/right", "--no-run", status=0)
    project.treadle("approve", id_, "--by", "bob", status=0)


def test_wrong_words_are_told(project):
    project.treadle("run", "ship", status=7)
    id_ = project.newest()
    assert "did you mean" not in project.treadle("signal", id_, "go", status=3).err
    assert "has no value" in project.treadle("approve", id_, "--data", "copies", status=2).err
    assert "an answer is one of" in project.treadle("answer", id_, "perhaps", status=2).err
    assert "is not a duration" in project.treadle("run", "soon", "--wait", "long", status=2).err
    assert "say which execution" in project.treadle("resume", status=2).err


def test_timers_within_wait_are_waited_for_and_others_by_cron(project):
    project.treadle("run", "soon", "--wait", "1m", status=0)
    ran = project.treadle("run", "soon", "--wait", "0", status=7)
    assert "treadle resume --due, or treadle worker" in ran.err
    id_ = project.newest()
    driven = {"executions": []}
    while not driven["executions"]:  # nothing is due before its time
        driven = checked(project, project.treadle("resume", "--due", "--json").json)
    assert [(each["id"], each["status"]) for each in driven["executions"]] == [(id_, "completed")]
    assert project.lines("done") == ["done", "done"]


def test_a_person_is_asked_at_a_terminal(project, at_terminal):
    terminal = at_terminal("run", "ship")
    terminal.see("approve? [yes/no/push back/later]")
    terminal.press("y\n")
    terminal.see("copies (integer, required) How many:")
    terminal.press("x\n")
    terminal.see("comment")
    terminal.press("\n")
    terminal.see("cannot be read as an integer")
    terminal.see("approve? [yes/no/push back/later]")
    terminal.press("p\n")
    terminal.see("comment")
    terminal.press("again\n")
    terminal.see("draft")
    terminal.see("`review#2` asks:")
    terminal.press("y\n")
    terminal.see("copies")
    terminal.press("2\n")
    terminal.see("comment")
    terminal.press("good\n")
    assert terminal.end() == 0
    assert project.lines("published") == ["2"]
    assert project.lines("drafts") == ["draft first", "draft again"]


def test_ctrl_c_at_the_question_leaves_it_waiting(project, at_terminal):
    terminal = at_terminal("run", "ship")
    terminal.see("approve?")
    assert terminal.interrupt() == 7
    assert terminal.restored
    assert project.treadle("status", project.newest(), "--json").json["status"] == "waiting"


def test_a_worker_drains_when_it_is_told_to_end(project):
    project.treadle("run", "soon", "--wait", "0", status=7)
    id_ = project.newest()
    worker = project.start("worker")
    while project.treadle("status", id_, "--json").json["status"] != "completed":
        assert worker.poll() is None
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0
    assert project.survivors() == []


def statuses(project):
    return {each["status"] for each in project.treadle("status", "--json").json["executions"]}


def test_two_workers_share_what_is_due(project):
    for _ in range(6):
        project.treadle("run", "soon", "--wait", "0", status=7)
    project.treadle("resume", "--due")
    workers = [project.start("worker", "--max-concurrent", "2") for _ in range(2)]
    while statuses(project) != {"completed"}:
        assert all(worker.poll() is None for worker in workers)
    for worker in workers:
        worker.send_signal(signal.SIGTERM)
    assert [worker.wait(30) for worker in workers] == [0, 0]
    assert project.lines("done") == ["done"] * 6
