"""Processes that SIGKILL ends at each crash point of taking and restoring a snapshot."""

import subprocess
import sys
from pathlib import Path

from treadle import crash
from treadle.workspace import snapshots

HERE = Path(__file__).parent


def test_killed_at_every_point(tmp_path):
    command = [sys.executable, str(HERE / "snapshot_killing.py"), str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) >= 30


def test_the_points_are_known():
    assert snapshots.restore
    names = {name for name in crash.declared() if name.startswith(("snapshot.", "restore."))}
    assert len(names) == 7
