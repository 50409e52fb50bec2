"""Controlling executions: reasons, answers to questions, confirmation before undoing."""

import json

import pytest

ID = "20260501-120000-abc123"


@pytest.mark.parametrize("command", ["pause", "cancel"])
def test_reason_reaches_the_facade_and_the_exit_code_is_0(fake, command):
    ran = fake("completed", "--debug", command, "2026", "--reason", "too late")
    assert ran.code == 0
    assert f"call {command} {{'reason': 'too late'}}" in ran.err
    assert ran.out.startswith(f"{ID} release: ")


def test_pause_as_json(fake):
    assert json.loads(fake("completed", "pause", "2026", "--json").out)["status"] == "paused"


@pytest.mark.parametrize(
    ("words", "answers"),
    [
        (["--interrupted", "retry"], {"": "retry"}),
        (["--interrupted", "test#1=fail"], {"test#1": "fail"}),
        (["--interrupted", "retry", "--interrupted", "a=b=fail"], {"": "retry", "a=b": "fail"}),
    ],
)
def test_answers_reach_the_facade(fake, words, answers):
    assert f"'interrupted': {answers!r}" in fake("interrupted", "--debug", "resume", "2026", *words).err


def test_bad_answer_is_refused(fake):
    ran = fake("interrupted", "resume", "2026", "--interrupted", "maybe")
    assert ran.code == 2
    assert "--interrupted retry" in ran.err


def test_resume_asks_on_a_terminal(on_terminal, fake_argv):
    ran = on_terminal(fake_argv("interrupted", "--debug", "resume", "2026"), answers="x\nr\n")
    assert ran.code == 0
    assert ran.out.count("run it again, or let it fail? [retry/fail]") == 2, "what is no answer is asked again"
    assert "'interrupted': {'test#1': 'retry'}" in ran.out


def test_resume_does_not_ask_without_a_terminal(fake):
    assert "'interrupted': None" in fake("interrupted", "--debug", "resume", "2026", stdin="retry\n").err


def test_rollback_without_a_terminal_needs_yes(fake):
    ran = fake("undone", "--debug", "rollback", "2026", stdin="y\n")
    assert ran.code == 2
    assert "give --yes" in ran.err
    assert "call rollback" not in ran.err


def test_rollback_with_yes(fake):
    ran = fake("undone", "--debug", "rollback", "2026", "--yes", "--reason", "wrong")
    assert ran.code == 0
    assert "call rollback {'reason': 'wrong', 'again': False, 'to': ''}" in ran.err
    assert "failed, rolled back" in ran.err


def test_rollback_asks_on_a_terminal_and_obeys(on_terminal, fake_argv):
    no = on_terminal(fake_argv("undone", "--debug", "rollback", "2026"), answers="n\n")
    assert no.code == 4
    assert "1. build#1: undo" in no.out
    assert "call rollback" not in no.out
    assert "call rollback" in on_terminal(fake_argv("undone", "--debug", "rollback", "2026"), answers="y\n").out


def test_partial_rollback_exits_1(fake):
    ran = fake("partial", "--debug", "rollback", "2026", "--yes", "--continue")
    assert ran.code == 1
    assert "'again': True" in ran.err
    assert "--continue" in ran.err


def test_rollback_dry_run_changes_nothing(fake):
    ran = fake("undone", "--debug", "rollback", "2026", "--dry-run")
    assert ran.code == 0
    assert ran.out == "1. build#1: undo\n"
    assert "call rollback" not in ran.err


def test_emit_hands_data_over(fake):
    ran = fake("completed", "--debug", "emit", "push", "--data", '{"ref": "main"}')
    assert ran.code == 0
    assert "call emit {'event': 'push', 'data': {'ref': 'main'}}" in ran.err


@pytest.mark.parametrize("data", ["{", "[1]", "1"])
def test_emit_refuses_what_is_no_object(fake, data):
    ran = fake("completed", "emit", "push", "--data", data)
    assert ran.code == 2
    assert "--data" in ran.err


def test_status_says_how_to_go_on(fake):
    assert f"treadle resume {ID} --interrupted retry|fail" in fake("interrupted", "status", "2026").err
    assert f"treadle rollback {ID} --continue" in fake("partial", "status", "2026").err
    assert fake("completed", "status", "2026").err == ""


def test_what_could_not_be_undone_is_named(fake):
    assert "could not be undone: build" in fake("partial", "rollback", "2026", "--yes").err
