"""`make demo`: the ready workflow pr-processing on a real third-party project, as a user would run it.

A release of pluggy with its own tests becomes a git repository, a branch adds a feature with flaws, and treadle rejects
it and says why; a second commit mends them, and treadle lets it through. Everything lies in `.demo/`.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from change import FLAWED, MENDED, TITLE
from sdist import Repository, SourceDistribution

ROOT: Final = Path(__file__).parents[2]
PLACE: Final = ROOT / ".demo"
PROJECT: Final = PLACE / "pluggy"
BRANCH: Final = "feature/snapshots"
PLUGGY: Final = SourceDistribution(
    "pluggy", "1.6.0", "7dcc130b76258d33b90f61b658791dede3486c3e6bfb003ee5c9bfb396dd22f3"
)


def main() -> int:
    """0 when the flawed change was rejected and the mended one was let through."""
    say(f"Fetching {PLUGGY.name} {PLUGGY.version} and making a repository of it in {shown(PROJECT)}")
    repository = prepare()
    say(f"First try: the branch `{BRANCH}` with flaws in it")
    repository.commit(FLAWED, TITLE)
    rejected = process(PLACE / "report-rejected.md")
    say("Second try: the same branch with the flaws mended")
    repository.commit(MENDED, "Plain JSON, and tests for all of it")
    accepted = process(PLACE / "report.md")
    return conclude(rejected, accepted)


def prepare() -> Repository:
    """The project in a repository, on a new branch."""
    archive = PLUGGY.fetch(PLACE / "cache")
    PLUGGY.unpack(archive, PROJECT)
    repository = Repository(PROJECT)
    repository.begin(f"{PLUGGY.name} {PLUGGY.version}")
    repository.git("switch", "--quiet", "--create", BRANCH)
    return repository


def process(report: Path) -> int:
    """Run the workflow; its exit code."""
    report.unlink(missing_ok=True)
    treadle = Path(sys.executable).with_name("treadle")
    arguments = ["run", "pr-processing", "--repo", shown(PROJECT), "--base", "main", "--head", BRANCH]
    command = [str(treadle), *arguments, "--report-file", str(report)]
    say(f"$ treadle {' '.join(arguments)} --report-file {shown(report)}")
    ended = subprocess.run(command, cwd=ROOT, env={**os.environ, "TREADLE_HOME": str(PLACE / "home")}, check=False)
    if report.is_file():
        say("The report begins:", *report.read_text("utf-8").splitlines()[:22])
    return ended.returncode


def conclude(rejected: int, accepted: int) -> int:
    """Say how it went; the exit status of the demonstration."""
    as_meant = (rejected, accepted) == (1, 0)
    say(
        f"The flawed change ended with exit code {rejected} (1 means rejected), the mended one with {accepted}.",
        f"The reports: {shown(PLACE / 'report-rejected.md')} and {shown(PLACE / 'report.md')}",
        f"Look around: TREADLE_HOME={shown(PLACE / 'home')} .venv/bin/treadle status",
        *(() if as_meant else ("This is not how it was meant to go.",)),
    )
    return 0 if as_meant else 1


def say(*lines: str) -> None:
    """Print lines with space around them, before what children print."""
    sys.stdout.write("\n" + "\n".join(lines) + "\n\n")
    sys.stdout.flush()


def shown(path: Path) -> str:
    """A path as it is seen from the checkout."""
    return str(path.relative_to(ROOT))


if __name__ == "__main__":
    sys.exit(main())
