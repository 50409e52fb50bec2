"""Templates in folders, and a facade that composes them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from treadle.api import Status, Treadle
from treadle_testkit import Project


class Bench:
    """Writes templates, composes them, and looks at what came out."""

    def __init__(self, folder: Path, project: Project) -> None:
        self.folder = folder
        self.home = project.home
        self.target = folder / "made"

    def template(
        self,
        name: str,
        files: Mapping[str, str | bytes],
        manifest: Mapping[str, Any] | None = None,
        version: str = "1.0",
    ) -> Path:
        """A native template in a folder of its name; `manifest` adds to the least there must be."""
        folder = self.folder / name
        told = {"template": {"id": name, "version": version}, **(manifest or {})}
        self._write(folder / "template.yaml", yaml.safe_dump(told, sort_keys=False))
        (folder / "files").mkdir(exist_ok=True)
        for path, content in files.items():
            self._write(folder / "files" / path, content)
        return folder

    def compose(self, *templates: str, write: bool = True, **inputs: Any) -> Status:
        """Run the workflow as the command does."""
        given = {
            "templates": list(templates),
            "target": str(self.target),
            "project_name": "my-app",
            "here": str(self.folder),
            "write": write,
            **inputs,
        }
        with Treadle() as treadle:
            return treadle.run("compose", given)

    def composed(self, *templates: str, **inputs: Any) -> Status:
        """As `compose`; it ends well."""
        status = self.compose(*templates, **inputs)
        assert status.status == "completed", status.error
        return status

    def outputs(self, status: Status, step: str) -> dict[str, Any]:
        """What a step published."""
        with Treadle() as treadle:
            rows = {row.address: row.outputs for row in treadle.steps(status.id)}
        found: dict[str, Any] = rows[step]
        return found

    def rows(self, status: Status) -> list[dict[str, Any]]:
        """The conflict table."""
        return list(self.outputs(status, "plan")["conflicts"])

    def problem(self, *templates: str, step: str = "resolve", **inputs: Any) -> dict[str, Any]:
        """What a composition that fails tells."""
        status = self.compose(*templates, **inputs)
        assert status.status == "failed"
        assert not self.target.exists()
        found: dict[str, Any] = self.outputs(status, step)["problem"]
        return found

    def tree(self) -> dict[str, str]:
        """The composed files but the lock and the journal."""
        return {
            path.relative_to(self.target).as_posix(): path.read_text()
            for path in sorted(self.target.rglob("*"))
            if path.is_file() and path.name != "treadle.lock.json" and ".treadle" not in path.parts
        }

    def lock(self) -> dict[str, Any]:
        """The project's lock."""
        found: dict[str, Any] = json.loads((self.target / "treadle.lock.json").read_text())
        return found

    def _write(self, path: Path, content: str | bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """An empty bench with a state folder of its own."""
    (tmp_path / "user").mkdir()
    project = Project.create(tmp_path / "user", monkeypatch)
    folder = tmp_path / "templates"
    folder.mkdir()
    return Bench(folder, project)
