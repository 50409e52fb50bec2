"""Processes that a step leaves behind in the background, when treadle is told to end or is killed."""

import os
import signal

import pytest

DOUBLE_FORK = """
treadle: 1
name: orphans
steps:
  - id: work
    run: |
      (setsid sleep 600 > /dev/null 2>&1 < /dev/null &)
      sleep 600 &
      (trap '' TERM INT HUP; sleep 600) &
      echo ready > ready
      wait
    on_interrupt: retry
"""
STATUS = {signal.SIGKILL: -signal.SIGKILL, signal.SIGTERM: 143, signal.SIGINT: 130}


@pytest.mark.parametrize("number", STATUS, ids=lambda number: number.name)
def test_no_grandchild_stays(user, number, faults):
    user.write("orphans.yaml", DOUBLE_FORK)
    user.pipe("ready")
    child = user.start("run", "orphans.yaml")
    user.hear(child, "ready")
    assert len(user.alive()) >= 4
    os.kill(child.pid, number)
    user.ended(child, STATUS[number])
    assert user.survivors() == []
    assert user.status()["status"] == "interrupted"
    faults(f"{number.name} while grandchildren in sessions of their own run")
