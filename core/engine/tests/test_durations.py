"""Durations as people write them."""

import pytest
from treadle_engine.durations import DurationError, seconds_of


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("500ms", 0.5), ("1s500ms", 1.5), ("1h30m", 5400), ("3d", 259_200), ("0.25s", 0.25), (7, 7.0)],
)
def test_a_duration(written: object, seconds: float) -> None:
    assert seconds_of(written) == seconds


@pytest.mark.parametrize("written", ["5", "1.5h", "ms", "", "10sm", "-1s", "32d", True, None])
def test_no_duration(written: object) -> None:
    with pytest.raises(DurationError):
        seconds_of(written)
