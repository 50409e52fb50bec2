"""A Postgres server ends sessions, restarts, is killed while an execution is driven: nothing is lost or done twice."""

import signal

import psycopg
import pytest
from treadle_postgres._location import locate
from treadle_testkit.postgres import PostgresServer

PIPELINE = """
treadle: 1
name: pipeline
steps:
  - id: build
    run: echo build >> effects.txt
  - id: upload
    run: echo upload >> effects.txt; echo ready > ready; read line < gate
  - id: each
    for_each: [1, 2, 3, 4]
    max_parallel: 4
    run: echo one >> effects.txt
  - id: report
    run: echo report >> effects.txt
"""
ENDED = "SELECT count(pg_terminate_backend(pid, 30000)) FROM pg_stat_activity WHERE application_name LIKE 'treadle/%'"


@pytest.fixture(scope="module")
def own_server():
    with PostgresServer() as server:
        yield server


def end_sessions(server):
    with psycopg.connect(locate(server.url(), {}).conninfo, autocommit=True) as connection:
        assert connection.execute(ENDED).fetchone()[0] >= 2


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(end_sessions, id="sessions ended"),
        pytest.param(lambda server: server.restart(signal.SIGINT), id="restarted"),
        pytest.param(lambda server: server.restart(signal.SIGKILL), id="killed"),
    ],
)
def test_an_execution_goes_on(user, own_server, harm):
    user.settings["TREADLE_STORE"] = own_server.new_url()
    user.write("pipeline.yaml", PIPELINE)
    user.pipe("ready")
    user.pipe("gate")
    child = user.start("run", "pipeline.yaml")
    user.hear(child, "ready")
    harm(own_server)
    user.tell("gate")
    user.ended(child, 0)
    assert user.lines("effects.txt") == ["build", "upload", *["one"] * 4, "report"]
    assert user.status()["status"] == "completed"
    seqs = [event["seq"] for event in user.events()]
    assert seqs == list(range(1, len(seqs) + 1))
    assert user.treadle("doctor", "--json").json["findings"] == []
