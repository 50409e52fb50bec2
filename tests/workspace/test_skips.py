"""The list of skips, in sessions of pytest's own."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = """
import pytest

def test_runs(): pass

@pytest.mark.skip(reason={reason!r})
def test_skips(): pass
"""
EXPECTED_FAILURE = """
import pytest

@pytest.mark.xfail(reason="some day")
def test_fails(): assert False
"""


@pytest.fixture
def session(tmp_path):
    """Run pytest on one file under the workspace's conftest; `(exit status, output)`."""

    def run(text, *arguments):
        (tmp_path / "tests").mkdir()
        (tmp_path / "tests/skips.toml").write_text('[[skip]]\nreason = "no [a-z]+ here"\n', "utf-8")
        (tmp_path / "conftest.py").write_text((ROOT / "conftest.py").read_text("utf-8"), "utf-8")
        (tmp_path / "pytest.ini").write_text("[pytest]\n", "utf-8")
        (tmp_path / "test_it.py").write_text(text, "utf-8")
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:treadle", *arguments, "."]
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        return ended.returncode, ended.stdout + ended.stderr

    return run


def test_a_listed_reason(session):
    status, output = session(TESTS.format(reason="no strace here"))
    assert status == 0, output
    assert "1 passed, 1 skipped" in output


def test_an_unlisted_reason(session):
    status, output = session(TESTS.format(reason="no strace here, sorry"))
    assert status == 1
    assert "test_it.py::test_skips: no strace here, sorry" in output


def test_an_unlisted_reason_in_a_worker(session):
    status, output = session(TESTS.format(reason="lazy"), "-n", "1")
    assert status == 1
    assert "test_it.py::test_skips: lazy" in output


def test_a_module_that_skips_itself(session):
    status, output = session('import pytest\npytest.skip("lazy", allow_module_level=True)\n' + TESTS.format(reason=""))
    assert status != 0
    assert "test_it.py: lazy" in output


def test_an_expected_failure_is_a_skip(session):
    status, output = session(EXPECTED_FAILURE)
    assert status == 1
    assert "test_it.py::test_fails: some day" in output
