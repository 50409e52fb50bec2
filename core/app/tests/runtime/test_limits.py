"""Real programs that use too much: they are ended, and the verdict names figure and limit."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from treadle.amounts import bytes_of
from treadle.runtime.limits import Watch
from treadle.runtime.processes import ProcessRegistry, run_process
from treadle.runtime.usage import Files, seconds_of, usage_of
from treadle_engine.plan import Limits
from treadle_hookspecs import ActionError, ProcessResult

Run = Callable[..., ProcessResult]

# What a sh does that starts a Python: the memory is not the leader's.
FILLS_MEMORY = "import time; kept = bytearray(300_000_000); kept[::4096] = b'x' * len(kept[::4096]); time.sleep(60)"
BURNS_TIME = "while True: pass"
WRITES = """
import pathlib, sys, time
folder = pathlib.Path(sys.argv[1])
for number in range(int(sys.argv[2])):
    (folder / f"part-{number}").write_bytes(b"x" * 100_000)
if sys.argv[3] == "stays":
    time.sleep(60)
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def start(*argv: str, **limits: float) -> ProcessResult:
        watch = Watch(Limits(**limits), (tmp_path,), tmp_path / "home")  # type: ignore[arg-type]
        registry = ProcessRegistry()
        try:
            return asyncio.run(
                run_process(argv, cwd=tmp_path, env=dict(os.environ), grace=0.1, registry=registry, watch=watch)
            )
        finally:
            registry.close()

    return start


def verdict(run: Run, *argv: str, **limits: float) -> tuple[str, str]:
    with pytest.raises(ActionError) as raised:
        run(*argv, **limits)
    return raised.value.error_class, raised.value.message


def test_the_memory_of_the_whole_group_counts(run: Run) -> None:
    kind, message = verdict(run, "sh", "-c", f'"{sys.executable}" -c "{FILLS_MEMORY}"; true', memory=100_000_000)
    assert kind == "memory-limit"
    assert "its limit is 100.0 MB" in message


def test_processor_time_is_that_of_all_together(run: Run) -> None:
    burning = f'"{sys.executable}" -c "{BURNS_TIME}" &'
    kind, message = verdict(run, "sh", "-c", f"{burning} {burning} wait", cpu=0.3)
    assert kind == "cpu-limit"
    assert "its limit is 0.3 s" in message


@pytest.mark.parametrize("how", ["stays", "goes"])
def test_what_it_writes_counts_while_it_runs_and_after(run: Run, tmp_path: Path, how: str) -> None:
    (tmp_path / "large").write_bytes(b"x" * 5_000_000)  # what was there does not count
    kind, message = verdict(run, sys.executable, "-c", WRITES, str(tmp_path), "5", how, disk=300_000)
    assert kind == "disk-limit"
    assert "its limit on disk is 300.0 kB" in message


def test_one_file_cannot_outgrow_the_limit_between_two_looks(run: Run, tmp_path: Path) -> None:
    kind, _ = verdict(run, "sh", "-c", "head -c 50000000 /dev/zero > big || true", disk=200_000)
    assert kind == "disk-limit"
    assert (tmp_path / "big").stat().st_size < 250_000


def test_output_is_bounded(run: Run) -> None:
    kind, message = verdict(run, "sh", "-c", "while :; do echo many words; done", output=50_000)
    assert kind == "output-limit"
    assert "50.0 kB" in message


def test_who_stays_within_is_left_alone(run: Run, tmp_path: Path) -> None:
    limits = {"memory": 2_000_000_000, "cpu": 60, "disk": 1_000_000, "output": 1000}
    result = run("sh", "-c", "echo 'quoted \"words\"' $1; echo x > file", "sh", "a b", **limits)
    assert (result.exit_code, result.stdout) == (0, 'quoted "words" a b\n')


def test_files_that_shrink_or_go_do_not_hide_those_that_grow(tmp_path: Path) -> None:
    (tmp_path / "gone").write_bytes(b"x" * 1000)
    (tmp_path / "kept").write_bytes(b"x" * 1000)
    (tmp_path / "home").mkdir()
    files = Files((tmp_path,), tmp_path / "home")
    (tmp_path / "gone").unlink()
    (tmp_path / "kept").write_bytes(b"x" * 1500)
    (tmp_path / "deep/er").mkdir(parents=True)
    (tmp_path / "deep/er/new").write_bytes(b"x" * 200)
    (tmp_path / "deep/link").symlink_to(tmp_path / "kept")
    (tmp_path / "home/log").write_bytes(b"x" * 10_000)
    assert files.grown() == 700


def test_this_process_uses_something() -> None:
    used = usage_of([os.getpgrp()], [os.getpid()])
    assert used.memory > 1_000_000
    assert used.cpu > 0


@pytest.mark.parametrize(("written", "seconds"), [("3:04.50", 184.5), ("02:03:04", 7384), ("1-00:00:01", 86401)])
def test_processor_time_as_ps_writes_it(written: str, seconds: float) -> None:
    assert seconds_of(written) == seconds


def test_amounts_are_read_easily() -> None:
    assert [bytes_of(size) for size in (812, 64_000, 1_500_000_000)] == ["812 B", "64.0 kB", "1.5 GB"]
