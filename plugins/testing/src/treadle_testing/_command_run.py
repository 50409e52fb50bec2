"""Any command that runs tests and leaves JUnit files."""

import time
from pathlib import Path

from treadle_hookspecs import ActionContext, ActionError

from treadle_testing import _junit
from treadle_testing._coverage import Coverage
from treadle_testing._run import Run, last_words


async def run_command(folder: Path, command: list[str], junit: str, context: ActionContext) -> Run:
    """Run a test command and read what it wrote.

    Raises:
        ActionError: `tests-not-run` when no JUnit file of this run is there.
    """
    started = time.time()
    ended = await context.run(command, cwd=folder)
    written = _written(folder, junit, started)
    if not written:
        raise ActionError(
            f"{command[0]} ended with exit code {ended.exit_code} and left no JUnit file at {folder}/{junit}\n"
            + last_words(ended, 5),
            error_class="tests-not-run",
            outputs={"verdict": "not-checked", "summary": f"no JUnit file at {junit}"},
            retryable=False,
        )
    cases = [case for path in written for case in _junit.read(path)]
    return Run(tuple(command), ended.exit_code, ended.duration, cases, Coverage(reason="only pytest is measured"))


def _written(folder: Path, pattern: str, since: float) -> list[Path]:
    """The files of this run; a file system may keep whole seconds only."""
    return [path for path in sorted(folder.glob(pattern)) if path.stat().st_mtime >= since - 1]
