"""What recovery tells, what it does not touch, and what a stranger may write into `.treadle` without being believed."""

import errno
import json
import os
import subprocess
import sys

import pytest
from journal_faults import Crashing, Quick, crashed, crashing_when_placed, left_behind, run, snapshot, write_tree
from journal_samples import PLAIN, SAMPLES, build
from treadle.workspace.journal import Journal, Plan, State
from treadle.workspace.journal._plan import Change, Operation, ordered
from treadle_hookspecs import TreadleError


@pytest.fixture
def project(folder):
    root = folder / "project"
    root.mkdir()
    write_tree(root, PLAIN)
    return root


def wanted(transaction):
    build(transaction, SAMPLES["kinds"][1])


def killed(project, at):
    assert crashed(lambda: run(project, Crashing(at), wanted, id="a/step#1"))


def killed_when_placed(project, count):
    assert crashed(lambda: run(project, crashing_when_placed(project, count, wanted), wanted, id="a/step#1"))


def found(project):
    return [(it.id, it.found, it.action) for it in Journal(project).recover("report")]


def test_each_phase_is_reported_and_nothing_is_done(project):
    assert found(project) == []
    seen = set()
    for at in range(1000):
        before = snapshot(project)
        try:
            killed(project, at)
        except AssertionError:
            break
        wreck = snapshot(project), sorted(str(it) for it in (project / ".treadle").rglob("*"))
        seen |= {kind for _, kind, _ in found(project)}
        assert {(it, action) for it, _, action in found(project)} <= {("a/step#1", "none"), (name(project), "none")}
        assert wreck == (snapshot(project), sorted(str(it) for it in (project / ".treadle").rglob("*")))
        Journal(project, Quick()).recover()
        if Journal(project).committed("a/step#1"):
            Journal(project, Quick()).undo("a/step#1")
        assert snapshot(project) == before
    assert seen == {"abandoned", "unfinished", "committed"}


def name(project):
    return (left_behind(project) or [""])[0].removesuffix(".gone")


def test_only_the_own_transaction_is_redone(project):
    killed_when_placed(project, 2)
    assert Journal(project, Quick()).recover("redo", only="other") == ()
    (redone,) = Journal(project, Quick()).recover("redo", only="a/step#1")
    assert redone.action == "redone"
    assert Journal(project).committed("a/step#1")


def test_what_a_redo_has_committed_is_not_undone_any_more(project):
    class NoMove(Quick):
        def rename(self, old, old_folder, new, new_folder):
            if old == new:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            super().rename(old, old_folder, new, new_folder)

    killed_when_placed(project, 2)
    (stuck,) = Journal(project, NoMove()).recover("redo")
    assert stuck.action == "none"
    assert found(project) == [("a/step#1", "committed", "none")]
    (finished,) = Journal(project, Quick()).recover("undo")
    assert finished.action == "finished"
    assert (project / "src").read_bytes() == b"a file now"


def test_a_redo_that_meets_a_change_is_undone_and_says_why(project):
    killed_when_placed(project, 2)
    (project / "src/mine").write_bytes(b"mine")
    (undone,) = Journal(project, Quick()).recover("redo")
    assert undone.action == "undone"
    assert "was changed by somebody else" in undone.problem
    assert (project / "src/mine").read_bytes() == b"mine"


def test_the_next_transaction_waits_for_recovery(project):
    killed_when_placed(project, 3)
    with pytest.raises(TreadleError, match="neither committed nor undone"):
        run(project, Quick(), lambda it: it.write("x", b""), id="next")
    Journal(project, Quick()).recover()
    run(project, Quick(), lambda it: it.write("x", b""), id="next")


@pytest.mark.parametrize("state", ["", "applying\nx", "done", "\xff"])
def test_a_state_that_says_nothing_is_left_alone(project, state):
    killed_when_placed(project, 3)
    (work,) = (project / ".treadle/txn").iterdir()
    (work / "STATE").write_text(state, "latin-1")
    before = snapshot(project)
    (left,) = Journal(project).recover()
    assert left.action == "none"
    assert "STATE cannot be understood" in left.problem
    assert snapshot(project) == before
    assert work.is_dir()


EVIL = [
    {"path": "../outside"},
    {"path": "/etc/passwd"},
    {"path": "a/../../x"},
    {"path": "a//b"},
    {"path": ""},
    {"path": ".treadle/history"},
    {"path": "x\0y"},
    {"pre": {"kind": "other"}},
    {"pre": {"kind": "file", "mode": "0644"}},
    {"pre": {"kind": "file", "mode": 1 << 20}},
    {"pre": {"kind": "file", "owner": 0}},
    {"pre": []},
    {"i": 7},
    {"post": None},
]


@pytest.mark.parametrize("evil", EVIL)
def test_a_plan_that_nobody_here_wrote(project, evil):
    good = {"i": 0, "path": "x", "pre": {"kind": "absent"}, "post": {"kind": "link", "target": "y"}}
    plan = {"format": 1, "id": "t", "ops": [good], "modified": {}}
    assert Plan.from_json(json.dumps(plan).encode()).operations[0].path == "x"
    plan["ops"] = [good | evil]
    with pytest.raises(ValueError, match=r"."):
        Plan.from_json(json.dumps(plan).encode())


@pytest.mark.parametrize("modified", [{"..": 1}, {"x": -1}, {"x": 1 << 64}, {"x": "1"}, {"x": True}, []])
def test_times_that_nobody_here_wrote(modified):
    with pytest.raises(ValueError, match=r"."):
        Plan.from_json(json.dumps({"format": 1, "id": "t", "ops": [], "modified": modified}).encode())


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"\xff", b"[" * 100_000, b'{"format": 2, "id": "", "ops": [], "modified": {}}']
)
def test_what_is_no_plan(project, content):
    with pytest.raises(ValueError, match=r"."):
        Plan.from_json(content)
    killed_when_placed(project, 3)
    (work,) = (project / ".treadle/txn").iterdir()
    (work / "plan.json").write_bytes(content)
    (left,) = Journal(project).recover()
    assert left.action == "none"
    assert "plan.json cannot be understood" in left.problem


def test_a_folder_swapped_for_a_link_does_not_lead_a_recovery_out(project, folder):
    killed_when_placed(project, 3)
    outside = folder / "outside"
    write_tree(outside, [("a/one.py", (b"theirs", 0o644)), ("a/two.py", (b"theirs", 0o644))])
    before = snapshot(outside)
    for place in ("src", "run"):
        path = project / place
        if path.is_dir():
            path.rename(folder / f"{place}-away")
        elif path.exists():
            path.unlink()
        path.symlink_to(outside)
    Journal(project, Quick()).recover()
    assert snapshot(outside) == before


def test_plans_survive_json():
    absent, file = State("absent"), State("file", 0o644, "ab" * 32)
    changes = [
        Change(("b",), absent, State("dir", 0o500)),
        Change(("b", os.fsdecode(b"\xff")), absent, file),
        Change(("a",), State("link", target="\u00fc"), absent),
    ]
    plan = Plan("id \u00fc", ordered(changes), {"": 1, "b": 2})
    assert Plan.from_json(plan.to_json()) == plan
    assert [it.path for it in plan.operations] == ["a", "b", "b/\udcff", "b"]
    assert plan.operations[-1] == Operation(3, ("b",), State("dir", 0o700), State("dir", 0o500))


MOUNTED = """
import os, subprocess, sys
from pathlib import Path
from treadle_hookspecs import TreadleError
from treadle.workspace.journal import Journal
root = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "none", str(root / "src")], check=True)
for change in (lambda it: it.write("src/x", b""), lambda it: it.delete("src"), lambda it: it.mkdir("src/b/c")):
    journal = Journal(root)
    transaction = journal.transaction()
    try:
        change(transaction)
        with journal.lock():
            transaction.apply()
    except TreadleError as error:
        print(error.exit_code.value, error)
"""


def test_a_mounted_folder_is_refused(project):
    program = [sys.executable, "-c", MOUNTED, str(project)]
    ended = subprocess.run(["unshare", "-rm", *program], capture_output=True, text=True, check=False)
    if ended.returncode:
        pytest.skip("no mount namespaces here")
    lines = ended.stdout.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("4 ") and "lies on another file system" in line for line in lines), lines
