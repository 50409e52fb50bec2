"""`make demo`: a project composed from templates, and the ready workflow pr-processing, as a user would run them.

First python-service, postgres, docker and github-actions become one project; its own tests pass, and a change in it is
let through. Then a release of pluggy with its own tests becomes a git repository, a branch adds a feature with flaws,
and treadle rejects it and says why; a second commit mends them, and treadle lets it through. All of it is in `.demo/`.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import composed
from change import FLAWED, MENDED, TITLE
from sdist import Repository, SourceDistribution

ROOT: Final = Path(__file__).parents[2]
PLACE: Final = ROOT / ".demo"
PROJECT: Final = PLACE / "pluggy"
ALONE: Final = ("-p", "no:cacheprovider", "-p", "no:treadle")
"""The checkout's own plugin for pytest is not the new project's."""
BRANCH: Final = "feature/snapshots"
PLUGGY: Final = SourceDistribution(
    "pluggy", "1.6.0", "7dcc130b76258d33b90f61b658791dede3486c3e6bfb003ee5c9bfb396dd22f3"
)


def main() -> int:
    """0 when the composed project is sound, the flawed change was rejected and the mended one was let through."""
    if problem := compose():
        say(problem)
        return 1
    say(f"Fetching {PLUGGY.name} {PLUGGY.version} and making a repository of it in {shown(PROJECT)}")
    repository = prepare()
    say(f"First try: the branch `{BRANCH}` with flaws in it")
    repository.commit(FLAWED, TITLE)
    rejected = process(PLACE / "report-rejected.md", PROJECT, BRANCH)
    say("Second try: the same branch with the flaws mended")
    repository.commit(MENDED, "Plain JSON, and tests for all of it")
    accepted = process(PLACE / "report.md", PROJECT, BRANCH)
    return conclude(rejected, accepted)


def compose() -> str:
    """Compose a project, run its tests, and have a change in it processed; what went wrong, or ""."""
    project = PLACE / composed.NAME
    shutil.rmtree(project, ignore_errors=True)
    say(f"One project from {', '.join(composed.TEMPLATES)}, in {shown(project)}")
    words = (
        "--from-templates",
        ",".join(composed.TEMPLATES),
        "--project-name",
        composed.NAME,
        "--into",
        shown(project),
    )
    if treadle("compose", *words, "--defaults"):
        return "The templates did not compose."
    say("The new project's own tests")
    if subprocess.run([sys.executable, "-m", "pytest", "-q", *ALONE], cwd=project, check=False).returncode:
        return "The composed project's tests fail."
    repository = Repository(project)
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.commit({}, "As composed")
    repository.git("switch", "--quiet", "--create", composed.BRANCH)
    repository.commit(composed.FAREWELLS, composed.TITLE)
    ended = process(PLACE / "report-composed.md", project, composed.BRANCH)
    return f"The change in the composed project was not let through: {ended}." if ended else ""


def prepare() -> Repository:
    """The project in a repository, on a new branch."""
    archive = PLUGGY.fetch(PLACE / "cache")
    PLUGGY.unpack(archive, PROJECT)
    repository = Repository(PROJECT)
    repository.begin(f"{PLUGGY.name} {PLUGGY.version}")
    repository.git("switch", "--quiet", "--create", BRANCH)
    return repository


def process(report: Path, project: Path, branch: str) -> int:
    """Run the workflow; its exit code."""
    report.unlink(missing_ok=True)
    words = ("--repo", shown(project), "--base", "main", "--head", branch, "--report-file", shown(report))
    ended = treadle("run", "pr-processing", *words)
    if report.is_file():
        say("The report begins:", *report.read_text("utf-8").splitlines()[:22])
    return ended


def treadle(*words: str) -> int:
    """Type a command of treadle in the checkout; its exit code."""
    say(f"$ treadle {' '.join(words)}")
    command = [str(Path(sys.executable).with_name("treadle")), *words]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, "TREADLE_HOME": str(PLACE / "home")}, check=False
    ).returncode


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
