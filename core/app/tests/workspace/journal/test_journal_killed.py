"""Processes that SIGKILL ends at each crash point of the journal."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from journal_faults import snapshot, write_tree
from journal_samples import PLAIN, SAMPLES
from treadle import crash
from treadle.workspace.journal import Journal
from treadle.workspace.journal._os import changing_calls

HERE = Path(__file__).parent


@pytest.mark.parametrize("name", SAMPLES)
def test_killed_at_every_point(folder, name):
    command = [sys.executable, str(HERE / "journal_killing.py"), str(folder), name]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 100


def test_each_call_that_changes_something_has_its_points():
    points = crash.declared()
    for call in changing_calls():
        assert f"journal.{call}.before" in points
        assert f"journal.{call}.after" in points


KILLED = """
import sys
from pathlib import Path
from treadle.workspace.journal import Journal
journal = Journal(Path(sys.argv[1]))
transaction = journal.transaction("t")
transaction.write("a.txt", b"new")
transaction.write("zz", b"new")
with journal.lock():
    transaction.apply()
"""


def test_the_variable_kills(folder):
    write_tree(folder, PLAIN)
    before = snapshot(folder)
    environ = {**os.environ, crash.VARIABLE: "journal.rename_exclusively.after:1"}
    ended = subprocess.run([sys.executable, "-c", KILLED, str(folder)], env=environ, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert snapshot(folder)["a.txt"][2] == b"new"
    (found,) = Journal(folder).recover("report")
    assert (found.id, found.found, found.action) == ("t", "unfinished", "none")
    Journal(folder).recover()
    assert snapshot(folder) == before
