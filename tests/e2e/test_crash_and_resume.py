"""`kill -9`, and then on."""

import signal

import pytest

PIPELINE = """
treadle: 1
name: pipeline
steps:
  - id: build
    run: echo build >> effects.txt
  - id: upload
    run: |
      echo "upload $TREADLE_IDEMPOTENCY_KEY" >> effects.txt
      if [ -p ready ]; then echo ready > ready; read line < gate; fi
  - id: report
    run: echo report >> effects.txt
"""


@pytest.fixture
def crashed(user):
    """The id of an execution whose driver was killed while `upload` ran."""
    user.write("pipeline.yaml", PIPELINE)
    user.pipe("ready")
    user.pipe("gate")
    child = user.start("run", "pipeline.yaml")
    user.hear(child, "ready")
    child.kill()
    user.ended(child, -signal.SIGKILL)
    (user.project / "ready").unlink()
    return user.newest()


def steps(user):
    return [line.split()[0] for line in user.lines("effects.txt")]


def test_no_process_outlives_its_driver(user, crashed):
    assert user.survivors() == []


def test_status_says_that_nobody_drives_it(user, crashed):
    assert user.status(crashed)["status"] == "interrupted"


def test_without_an_answer_nothing_happens(user, crashed):
    ran = user.treadle("resume", crashed, status=7)
    assert "--interrupted" in ran.err
    assert steps(user) == ["build", "upload"]


def test_retry(user, crashed):
    user.treadle("resume", crashed, "--interrupted", "retry")
    assert steps(user) == ["build", "upload", "upload", "report"]
    assert user.status(crashed)["status"] == "completed"


def test_a_retried_step_has_the_same_key(user, crashed):
    user.treadle("resume", crashed, "--interrupted", "retry")
    keys = {line.split()[1] for line in user.lines("effects.txt") if line.startswith("upload")}
    assert len(keys) == 1
    assert crashed in keys.pop()


def test_fail(user, crashed):
    user.treadle("resume", crashed, "--interrupted", "fail", status=1)
    assert steps(user) == ["build", "upload"]
    assert user.status(crashed)["steps"]["upload"]["state"] == "failed"


def test_by_address(user, crashed):
    user.treadle("resume", crashed, "--interrupted", "upload#1=retry")
    assert steps(user) == ["build", "upload", "upload", "report"]


def test_a_prefix_of_the_id_is_enough(user, crashed):
    user.treadle("resume", crashed[:8], "--interrupted", "retry")
    assert user.status(crashed)["status"] == "completed"


def test_doctor_is_content_after_it(user, crashed):
    user.treadle("resume", crashed, "--interrupted", "retry")
    user.treadle("doctor", "--json")


def test_two_processes_resume_one_execution(user, crashed):
    user.pipe("ready")
    first = user.start("resume", crashed, "--interrupted", "retry")
    user.hear(first, "ready")
    second = user.treadle("resume", crashed, "--interrupted", "retry", status=5)
    assert crashed[:8] in second.err
    user.tell("gate")
    user.ended(first, 0)
    assert steps(user) == ["build", "upload", "upload", "report"]


def test_both_at_the_same_instant(user, crashed):
    """Whoever wins, every step that follows runs once."""
    ended = [user.ended(child) for child in [user.start("resume", crashed, "--interrupted", "retry") for _ in range(4)]]
    assert 0 in {ran.status for ran in ended}
    assert {ran.status for ran in ended} <= {0, 2, 5}  # held by another, or completed before it was asked
    assert steps(user) == ["build", "upload", "upload", "report"]


def test_a_finished_execution_is_not_resumed(user, crashed):
    user.treadle("resume", crashed, "--interrupted", "retry")
    before = steps(user)
    user.treadle("resume", crashed, status=None)
    assert steps(user) == before


def test_a_failed_execution_goes_on_in_a_new_one(user):
    user.write("flaky.yaml", "treadle: 1\nname: flaky\nsteps:\n"
               "  - {id: build, run: echo build >> effects.txt}\n"
               "  - {id: test, run: test -e fixed}\n"
               "  - {id: report, run: echo report >> effects.txt}\n")  # fmt: skip
    user.treadle("run", "flaky.yaml", status=1)
    failed = user.newest()
    user.write("fixed", "")
    user.treadle("resume", failed)
    assert user.newest() != failed
    assert user.status(failed)["status"] == "failed"
    assert user.status()["status"] == "completed"
    assert user.lines("effects.txt") == ["build", "report"]


def test_killed_while_it_resumes(user, crashed):
    user.pipe("ready")
    child = user.start("resume", crashed, "--interrupted", "retry")
    user.hear(child, "ready")
    child.kill()
    user.ended(child, -signal.SIGKILL)
    (user.project / "ready").unlink()
    user.treadle("resume", crashed, "--interrupted", "retry")
    assert steps(user) == ["build", "upload", "upload", "upload", "report"]
    assert user.survivors() == []
