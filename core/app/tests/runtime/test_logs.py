"""Logs of steps: masked, bounded, readable."""

import os
import re
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from treadle.runtime.logs import StepLog, log_path, read_log, tail_log
from treadle.secrets import Masker

SECRET = "s3cr3t-value"

ADDRESSES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300)


def texts(path: Path, stream: str = "") -> list[str]:
    return [entry.text for entry in read_log(path) if stream in ("", entry.stream)]


def test_lines_carry_time_and_stream(tmp_path: Path) -> None:
    with StepLog(tmp_path / "x.log", Masker()) as log:
        log.write("stdout", b"out\n")
        log.write("stderr", b"err\n")
        log.debug("d")
        log.info("two\nlines")
        log.warning("w")
        log.error("e")
    lines = log.path.read_text().splitlines()
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (stdout|stderr|log)\|.*", line) for line in lines)
    assert list(read_log(log.path)) == [
        ("stdout", "out"),
        ("stderr", "err"),
        ("log", "debug: d"),
        ("log", "two"),
        ("log", "lines"),
        ("log", "warning: w"),
        ("log", "error: e"),
    ]


def test_a_step_that_says_nothing_has_no_file(tmp_path: Path) -> None:
    with StepLog(tmp_path / "logs" / "x.log", Masker()) as log:
        log.write("stdout", b"")
    assert list(tmp_path.iterdir()) == []
    assert list(read_log(log.path)) == tail_log(log.path) == []


def test_folder_and_file_are_the_users_alone(tmp_path: Path) -> None:
    with StepLog(tmp_path / "logs" / "x.log", Masker()) as log:
        log.info("x")
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(log.path.parent.stat().st_mode) == 0o700


def test_lines_appear_while_the_step_runs(tmp_path: Path) -> None:
    log = StepLog(tmp_path / "x.log", Masker([SECRET]))
    log.write("stdout", b"first\nsec")
    assert texts(log.path) == ["first"]
    log.write("stdout", b"ond\n")
    assert texts(log.path) == ["first", "second"]
    log.close()


def test_streams_do_not_mix_within_a_line(tmp_path: Path) -> None:
    with StepLog(tmp_path / "x.log", Masker()) as log:
        log.write("stdout", b"a")
        log.write("stderr", b"x\n")
        log.write("stdout", b"b\n")
        log.write("stdout", b"no line end")
    assert list(read_log(log.path)) == [("stderr", "x"), ("stdout", "ab"), ("stdout", "no line end")]


def test_a_secret_over_chunks_and_in_what_the_action_says(tmp_path: Path) -> None:
    with StepLog(tmp_path / "x.log", Masker([SECRET])) as log:
        for byte in f"token={SECRET}!\n".encode():
            log.write("stdout", bytes([byte]))
        log.error(f"cannot use {SECRET}")
        log.write("stderr", SECRET.encode())
    assert SECRET not in log.path.read_text()
    assert texts(log.path) == ["token=***!", "error: cannot use ***", "***"]


def test_characters_over_chunks_and_bytes_that_are_no_text(tmp_path: Path) -> None:
    with StepLog(tmp_path / "x.log", Masker()) as log:
        for byte in "ü€😀\n".encode():
            log.write("stdout", bytes([byte]))
        log.write("stdout", b"\xff\r\x85\x1b[31m\n")
    assert texts(log.path) == ["ü€😀", "�\r�\x1b[31m"]


def test_a_line_without_end_is_written_in_pieces_and_read_as_one(tmp_path: Path) -> None:
    log = StepLog(tmp_path / "x.log", Masker())
    log.write("stdout", b"x" * 100_000)
    assert log.path.stat().st_size > 80_000
    log.write("stdout", b"y\n")
    log.close()
    assert max(map(len, log.path.read_text().splitlines())) < 20_000
    assert texts(log.path) == ["x" * 100_000 + "y"]


def test_head_and_tail_are_kept_with_a_note_between(tmp_path: Path) -> None:
    with StepLog(tmp_path / "x.log", Masker(), limit=100_000) as log:
        for number in range(100_000):
            log.write("stdout", f"line {number}\n".encode())
        log.write("stderr", b"the error\n")
    assert log.path.stat().st_size < 150_000
    lines = texts(log.path, "stdout")
    assert lines[:3] == ["line 0", "line 1", "line 2"]
    assert lines[-1] == "line 99999"
    gap = next(at for at in range(1, len(lines)) if int(lines[at][5:]) != at)
    assert [int(line[5:]) for line in lines[gap:]] == list(range(100_000 - len(lines) + gap, 100_000))
    (note,) = texts(log.path, "log")
    left_out = sum(len(f"line {number}\n") for number in range(gap, 100_000 - len(lines) + gap))
    assert note == f"… {left_out} bytes of stdout are left out here …"
    assert texts(log.path, "stderr") == ["the error"]


def test_what_fits_in_both_halves_is_whole(tmp_path: Path) -> None:
    written = [f"line {number} {SECRET}" for number in range(1_200)]
    with StepLog(tmp_path / "x.log", Masker([SECRET]), limit=120_000) as log:
        data = "\n".join(written).encode()
        for at in range(0, len(data), 1_000):
            log.write("stdout", data[at : at + 1_000])
    assert texts(log.path) == [line.replace(SECRET, "***") for line in written]


@given(st.integers(0, 40), st.integers(1, 60), st.booleans())
def test_no_part_of_a_secret_stands_at_the_gap(
    tmp_path_factory: pytest.TempPathFactory, offset: int, chunk: int, lines: bool
) -> None:
    path = tmp_path_factory.mktemp("gap") / "x.log"
    text = "." * offset + (SECRET + ("\n" if lines else "")) * 4_000
    with StepLog(path, Masker([SECRET]), limit=1_000) as log:
        for at in range(0, len(text), chunk * 97):
            log.write("stdout", text[at : at + chunk * 97].encode())
    shown = "".join(texts(path, "stdout")).replace("***", "")
    assert not any(SECRET[at : at + 3] in shown for at in range(len(SECRET) - 2))


def test_threads_may_write_at_once(tmp_path: Path) -> None:
    def say(n: int) -> None:
        for i in range(300):
            log.info(f"{n} {i}")

    with StepLog(tmp_path / "x.log", Masker()) as log:
        threads = [threading.Thread(target=say, args=(n,)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(texts(log.path)) == sorted(f"{n} {i}" for n in range(6) for i in range(300))


def test_what_comes_after_the_end_is_dropped(tmp_path: Path) -> None:
    log = StepLog(tmp_path / "x.log", Masker())
    log.info("in time")
    log.close()
    log.close()
    log.info("too late")
    assert texts(log.path) == ["in time"]


def test_a_second_log_of_one_attempt_adds_to_the_first(tmp_path: Path) -> None:
    for text in ("one", "two"):
        with StepLog(tmp_path / "x.log", Masker()) as log:
            log.info(text)
    assert texts(tmp_path / "x.log") == ["one", "two"]


def test_a_link_in_place_of_the_log_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("theirs")
    (tmp_path / "x.log").symlink_to(tmp_path / "other")
    with StepLog(tmp_path / "x.log", Masker()) as log:
        log.info("ours")
    assert (tmp_path / "other").read_text() == "theirs"
    assert log.failure is not None


def test_a_disk_that_is_full_does_not_fail_the_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = StepLog(tmp_path / "x.log", Masker())

    def full(*_: object) -> int:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        log.info("lost")
    log.info("lost as well")
    log.close()
    assert log.failure is not None
    assert log.failure.errno == 28


def test_the_tail(tmp_path: Path) -> None:
    with StepLog(tmp_path / "x.log", Masker()) as log:
        for number in range(20_000):
            log.info(f"line {number} ü")
    assert [entry.text for entry in tail_log(log.path, 3)] == ["line 19997 ü", "line 19998 ü", "line 19999 ü"]
    assert len(tail_log(log.path)) == 20


def test_foreign_lines_in_a_log_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_bytes(b"nonsense\n\xff\xfe\n2026-01-01T00:00:00.000Z stdout|fine\n\n")
    assert list(read_log(tmp_path / "x.log")) == [("stdout", "fine")]


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("test#1.2", "test#1.2.log"),
        ("test#1!undo.1", "test#1%21%undo.1.log"),
        ("items[2]/test#1.1", "items[2]~test#1.1.log"),
        ("loop:3/race.left/test#1.1", "loop+3~race.left~test#1.1.log"),
    ],
)
def test_names_of_files(tmp_path: Path, address: str, name: str) -> None:
    assert log_path(tmp_path, address) == tmp_path / name


@given(ADDRESSES, ADDRESSES)
def test_any_address_has_a_file_of_its_own_that_any_system_can_have(one: str, other: str) -> None:
    paths = [log_path(Path("logs"), address) for address in (one, other)]
    assert (paths[0] == paths[1]) == (one == other)
    assert str(paths[0]).casefold() == str(paths[0])
    for path in paths:
        assert path.parent == Path("logs")
        assert re.fullmatch(r"[a-z0-9_.#\[\]~+%=-]{1,200}", path.name)


DIAGNOSTICS = """
import sys
from pathlib import Path
from types import SimpleNamespace
import treadle.runtime.logs as logs
from treadle.secrets import Masker
assert "loguru" not in sys.modules
end = logs.configure_diagnostics(SimpleNamespace(home=Path(sys.argv[1]), log_level="info"), Masker(["s3cr3t-value"]))
from loguru import logger
logger.debug("not kept")
logger.info("kept s3cr3t-value {braces}")
def divide(hidden="s3cr3t-other"):
    return 1 / 0
try:
    divide()
except ZeroDivisionError:
    logger.exception("with s3cr3t-value")
end()
logger.error("after the end")
"""


def test_diagnostics_go_to_a_masked_file_and_nowhere_else(tmp_path: Path) -> None:
    home = tmp_path / "home"
    done = subprocess.run([sys.executable, "-c", DIAGNOSTICS, str(home)], capture_output=True, text=True, check=True)
    assert done.stdout == done.stderr == ""
    file = home / "treadle.log"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text()
    assert "kept *** {braces}" in text
    assert "not kept" not in text
    assert "with ***" in text
    assert "ZeroDivisionError: division by zero" in text
    assert "s3cr3t" not in text
    assert "after the end" not in text
