"""What a run leaves on stdout and stderr, and which commands it names."""

import json

ID = "20260501-120000-abc123"


def test_outputs_are_data_and_the_rest_is_talk(fake):
    ran = fake("completed", "run", "release")
    assert ran.code == 0
    assert ran.out == "version: 1.2.0\n"
    assert f"completed: release {ID}" in ran.err


def test_failed_run_shows_the_last_lines_the_log_and_what_to_do(fake):
    ran = fake("failing", "run", "release")
    assert ran.code == 1
    assert ran.out == ""
    after = ran.err[ran.err.index("failed: release") :].splitlines()
    assert after[1] == "  step `test`: 3 tests failed"
    assert after[2:22] == [f"  │ line {number}" for number in range(11, 31)]
    assert after[22] == "  log: /logs/x"
    assert after[23].split() == ["try", "again:", "treadle", "resume", ID]
    assert after[24].split() == ["why:", "treadle", "why", ID, "test"]
    assert after[25].split() == ["undo:", "treadle", "rollback", ID]


def test_plain_lines_tell_what_happens(fake):
    lines = fake("failing", "run", "release").err.splitlines()
    assert lines[:9] == [
        f"release {ID}",
        "→ build",
        "✓ build 2.5s → test",
        "→ test",
        "□ test retry 2 in 2.0s: flaky",
        "→ test (attempt 2)",
        "✗ test 1m07s: 3 tests failed",
        "\N{EN DASH} publish upstream failed (dead)",
        "↶ build undone",
    ]


def test_no_control_codes_without_a_terminal(fake):
    ran = fake("failing", "run", "release")
    assert "\x1b" not in ran.out + ran.err


def test_colour_on_request(fake):
    assert "\x1b[" in fake("failing", "--color", "run", "release").err
    assert "\x1b[" in fake("failing", "run", "release", "--color").err
    assert "\x1b[" not in fake("failing", "--no-color", "run", "release", FORCE_COLOR="1").err
    assert "\x1b[" in fake("failing", "run", "release", FORCE_COLOR="1").err


def test_the_setting_decides_on_colour_and_the_flag_wins(fake):
    assert "\x1b[" in fake("failing", "run", "release", TREADLE_COLOR="always").err
    assert "\x1b[" not in fake("failing", "--no-color", "run", "release", TREADLE_COLOR="always").err
    assert "\x1b[" not in fake("failing", "run", "release", TREADLE_COLOR="never", FORCE_COLOR="1").err


def test_quiet_leaves_data_and_exit_code(fake):
    ran = fake("completed", "run", "release", "-q")
    assert (ran.code, ran.out, ran.err) == (0, "version: 1.2.0\n", "")
    assert fake("failing", "-q", "run", "release").code == 1


def test_json_is_the_status_and_nothing_else(fake):
    ran = fake("failing", "run", "release", "--json", "--no-progress")
    document = json.loads(ran.out)
    assert ran.code == 1
    assert document["schema"] == "treadle/execution@1"
    assert document["steps"]["test"]["state"] == "failed"


def test_json_lines_are_events(fake):
    lines = [json.loads(line) for line in fake("failing", "run", "release", "--json-lines").out.splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, 11))
    assert lines[2]["step"] == "build"
    assert lines[2]["at"] == "2026-05-01T12:00:02.500000Z"
    assert {line["schema"] for line in lines} == {"treadle/event@1"}


def test_paused_run_says_how_to_go_on(fake):
    ran = fake("paused", "run", "release")
    assert ran.code == 7
    assert f"treadle resume {ID}" in ran.err
    assert "rollback" not in ran.err


def test_interrupted_run_names_the_flag(fake):
    ran = fake("interrupted", "run", "release")
    assert ran.code == 7
    assert f"treadle resume {ID} --interrupted retry|fail" in ran.err


def test_partial_rollback_names_its_continuation(fake):
    ran = fake("partial", "run", "release")
    assert ran.code == 1
    assert "failed, rolled back in part" in ran.err
    assert f"treadle rollback {ID} --continue" in ran.err


def test_marks_fall_back_to_ascii_where_they_cannot_be_encoded(fake_child):
    ran = fake_child("failing", "run", "release", PYTHONIOENCODING="ascii")
    assert "+ build 2.5s > test" in ran.err
    assert "x test 1m07s: 3 tests failed" in ran.err
