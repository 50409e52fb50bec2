"""The first part of the demonstration: a project from four templates, and a small change in it."""

from typing import Final

TEMPLATES: Final = ("python-service", "postgres", "docker", "github-actions")
NAME: Final = "weather"
BRANCH: Final = "feature/farewells"
TITLE: Final = "Farewells"

FAREWELLS: Final = {
    f"src/{NAME}/farewell.py": '''\
"""Saying goodbye."""


def farewell(name: str) -> str:
    """Say goodbye to someone by name; raises `ValueError` when there is no name."""
    if not name.strip():
        raise ValueError("a name is needed")
    return f"Goodbye, {name.strip()}!"
''',
    "tests/test_farewell.py": f"""\
import pytest

from {NAME}.farewell import farewell


def test_farewell() -> None:
    assert farewell(" Ada ") == "Goodbye, Ada!"


def test_nobody_leaves() -> None:
    with pytest.raises(ValueError, match="a name is needed"):
        farewell(" ")
""",
}
"""A function with tests for all of it."""
