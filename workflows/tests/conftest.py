from collections.abc import Iterator
from pathlib import Path

import pytest
from treadle import Treadle
from treadle_testkit.repositories import GitRepository

SOURCE = '"""Numbers."""\n\n\ndef double(x: int) -> int:\n    """Twice x."""\n    return 2 * x\n'
TEST = "from numbers_of_mine import double\n\n\ndef test_double():\n    assert double(2) == 4\n"


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    """A Python project with a test, its checkout on a branch of its own with uncommitted work in it."""
    repository = GitRepository.create(
        tmp_path / "project", {"src/numbers_of_mine.py": SOURCE, "tests/test_numbers.py": TEST}
    )
    repository.branch("work")
    repository.write({"draft.txt": "mine\n", "src/numbers_of_mine.py": SOURCE + "# edited\n"})
    return repository


@pytest.fixture
def treadle(repository: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Treadle]:
    """treadle in that project, with state of its own."""
    monkeypatch.setenv("TREADLE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TREADLE_PLUGINS_STRICT", "1")
    with Treadle(repository.root) as facade:
        yield facade


@pytest.fixture
def branch(repository: GitRepository, tmp_path: Path):
    """Commit files to a branch `feature` from main, beside the checkout."""

    def commit(files: dict[str, str]) -> None:
        place = tmp_path / "other-clone"
        repository.git("clone", "--quiet", "--branch=main", ".", str(place))
        clone = GitRepository(place)
        clone.branch("feature")
        clone.commit(files, "feature")
        clone.git("push", "--quiet", "origin", "feature")

    return commit


@pytest.fixture
def source() -> str:
    """The project's module."""
    return SOURCE


@pytest.fixture
def tests() -> str:
    """The project's tests."""
    return TEST
