"""The shadow store: a bare git repository of treadle's own that holds what files contain; no user's is written to.

Files are kept byte for byte: attributes that would convert them (line ends, filters, keywords) are switched off, and
neither the system's nor the user's configuration is read.
"""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from uuid import uuid4

from treadle_hookspecs import ExitCode, TreadleError

try:
    import fcntl
except ImportError:  # Windows: executions in one root must not overlap there
    fcntl = None  # type: ignore[assignment]

_ATTRIBUTES: Final = "* -text !eol -ident -filter !working-tree-encoding\n"
_SETTINGS: Final = (
    "core.bare=true",
    "core.compression=1",
    "core.fsync=none",
    "core.quotePath=false",
    "core.symlinks=true",
    "core.fileMode=true",
    "core.ignoreCase=false",
    "core.precomposeUnicode=false",
    "core.untrackedCache=false",
    "core.protectHFS=false",
    "core.protectNTFS=false",
    "gc.auto=0",
    "maintenance.auto=false",
)
_OPTIONS: Final = tuple(word for setting in _SETTINGS for word in ("-c", setting))


class Git:
    """Runs git on one shadow store.

    Args:
        folder: the store's folder; made when it is first opened.
        root: the tree that is looked at.
        index: the file in `folder` by which git knows what has not changed since the last look at that tree.
    """

    def __init__(self, folder: Path, root: Path, index: str = "index") -> None:
        self.folder = folder
        self.root = root
        self._index = index
        self._lock = -1

    def at(self, root: Path, index: str = "") -> "Git":
        """The same store for another tree, to be locked by itself."""
        return Git(self.folder, root, index or self._index)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the store. What is started meanwhile holds it too: a git whose starter was killed is waited for."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if fcntl is not None:
                fcntl.flock(self._lock, fcntl.LOCK_EX)
            self._make()
            (self.folder / f"{self._index}.lock").unlink(missing_ok=True)
            yield
        finally:
            os.close(self._lock)
            self._lock = -1

    def start(self, *words: str, own: bool = True) -> "subprocess.Popen[bytes]":
        """Start git. `own` False: in the root, on the repository that the user has there, without writing to it."""
        options = _OPTIONS if own else ("-c", "core.fsmonitor=false", "-c", "core.quotePath=false")
        argv = [program(), *options, *words]
        return subprocess.Popen(
            argv,
            cwd=self.root,
            env=self._environment() if own else clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(self._lock,) if self._lock >= 0 and os.name == "posix" else (),
        )

    def run(self, *words: str, stdin: bytes = b"", accept: Sequence[int] = (0,)) -> bytes:
        """What git prints. Raises `TreadleError` (exit code 6) when it refuses."""
        return finished(self.start(*words), stdin, accept=accept)

    def _environment(self) -> Mapping[str, str]:
        return {
            **clean_environment(),
            "GIT_DIR": str(self.folder / "store.git"),
            "GIT_WORK_TREE": str(self.root),
            "GIT_INDEX_FILE": str(self.folder / self._index),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_ATTR_NOSYSTEM": "1",
        }

    def _make(self) -> None:
        """Made whole or made again: the last thing that is written is what says that it is there."""
        store = self.folder / "store.git"
        if (store / "HEAD").is_file():
            return
        for folder in ("objects", "refs", "info"):
            (store / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        _place(store / "info" / "attributes", _ATTRIBUTES.encode())
        _place(store / "config", b"[core]\n\trepositoryformatversion = 0\n\tbare = true\n")
        _place(self.folder / "root", os.fsencode(self.root) + b"\n")
        _place(store / "HEAD", b"ref: refs/heads/none\n")


def _place(path: Path, content: bytes) -> None:
    """Whole or not at all, and whoever else makes the same store at the same time puts the same there."""
    draft = path.with_name(f"{path.name}.{uuid4().hex}")
    draft.write_bytes(content)
    draft.replace(path)


def program() -> str:
    """The path of git. Raises `TreadleError` when there is none."""
    found = shutil.which("git")
    if found is None:
        raise TreadleError(
            "a snapshot of files needs git, and it is not on PATH",
            suggestions=("install git", "or leave out `checkpoint` and `isolation`"),
            exit_code=ExitCode.NOT_ALLOWED,
        )
    return found


def clean_environment() -> dict[str, str]:
    """Ours without what would lead git to another repository."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**ours, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}


def finished(child: "subprocess.Popen[bytes]", stdin: bytes = b"", *, accept: Sequence[int] = (0,)) -> bytes:
    """What a started git printed. Raises `TreadleError` (exit code 6) when it refused."""
    out, err = child.communicate(stdin)
    if child.returncode not in accept:
        said = err.decode("utf-8", "replace").strip().splitlines()
        raise TreadleError(
            f"git failed with {child.returncode}: {said[-1] if said else 'it said nothing'}",
            suggestions=("look at the disk's free space, and at who may read the project's files",),
            exit_code=ExitCode.STORAGE,
        )
    return out
