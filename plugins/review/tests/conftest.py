from pathlib import Path

import pytest
from treadle_testkit.actions import StandaloneContext
from treadle_testkit.repositories import GitRepository


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    return GitRepository.create(
        tmp_path / "project", {"src/shop.py": "def total(x):\n    return sum(x)\n", "README.md": "# Shop\n"}
    )


@pytest.fixture
def context(repository: GitRepository, tmp_path: Path) -> StandaloneContext:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return StandaloneContext(repository.root, scratch)
