"""What the journal's tests share lies beside them."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder, in memory where there is such a place: sweeps make thousands of small trees."""
    from journal_faults import temporary

    with temporary() as place:
        yield place
