"""Workers and the server are killed in the middle: nothing is lost, nothing runs twice beyond what was in flight."""

import pytest
from services import Service

STEPS = """
treadle: 1
name: steps
steps:
  - {id: first, run: echo first >> done}
  - id: middle
    idempotent: IDEMPOTENT
    run: |
      echo middle >> done
      test -e known || { touch known; echo > begun; }
      test ! -p go || read line < go
  - {id: last, run: echo last >> done}
"""


def prepared(team, *, idempotent):
    """A worker, and an execution that is in the middle there."""
    worker = team.worker()
    worker.user.pipe("begun")
    worker.user.pipe("go")
    team.write("steps", STEPS.replace("IDEMPOTENT", str(idempotent).lower()))
    run = team.going("steps")
    worker.hear("begun", run)
    return worker, run


def test_a_worker_is_killed_and_comes_back(make_team):
    team = make_team(heartbeat=15.0)
    worker, run = prepared(team, idempotent=True)
    other = team.worker()
    worker.kill()
    worker.user.tell("go")
    worker.start()
    status = run.result()
    assert status.status == "completed"
    assert worker.user.lines("done") == ["first", "middle", "middle", "last"]
    assert other.user.lines("done") == []
    with team.facade() as treadle:
        log = treadle.history(status.id)
    assert [event.data["decision"] for event in log if event.type == "visit_interrupted"] == ["retry"]
    assert [event.seq for event in log] == list(range(1, len(log) + 1))


def test_what_may_not_run_twice_is_asked_about(make_team):
    team = make_team(heartbeat=15.0)
    worker, run = prepared(team, idempotent=False)
    worker.kill()
    worker.start()
    status = run.result()
    assert (status.status, status.exit_code) == ("interrupted", 7)
    assert worker.user.lines("done") == ["first", "middle"]
    worker.user.tell("go")
    with team.facade() as treadle:
        assert treadle.resume(status.id, interrupted={"": "retry"}).status == "completed"
    assert worker.user.lines("done") == ["first", "middle", "middle", "last"]


def test_another_worker_rebuilds_the_folder_of_one_that_never_comes_back(make_team):
    team = make_team(heartbeat=15.0, lost_after=20.0)
    worker, run = prepared(team, idempotent=True)
    worker.user.write("half", "written by what was killed")
    worker.kill()
    other = team.worker()
    other.user.write("own", "not the execution's")
    status = run.result()
    assert status.status == "completed"
    (folder,) = (other.user.state / "workspaces").iterdir()
    assert (folder / "done").read_text("utf-8").split() == ["first", "middle", "last"]
    assert not (folder / "half").exists()
    assert not (folder / "own").exists()
    assert [path.name for path in other.user.project.iterdir()] == ["own"]


def test_the_server_is_killed_and_comes_back(tmp_path, make_user, make_team):
    own = Service(tmp_path)
    own.start()
    try:
        team = make_team(address=own.address)
        worker, run = prepared(team, idempotent=False)
        own.kill()
        worker.user.tell("go")
        own.start()
        status = run.result()
        assert status.status == "completed"
        assert worker.user.lines("done") == ["first", "middle", "last"]
        assert worker.stop() == 0
    finally:
        own.kill()


def test_a_long_execution_goes_on_in_new_runs(make_team):
    team = make_team(history=50)
    worker = team.worker()
    team.write(
        "long",
        "treadle: 1\nname: long\nsteps:\n"
        "  - id: many\n    loop:\n      max: 12\n      until: loop.index == 12\n"
        "      steps: [{id: a, run: 'echo {{ loop.index }} >> done'}]\n"
        "  - {id: wait, wait: 50ms}\n"
        "  - {id: last, set: {n: '{{ steps.many.visits }}'}}\n",
    )
    with team.facade() as treadle:
        status = treadle.run("long")
        log = treadle.history(status.id)
    assert status.status == "completed"
    assert worker.user.lines("done") == [str(number) for number in range(1, 13)]
    assert [event.seq for event in log] == list(range(1, len(log) + 1))
    assert team.runs_of(status.id) > 1


pytestmark = pytest.mark.timeout(240)
