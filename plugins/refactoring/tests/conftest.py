from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from treadle_testkit.actions import StandaloneContext


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """Write files below a folder, `project` unless named."""

    def write(files: Mapping[str, str], name: str = "project") -> Path:
        root = tmp_path / name
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        return root

    return write


@pytest.fixture
def perform(tmp_path: Path):
    """Run an action on a project; the whole outcome."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    def run(action: str, root: Path, **inputs):
        return StandaloneContext(root, scratch).perform(action, **inputs)

    return run
