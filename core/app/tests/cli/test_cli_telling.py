"""What the facade tells live views beside events: progress, and that a signal stops the run."""

import signal

import pytest
from treadle.runtime.listeners import Listeners
from treadle_engine.protocol import Address


@pytest.fixture
def warnings():
    return []


@pytest.fixture
def listeners(warnings):
    return Listeners(lambda: (), warnings.append)


def test_progress_reaches_all_who_watch_until_they_stop(listeners):
    told = []
    stop = listeners.subscribe_progress(told.append)
    listeners.tell_progress("X", Address("", "build", 1), 0.5, "half")
    listeners.tell_progress("X", Address("loop:1", "build", 1), None, "")
    stop()
    stop()
    listeners.tell_progress("X", Address("", "build", 1), 1.0, "done")
    assert told == [("X", "build", 0.5, "half", ""), ("X", "loop:1/build", None, "", "")]


def test_one_that_raises_is_reported_and_not_called_again(listeners, warnings):
    told = []

    def broken(*_):
        raise ValueError("no")

    listeners.subscribe_progress(broken)
    listeners.subscribe_progress(told.append)
    for _ in range(2):
        listeners.tell_progress("X", Address("", "build", 1), 0.5, "")
    assert len(told) == 2
    assert warnings == ["a progress listener raised ValueError: no; it is not called again"]


def test_a_stop_is_told_with_its_signal(listeners):
    told = []
    forget = listeners.subscribe_stop(told.append)
    listeners.tell_stop(signal.SIGINT)
    forget()
    listeners.tell_stop(signal.SIGTERM)
    assert told == [signal.SIGINT]
