"""Which packages the workspace has, and what their manifests say."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PLUGIN_GROUP: Final = "treadle"


@dataclass(frozen=True, slots=True)
class Member:
    """One package of the workspace: its folder and its parsed `pyproject.toml`."""

    folder: Path
    manifest: dict[str, Any]

    @property
    def project(self) -> dict[str, Any]:
        """The table `[project]`."""
        table: dict[str, Any] = self.manifest.get("project", {})
        return table

    @property
    def name(self) -> str:
        """The distribution's name, or the folder's when the manifest has none."""
        return str(self.project.get("name", self.folder.name))

    @property
    def module(self) -> str:
        """The import name: what stands in `src`."""
        packages = sorted(path.parent.name for path in self.folder.glob("src/*/__init__.py"))
        return packages[0] if packages else ""

    @property
    def is_plugin(self) -> bool:
        """True for what the core finds by entry point: everything in `plugins/` but the test kit, and the catalogue."""
        shelf = self.folder.parent.name == "plugins" and self.folder.name != "testkit"
        return shelf or self.folder.name == "workflows"


def read_manifest(path: Path) -> dict[str, Any]:
    """A parsed TOML file; empty when it is not there."""
    return tomllib.loads(path.read_text("utf-8")) if path.is_file() else {}


def members(root: Path) -> list[Member]:
    """The members of the workspace at `root`, by the patterns that its manifest lists, in order of their folders."""
    workspace = read_manifest(root / "pyproject.toml").get("tool", {}).get("uv", {}).get("workspace", {})
    folders = {folder for pattern in workspace.get("members", ()) for folder in root.glob(pattern) if folder.is_dir()}
    return [
        Member(folder, read_manifest(folder / "pyproject.toml")) for folder in sorted(folders) if any(folder.iterdir())
    ]


def shown(path: Path, root: Path) -> str:
    """A path as messages show it: relative to the workspace."""
    return path.relative_to(root).as_posix()
