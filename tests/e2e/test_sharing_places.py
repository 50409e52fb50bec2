"""`concurrency` between real processes, as a user starts them: many at once, one killed, one that does not wait."""

import subprocess
import sys

import pytest
from treadle import Treadle
from treadle_hookspecs import Event

GROUP = """
treadle: 1
name: crowded
concurrency: {group: crowd, limit: 3}
steps:
  - {id: work, run: "true"}
"""
HELD = """
treadle: 1
name: held
concurrency: deploy
inputs: {stay: {type: boolean, default: false}}
steps:
  - id: work
    run: |
      if {{ inputs.stay }}; then echo > began; sleep 600; fi
"""
# So many facades, each with many executions in one loop: what a hundred commands would do, in less time.
CROWD = """
import asyncio, sys
from pathlib import Path
from treadle import Treadle

async def main(treadle, count):
    await asyncio.gather(*(treadle.run_async("crowded.yaml") for _ in range(count)))

with Treadle(Path.cwd(), overrides={"max_concurrent_executions": 50}) as treadle:
    asyncio.run(main(treadle, int(sys.argv[1])))
"""


def most_at_a_time(logs: list[list[Event]]) -> int:
    """Executions between having their place and their end, by the logs."""
    moments = [(event.at, 1) for log in logs for event in log if event.type == "slots_granted"]
    moments += [(log[-1].at, -1) for log in logs]
    count = most = 0
    for _, change in sorted(moments):
        count += change
        most = max(most, count)
    return most


def look(user) -> Treadle:
    return Treadle(user.project, overrides={"home": str(user.state)})


def test_a_hundred_executions_of_four_processes_share_three_places(user):
    user.write("crowded.yaml", GROUP)
    words = [sys.executable, "-c", CROWD, "25"]
    crowd = [subprocess.Popen(words, cwd=user.project, env=user.environ) for _ in range(4)]
    assert [process.wait(timeout=300) for process in crowd] == [0, 0, 0, 0]
    with look(user) as treadle:
        rows = treadle.executions()
        assert [row.status for row in rows] == ["completed"] * 100
        logs = [list(treadle.store.read(row.id)) for row in rows]
        assert most_at_a_time(logs) == 3
        assert list(treadle.store.slots()) == []
        assert list(treadle.doctor()) == []


@pytest.fixture
def holder(user):
    """A process that has the place."""
    user.write("held.yaml", HELD)
    user.pipe("began")
    process = user.start("run", "held.yaml", "--input", "stay=true", "--json")
    user.hear(process, "began")
    return process


def test_a_killed_holder_frees_its_place_at_once(user, holder):
    waiting = user.start("run", "held.yaml")
    with look(user) as treadle:
        while len(treadle.slots("deploy")) < 2:
            treadle.store.watch(1.0)
        held, later = treadle.slots("deploy")
        place = f"next for a place in `deploy` (1 in all), held by {held.execution}"
        why = treadle.why(later.execution, "work").reasons[0].text
        assert why.endswith(place)
        assert any(f"{later.execution} waits: {place}" in line for line in iter(waiting.stderr.readline, ""))
        holder.kill()
        user.ended(waiting, 0)
        assert treadle.status(later.execution).status == "completed"
        assert treadle.status(held.execution).status == "interrupted"
        assert [slot.execution for slot in treadle.slots()] == [held.execution]
    user.treadle("resume", held.execution, "--interrupted", "fail", status=1)
    with look(user) as treadle:
        assert list(treadle.slots()) == []


def test_one_that_does_not_wait_is_queued_and_started_by_resume_due(user, holder):
    status = user.treadle("run", "held.yaml", "--no-wait", "--json", status=7).json
    waits = status["waiting"][0]
    assert (status["status"], waits["kind"], waits["name"], waits["step"]) == ("queued", "slots", "deploy", "")
    assert [slot["state"] for slot in user.treadle("slots", "--json").json["slots"]] == ["held", "waiting"]
    for command in ("slots", "waiting"):
        assert status["id"] in user.treadle(command).out
    holder.kill()
    holder.wait()
    user.treadle("resume", "--due", status=None)
    assert user.status(status["id"])["status"] == "completed"


def test_what_is_queued_says_so_at_its_end(user, holder):
    ran = user.treadle("run", "held.yaml", "--no-wait", status=7)
    assert "next for a place in `deploy` (1 in all), held by" in ran.out + ran.err
    holder.kill()
