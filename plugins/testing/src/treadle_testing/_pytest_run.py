"""pytest under coverage, on a project as it lies there."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from treadle_hookspecs import ActionContext, ActionError, ProcessResult

from treadle_testing import _junit
from treadle_testing._coverage import Coverage, configuration
from treadle_testing._interpreter import Interpreter
from treadle_testing._layout import import_folders
from treadle_testing._run import Run, last_words

PYTEST_SECTION: Final = re.compile(r"^\[(tool:pytest|pytest|tool\.pytest(\.ini_options)?)\]", re.MULTILINE)
PYTEST_FILES: Final = (
    "pytest.toml",
    ".pytest.toml",
    "pytest.ini",
    ".pytest.ini",
    "pyproject.toml",
    "tox.ini",
    "setup.cfg",
)
ALWAYS: Final = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini")

COLLECT: Final = """
import coverage, sys
measured = coverage.Coverage(config_file=sys.argv[1])
if measured.config.parallel:
    measured.combine()
measured.load()
measured.json_report(outfile=sys.argv[2])
"""

NO_TESTS: Final = 5
TESTS_FAILED: Final = 1
INTERRUPTED: Final = 2


@dataclass(frozen=True, slots=True)
class PytestRun:
    """pytest on a project, in an interpreter, with the files it needs in a scratch folder."""

    folder: Path
    interpreter: Interpreter
    scratch: Path
    arguments: list[str]
    beside: Path | None = None
    """A folder of ours that pytest can import plugins from."""

    @property
    def command(self) -> tuple[str, ...]:
        """The command line."""
        python = self.interpreter.path
        under = ("-m", "coverage", "run", f"--rcfile={self._rcfile}") if self.interpreter.coverage else ()
        return (
            *(python, *under, "-m", "pytest"),
            *(part for name in self.interpreter.strangers(self.folder) for part in ("-p", f"no:{name}")),
            *(("--no-cov",) if self._has_own_coverage else ()),
            *(f"--junitxml={self.junit}", "-o", "junit_family=xunit1", "--color=no"),
            *self._configuration,
            *self.arguments,
        )

    @property
    def environment(self) -> dict[str, str]:
        """The project's own sources come before anything installed; a measurement around us is not disturbed."""
        places = map(str, [*import_folders(self.folder), *([self.beside] if self.beside else [])])
        inherited = os.environ.get("PYTHONPATH", "")
        return {
            "PYTHONPATH": os.pathsep.join([*places, *([inherited] if inherited else [])]),
            "COVERAGE_FILE": str(self._data_file),
            "COVERAGE_PROCESS_START": "",
            "COVERAGE_RCFILE": "",
        }

    @property
    def junit(self) -> Path:
        """Where pytest writes its results."""
        return self.scratch / "junit.xml"

    @property
    def _rcfile(self) -> Path:
        return self.scratch / "coverage.ini"

    @property
    def _data_file(self) -> Path:
        return self.scratch / "coverage.data"

    @property
    def _has_own_coverage(self) -> bool:
        """pytest-cov would measure inside our measurement, and each would see half."""
        active = self.interpreter.has_plugin("pytest-cov") and "pytest_cov" not in self.interpreter.strangers(
            self.folder
        )
        return active and bool(self.interpreter.coverage)

    @property
    def _configuration(self) -> tuple[str, ...]:
        """A project without pytest settings gets an empty file, or pytest would take those of a folder above."""
        if _has_pytest_settings(self.folder):
            return ()
        return ("-c", str(self.scratch / "pytest.ini"), f"--rootdir={self.folder}")

    def prepare(self) -> None:
        """Write the configuration files, and clear what an earlier attempt left."""
        for path in self.scratch.glob("coverage.*"):
            path.unlink()
        self.junit.unlink(missing_ok=True)
        text = configuration(self.folder, self._data_file, self.interpreter.measures_children)
        self._rcfile.write_text(text, encoding="utf-8")
        (self.scratch / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")

    async def run(self, context: ActionContext) -> Run:
        """Run the tests.

        Raises:
            ActionError: `tests-not-run` when pytest could not start, with what it said.
        """
        self.prepare()
        ended = await context.run(self.command, cwd=self.folder, env=self.environment)
        cases = _junit.read(self.junit) if self.junit.is_file() else []
        self._refuse_misfire(ended, cases)
        off = self.interpreter.strangers(self.folder)
        notes = [f"pytest plugins of treadle's own environment are off: {', '.join(off)}"] if off else []
        return Run(self.command, ended.exit_code, ended.duration, cases, await self._measure(context), notes)

    def _refuse_misfire(self, ended: ProcessResult, cases: list[_junit.Case]) -> None:
        told = any(case.state in ("failed", "error") for case in cases)
        if ended.exit_code in (0, NO_TESTS) or (ended.exit_code in (TESTS_FAILED, INTERRUPTED) and told):
            return
        raise ActionError(
            f"pytest ended with exit code {ended.exit_code} before it could give a result:\n" + last_words(ended, 8)
            + "\nif something is missing, give `requirements` (for instance `-e .[test]`) or the project's `python`",
            error_class="tests-not-run",
            outputs={"verdict": "not-checked", "summary": f"pytest could not start: {_reason(ended)}"},
            retryable=False,
        )  # fmt: skip

    async def _measure(self, context: ActionContext) -> Coverage:
        if not self.interpreter.coverage:
            python = self.interpreter.path
            return Coverage(reason=f"{python} has no coverage; run `{python} -m pip install coverage`")
        report = self.scratch / "coverage.json"
        command = [self.interpreter.path, "-c", COLLECT, str(self._rcfile), str(report)]
        made = await context.run(command, cwd=self.folder, env=self.environment)
        if not made.ok:
            return Coverage(reason=last_words(made, 1))
        return Coverage.read(report)


def _reason(ended: ProcessResult) -> str:
    """What pytest blames, in one line."""
    lines = last_words(ended, 8).splitlines()
    told = next((line for line in lines if "rror:" in line), f"exit code {ended.exit_code}")
    return _junit.last_error(f"{ended.stdout}\n{ended.stderr}") or told


def _has_pytest_settings(folder: Path) -> bool:
    for name in PYTEST_FILES:
        path = folder / name
        if path.is_file() and (name in ALWAYS or PYTEST_SECTION.search(path.read_text("utf-8", "replace"))):
            return True
    return False
