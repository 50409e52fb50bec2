"""A third-party project's source distribution: fetched once, verified, and unpacked into a git repository."""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

IDENTITY: Final = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Demo",
    "GIT_AUTHOR_EMAIL": "demo@example.org",
    "GIT_COMMITTER_NAME": "Demo",
    "GIT_COMMITTER_EMAIL": "demo@example.org",
    "GIT_AUTHOR_DATE": "2026-01-02T03:04:05+00:00",
    "GIT_COMMITTER_DATE": "2026-01-02T03:04:05+00:00",
}
"""The same author and the same moment give the same commit ids every time."""


@dataclass(frozen=True, slots=True)
class SourceDistribution:
    """A release on the package index, by name, version and the SHA-256 of its archive."""

    name: str
    version: str
    sha256: str

    def fetch(self, cache: Path) -> Path:
        """The archive; from the cache if it is there whole, else by pip."""
        archive = cache / f"{self.name}-{self.version}.tar.gz"
        if not self._is_whole(archive):
            cache.mkdir(parents=True, exist_ok=True)
            pinned = cache / "requirements.txt"
            pinned.write_text(f"{self.name}=={self.version} --hash=sha256:{self.sha256}\n", encoding="utf-8")
            options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-binary", ":all:"]
            pip = [*_pip(), "download", *options, "--require-hashes", "-r", str(pinned), "-d", str(cache)]
            subprocess.run(pip, check=True)
        if not self._is_whole(archive):
            raise SystemExit(f"{archive} is not what was asked for; delete it and try again")
        return archive

    def _is_whole(self, archive: Path) -> bool:
        return archive.is_file() and hashlib.sha256(archive.read_bytes()).hexdigest() == self.sha256

    def unpack(self, archive: Path, target: Path) -> None:
        """Its files in a folder that is made anew; nothing is written outside of it."""
        shutil.rmtree(target, ignore_errors=True)
        beside = target.with_name(target.name + ".unpacked")
        shutil.rmtree(beside, ignore_errors=True)
        with tarfile.open(archive) as files:
            # The library's own filter came with 3.11.4.
            for member in files.getmembers():
                _refuse_unless_inside(member)
                _give_to_us(member)
            files.extractall(beside)
        (beside / f"{self.name}-{self.version}").rename(target)
        beside.rmdir()


def _refuse_unless_inside(member: tarfile.TarInfo) -> None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or not (member.isfile() or member.isdir()):
        raise tarfile.TarError(f"{member.name} would not be a plain file or folder inside the target")


def _give_to_us(member: tarfile.TarInfo) -> None:
    """Root would hand the files to whoever packed them, and git refuses a repository of somebody else's."""
    member.uid, member.gid = os.getuid(), os.getgid()
    member.uname = member.gname = ""


def _pip() -> list[str]:
    """The pip of this environment, or the machine's."""
    own = subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False)
    return [sys.executable, "-m", "pip"] if own.returncode == 0 else ["pip"]


@dataclass(frozen=True, slots=True)
class Repository:
    """A git repository of the demonstration's own."""

    root: Path

    def git(self, *arguments: str) -> None:
        """Run git; its words are shown when it fails."""
        subprocess.run(["git", *arguments], cwd=self.root, env={**os.environ, **IDENTITY}, check=True)

    def begin(self, message: str) -> None:
        """Make it from the files that are there, ignored ones too: a release carries generated files it needs."""
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "-m", message)

    def commit(self, files: Mapping[str, str], message: str) -> None:
        """Write files and commit them."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", message)
