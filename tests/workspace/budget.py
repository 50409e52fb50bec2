"""Install what a user installs, and count: other people's distributions, and megabytes.

Usage: `budget.py`. It fails when `treadle` or `treadle[dev]` is larger than it may be.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from alone import ROOT, attempt, environments, install, make_environment


@dataclass(frozen=True, slots=True)
class Budget:
    """What an installation may bring: distributions that are not ours, and megabytes of all of them together."""

    extras: str
    distributions: int
    megabytes: float


BUDGETS: Final = (Budget("", 30, 45.0), Budget("[dev]", 45, 80.0))


def main() -> int:
    """1 when something is over its budget."""
    with environments() as place:
        return max(int(not _holds(budget, Path(place) / "budget")) for budget in BUDGETS)


def _holds(budget: Budget, home: Path) -> bool:
    problem = make_environment(home) or install(home, "--editable", f"{ROOT}{budget.extras}")
    problem = problem or attempt([str(home / "bin/treadle"), "--version"])
    count, megabytes = measure(home)
    fits = not problem and count <= budget.distributions and megabytes <= budget.megabytes
    sys.stdout.write(
        f"{'ok' if fits else 'FAILED':6}  treadle{budget.extras}: {count} distributions of others (at most"
        f" {budget.distributions}), {megabytes:.1f} MB (at most {budget.megabytes:.0f})\n{problem}"
    )
    return fits


def measure(home: Path) -> tuple[int, float]:
    """Distributions in an environment that are not ours, and the megabytes of everything that was installed."""
    places = [place for place in home.glob("lib*/python*/site-packages") if not place.parent.parent.is_symlink()]
    names = {info.name for place in places for info in place.glob("*.dist-info")}
    files = {path for place in [*places, home / "bin"] for path in place.rglob("*") if _installed(path)}
    others = [name for name in names if not name.startswith(("treadle-", "treadle_"))]
    return len(others), sum(path.stat().st_size for path in files) / 1e6


def _installed(path: Path) -> bool:
    """A file that a distribution brought: no link to the interpreter, nothing that Python compiled by itself."""
    return path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts


if __name__ == "__main__":
    sys.exit(main())
