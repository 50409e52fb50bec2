"""What the journal's tests share lies beside them."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder, in memory where there is such a place: sweeps make thousands of small trees."""
    from journal_samples import IN_MEMORY

    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as name:
        yield Path(name)
