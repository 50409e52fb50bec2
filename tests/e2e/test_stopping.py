"""Stopping a run from the keyboard and from another process."""

import signal

import pytest

WAITING = """
treadle: 1
name: waiting
steps:
  - id: first
    run: echo first >> effects.txt
  - id: wait
    run: echo ready > ready; read line < gate; echo waited >> effects.txt
    on_interrupt: retry
  - id: last
    run: echo last >> effects.txt
on_cancel:
  - {id: cleared, run: echo cleared >> effects.txt}
finally:
  - {id: closed, run: echo closed >> effects.txt}
"""
STUBBORN = """
treadle: 1
name: stubborn
steps:
  - id: wait
    run: trap '' TERM INT; echo ready > ready; while :; do read line < gate; done
    on_interrupt: retry
"""


@pytest.fixture
def waiting(user):
    """A run whose second step waits at `gate`; the child process that drives it."""
    return start(user, WAITING)


def start(user, definition):
    user.write("waiting.yaml", definition)
    user.pipe("ready")
    user.pipe("gate")
    child = user.start("run", "waiting.yaml")
    user.hear(child, "ready")
    return child


def resume_through_the_gate(user, *arguments):
    child = user.start("resume", *arguments)
    user.hear(child, "ready")
    user.tell("gate")
    return user.ended(child, 0)


def test_interrupted_once(user, waiting):
    waiting.send_signal(signal.SIGINT)
    ran = user.ended(waiting, 130)
    assert f"treadle resume {user.newest()[:4]}" in ran.err
    assert user.survivors() == []
    assert user.status()["status"] == "interrupted"
    resume_through_the_gate(user, user.newest())
    assert user.lines("effects.txt") == ["first", "waited", "last", "closed"]


def test_interrupted_twice(user):
    child = start(user, STUBBORN)
    child.send_signal(signal.SIGINT)
    assert "Ctrl-C" in child.stderr.readline() + child.stderr.readline() + child.stderr.readline()
    child.send_signal(signal.SIGINT)
    user.ended(child, 130)
    assert user.survivors() == []


def test_terminated(user, waiting):
    waiting.send_signal(signal.SIGTERM)
    user.ended(waiting, 143)
    assert user.survivors() == []
    resume_through_the_gate(user, user.newest())
    assert user.lines("effects.txt") == ["first", "waited", "last", "closed"]


def test_paused_by_another_process(user, waiting):
    user.treadle("pause", user.newest(), "--reason", "lunch")
    user.tell("gate")
    user.ended(waiting, 7)
    assert user.status()["status"] == "paused"
    assert user.lines("effects.txt") == ["first", "waited"]
    user.treadle("resume", user.newest())
    assert user.lines("effects.txt") == ["first", "waited", "last", "closed"]
    paused = next(event for event in user.events() if event["type"] == "execution_paused")
    assert paused["data"]["reason"] == "lunch"


def test_cancelled_by_another_process(user, waiting):
    user.treadle("cancel", user.newest(), "--reason", "wrong branch", status=None)
    user.ended(waiting, 1)
    assert user.survivors() == []
    assert user.status()["status"] == "cancelled"
    assert user.lines("effects.txt") == ["first", "cleared", "closed"]


def test_cancelled_while_nobody_drives(user, waiting):
    waiting.kill()
    user.ended(waiting, -signal.SIGKILL)
    user.treadle("cancel", user.newest(), status=None)
    assert user.status()["status"] == "cancelled"
    assert user.lines("effects.txt") == ["first", "cleared", "closed"]


def test_a_final_execution_does_not_change(user, waiting):
    user.tell("gate")
    user.ended(waiting, 0)
    before = user.events()
    assert user.treadle("pause", user.newest(), status=None).status != 0
    assert user.treadle("cancel", user.newest(), status=None).status != 0
    assert user.events() == before
