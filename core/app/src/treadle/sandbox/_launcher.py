"""The program between treadle and a confined child: takes rights away from itself, then becomes the child.

It is run as a script, by itself: the standard library only. What it has to do stands in the variable
`TREADLE_SANDBOX` as JSON: `env` (the whole environment), `read`, `write` (paths), `network`, `landlock` (bool),
`limits` (by the names of `resource`), `cwd`. A command line of another user shows no variable.
"""

import ctypes
import json
import os
import struct
import sys
from contextlib import suppress
from typing import Any, Final

VARIABLE: Final = "TREADLE_SANDBOX"
KEPT: Final = "TREADLE_PROCESS"
"""By this one treadle finds what it has to end; see `treadle.runtime._process_group`."""
FAILED: Final = 126
"""The exit code when the rights could not be taken away: then nothing is run."""

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER, _DROP_CAPABILITY = 38, 22, 2, 24
_CAPABILITIES: Final = 0x20080522
"""The version of the form in which the kernel tells capabilities."""
_OF_FILE_OWNERS: Final = 0b11111
"""Change owners, pass by permissions, act as an owner, keep set-id bits: what root's file commands need."""
_READ: Final = 0b1101
"""Execute, read files, read folders."""
_OF_FILES: Final = 0b1100000000000111
"""What can be allowed for a file: execute, write, read, truncate, ioctl."""
_FILES_BY_ABI: Final = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 4: 0x7FFF, 5: 0xFFFF}
_DEVICES: Final = ("null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts")
_SYSTEM: Final = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/etc", "/opt", "/nix/store", "/proc", "/sys")
_SECCOMP: Final = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""The kernel's name for the architecture, and its number for `socket`."""
_IO_URING: Final = 425
_REFUSE, _ALLOW, _KILL = 0x00050000 | 13, 0x7FFF0000, 0x80000000


def landlock_abi() -> int:
    """The version of Landlock that this kernel speaks; 0 without it."""
    if sys.platform != "linux":
        return 0
    return max(0, int(_libc().syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1))))


def can_cut_network() -> bool:
    """Opening connections can be refused to a child."""
    return sys.platform == "linux" and os.uname().machine in _SECCOMP


def confine_files(read: list[str], write: list[str]) -> None:
    """Leave this process and its children these paths only. Raises `OSError`."""
    abi = landlock_abi()
    handled = _FILES_BY_ABI[min(abi, 5)]
    # Networks are cut by seccomp, which covers UDP too; from version 6 on nobody outside can be signalled either.
    fields = (handled, 0, 3 if abi >= 6 else 0)
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    ruleset = _called(_CREATE, struct.pack("QQQ", *fields)[:size], ctypes.c_size_t(size), ctypes.c_uint32(0))
    for path in (*_SYSTEM, *read):
        _allow(ruleset, path, _READ & handled)
    for path in (*write, *(f"/dev/{name}" for name in _DEVICES)):
        _allow(ruleset, path, handled)
    _called(_RESTRICT, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    os.close(ruleset)


def cut_network() -> None:
    """Refuse sockets to this process and its children, but for pairs among themselves. Raises `OSError`.

    Those of this machine are refused too: behind them are daemons that do for whoever asks what we forbid here.
    """
    architecture, socket = _SECCOMP[os.uname().machine]
    # Loads: 4 is the architecture, 0 the call's number.
    program = [
        (0x20, 0, 0, 4), (0x15, 1, 0, architecture), (0x06, 0, 0, _KILL),
        (0x20, 0, 0, 0), (0x35, 3, 0, 0x40000000), (0x15, 2, 0, _IO_URING), (0x15, 1, 0, socket),
        (0x06, 0, 0, _ALLOW), (0x06, 0, 0, _REFUSE),
    ]  # fmt: skip
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    # The program's address belongs 8 bytes in, behind its length.
    header = struct.pack("HxxxxxxP", len(program), ctypes.addressof(code))
    if _libc().prctl(_SET_SECCOMP, _FILTER, header, 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")


def drop_capabilities() -> None:
    """Leave root what files need. With the rest it may look into processes that Landlock keeps others out of."""
    libc = _libc()
    for capability in range(64):
        if not _OF_FILE_OWNERS >> capability & 1:
            libc.prctl(_DROP_CAPABILITY, capability, 0, 0, 0)
    header = struct.pack("Ii", _CAPABILITIES, 0)
    own = ctypes.create_string_buffer(24)
    if libc.capget(header, own):
        raise OSError(ctypes.get_errno(), "capget")
    permitted = struct.unpack("6I", own.raw)[1] & _OF_FILE_OWNERS
    if libc.capset(header, struct.pack("6I", permitted, permitted, 0, 0, 0, 0)):
        raise OSError(ctypes.get_errno(), "capset")


def bound(limits: dict[str, int]) -> None:
    """Set bounds on what this process and its children use, as far as they are not tighter already."""
    import resource

    for name, wanted in limits.items():
        kind = getattr(resource, name)
        _, hard = resource.getrlimit(kind)
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with suppress(OSError, ValueError):
            resource.setrlimit(kind, (limit, limit))


def main() -> None:
    """Do what the variable says, then become the program of the command line."""
    policy = json.loads(os.environ.pop(VARIABLE))
    environment = {**policy["env"], **{name: value for name, value in os.environ.items() if name.startswith(KEPT)}}
    try:
        os.chdir(policy["cwd"])
        bound(policy["limits"])
        if policy["landlock"] or not policy["network"]:
            _libc().prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        if policy["landlock"]:
            confine_files(policy["read"], policy["write"])
            drop_capabilities()
        if not policy["network"] and can_cut_network():
            cut_network()
        os.execvpe(sys.argv[1], sys.argv[1:], environment)  # noqa: S606 - there is no shell in it
    except OSError as error:
        sys.stderr.write(f"cannot start {sys.argv[1]} in the sandbox: {error}\n")
        sys.exit(FAILED)


def _allow(ruleset: int, path: str, rights: int) -> None:
    with suppress(FileNotFoundError, PermissionError, NotADirectoryError):
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            granted = rights if os.path.isdir(path) else rights & _OF_FILES  # noqa: PTH112 - pathlib costs start-up
            rule = struct.pack("=Qi", granted, descriptor)
            _called(_ADD, ctypes.c_int(ruleset), ctypes.c_int(1), rule, ctypes.c_uint32(0))
        finally:
            os.close(descriptor)


def _called(number: int, *arguments: Any) -> int:
    result = int(_libc().syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), f"landlock: {os.strerror(ctypes.get_errno())}")
    return result


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


if __name__ == "__main__":
    main()
