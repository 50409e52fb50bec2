"""Real git repositories for tests: fixed author and dates, no configuration of the machine."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MOMENT: Final = "2026-01-02T03:04:05+00:00"

ENVIRONMENT: Final = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada Author",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada Author",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_AUTHOR_DATE": MOMENT,
    "GIT_COMMITTER_DATE": MOMENT,
}


@dataclass(frozen=True, slots=True)
class GitRepository:
    """A git repository in a folder of the test's own, on branch `main`."""

    root: Path

    @classmethod
    def create(cls, root: Path, files: Mapping[str, str | bytes] | None = None) -> "GitRepository":
        """Make one, with a first commit when files are given. It has a name to commit under, whoever runs the test."""
        root.mkdir(parents=True, exist_ok=True)
        repository = cls(root)
        repository.git("init", "--quiet", "--initial-branch=main")
        repository.git("config", "user.name", ENVIRONMENT["GIT_AUTHOR_NAME"])
        repository.git("config", "user.email", ENVIRONMENT["GIT_AUTHOR_EMAIL"])
        if files:
            repository.commit(files, "first")
        return repository

    def git(self, *arguments: str, author: str = "") -> str:
        """What git prints; a failure raises `CalledProcessError` with its words."""
        environ = {**os.environ, **ENVIRONMENT}
        if author:
            environ["GIT_AUTHOR_NAME"] = author
        ended = subprocess.run(
            ["git", *arguments], cwd=self.root, env=environ, capture_output=True, text=True, check=False
        )
        if ended.returncode:
            raise subprocess.CalledProcessError(ended.returncode, ended.args, ended.stdout, ended.stderr)
        return ended.stdout.strip()

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write files without committing them."""
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, files: Mapping[str, str | bytes], message: str, *, author: str = "") -> str:
        """Write files, commit everything that changed; the commit's id."""
        self.write(files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message, author=author)
        return self.git("rev-parse", "HEAD")

    def branch(self, name: str) -> None:
        """Make a branch here and go there."""
        self.git("switch", "--quiet", "--create", name)

    def trace(self) -> tuple[str, ...]:
        """What an action must leave as it was: HEAD, the index, status, reflog, and the refs."""
        index = (self.root / ".git/index").read_bytes().hex()
        asked = (("rev-parse", "HEAD"), ("status", "--porcelain"), ("reflog",), ("for-each-ref",))
        return (index, *(self.git(*arguments) for arguments in asked))
