"""Real children: they hang, hide, flood, and are ended all the same."""

import asyncio
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from treadle.runtime import processes
from treadle.runtime.logs import StepLog, read_log
from treadle.runtime.processes import ProcessRegistry, run_process
from treadle.secrets import Masker
from treadle_hookspecs import ActionError, ProcessResult, ToolMissingError

PYTHON = sys.executable
LINUX = sys.platform.startswith("linux")

IGNORE_TERM = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(sys.argv[1], "w").close()
time.sleep(600)
"""

CLEANS_UP = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (print("cleaned", flush=True), sys.exit(7)))
open(sys.argv[1], "w").close()
time.sleep(600)
"""

# A daemon as by the book: double fork, its own session, none of the pipes; it says its id through a file.
DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for fd in range(3):
            os.close(fd)
        with open(sys.argv[1] + ".new", "w") as file:
            file.write(str(os.getpid()))
        os.rename(sys.argv[1] + ".new", sys.argv[1])
        time.sleep(600)
    os._exit(0)
os.wait()
while not os.path.exists(sys.argv[1]):
    pass
"""


Run = Callable[..., Coroutine[Any, Any, ProcessResult]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def start(*argv: str, **options: Any) -> Coroutine[Any, Any, ProcessResult]:
        given: dict[str, Any] = {"cwd": tmp_path, "env": dict(os.environ)} | options
        return run_process(argv, **given)

    return start


@pytest.fixture
def registry() -> Iterator[ProcessRegistry]:
    mine = ProcessRegistry()
    yield mine
    mine.close()


def python(code: str, *arguments: str) -> tuple[str, ...]:
    return (PYTHON, "-c", code, *arguments)


def is_gone(pid: int) -> bool:
    """True once the process has ended, waiting for it up to ten seconds. A zombie has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], 10)[0])
    finally:
        os.close(descriptor)


async def appears(path: Path) -> None:
    while not os.path.exists(path):  # noqa: ASYNC110, ASYNC240, PTH110 - nothing else tells that a file appears
        await asyncio.sleep(0)


async def test_streams_exit_code_and_input(run: Run) -> None:
    code = "import sys; print(sys.stdin.read().upper()); print('warn', file=sys.stderr); sys.exit(3)"
    result = await run(*python(code), stdin=b"hello")
    assert (result.exit_code, result.stdout, result.stderr) == (3, "HELLO\n", "warn\n")
    assert not result.ok
    assert not result.timed_out
    assert not result.truncated
    assert result.argv[0] == PYTHON


async def test_without_input_it_reads_an_end_of_file(run: Run) -> None:
    result = await run(*python("import sys; print(repr(sys.stdin.read()))"))
    assert result.stdout == "''\n"


async def test_a_program_that_does_not_read_its_input_is_no_error(run: Run) -> None:
    result = await run(*python("import sys; sys.stdin.close(); print('done')"), stdin=b"x" * 5_000_000)
    assert (result.exit_code, result.stdout) == (0, "done\n")


async def test_the_environment_is_complete_and_nothing_is_inherited(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAKED", "1")
    result = await run(*python("import os; print(sorted(os.environ))"), env={"PATH": os.environ["PATH"], "MINE": "1"})
    assert "'MINE'" in result.stdout
    assert "LEAKED" not in result.stdout


async def test_death_by_signal_is_a_negative_exit_code(run: Run) -> None:
    result = await run(*python("import os; os.kill(os.getpid(), 9)"))
    assert result.exit_code == -signal.SIGKILL
    assert not result.ok


async def test_bytes_that_are_no_text_are_replaced(run: Run) -> None:
    result = await run(*python(r"import sys; sys.stdout.buffer.write(b'\xff\xfeok')"))
    assert result.stdout == "��ok"


async def test_missing_program_is_named(run: Run) -> None:
    with pytest.raises(ToolMissingError, match="no-such-tool is not on PATH") as caught:
        await run("no-such-tool", "--version")
    assert caught.value.tool == "no-such-tool"
    with pytest.raises(ToolMissingError, match=r"missing\.sh"):
        await run("./missing.sh")


async def test_missing_folder_is_named(run: Run, tmp_path: Path) -> None:
    with pytest.raises(ActionError, match="nowhere is not a folder") as caught:
        await run(PYTHON, cwd=tmp_path / "nowhere")
    assert caught.value.error_class == "cwd"


async def test_a_file_that_cannot_be_executed_is_explained(run: Run, tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("text")
    with pytest.raises(ActionError, match=r"cannot start \./plain: Permission denied"):
        await run("./plain")


async def test_arguments_that_are_too_large_are_explained(run: Run) -> None:
    with pytest.raises(ActionError, match=r"Argument list too long \(500\d+ characters"):
        await run(PYTHON, "-c", "pass", "x" * 5_000_000)


async def test_timeout_ends_it_and_says_so(run: Run) -> None:
    result = await run(*python("import time; print('up', flush=True); time.sleep(600)"), timeout=0.5)
    assert result.timed_out
    assert result.exit_code == -signal.SIGTERM
    assert not result.ok


async def test_one_that_ignores_sigterm_is_killed_after_the_grace_period(
    run: Run, registry: ProcessRegistry, tmp_path: Path
) -> None:
    task = asyncio.ensure_future(run(*python(IGNORE_TERM, "up"), registry=registry))
    await appears(tmp_path / "up")
    await registry.end_all(grace=0.2)
    assert (await task).exit_code == -signal.SIGKILL


async def test_one_that_cleans_up_on_sigterm_has_time_for_it(
    run: Run, registry: ProcessRegistry, tmp_path: Path
) -> None:
    task = asyncio.ensure_future(run(*python(CLEANS_UP, "up"), registry=registry))
    await appears(tmp_path / "up")
    await registry.end_all(grace=100)
    result = await task
    assert (result.exit_code, result.stdout) == (7, "cleaned\n")


async def test_cancellation_ends_the_whole_group(run: Run, tmp_path: Path) -> None:
    script = "sleep 600 & echo $! > child.new; mv child.new child; sleep 600"
    task = asyncio.ensure_future(run("sh", "-c", script))
    await appears(tmp_path / "child")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert is_gone(int((tmp_path / "child").read_text()))


async def test_a_second_cancellation_takes_the_grace_away(run: Run, tmp_path: Path) -> None:
    started = time.monotonic()
    task = asyncio.ensure_future(run(*python(IGNORE_TERM, "up"), grace=250))
    await appears(tmp_path / "up")
    task.cancel()
    for _ in range(3):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - started < 250


async def test_cancellation_while_it_is_being_started_leaves_nothing(
    run: Run, registry: ProcessRegistry, tmp_path: Path
) -> None:
    task = asyncio.ensure_future(run("sleep", "600", registry=registry))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(registry) == 0


async def test_what_a_finished_command_leaves_behind_is_ended(run: Run, tmp_path: Path) -> None:
    result = await run("sh", "-c", "sleep 600 & echo $!")
    assert result.exit_code == 0
    assert is_gone(int(result.stdout))


@pytest.mark.skipif(not LINUX, reason="the search by environment needs /proc")
async def test_a_daemon_that_left_group_and_pipes_is_ended(run: Run, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    result = await run(*python(DAEMON, str(pid_file)), timeout=60)
    assert not result.timed_out
    assert is_gone(int(pid_file.read_text()))


@pytest.mark.skipif(not LINUX, reason="the search by environment needs /proc")
async def test_a_daemon_is_ended_on_cancellation_too(run: Run, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    task = asyncio.ensure_future(run(*python(DAEMON + "\ntime.sleep(600)", str(pid_file))))
    await appears(pid_file)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert is_gone(int(pid_file.read_text()))


@pytest.mark.skipif(not LINUX, reason="setsid(1)")
async def test_one_that_drops_the_marker_outlives_its_step_and_cannot_hold_it_up(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_DRAIN", 0.1)
    result = await run("sh", "-c", "env -u TREADLE_PROCESS setsid sleep 600 & echo $!", timeout=60)
    pid = int(result.stdout)
    try:
        assert not result.timed_out
        os.kill(pid, 0)
    finally:
        os.kill(pid, signal.SIGKILL)
        assert is_gone(pid)


async def test_a_gigabyte_neither_fills_memory_nor_the_disk_nor_blocks(run: Run, tmp_path: Path) -> None:
    log = StepLog(tmp_path / "big.log", Masker(["s3cr3t-value"]), limit=1_000_000)
    script = "echo first; head -c 1000000000 /dev/zero | tr '\\0' 'x'; echo; echo s3cr3t-value last"
    with log:
        result = await run("sh", "-c", script, limit=10_000, log=log, timeout=200)
    assert result.exit_code == 0
    assert result.truncated
    assert result.stdout.startswith("first\nxxx")
    assert result.stdout.endswith("x\ns3cr3t-value last\n")
    assert len(result.stdout) < 10_100
    assert log.path.stat().st_size < 2_500_000
    texts = [entry.text for entry in read_log(log.path)]
    assert texts[0] == "first"
    assert texts[-1] == "*** last"
    assert any(text.endswith("bytes of stdout are left out here …") for text in texts)


async def test_a_flood_of_empty_lines_is_bounded_too(run: Run, tmp_path: Path) -> None:
    with StepLog(tmp_path / "lines.log", Masker(), limit=100_000) as log:
        await run("sh", "-c", "yes '' | head -c 20000000", log=log, limit=1000)
    assert log.path.stat().st_size < 1_500_000


async def test_the_result_is_never_cut_within_a_secret(run: Run, tmp_path: Path) -> None:
    secret = "abcdefghij" * 3
    code = f"print('x' * 490 + {secret!r} + 'y' * 5000 + {secret!r} + 'z' * 480, end='')"
    with StepLog(tmp_path / "cut.log", Masker([secret])) as log:
        result = await run(*python(code), limit=1000, log=log)
    head, _, tail = result.stdout.split("\n")
    assert head == "x" * 490
    assert tail == "z" * 480


async def test_a_character_is_never_cut_in_two(run: Run) -> None:
    result = await run(*python("print('€' * 1000, end='')"), limit=100, env={**os.environ, "PYTHONUTF8": "1"})
    head, note, tail = result.stdout.split("\n")
    assert set(head) == set(tail) == {"€"}
    assert "left out" in note


async def test_output_order_within_a_stream_and_both_streams_reach_the_log(run: Run, tmp_path: Path) -> None:
    with StepLog(tmp_path / "both.log", Masker()) as log:
        code = "import sys\nfor i in range(2000): print(i, file=(sys.stdout, sys.stderr)[i % 2])"
        result = await run(*python(code), log=log)
    assert result.log == log.path
    entries = list(read_log(log.path))
    assert [entry.text for entry in entries if entry.stream == "stdout"] == [str(i) for i in range(0, 2000, 2)]
    assert [entry.text for entry in entries if entry.stream == "stderr"] == [str(i) for i in range(1, 2000, 2)]


async def test_registry_ends_all_that_run(run: Run, registry: ProcessRegistry, tmp_path: Path) -> None:
    tasks = [asyncio.ensure_future(run(*python(IGNORE_TERM, f"up{number}"), registry=registry)) for number in range(3)]
    for number in range(3):
        await appears(tmp_path / f"up{number}")
    assert len(registry) == 3
    await registry.end_all(0.1)
    results = await asyncio.gather(*tasks)
    assert [result.exit_code for result in results] == [-signal.SIGKILL] * 3
    assert len(registry) == 0


async def test_kill_all_does_not_wait(run: Run, registry: ProcessRegistry, tmp_path: Path) -> None:
    task = asyncio.ensure_future(run("sh", "-c", "touch up; sleep 600", registry=registry))
    await appears(tmp_path / "up")
    registry.kill_all()  # the program runs, and its pipes may not be connected yet
    assert (await task).exit_code == -signal.SIGKILL


async def test_a_killed_warden_is_replaced(run: Run, registry: ProcessRegistry, tmp_path: Path) -> None:
    await run("true", registry=registry)
    first = registry._warden
    assert first is not None
    first.kill()
    first.wait()
    await run("true", registry=registry)
    assert registry._warden not in (None, first)
    assert registry._warden.poll() is None


ORPHAN_MAKER = """
import asyncio, os, sys
from pathlib import Path
from treadle.runtime.processes import run_process

async def main():
    script = "sleep 600 & echo $! > group.new; mv group.new group; sleep 600"
    daemon = run_process([sys.executable, "-c", sys.argv[1], "stray"], cwd=Path.cwd(), env=dict(os.environ))
    await asyncio.gather(run_process(["sh", "-c", script], cwd=Path.cwd(), env=dict(os.environ)), daemon)

asyncio.run(main())
"""


@pytest.mark.skipif(not LINUX, reason="the search by environment needs /proc")
def test_kill_9_of_treadle_leaves_no_orphan(tmp_path: Path) -> None:
    victim = subprocess.Popen([PYTHON, "-c", ORPHAN_MAKER, DAEMON + "\ntime.sleep(600)"], cwd=tmp_path)
    while not ((tmp_path / "group").exists() and (tmp_path / "stray").exists()):
        assert victim.poll() is None
    victim.kill()
    victim.wait()
    assert is_gone(int((tmp_path / "group").read_text()))
    assert is_gone(int((tmp_path / "stray").read_text()))


ASKED_TWICE = """
import os, signal, sys, time
if len(sys.argv) == 2:
    os.spawnv(os.P_NOWAIT, sys.executable, [sys.executable, "-c", sys.argv[1], "x", "x"])

def asked(*_):
    print("TERM", flush=True)
    if len(sys.argv) == 2 and LEAVES:
        os._exit(0)

signal.signal(signal.SIGTERM, asked)
open(f"up{len(sys.argv)}", "w").close()
while True:
    time.sleep(1)
"""


@pytest.mark.parametrize("leaves", [False, True], ids=["leader-stays", "leader-leaves"])
async def test_no_process_is_asked_twice(run: Run, registry: ProcessRegistry, tmp_path: Path, leaves: bool) -> None:
    code = ASKED_TWICE.replace("LEAVES", str(leaves))
    task = asyncio.ensure_future(run(*python(code, code), registry=registry))
    await appears(tmp_path / "up2")
    await appears(tmp_path / "up3")
    await registry.end_all(grace=1.5)
    assert (await task).stdout == "TERM\nTERM\n"
