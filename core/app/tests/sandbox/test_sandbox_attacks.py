"""What a hostile child tries, on each level that confines: the disk, the network and other processes tell."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from treadle.sandbox import SystemSandbox, _launcher
from treadle.sandbox._system import _limits
from treadle_hookspecs import SandboxLevel, SandboxPolicy

PYTHON = os.path.realpath(sys.executable)
NOBODY = 65534
LEVELS: tuple[SandboxLevel, ...] = ("auto", "strict")
SCOPED = 6
"""The version of Landlock from which on nobody outside can be signalled."""


def _namespaces() -> bool:
    """bubblewrap can do its work here."""
    argv = ("bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "true")
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


@pytest.fixture(params=LEVELS)
def level(request: pytest.FixtureRequest) -> SandboxLevel:
    """Landlock and seccomp; bubblewrap around both."""
    found: SandboxLevel = request.param
    if not _launcher.landlock_abi():
        pytest.skip("this kernel has no Landlock")
    if not _launcher.can_cut_network():
        pytest.skip("seccomp is not known for this processor")
    if found == "strict" and shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed")
    if found == "strict" and not _namespaces():
        pytest.skip("bubblewrap may make no namespaces here")
    return found


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    """What the child may write to."""
    folder = tmp_path / "inside"
    folder.mkdir()
    return folder


def run(level: SandboxLevel, code: str, inside: Path, *, input: str = "") -> subprocess.CompletedProcess[str]:
    """A hostile program to its end."""
    wanted = SandboxPolicy(write=(inside,), level=level)
    wrapped = SystemSandbox().wrap((PYTHON, "-I", "-c", code), wanted, inside)
    assert wrapped.confined
    return subprocess.run(
        wrapped.argv,
        env={**os.environ, **wrapped.env},
        input=input,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def victim() -> Iterator[subprocess.Popen[str]]:
    """Another process of the same user, with a secret in its environment."""
    process = subprocess.Popen(
        (PYTHON, "-I", "-c", "print('up', flush=True); input()"),
        env={"TOKEN": "of somebody else"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    yield process
    process.kill()
    process.communicate()


TRIES = """
import json, sys
for number, code in enumerate(json.load(sys.stdin)):
    try:
        exec(code, {})
    except OSError as error:
        print(number, type(error).__name__)
    else:
        print(number, "through")
"""


def tried(level: SandboxLevel, codes: Sequence[str], inside: Path) -> list[str]:
    """What became of each: the error's name, or `through`."""
    done = run(level, TRIES, inside, input=json.dumps(list(codes)))
    assert done.stderr == ""
    return [line.partition(" ")[2] for line in done.stdout.splitlines()]


def test_nothing_is_written_outside(level: SandboxLevel, inside: Path) -> None:
    outside = inside.with_name("outside")
    outside.mkdir()
    (outside / "private").write_text("private")
    (inside / "own").write_text("own")
    codes = [
        "open({outside!r} + '/new', 'w')",
        "import os; os.mkdir({outside!r} + '/new')",
        "import os; os.symlink('x', {outside!r} + '/new')",
        "import os; os.rename('own', {outside!r} + '/new')",
        "import os; os.link({outside!r} + '/private', 'linked'); open('linked', 'a').write('x')",
        "import os; os.unlink({outside!r} + '/private')",
        "import os; os.truncate({outside!r} + '/private', 0)",
        "import os; os.symlink({outside!r}, 'way'); open('way/private', 'w')",
        "import os; os.chdir('..'); open('outside/private', 'w')",
    ]
    assert "through" not in tried(level, [code.format(outside=str(outside)) for code in codes], inside)
    assert [path.name for path in outside.iterdir()] == ["private"]
    assert (outside / "private").read_text() == "private"
    assert (inside / "own").read_text() == "own"


def test_keys_beside_programs_on_path_are_not_read(
    level: SandboxLevel, tmp_path: Path, inside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`~/.local/bin` and `~/.cargo/bin` are on the PATH of many: what lies beside them is no part of a program."""
    home = tmp_path / "home"
    keys = [home / name for name in (".ssh/id_ed25519", ".local/share/keyrings/login", ".cargo/credentials.toml")]
    programs = [home / name for name in (".local/bin/tool", ".local/lib/python/tool.py", ".cargo/bin/tool")]
    for path in (*keys, *programs):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", os.pathsep.join([f"{home}/.local/bin", f"{home}/.cargo/bin", os.environ["PATH"]]))
    found = tried(level, [f"open({str(path)!r})" for path in (*keys, *programs)], inside)
    assert [one == "through" for one in found] == [False, False, False, True, True, True]


def test_no_socket_leads_anywhere(level: SandboxLevel, inside: Path) -> None:
    """Of the internet, and of this machine: whoever reaches a container daemon's socket is out of the sandbox."""
    with socket.socket(socket.AF_UNIX) as daemon, socket.create_server(("127.0.0.1", 0)) as server:
        daemon.bind(str(inside / "daemon"))
        daemon.listen()
        port = server.getsockname()[1]
        ways = [("AF_INET", ("127.0.0.1", port)), ("AF_INET6", ("::1", port)), ("AF_UNIX", str(inside / "daemon"))]
        codes = [
            f"import socket as s; s.socket(s.{family}, s.{kind}).connect({address!r})"
            for family, address in ways
            for kind in ("SOCK_STREAM", "SOCK_DGRAM")
        ]
        assert tried(level, codes, inside) == ["PermissionError"] * 6
        assert tried(level, ["import socket; socket.socketpair()"], inside) == ["through"]


def test_others_cannot_be_signalled(level: SandboxLevel, inside: Path, victim: subprocess.Popen[str]) -> None:
    if level == "auto" and _launcher.landlock_abi() < SCOPED:
        pytest.skip("this kernel's Landlock lets signals pass")
    found = tried(level, [f"import os; os.kill({target}, 9)" for target in (victim.pid, os.getpid())], inside)
    assert set(found) <= {"PermissionError", "ProcessLookupError"}
    assert victim.poll() is None


def test_others_cannot_be_looked_into(level: SandboxLevel, inside: Path, victim: subprocess.Popen[str]) -> None:
    attach = f"import ctypes; c = ctypes.CDLL(None); print(c.ptrace(16, {victim.pid}, None, None))"
    assert run(level, attach, inside).stdout == "-1\n"
    names = ("environ", "mem", "maps", "fd/0", "cwd/x", "root/etc/passwd")
    found = tried(level, [f"open('/proc/{victim.pid}/{name}', 'rb').read(1)" for name in names], inside)
    assert "through" not in found
    assert victim.poll() is None


def test_rights_do_not_come_back(level: SandboxLevel, inside: Path) -> None:
    """Neither by a program with more rights, nor by another process, nor by taking the sandbox off again."""
    outside = inside.with_name("new")
    again = f"import subprocess; subprocess.run(['sh', '-c', 'echo x > {outside}; su -c id; mount -t tmpfs x /mnt'])"
    run(level, again, inside)
    assert not outside.exists()
    assert not os.path.ismount("/mnt")
    flag = "print([line.split()[1] for line in open('/proc/self/status') if line.startswith('NoNewPrivs')])"
    assert run(level, flag, inside).stdout == "['1']\n"


def test_a_fork_bomb_ends_at_its_bound() -> None:
    """As a user without rights: the system counts no processes of root."""
    code = f"""
import os, resource, runpy, signal
bound = runpy.run_path({_launcher.__file__!r})["bound"]
if os.getuid() == 0:
    os.setgid({NOBODY})
    os.setuid({NOBODY})
limits = {_limits(SandboxPolicy(processes=40))!r}
bound(limits)
children = []
try:
    for _ in range(limits["RLIMIT_NPROC"] + 1):
        if (child := os.fork()) == 0:
            signal.pause()
        children.append(child)
except BlockingIOError:
    print("bounded")
for child in children:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""
    done = subprocess.run((PYTHON, "-I", "-c", code), capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == ("bounded\n", "")


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="this system has no /proc")
def test_the_bound_leaves_room_beside_what_runs_already(inside: Path) -> None:
    """The system counts all processes of the user: a bare number would refuse the first child on a busy desktop."""
    wrapped = SystemSandbox().wrap(("true",), SandboxPolicy(level="limits", processes=1), inside)
    done = subprocess.run(wrapped.argv, env={**os.environ, **wrapped.env}, check=False, timeout=60)
    assert done.returncode == 0
