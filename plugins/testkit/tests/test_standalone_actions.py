"""Running one action by itself, and the repositories that tests make."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from treadle_hookspecs import ActionError, ToolMissingError, TreadleError
from treadle_testkit.actions import RecordedHost, StandaloneContext
from treadle_testkit.repositories import GitRepository


@pytest.fixture
def context(tmp_path: Path) -> StandaloneContext:
    return StandaloneContext(tmp_path, tmp_path / "scratch", env={"GREETING": "hello"})


def run(context: StandaloneContext, program: str, **options: object):
    return asyncio.run(context.run([sys.executable, "-c", program], **options))  # type: ignore[arg-type]


def test_real_processes_with_the_declared_environment(context: StandaloneContext) -> None:
    result = run(context, "import os, sys; print(os.environ['GREETING'], sys.stdin.read())", stdin=b"there")
    assert (result.stdout, result.ok) == ("hello there\n", True)
    assert context.commands[0][0] == sys.executable


def test_what_goes_wrong_with_a_process(context: StandaloneContext) -> None:
    with pytest.raises(ActionError, match="exited with 3"):
        run(context, "raise SystemExit(3)", check=True)
    assert run(context, "import signal; signal.pause()", timeout=0.1).timed_out
    assert run(context, "print('x' * 100)", limit=10).truncated
    with pytest.raises(ToolMissingError):
        asyncio.run(context.run(["no-such-program"]))


def test_the_workspace_keeps_inside(context: StandaloneContext) -> None:
    context.workspace.write_text("a/b.txt", "x")
    assert context.workspace.read_text("a/b.txt") == "x"
    with pytest.raises(TreadleError, match="leads out"):
        context.workspace.read_text("../elsewhere")


def test_unknown_actions_and_executions_are_told(context: StandaloneContext) -> None:
    with pytest.raises(LookupError, match="no installed plugin offers nothing/here"):
        context.perform("nothing/here")
    with pytest.raises(TreadleError, match="there is no execution x"):
        RecordedHost().execution("x")
    with pytest.raises(TreadleError, match="give --yes"):
        RecordedHost().console.confirm("really?", flag="--yes")


def test_repositories_are_the_same_every_time(tmp_path: Path) -> None:
    first = GitRepository.create(tmp_path / "a", {"x.txt": "x\n"})
    second = GitRepository.create(tmp_path / "b", {"x.txt": "x\n"})
    assert first.git("rev-parse", "HEAD") == second.git("rev-parse", "HEAD")
    before = first.trace()
    first.write({"y.txt": "y\n"})
    assert first.trace() != before
    with pytest.raises(subprocess.CalledProcessError):
        first.git("no-such-command")
