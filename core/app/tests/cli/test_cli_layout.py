"""The picture of an execution as lines: it fits whatever the size, and says what matters."""

import pytest
from treadle.cli.console import Marks, printable
from treadle.cli.follow import layout
from treadle.cli.follow.view import ExecutionView
from treadle.cli.moments import duration, from_iso, iso
from treadle.runtime.listeners import StepProgress
from treadle.seeing.durations import UsualTimes
from treadle_hookspecs import Event

SECOND = 1_000_000
MARKS = Marks()


def event(seq, type, step="", *, at=0, scope="", visit=1, attempt=1, **data):
    return Event(seq, "X", type, at, scope, step, visit, attempt, data=data)


def drawn(view, *, now=0, width=80, height=24):
    return ["".join(span.text for span in line).rstrip() for line in layout.lines(view, now, width, height, MARKS)]


@pytest.fixture
def view():
    seen = ExecutionView("release")
    seen.expect(["build", "test"])
    seen.apply(event(1, "execution_started", visit=0, attempt=0))
    return seen


def test_pending_then_running_with_elapsed_time(view):
    view.apply(event(2, "visit_started", "build"))
    assert drawn(view, now=12 * SECOND) == [
        "release",
        "In progress (step 1/2)  12s",
        "─" * 40 + " 0%",
        "→ build    12s",
        "□ test",
    ]


def test_progress_and_message_of_a_step(view):
    view.apply(event(2, "visit_started", "build"))
    view.step("build").progress, view.step("build").message = 0.4, "linking"
    assert drawn(view)[3] == "→ build   0.0s  [####------] 40%  linking"


def test_retry_counts_down(view):
    view.apply(event(2, "visit_started", "build"))
    view.apply(event(3, "attempt_failed", "build", due=9 * SECOND, error={"message": "no net\nat all"}))
    assert drawn(view, now=2 * SECOND)[3] == "→ build   2.0s  retry 2 in 7.0s: no net"
    view.apply(event(4, "attempt_started", "build", attempt=2))
    assert drawn(view, now=2 * SECOND)[3] == "→ build   2.0s  attempt 2"


def test_route_taken_and_second_visit(view):
    view.apply(event(2, "visit_started", "test"))
    view.apply(event(3, "visit_settled", "test", state="failed", routed=["fix"], error={"message": "red"}))
    view.apply(event(4, "visit_started", "fix"))
    view.apply(event(5, "visit_settled", "fix", state="succeeded", routed=["test"]))
    view.apply(event(6, "region_rearmed", visit=0, attempt=0, steps=["test"]))
    assert drawn(view)[4:] == ["□ test", "✓ fix     0.0s  → test"]
    view.apply(event(7, "visit_started", "test", visit=2))
    assert drawn(view)[4] == "→ test #2   0.0s"


def test_handlers_have_their_own_addresses(view):
    view.apply(event(2, "visit_started", "tidy", scope="finally"))
    assert drawn(view)[-1].startswith("→ finally: tidy")


def test_a_new_execution_keeps_what_was_finished(view):
    view.apply(event(2, "visit_settled", "build", state="succeeded"))
    view.apply(event(3, "visit_settled", "test", state="failed"))
    view.apply(Event(1, "Y", "execution_started", 5))
    assert [step.state for step in view.steps.values()] == ["succeeded", "pending"]


@pytest.mark.parametrize("width", [30, 40, 57, 80, 200])
@pytest.mark.parametrize("height", [5, 12, 24, 60])
@pytest.mark.parametrize("count", [0, 1, 20, 1000])
def test_every_picture_fits(width, height, count):
    view = ExecutionView("a-workflow-with-a-rather-long-name-that-goes-on")
    for number in range(count):
        name = f"step-{number}-{'x' * (number % 60)}"
        view.expect([name])
        if number % 3:
            view.apply(event(1, "visit_started", name, at=number))
        if number % 3 == 2:
            view.apply(event(2, "visit_settled", name, at=number + 9, state="failed", error={"message": "m" * 300}))
    lines = drawn(view, now=3 * SECOND, width=width, height=height)
    assert len(lines) <= height
    assert all(len(line) <= width for line in lines)


def test_what_runs_comes_before_what_failed_and_both_before_the_rest():
    view = ExecutionView("w")
    for number in range(100):
        view.apply(event(1, "visit_started", f"s{number}"))
        if number != 50:
            view.apply(
                event(2, "visit_settled", f"s{number}", state="failed" if number == 3 else "succeeded", at=number)
            )
    lines = drawn(view, height=6)
    assert [line.split()[:2] for line in lines[1:4]] == [["✗", "s3"], ["→", "s50"], ["✓", "s99"]]
    assert lines[4] == "  98 succeeded, 1 failed, 1 running"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0s"),
        (0.25, "0.2s"),
        (9.94, "9.9s"),
        (10, "10s"),
        (59.4, "59s"),
        (60, "1m00s"),
        (3599, "59m59s"),
        (7380, "2h03m"),
    ],
)
def test_durations(seconds, text):
    assert duration(0, int(seconds * SECOND)) == text


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[2K\x1b[1Aover", "over"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("half\rdone\x08\x00", "halfdone"),
        ("tab\tü│✓", "tab\tü│✓"),
        ("\x1b", ""),
    ],
)
def test_what_a_step_printed_cannot_steer_the_terminal(raw, shown):
    assert printable(raw) == shown


def test_moments_round_trip():
    assert iso(1_777_636_802_500_001) == "2026-05-01T12:00:02.500001Z"
    assert from_iso("2026-05-01T12:00:02.500001Z") == 1_777_636_802_500_001
    assert iso(None) is None
    assert from_iso(None) is None


def test_parts_of_a_step_s_work_have_lines_of_their_own_and_make_up_its_share(view):
    view.apply(event(2, "visit_started", "build"))
    view.progressed(StepProgress("X", "build", 0.8, "", "UserService"))
    view.progressed(StepProgress("X", "build", 0.4, "login", "AuthController"))
    lines = drawn(view)
    assert lines[2].endswith(" 30%")  # of two steps one, as far as it is: (0.8 + 0.4) / 2
    assert lines[3].endswith("[######----] 60%")
    assert lines[4:6] == ["  - UserService: 80%", "  - AuthController: 40% login"]
    view.apply(event(3, "visit_settled", "build", state="succeeded"))
    assert drawn(view)[4] == "□ test"


@pytest.fixture
def usual(view):
    view.usual = UsualTimes(
        3, 60 * SECOND, {"build": 0, "test": 20 * SECOND}, {"build": 20 * SECOND, "test": 30 * SECOND}
    )
    view.apply(event(2, "visit_started", "build"))
    return view


def test_what_is_left_follows_what_runs_and_not_the_clock_alone(usual):
    assert "~50s left" in drawn(usual, now=10 * SECOND)[1]
    assert "~40s left" in drawn(usual, now=35 * SECOND)[1]  # build takes longer: the rest is still to come
    usual.apply(event(3, "visit_settled", "build", state="succeeded", at=35 * SECOND))
    usual.apply(event(4, "visit_started", "test", at=35 * SECOND))
    assert "~35s left" in drawn(usual, now=40 * SECOND)[1]


def test_the_share_is_weighed_by_usual_durations(usual):
    assert drawn(usual, now=10 * SECOND)[2].endswith(" 20%")  # 10 of 50 seconds
    assert drawn(usual, now=10 * SECOND)[3].endswith("usually 20s")


def test_without_history_there_is_no_estimate(view):
    view.usual = UsualTimes()
    assert drawn(view, now=SECOND)[1].endswith("no estimate yet")


def test_a_loop_shows_its_last_iteration_and_items_those_that_matter(view):
    view.apply(event(2, "visit_started", "build"))
    for number in (1, 2):
        view.apply(event(3, "visit_started", "poll", scope=f"build:{number}"))
    assert [line.strip() for line in drawn(view)[3:5]] == ["→ build      0.0s  iteration 2", "→ 2 poll   0.0s"]
    view.apply(event(4, "visit_started", "test"))
    for number, state in ((1, "succeeded"), (2, "failed"), (3, "")):
        view.apply(event(5, "visit_started", "one", scope=f"test[{number}]"))
        if state:
            view.apply(event(6, "visit_settled", "one", scope=f"test[{number}]", state=state))
    shown = [line.split()[:3] for line in drawn(view)[6:8]]
    assert shown == [["✗", "[2]", "one"], ["→", "[3]", "one"]]
    assert "2 of 3 items so far" in drawn(view)[5]
