"""What the tests of snapshots share lies beside them."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def home(tmp_path):
    """treadle's own folder."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def root(tmp_path):
    """A repository with work in every state."""
    from snapshot_trees import repository

    return repository(tmp_path / "project")
