"""kill -9 anywhere: afterwards the project is what it was, or complete, and `resume` and `rollback` bring it there."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("compose_killing.py")
SHARES = {"new": "4", "existing": "4", "update": "10", "meddled": "12"}
"""Every so many points of each kind; the script takes them all with 1."""


@pytest.mark.parametrize("kind", SHARES)
def test_a_composition_that_dies_is_resumed_or_taken_back(kind: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path), kind, SHARES[kind]],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    said = tmp_path / "said"
    assert done.returncode == 0, done.stderr[-3000:] + said.read_text()[-2000:]
    assert int(done.stdout) >= 5
