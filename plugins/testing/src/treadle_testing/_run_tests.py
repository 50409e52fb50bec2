"""`testing/run-tests`: run a project's tests and say, with figures, what came of it."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from treadle_hookspecs import ActionContext, ActionError, Json, Outcome

from treadle_testing import _interpreter, _junit
from treadle_testing._command_run import run_command
from treadle_testing._coverage import ChangedCoverage
from treadle_testing._pytest_run import PytestRun
from treadle_testing._run import Run

FAILURES_LISTED: Final = 50
FIGURES: Final = {
    "tests": "tests",
    "passed": "tests passed",
    "failed": "tests failed",
    "errors": "tests with errors",
    "skipped": "tests skipped",
}
MISSING: Final = re.compile(r"ModuleNotFoundError: No module named '([^']+)'")
OUTCOMES: Final = {"pass": "success", "fail": "needs-work", "not-checked": "not-checked"}


async def run_tests(
    path: str = ".",
    changes: list[dict[str, Any]] | None = None,
    min_coverage: float | None = None,
    test_args: list[str] | None = None,
    python: str = "",
    requirements: list[str] | None = None,
    checkout: str = ".",
    command: list[str] | None = None,
    junit: str = "",
    *,
    context: ActionContext,
) -> Outcome:
    """Run the tests of a project: pytest under coverage, or a command that writes JUnit files.

    Args:
        path: the project's folder, absolute or relative to the execution's root.
        changes: files as `git/diff` or `analysis/analyze-change` gives them; their lines' coverage is told apart.
        min_coverage: percent of the changed statements that the tests must run; None asks for nothing.
        test_args: arguments for pytest.
        python: the interpreter with the project's dependencies.
        requirements: make an environment with these instead, e.g. `-e .[test]`; needs a package index.
        checkout: a folder whose `.venv` or `venv` is used when `python` and `requirements` are not given.
        command: run this instead of pytest.
        junit: the JUnit files that the command writes: a path or a pattern below `path`.
        context: of the visit.

    Returns:
        The outcome `success`, `needs-work` or `not-checked`, and `verdict` (pass, fail, not-checked), `reasons`,
        `passed` (the verdict is pass), `totals {tests, passed, failed, errors, skipped}`, `failures`, `slowest`,
        `seconds`, `coverage`, `changed_coverage`, `runner`, `notes`, `summary`, `figures`, `findings`.

    Raises:
        ActionError: `no-interpreter`, `tests-not-run`, `invalid-junit`, `invalid-input`.
    """
    folder = folder_of(context, path)
    if command:
        run = await run_command(folder, command, _required(junit), context)
        runner: dict[str, Json] = {"command": list(run.command), "exit_code": run.exit_code}
    else:
        found = await _interpreter.choose(folder, python, requirements or [], checkout, context)
        context.progress(message=f"pytest {found.pytest}, Python {found.version}")
        run = await PytestRun(folder, found, context.scratch, test_args or []).run(context)
        runner = {"command": list(run.command), "exit_code": run.exit_code, "python": found.version}
        runner |= {"interpreter": found.path, "pytest": found.pytest, "coverage": found.coverage or None}
    judged = Judgement(run, run.coverage.changed(changes or []), min_coverage)
    return Outcome(OUTCOMES[judged.verdict], {**judged.outputs(), "runner": runner})


def folder_of(context: ActionContext, path: str) -> Path:
    """The project's folder. Raises `ActionError` (`invalid-input`) where there is none."""
    folder = Path(os.path.realpath(context.workspace.root / path))
    if not folder.is_dir():
        raise ActionError(f"there is no folder {folder} with a project in it", error_class="invalid-input")
    return folder


def _required(junit: str) -> str:
    if junit and not junit.startswith(("/", "..")):
        return junit
    raise ActionError(
        "with `command`, say in `junit` where it writes its JUnit file, relative to `path`",
        error_class="invalid-input",
        retryable=False,
    )


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a run is worth: the verdict with its reasons, and the figures they rest on."""

    run: Run
    changed: ChangedCoverage
    min_coverage: float | None

    @property
    def verdict(self) -> str:
        """`pass`, `fail`, or `not-checked` when nothing can be said."""
        if any(True for _ in self._failing()):
            return "fail"
        return "not-checked" if any(True for _ in self._unknown()) else "pass"

    @property
    def totals(self) -> dict[str, int]:
        """The number of tests by how they ended."""
        states = Counter(case.state for case in self.run.cases)
        return {
            "tests": len(self.run.cases),
            "passed": states["passed"],
            "failed": states["failed"],
            "errors": states["error"],
            "skipped": states["skipped"],
        }

    def outputs(self) -> dict[str, Json]:
        """What the action publishes."""
        failures = [case for case in self.run.cases if case.state in ("failed", "error")]
        reasons = [*self._failing(), *self._unknown()]
        totals: dict[str, Json] = dict(self.totals)
        return {
            "verdict": self.verdict,
            "passed": self.verdict == "pass",
            "reasons": reasons,
            "totals": totals,
            "failures": [case.to_json() for case in failures[:FAILURES_LISTED]],
            "slowest": list(_junit.slowest(self.run.cases)),
            "seconds": round(self.run.seconds, 3),
            "coverage": self.run.coverage.to_json(),
            "changed_coverage": self.changed.to_json(),
            "notes": [*self.run.notes, *self._doubts()],
            "summary": self._summary(),
            "figures": list(self._figures()),
            "findings": list(self._findings(failures[:FAILURES_LISTED])),
        }

    def _failing(self) -> Iterator[str]:
        broken = self.totals["failed"] + self.totals["errors"]
        if broken:
            yield f"{broken} of {self.totals['tests']} tests failed"
            if missing := self._missing_modules():
                yield f"not installed: {', '.join(missing)}; give the project's `python` or its `requirements`"
        elif self.run.exit_code not in (0, 5):
            yield f"the test command ended with exit code {self.run.exit_code}"
        percent = self.changed.share.percent
        if self.min_coverage is not None and percent is not None and percent < self.min_coverage:
            yield f"{percent} % of the changed statements are run by tests, {self.min_coverage:g} % are asked for"

    def _unknown(self) -> Iterator[str]:
        if not self.run.cases:
            yield "no tests were found"
        elif self.totals["skipped"] == self.totals["tests"]:
            yield "every test was skipped"
        if self.min_coverage is not None and self.run.coverage.reason:
            yield f"coverage was not measured: {self.run.coverage.reason}"

    def _missing_modules(self) -> list[str]:
        broken = (case for case in self.run.cases if case.state in ("failed", "error"))
        return sorted({match[1] for case in broken for match in MISSING.finditer(case.detail)})

    def _doubts(self) -> Iterator[str]:
        if self.changed.untouched and self.totals["passed"]:
            yield (
                "the tests ran nothing of the changed files: either they do not touch them, or they import "
                "another copy that is installed"
            )

    def _summary(self) -> str:
        told = ", ".join(f"{count} {name}" for name, count in self.totals.items() if count and name != "tests")
        percent = self.changed.share.percent
        changed = "" if percent is None else f"; {percent} % of the changed statements covered"
        return f"{told or 'no tests were found'}{changed}"

    def _figures(self) -> Iterator[Json]:
        for name, count in self.totals.items():
            limit = {"limit": "0"} if name in ("failed", "errors") else {}
            yield {"name": FIGURES[name], "value": count, **limit}
        if not self.run.coverage.reason:
            yield {"name": "statements covered", "value": self.run.coverage.total.percent, "unit": "%"}
        if self.changed.share.statements:
            limit = {} if self.min_coverage is None else {"limit": f"at least {self.min_coverage:g}"}
            yield {"name": "changed statements covered", "value": self.changed.share.percent, "unit": "%", **limit}

    def _findings(self, failures: list[_junit.Case]) -> Iterator[Json]:
        for case in failures:
            yield {
                "rule": f"test-{case.state}",
                "severity": "high",
                "file": case.file or None,
                "line": case.line or None,
                "message": f"{case.id}: {case.message}",
                "new": None,
            }
        for path, ranges in self.changed.missed().items():
            lines = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)
            yield {
                "rule": "uncovered",
                "severity": "low",
                "file": path,
                "line": ranges[0][0],
                "message": f"changed and run by no test: {lines}",
                "new": True,
            }
