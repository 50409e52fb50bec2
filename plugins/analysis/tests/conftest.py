from pathlib import Path

import pytest
from treadle_testkit.actions import StandaloneContext
from treadle_testkit.repositories import GitRepository

SHAPES = '''\
"""Shapes."""


def area(width, height=1):
    """Width times height."""
    return width * height


def perimeter(width, height):
    """All sides."""
    return 2 * (width + height)


class Square:
    """A square."""

    def side(self):
        """Its side."""
        return 1

    def _secret(self):
        return 0
'''

TANGLED = """
def volume(width, height, depth):
    if width and height and depth:
        for _ in range(depth):
            try:
                width = width if height else depth
            except ValueError:
                pass
    return [x for x in range(width) if x]
"""

PROJECT = {
    "pyproject.toml": '[project]\nname = "geo"\nversion = "1"\ndependencies = ["attrs>=20"]\n',
    "uv.lock": "version = 1\n",
    "CHANGELOG.md": "# 1.0\n",
    "src/geo/__init__.py": '"""Geometry."""\n\nfrom ._core import scale\n\n__all__ = ["scale"]\n',
    "src/geo/_core.py": "def scale(x, factor):\n    return x * factor\n\n\ndef hidden(x):\n    return x\n",
    "src/geo/shapes.py": SHAPES,
    "src/geo/report.py": "from geo import shapes\n\n\ndef show():\n    return shapes.area(1)\n",
    "src/geo/cli.py": "from .report import show\n\nprint(show())\n",
    "src/geo/other.py": "import os\n",
    "tests/test_shapes.py": (
        "from geo.shapes import area\n\n\ndef test_area():\n    assert area(2) == 2\n\n\n"
        "def test_old():\n    assert area(3)\n"
    ),
}


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    """A small package with history by two authors, on a branch `feature`."""
    repository = GitRepository.create(tmp_path / "project", PROJECT)
    repository.commit({"src/geo/shapes.py": SHAPES + "\n# end\n"}, "second", author="Bo")
    repository.branch("feature")
    return repository


@pytest.fixture
def context(repository: GitRepository, tmp_path: Path) -> StandaloneContext:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return StandaloneContext(repository.root, scratch)


@pytest.fixture
def shapes() -> str:
    """The text of src/geo/shapes.py before the change, without its last comment: 21 lines."""
    return SHAPES


@pytest.fixture
def tangled() -> str:
    """A new function of complexity 9."""
    return TANGLED


@pytest.fixture
def analyze(context: StandaloneContext):
    """Measure the change of the branch."""
    return lambda: context.perform("analyze_pr", base="main", head="feature").outputs
