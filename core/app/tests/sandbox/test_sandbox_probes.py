"""Each level does what its description says: a real child tries, and the disk and the network tell."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from treadle.sandbox import SystemSandbox, _launcher
from treadle_hookspecs import SandboxPolicy, TreadleError

PYTHON = sys.executable

needs_landlock = pytest.mark.skipif(not _launcher.landlock_abi(), reason="this kernel has no Landlock")


def run(policy: SandboxPolicy, code: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    wrapped = SystemSandbox().wrap((PYTHON, "-I", "-c", code), policy, cwd)
    return subprocess.run(
        wrapped.argv, env={**os.environ, **wrapped.env}, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "private.txt").write_text("private")
    return inside, outside


@needs_landlock
def test_a_child_writes_inside_and_neither_reads_nor_writes_outside(places: tuple[Path, Path]) -> None:
    inside, outside = places
    policy = SandboxPolicy(write=(inside,))
    done = run(policy, "import os; os.makedirs('a/b'); open('a/b/c', 'w').write('x'); os.rename('a/b/c', 'd')", inside)
    assert (done.returncode, done.stderr) == (0, "")
    assert (inside / "d").read_text() == "x"
    for code in (f"open({str(outside / 'new')!r}, 'w')", f"open({str(outside / 'private.txt')!r})"):
        refused = run(policy, code, inside)
        assert "PermissionError" in refused.stderr
    assert [path.name for path in outside.iterdir()] == ["private.txt"]


@needs_landlock
def test_what_may_be_read_may_not_be_written(places: tuple[Path, Path]) -> None:
    inside, outside = places
    policy = SandboxPolicy(read=(outside,), write=(inside,))
    assert run(policy, f"print(open({str(outside / 'private.txt')!r}).read())", inside).stdout == "private\n"
    assert "PermissionError" in run(policy, f"open({str(outside / 'private.txt')!r}, 'a')", inside).stderr


@needs_landlock
def test_a_link_out_of_the_folder_leads_nowhere(places: tuple[Path, Path]) -> None:
    inside, outside = places
    (inside / "way").symlink_to(outside)
    assert "PermissionError" in run(SandboxPolicy(write=(inside,)), "open('way/new', 'w')", inside).stderr
    assert not (outside / "new").exists()


@pytest.mark.skipif(not _launcher.can_cut_network(), reason="seccomp is not known for this processor")
def test_the_network_is_cut_and_can_be_opened(places: tuple[Path, Path]) -> None:
    inside, _ = places
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = f"import socket; socket.create_connection(('127.0.0.1', {server.getsockname()[1]})); print('through')"
        assert "PermissionError" in run(SandboxPolicy(write=(inside,)), code, inside).stderr
        assert run(SandboxPolicy(write=(inside,), network=True), code, inside).stdout == "through\n"
    pair = "import socket; print(len(socket.socketpair()))"
    assert run(SandboxPolicy(write=(inside,)), pair, inside).stdout == "2\n"


def test_the_environment_is_built_and_not_inherited(places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIVATE_TOKEN", "hidden")
    policy = SandboxPolicy(write=(places[0],), env={"GIVEN": "yes"})
    done = run(policy, "import os; print(sorted(set(os.environ) - {'LC_CTYPE'}))", places[0])
    assert "PRIVATE_TOKEN" not in done.stdout
    assert "TREADLE_SANDBOX" not in done.stdout
    assert "'GIVEN'" in done.stdout
    assert "'PATH'" in done.stdout


def test_bounds_hold_on_every_level_but_off(places: tuple[Path, Path]) -> None:
    code = "import os; f = os.open('big', os.O_CREAT | os.O_WRONLY); [os.write(f, b'x' * 512) for _ in '12345678']"
    limited = run(SandboxPolicy(write=(places[0],), level="limits", file_size=1024), code, places[0])
    assert limited.returncode != 0
    assert (places[0] / "big").stat().st_size <= 1024
    assert run(SandboxPolicy(write=(places[0],), level="off", file_size=1024), code, places[0]).returncode == 0


def test_memory_is_bounded(places: tuple[Path, Path]) -> None:
    policy = SandboxPolicy(write=(places[0],), memory=200_000_000)
    assert "MemoryError" in run(policy, "x = bytearray(400_000_000)", places[0]).stderr


def test_the_description_says_what_holds(places: tuple[Path, Path]) -> None:
    def wrapped(level: str) -> tuple[bool, str]:
        found = SystemSandbox().wrap(("true",), SandboxPolicy(level=level), places[0])  # type: ignore[arg-type]
        return found.confined, found.description

    assert wrapped("off") == (False, "not sandboxed: switched off")
    assert wrapped("limits") == (False, "not sandboxed: only time, memory and file sizes are bounded")


def test_without_support_auto_says_so_and_strict_refuses(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_launcher, "landlock_abi", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda *_: None)
    found = SystemSandbox().wrap(("true",), SandboxPolicy(), places[0])
    assert (found.confined, found.description[:13]) == (False, "not sandboxed")
    with pytest.raises(TreadleError, match="nothing that confines"):
        SystemSandbox().wrap(("true",), SandboxPolicy(level="strict"), places[0])


def test_a_program_that_is_not_there_is_said(places: tuple[Path, Path]) -> None:
    wrapped = SystemSandbox().wrap(("no-such-program",), SandboxPolicy(write=(places[0],)), places[0])
    done = subprocess.run(wrapped.argv, env={**os.environ, **wrapped.env}, capture_output=True, text=True, check=False)
    assert (done.returncode, "cannot start no-such-program" in done.stderr) == (_launcher.FAILED, True)
