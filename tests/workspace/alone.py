"""Install each package in an environment of its own and run its tests there.

The shared environment hides an undeclared import; here a package has what its manifest names, its dependency group
`test` if it has one, and pytest with the plugins that the workspace's configuration speaks of. Versions are those of
requirements.lock. Usage: `alone.py [FOLDER …]`, e.g. `alone.py plugins/git`; without one all packages are tried.
"""

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from workspace_rules.members import Member, members, read_manifest, shown

ROOT: Final = Path(__file__).parents[2]
UV: Final = ROOT / ".venv/bin/uv"
HARNESS: Final = ("pytest", "pytest-asyncio", "pytest-timeout", "hypothesis", "uv-build")


def main(arguments: list[str]) -> int:
    """1 when a package cannot stand alone, and its output; else 0."""
    chosen = [member for member in _candidates() if not arguments or shown(member.folder, ROOT) in arguments]
    with environments() as place, ThreadPoolExecutor(os.cpu_count()) as workers:
        stood = list(workers.map(lambda member: stands_alone(member, place), chosen))
    failed = [member.name for member, well in zip(chosen, stood, strict=True) if not well]
    if failed:
        sys.stderr.write(f"cannot stand alone: {', '.join(failed)}\n")
    return 1 if failed else 0


def _candidates() -> list[Member]:
    """The members, and the distribution that brings a user the core with the default plugins."""
    return [*members(ROOT), Member(ROOT, read_manifest(ROOT / "pyproject.toml"))]


def environments() -> tempfile.TemporaryDirectory[str]:
    """A folder for environments, on the disk that uv's links can reach, deleted at the end."""
    return tempfile.TemporaryDirectory(prefix="alone-", dir=ROOT / ".venv", ignore_cleanup_errors=True)


def stands_alone(member: Member, place: str) -> bool:
    """Install it, run its tests; what went wrong is printed."""
    started = time.monotonic()
    home = Path(place) / member.name
    problem = make_environment(home) or install(home, *HARNESS)
    problem = problem or install(home, "--no-build-isolation", "--editable", str(member.folder), *_test_group(member))
    problem = problem or attempt([str(home / "bin/python"), *_proof(member)])
    seconds = time.monotonic() - started
    sys.stdout.write(f"{'FAILED' if problem else 'ok':6}  {member.name}  {seconds:.1f} s\n{problem}")
    sys.stdout.flush()
    return not problem


def make_environment(home: Path) -> str:
    """A new empty environment; "" or what went wrong."""
    return attempt([str(UV), "venv", "--quiet", "--clear", "--python", sys.executable, str(home)])


def install(home: Path, *what: str) -> str:
    """Install into it, with the versions of the lock and our own packages from this workspace."""
    options = ["--quiet", "--python", str(home / "bin/python"), "--constraint", str(ROOT / "requirements.lock")]
    return attempt([str(UV), "pip", "install", *options, *what])


def attempt(command: list[str]) -> str:
    """Run a command; "" when it ends well, else the command and what it printed."""
    environ = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    ended = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    return "" if ended.returncode == 0 else f"$ {' '.join(command)}\n{ended.stdout}{ended.stderr}"


def _proof(member: Member) -> list[str]:
    """What shows that it works: its tests; of the distribution without code, the command it brings."""
    if member.folder == ROOT:
        return ["-m", "treadle", "--version"]
    return ["-m", "pytest", "-q", "-p", "no:cacheprovider", str(member.folder / "tests")]


def _test_group(member: Member) -> list[str]:
    """What its tests need beyond the package: the dependency group `test` of its manifest."""
    if "test" not in member.manifest.get("dependency-groups", {}):
        return []
    return ["--group", f"{member.folder / 'pyproject.toml'}:test"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
