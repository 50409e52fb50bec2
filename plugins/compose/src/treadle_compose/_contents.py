"""What templates brought, by its hash, in the user's cache: the base of the next composition needs no old template."""

import contextlib
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from treadle_compose._operations import LOCK

_LARGEST: Final = 16_000_000
"""Bytes of a file above which it is not kept."""
_TOTAL: Final = 1_000_000_000
"""Bytes of the whole store; the oldest go first."""

_EVERY: Final = 86_400.0
"""Seconds between looks at its size."""


@dataclass(slots=True)
class Contents:
    """A store of file contents.

    Args:
        folder: where it is; made when something is put there.
        project: a project whose own git history is asked for what the store has lost, or never had.
    """

    folder: Path
    project: Path
    _commit: str | None = field(default=None, repr=False)

    def put(self, offers: Iterable[tuple[str, Callable[[], bytes]]], hidden: Iterable[bytes] = ()) -> None:
        """Keep contents by their SHA-256.

        Args:
            offers: the name of each, and what reads it.
            hidden: secrets: what holds one of them is not kept.
        """
        secret, new = tuple(filter(None, hidden)), False
        for name, read in dict(offers).items():
            path = self._place(name)
            if path.exists():
                with contextlib.suppress(OSError):
                    os.utime(path)
                continue
            content = read()
            if len(content) <= _LARGEST and not any(it in content for it in secret):
                _write(path, content)
                new = True
        if new:
            self._prune()

    def get(self, name: str, path: str) -> bytes | None:
        """A content by its SHA-256; `path` is where it stood in the project. None when it is nowhere."""
        with contextlib.suppress(OSError):
            content = self._place(name).read_bytes()
            if sha256(content).hexdigest() == name:
                return content
        content = self._from_history(path)
        return content if sha256(content).hexdigest() == name else None

    def _place(self, name: str) -> Path:
        return self.folder / name[:2] / name[2:]

    def _from_history(self, path: str) -> bytes:
        """The file as it was committed together with the lock: a clone has that, and no cache of ours."""
        if self._commit is None:
            self._commit = self._git("log", "-1", "--format=%H", "--", LOCK).decode().strip()
        return self._git("cat-file", "blob", f"{self._commit}:./{path}") if self._commit else b""

    def _git(self, *words: str) -> bytes:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        try:
            done = subprocess.run(
                ["git", *words], cwd=self.project, env=environment, capture_output=True, check=False, timeout=60
            )
        except (OSError, subprocess.TimeoutExpired):
            return b""
        return done.stdout if done.returncode == 0 else b""

    def _prune(self) -> None:
        """Looking at all of it takes long where there is much: once a day is enough."""
        looked = self.folder / "looked"
        with contextlib.suppress(OSError):
            if 0 <= time.time() - looked.stat().st_mtime < _EVERY:
                return
        looked.touch()
        facts = [(it.stat(), it) for it in self.folder.glob("*/*") if it.is_file()]
        total = sum(fact.st_size for fact, _ in facts)
        for fact, path in sorted(facts, key=lambda it: it[0].st_mtime):
            if total <= _TOTAL:
                return
            path.unlink(missing_ok=True)
            total -= fact.st_size


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all; another process may be writing the same."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        draft.touch(mode=0o600)
        draft.write_bytes(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
