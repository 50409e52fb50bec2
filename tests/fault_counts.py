"""How many faults were injected, by kind: counted while the tests run, written where `FAULT_COUNTS` says.

`make faults` runs the tests and writes `tests/faults/counts.json`, from which `docs/explanation/reliability.md` has its
table.
"""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

VARIABLE: Final = "FAULT_COUNTS"
WHOLE: Final = frozenset({"faults", "storm"})
"""The folders of tests that inject faults; the table says what a run of all of them did."""
COUNTS: Final = Path(__file__).parent / "faults/counts.json"


def counting() -> bool:
    """The faults are counted in this run: all of them are injected, however long that takes."""
    return bool(os.environ.get(VARIABLE))


class Tally:
    """Adds up what tests that passed have recorded."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._counts: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Look at a test that has run."""
        if report.when == "call" and report.passed:
            recorded: list[Any] = [value for name, value in report.user_properties if name == "faults"]
            for counts in recorded:
                self._counts.update(counts)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the table, if every test passed."""
        if session.exitstatus == pytest.ExitCode.OK and self._counts:
            self._path.write_text(json.dumps(dict(sorted(self._counts.items())), indent=2) + "\n", "utf-8")


def register(config: pytest.Config) -> None:
    """Count in the process that started the session, where it was asked for."""
    path = os.environ.get(VARIABLE)
    if path and not hasattr(config, "workerinput"):
        if config.option.keyword or not {Path(given).name for given in config.args} >= WHOLE:
            raise pytest.UsageError(f"{VARIABLE} is for whole runs of {' and '.join(sorted(WHOLE))}: make faults")
        config.pluginmanager.register(Tally(Path(path)), "treadle-fault-counts")


def table() -> str:
    """The table of `docs/explanation/reliability.md`."""
    counts: dict[str, int] = json.loads(COUNTS.read_text("utf-8"))
    rows = [f"| {kind} | {count:,} |" for kind, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    return "\n".join(["| what was done to it | times |", "|---|---|", *rows])
