"""Step output shown while it is printed: `--verbose`."""

import pytest
from treadle.cli.follow.output import OutputFollower
from treadle.runtime.logs import StepLog, log_path
from treadle.secrets import Masker
from treadle.tailing import LogTail
from treadle_hookspecs import Event


class Recorder:
    def __init__(self):
        self.told = []

    def start(self):
        self.told.append("start")

    def stop(self):
        self.told.append("stop")

    def event(self, event):
        self.told.append(event.type)

    def output(self, address, lines):
        self.told += [(address, line) for line in lines]

    def progress(self, told):
        self.told.append(told)


def event(type, step="build", visit=1, attempt=1):
    return Event(1, "X", type, 0, "", step, visit, attempt)


@pytest.fixture
def log(tmp_path):
    return lambda address: StepLog(log_path(tmp_path, address), Masker())


@pytest.fixture
def followed(tmp_path):
    recorder = Recorder()
    follower = OutputFollower(recorder, lambda _: LogTail(tmp_path))
    follower.start()
    yield recorder, follower
    if recorder.told[-1] != "stop":
        follower.stop()


def test_lines_come_before_the_end_of_their_attempt(followed, log):
    recorder, follower = followed
    follower.event(event("visit_started", attempt=0))
    with log("build#1.1") as written:
        written.write("stdout", b"one\ntwo\n")
    follower.event(event("visit_settled", attempt=0))
    assert recorder.told == ["start", "visit_started", ("build", "one"), ("build", "two"), "visit_settled"]


def test_more_than_is_read_at_once_comes_whole_before_the_end(followed, log):
    recorder, follower = followed
    follower.event(event("visit_started", attempt=0))
    with log("build#1.1") as written:
        written.write("stdout", b"a line of thirty-two characters ..\n" * 60_000)
    follower.event(event("visit_settled", attempt=0))
    assert len(recorder.told) == 60_003
    assert recorder.told[-1] == "visit_settled"


def test_each_attempt_has_its_log(followed, log):
    recorder, follower = followed
    for attempt, end in ((1, "attempt_failed"), (2, "visit_settled")):
        follower.event(event("visit_started" if attempt == 1 else "attempt_started", attempt=attempt))
        with log(f"build#1.{attempt}") as written:
            written.write("stderr", f"try {attempt}\n".encode())
        follower.event(event(end, attempt=attempt))
    assert [told for told in recorder.told if isinstance(told, tuple)] == [("build", "try 1"), ("build", "try 2")]


def test_what_is_left_comes_at_the_stop(followed, log):
    recorder, follower = followed
    follower.event(event("visit_started"))
    with log("build#1.1") as written:
        written.write("stdout", b"never settled\n")
    follower.stop()
    assert recorder.told[-2:] == [("build", "never settled"), "stop"]


def test_a_tail_gives_whole_lines_once(tmp_path, log):
    tail = LogTail(tmp_path)
    tail.follow("build#1.1")
    assert list(tail.new()) == []
    with log("build#1.1") as written:
        written.write("stdout", b"whole\nbegun")
        assert list(tail.new()) == [("build#1.1", "whole")]
        assert list(tail.new()) == []
    assert list(tail.new()) == [("build#1.1", "begun")]


def test_a_line_of_many_pieces_and_foreign_bytes(tmp_path, log):
    tail = LogTail(tmp_path)
    tail.follow("build#1.1")
    with log("build#1.1") as written:
        written.write("stdout", b"x" * 40_000 + b"\n\xff|pipe| text\n")
    texts = [text for _, text in tail.new()]
    assert "".join(texts[:-1]) == "x" * 40_000
    assert texts[-1] == "\N{REPLACEMENT CHARACTER}|pipe| text"


def test_a_forgotten_visit_is_not_read(tmp_path, log):
    tail = LogTail(tmp_path)
    tail.follow("build#1.1")
    tail.forget("build#1")
    with log("build#1.1") as written:
        written.write("stdout", b"late\n")
    assert list(tail.new()) == []
