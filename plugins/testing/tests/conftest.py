from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from treadle_testkit.actions import StandaloneContext

LIBRARY = """\
def double(x):
    if x is None:
        return 0
    return 2 * x


def unused():
    return 1
"""


@pytest.fixture
def project(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    """Write a project with one module `src/lib.py`, and what else is given."""

    def write(files: Mapping[str, str]) -> Path:
        root = tmp_path / "project"
        for name, text in {"src/lib.py": LIBRARY, **files}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return root

    return write


@pytest.fixture
def run(tmp_path: Path):
    """Run `testing/run-tests` on a project; the whole outcome."""

    def perform(root: Path, **inputs):
        scratch = tmp_path / "scratch"
        scratch.mkdir(exist_ok=True)
        return StandaloneContext(root, scratch).perform("run_tests", **inputs)

    return perform
