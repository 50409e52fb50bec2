"""The commands that drive executions, with their state in Postgres: what a user types is the same."""

import json
import signal

import pytest

PIPELINE = """
treadle: 1
name: pipeline
steps:
  - id: build
    run: echo build >> effects.txt
    compensate: {run: echo unbuild >> effects.txt}
  - id: upload
    run: |
      echo upload >> effects.txt
      if [ -p ready ]; then echo ready > ready; read line < gate; fi
  - id: report
    run: echo report >> effects.txt
"""
SHIP = """
treadle: 1
name: ship
steps:
  - id: ask
    approval: {prompt: Ship?}
  - id: cool
    wait: 1s
  - id: ship
    run: echo shipped >> effects.txt
"""
KEPT = """
treadle: 1
name: kept
steps:
  - id: ask
    approval: {prompt: Write?}
  - id: write
    checkpoint: true
    run: echo written >> effects.txt
"""


@pytest.fixture
def url(postgres_server):
    return postgres_server.new_url()


@pytest.fixture
def someone(user, url):
    """A user whose state is in Postgres."""
    user.settings["TREADLE_STORE"] = url
    user.write("pipeline.yaml", PIPELINE)
    user.write("ship.yaml", SHIP)
    return user


@pytest.fixture
def running(someone):
    """A `treadle run` whose step `upload` waits for a word."""
    someone.pipe("ready")
    someone.pipe("gate")
    child = someone.start("run", "pipeline.yaml")
    someone.hear(child, "ready")
    (someone.project / "ready").unlink()
    return child


def test_run_look_and_undo(someone, url):
    someone.treadle("--store", url, "run", "pipeline.yaml", TREADLE_STORE="sqlite:")
    id_ = someone.newest()
    assert someone.status(id_)["status"] == "completed"
    assert [event["type"] for event in someone.events(id_)][-1] == "execution_completed"
    assert len(someone.treadle("status", "--all", "--json").json["executions"]) == 1
    someone.treadle("rollback", id_, "--yes")
    assert someone.lines("effects.txt") == ["build", "upload", "report", "unbuild"]
    assert someone.treadle("doctor", "--json").json["findings"] == []
    assert someone.treadle("prune", "--older-than", "0s", "--yes", status=None).status == 0
    assert someone.treadle("status", "--all", "--json").json["executions"] == []
    assert not (someone.state / "state.db").exists()


def test_paused_by_another_process_and_resumed(someone, running):
    id_ = someone.newest()
    someone.treadle("pause", id_)
    someone.tell("gate")
    someone.ended(running)
    assert someone.status(id_)["status"] == "paused"
    someone.treadle("resume", id_)
    assert someone.lines("effects.txt") == ["build", "upload", "report"]


def test_two_resume_what_one_may(someone, running):
    running.kill()
    someone.ended(running, -signal.SIGKILL)
    id_ = someone.newest()
    assert someone.status(id_)["status"] == "interrupted"
    children = [someone.start("resume", id_, "--interrupted", "retry") for _ in range(2)]
    states = {someone.ended(child).status for child in children}
    assert 0 in states
    assert states <= {0, 2, 5}  # held by the other, or completed before it was asked
    assert someone.lines("effects.txt") == ["build", "upload", "upload", "report"]


def test_approved_and_gone_on_by_resume_due(someone):
    someone.treadle("run", "ship.yaml", status=7)
    id_ = someone.newest()
    someone.treadle("approve", id_, "--no-run", status=None)
    someone.treadle("resume", "--due")
    assert someone.status(id_)["status"] == "completed"
    assert someone.lines("effects.txt") == ["shipped"]


def test_two_workers_share_what_is_due(someone):
    ids = []
    for _ in range(3):
        someone.treadle("run", "ship.yaml", status=7)
        ids.append(someone.newest())
        someone.treadle("approve", ids[-1], "--no-run", status=None)
    workers = [someone.start("worker", "--once", "--max-concurrent", "2", "--json") for _ in range(2)]
    driven = [someone.ended(worker, 0).json["executions"] for worker in workers]
    assert sorted(one["id"] for share in driven for one in share if one["status"] == "completed") == sorted(ids)
    assert someone.lines("effects.txt") == ["shipped"] * 3


def test_a_worker_on_another_machine_leaves_what_has_files_here(someone):
    someone.write("kept.yaml", KEPT)
    someone.treadle("run", "kept.yaml", status=7, TREADLE_HOST="here")
    id_ = someone.newest()
    someone.treadle("approve", id_, "--no-run", status=None)
    elsewhere = someone.treadle("worker", "--once", TREADLE_HOST="there")
    assert f"execution {id_} is left to a worker on here" in elsewhere.err
    assert someone.lines("effects.txt") == []
    someone.treadle("worker", "--once", TREADLE_HOST="here")
    assert someone.lines("effects.txt") == ["written"]


def test_no_password_is_ever_printed(someone, postgres_server):
    wrong = postgres_server.network_url(password="open-barley")
    ran = someone.treadle("status", status=6, TREADLE_STORE=wrong, TREADLE_DEBUG="true")
    assert "does not accept the password" in ran.err
    doctor = someone.treadle("doctor", "--json", status=None, TREADLE_STORE=wrong)
    printed = [ran.out, ran.err, doctor.out, doctor.err]
    printed += [path.read_text("utf-8", "replace") for path in someone.state.rglob("*.log")]
    assert "open-barley" not in "".join(printed)


def test_the_earlier_engines_variables_name_the_database(someone, postgres_server):
    del someone.settings["TREADLE_STORE"]
    from treadle_testkit.postgres import PASSWORD, USER

    someone.settings.update(
        DATABASE_TYPE="postgresql",
        DATABASE_HOST="127.0.0.1",
        DATABASE_PORT=str(postgres_server.port),
        DATABASE_NAME="postgres",
        DATABASE_USERNAME=USER,
        DATABASE_PASSWORD=PASSWORD,
    )
    someone.treadle("run", "pipeline.yaml")
    doctor = someone.treadle("doctor", "--json")
    stores = [one for one in doctor.json["settings"] if one["key"] == "store"]
    assert stores[0]["value"] == f"postgresql://{USER}:***@127.0.0.1:{postgres_server.port}/postgres"
    assert PASSWORD not in json.dumps(doctor.json)
    assert not (someone.state / "state.db").exists()
