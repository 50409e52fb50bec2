"""Errors: what is printed, as text and as JSON, and the exit code."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


def test_designed_error_has_code_context_hints_and_help(fake):
    ran = fake("completed", "run", "nothing")
    assert ran.code == 3
    assert ran.out == ""
    assert ran.err.splitlines() == [
        "error[TRD0001]: there is no workflow nothing",
        "  at workflows",
        "  searched: workflows, catalogues",
        "hint: treadle list",
        "help: treadle explain TRD0001",
    ]


def test_designed_error_as_json_stands_on_stdout(fake):
    ran = fake("completed", "run", "nothing", "--json")
    assert ran.code == 3
    assert ran.err == ""
    error = json.loads(ran.out)["error"]
    assert error["code"] == "TRD0001"
    assert error["suggestions"] == ["treadle list"]
    assert error["exit_code"] == 3


def test_json_among_the_values_is_not_the_option(fake):
    assert fake("completed", "show", "--", "--json").out == ""


def test_internal_error_is_short_and_keeps_the_trace(fake):
    ran = fake("broken", "run", "release")
    assert ran.code == 70
    assert "treadle failed inside: RuntimeError: the roof is on fire" in ran.err
    assert "Traceback" not in ran.err
    trace = next(line.split(": ", 1)[1] for line in ran.err.splitlines() if line.startswith("  trace: "))
    text = Path(trace).read_text()
    Path(trace).unlink()
    assert "RuntimeError: the roof is on fire" in text


def test_debug_shows_the_trace(fake):
    ran = fake("broken", "--debug", "run", "release")
    Path(next(line.split(": ", 1)[1] for line in ran.err.splitlines() if line.startswith("  trace: "))).unlink()
    assert ran.code == 70
    assert "Traceback" in ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["statsu"], "did you mean `status`?"),
        (["status", "--jsn"], "did you mean `--json`?"),
        (["status", "--stor", "x"], "--store is a global option and stands before the command"),
        (["status", "--store", "x"], "--store is a global option and stands before the command"),
        (["status", "a", "b"], "unexpected extra argument"),
        (["status", "--limit", "many"], "'many' is no whole number"),
        (["status", "--limit", "-1"], "-1 is less than 0"),
        (["validate", "a", "--format", "xml"], "--format"),
        (["pause"], "missing argument 'ID'"),
        (["--bogus"], "no such option: --bogus"),
    ],
)
def test_usage_errors_exit_2_and_say_what_was_meant(fake, words, said):
    ran = fake("completed", *words)
    assert ran.code == 2
    assert said in ran.err
    assert ran.err.startswith("error: ")
    assert "Traceback" not in ran.err


def test_a_file_given_as_command_is_recognised(fake, tmp_path):
    (tmp_path / "a.yaml").write_text("")
    assert "treadle run a.yaml" in fake("completed", "a.yaml").err


def test_usage_error_as_json(fake):
    document = json.loads(fake("completed", "status", "--jsn", "--json").out)
    assert document["error"]["exit_code"] == 2


@pytest.mark.parametrize("command", ["status", "history", "logs", "watch", "resume", "pause", "cancel", "rollback"])
def test_unknown_execution_exits_3(fake, command):
    ran = fake("completed", command, "zzz")
    assert ran.code == 3
    assert "no execution begins with 'zzz'" in ran.err


def test_reader_that_goes_away_is_no_error(fake_argv):
    child = subprocess.Popen(
        [sys.executable, "-c", _MANY_LINES], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.readline()
    child.stdout.close()
    assert child.wait(60) == 0
    assert child.stderr.read() == ""
    child.stderr.close()


_MANY_LINES = """
import sys
from treadle.cli.console import Terminal
terminal = Terminal()
for number in range(200_000):
    terminal.data(f"line {number}")
"""


def test_ctrl_c_while_looking_exits_130_without_a_trace(fake):
    ran = fake("interrupts", "logs", "2026")
    assert ran.code == 130
    assert "Traceback" not in ran.err
