"""Run mypy --strict over every package, and over what the tests import.

One run sees all packages together, as a checkout that is installed editable does; test modules are left out, for
fixtures have no types that a reader lacks.
"""

import subprocess
import sys
from pathlib import Path

from workspace_rules.members import members

ROOT = Path(__file__).parents[2]
TOOLS = (
    "conftest.py",
    "tests/users.py",
    "tests/workspace/workspace_rules",
    "tests/workspace/alone.py",
    "tests/workspace/typecheck.py",
)


def targets(root: Path) -> list[str]:
    """The folders and files to check, those that are there."""
    sources = [member.folder / "src" for member in members(root)]
    scripts = sorted(path for path in root.glob("tests/*/*.py") if not path.name.startswith(("test_", "conftest")))
    tools = [path for name in TOOLS if (path := root / name) not in scripts]
    return [str(path.relative_to(root)) for path in [*sources, *tools, *scripts] if path.exists()]


def main() -> int:
    """Exit status of mypy."""
    return subprocess.run([sys.executable, "-m", "mypy", "--strict", *targets(ROOT)], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
