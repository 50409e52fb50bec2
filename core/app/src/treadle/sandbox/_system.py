"""`treadle_hookspecs.Sandbox` with what this system has: Landlock and seccomp, bubblewrap, bounds."""

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from treadle_hookspecs import ExitCode, Sandboxed, SandboxPolicy, TreadleError

from treadle.sandbox import _launcher

_INHERITED: Final = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT")
_FALLBACK_PATH: Final = "/usr/local/bin:/usr/bin:/bin"
_BESIDE: Final = ("lib", "lib64", "libexec", "share/pipx/venvs", "share/uv/tools")
"""Where programs of a `bin` in the user's home keep the rest of themselves; beside it lie keys and histories."""


class SystemSandbox:
    """Confines children as far as this system can."""

    def wrap(self, argv: Sequence[str], policy: SandboxPolicy, cwd: Path) -> Sandboxed:
        """See `treadle_hookspecs.Sandbox.wrap`."""
        environment = _environment(policy.env)
        read = [*_readable(environment["PATH"]), *(os.path.realpath(path) for path in policy.read)]
        write = [os.path.realpath(path) for path in policy.write]
        landlock = policy.level in ("auto", "strict") and _launcher.landlock_abi() > 0
        bubblewrap = shutil.which("bwrap") if policy.level == "strict" else None
        confined = bool(landlock or bubblewrap) and (policy.network or _launcher.can_cut_network() or bool(bubblewrap))
        if policy.level == "strict" and not confined:
            raise _not_strict()
        told = {
            "env": environment,
            "read": read,
            "write": write,
            "network": policy.network or policy.level in ("limits", "off"),
            "landlock": landlock,
            "limits": {} if policy.level == "off" else _limits(policy),
            "cwd": str(cwd),
        }
        launched = (sys.executable, "-I", "-S", str(Path(_launcher.__file__)), *argv)
        if bubblewrap:
            launched = (bubblewrap, *_bubble(read, write, policy), "--", *launched)
        variable = {_launcher.VARIABLE: json.dumps(told)}
        return Sandboxed(launched, variable, confined, _described(policy, landlock, bubblewrap))


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {"PATH": _FALLBACK_PATH, **inherited, **given}


def _readable(path: str) -> Iterator[str]:
    """Where programs and what they need lie: this Python, and the prefixes of the folders on PATH."""
    home = Path.home().resolve()
    for folder in (sys.prefix, sys.base_prefix, *filter(None, path.split(os.pathsep))):
        place = Path(folder).resolve()
        yield str(place)
        prefix = place.parent
        if place.name not in ("bin", "sbin") or prefix == prefix.parent:
            continue
        # A program finds its library beside its folder; what holds the user's own files is not opened as a whole.
        if prefix.is_relative_to(home):
            yield from (str(prefix / name) for name in _BESIDE)
        elif not home.is_relative_to(prefix):
            yield str(prefix)


def _processes(wanted: int) -> int:
    """The bound that leaves this user so many more than there are: the system counts all of them, threads too."""
    if sys.platform != "linux":
        return 0
    own, count = os.getuid(), 0
    for folder in os.scandir("/proc"):
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                count += len(os.listdir(f"{folder.path}/task")) if folder.stat().st_uid == own else 0  # noqa: PTH208
    return count + wanted


def _limits(policy: SandboxPolicy) -> dict[str, int]:
    wanted = {
        # Not the address space: some language runtimes reserve far more of it than they use.
        "RLIMIT_DATA": policy.memory,
        "RLIMIT_CPU": policy.cpu,
        "RLIMIT_NPROC": _processes(policy.processes) if policy.processes else 0,
        "RLIMIT_FSIZE": policy.file_size,
    }
    return {"RLIMIT_CORE": 0, **{name: value for name, value in wanted.items() if value}}


def _bubble(read: Sequence[str], write: Sequence[str], policy: SandboxPolicy) -> Iterator[str]:
    yield from ("--unshare-all", "--die-with-parent", "--new-session", "--proc", "/proc", "--dev", "/dev")
    yield from ("--tmpfs", "/tmp") if not policy.network else ("--share-net", "--tmpfs", "/tmp")  # noqa: S108 - its own
    for path in ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/etc", "/opt", "/nix/store", *read):
        if Path(path).is_symlink():
            yield from ("--symlink", os.readlink(path), path)  # noqa: PTH115 - as text
        else:
            yield from ("--ro-bind-try", path, path)
    yield from ("--ro-bind", str(Path(_launcher.__file__)), str(Path(_launcher.__file__)))
    for path in write:
        yield from ("--bind", path, path)


def _described(policy: SandboxPolicy, landlock: bool, bubblewrap: str | None) -> str:
    if policy.level == "off":
        return "not sandboxed: switched off"
    if not (landlock or bubblewrap):
        return "not sandboxed: only time, memory and file sizes are bounded"
    means = " and ".join(["Landlock"] * landlock + ["bubblewrap"] * bool(bubblewrap))
    if policy.network:
        network = "the network is open"
    else:
        network = "no network" if bubblewrap or _launcher.can_cut_network() else "the network cannot be cut here"
    return f"sandboxed by {means}: writes {len(policy.write)} folders, {network}"


def _not_strict() -> TreadleError:
    return TreadleError(
        "this system has nothing that confines files and network of a child process",
        suggestions=("install bubblewrap", "or use the sandbox level auto, which says what it can do"),
        exit_code=ExitCode.NOT_ALLOWED,
    )
