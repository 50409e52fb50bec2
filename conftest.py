"""Fail a session that skips for a reason which `tests/skips.toml` does not list."""

import re
import tomllib
from pathlib import Path
from typing import Final

import pytest

LISTED: Final = Path(__file__).parent / "tests/skips.toml"


class Skips:
    """Compares the reason of every skip (and expected failure) with the list."""

    def __init__(self, listed: Path) -> None:
        entries = tomllib.loads(listed.read_text("utf-8")).get("skip", [])
        self._reasons = [re.compile(entry["reason"]) for entry in entries]
        self.unlisted: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Look at a test that did not run, or was expected to fail."""
        if report.skipped or hasattr(report, "wasxfail"):
            self._compare(report.nodeid, getattr(report, "wasxfail", "") or _reason(report))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Look at a module that was skipped as a whole."""
        if report.skipped:
            self._compare(report.nodeid, _reason(report))

    def _compare(self, test: str, reason: str) -> None:
        if not any(pattern.fullmatch(reason) for pattern in self._reasons):
            self.unlisted[test] = reason

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Turn a green session with an unlisted skip red."""
        if self.unlisted and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say which, and what to do."""
        if self.unlisted:
            terminalreporter.section("skips that tests/skips.toml does not list", red=True)
            for test, reason in sorted(self.unlisted.items()):
                terminalreporter.write_line(f"{test}: {reason or 'no reason given'}")


def pytest_configure(config: pytest.Config) -> None:
    """Watch where reports come together: in the process that started the session, not in xdist's workers."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Skips(LISTED), "treadle-skips")


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return what stands behind `Skipped: `."""
    place = report.longrepr
    text = place[2] if isinstance(place, tuple) else str(place or "")
    return text.removeprefix("Skipped: ")
