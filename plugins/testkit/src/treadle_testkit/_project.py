"""A project for one test: a git repository, and a state folder of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from treadle.settings import COUNTERPARTS

from treadle_testkit.repositories import GitRepository

_PREFIX = "TREADLE_"


@dataclass(frozen=True, slots=True)
class Project:
    """A git repository on branch `main`, and the folder that `TREADLE_HOME` names.

    Attributes:
        root: the repository; the current folder while the test runs.
        home: where state, logs and keys go.
        repository: to commit, branch and look.
    """

    root: Path
    home: Path
    repository: GitRepository

    @classmethod
    def create(cls, folder: Path, monkeypatch: pytest.MonkeyPatch) -> "Project":
        """Make one below `folder`, and point the environment at it until the test ends."""
        root, home = folder / "project", folder / "home"
        home.mkdir(mode=0o700)
        repository = GitRepository.create(root, {"README.md": "# A project\n"})
        _clean_environment(monkeypatch)
        monkeypatch.setenv("TREADLE_HOME", str(home))
        monkeypatch.chdir(root)
        return cls(root, home, repository)

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write files into the project without committing them."""
        self.repository.write(files)

    def workflow(self, name: str, text: str) -> Path:
        """Write the definition `workflows/NAME.yaml`; its path."""
        self.write({f"workflows/{name}.yaml": text})
        return self.root / "workflows" / f"{name}.yaml"


def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the person who runs the tests has set must not reach them."""
    import os

    for name in list(os.environ):
        if name.startswith((_PREFIX, "DATABASE_")) or name in COUNTERPARTS:
            monkeypatch.delenv(name)
